//! What Power BI's error codes mean, who can do something about it, and what to say.

use std::sync::LazyLock;

use serde::Deserialize;
use serde::Serialize;

/// One code from an error body or from the header `x-powerbi-error-info`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PowerBiError {
    pub code: String,
    /// What the sentence beside the code holds, in any case of letters; for codes that say nothing by themselves.
    pub says: Option<String>,
    pub cause: String,
    pub who: Who,
    /// What to tell that person.
    pub tell: String,
}

/// Who can mend it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Who {
    /// Whoever made the call.
    Caller,
    /// Whoever owns the model, report or workspace.
    Owner,
    /// An administrator of the organisation's Power BI.
    TenantAdmin,
    /// Whoever looks after the on-premises data gateway.
    DataGatewayAdmin,
    /// This gateway does it by itself.
    Gateway,
    /// Nobody: it passes, or Microsoft must act.
    Microsoft,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Data {
    error: Vec<PowerBiError>,
}

static DATA: LazyLock<Data> = LazyLock::new(|| {
    toml::from_str(include_str!("../powerbi-errors.toml")).expect("powerbi-errors.toml is read by a test")
});

/// Every code that is explained.
pub fn all() -> &'static [PowerBiError] {
    &DATA.error
}

/// What is known of a code, whatever is said beside it; upper and lower case are the same.
pub fn explain(code: &str) -> Option<&'static PowerBiError> {
    all()
        .iter()
        .find(|error| error.says.is_none() && error.code.eq_ignore_ascii_case(code))
}

/// What is known of a code with this sentence beside it.
pub fn explain_sentence(code: &str, sentence: &str) -> Option<&'static PowerBiError> {
    let sentence = sentence.to_lowercase();
    let holds = |error: &&PowerBiError| error.says.as_deref().is_some_and(|it| sentence.contains(it));
    all()
        .iter()
        .find(|error| error.code.eq_ignore_ascii_case(code) && holds(error))
}
