//! What Microsoft Entra ID's error codes mean, who can do something about it, and what to say.

use std::collections::HashMap;
use std::sync::LazyLock;

use serde::Deserialize;
use serde::Serialize;

/// One AADSTS code.
#[derive(Debug, Clone, Serialize)]
pub struct EntraError {
    pub code: u32,
    pub cause: String,
    pub who: Who,
    /// What to tell that person.
    pub tell: String,
    pub retry: Retry,
    /// Where the code is met.
    pub at: Vec<Stage>,
}

/// Who can mend it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Who {
    /// The person who signs in.
    User,
    /// Whoever looks after the gateway and its app registration.
    GatewayAdmin,
    /// An administrator of the person's organisation.
    TenantAdmin,
    /// It is a fault of the gateway itself.
    Gateway,
    Nobody,
}

/// What can be tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Retry {
    Never,
    /// Once somebody has changed a setting.
    AfterFix,
    /// The connect flow, from its start.
    Restart,
    /// The person must sign in again.
    Reconnect,
    /// The same request, after a pause.
    Backoff,
    /// The same request, after several minutes.
    BackoffMinutes,
}

/// Where a code is met.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// On Microsoft's own page; no answer reaches the gateway.
    Page,
    /// In the redirect back to the gateway.
    Redirect,
    /// In the answer of the token endpoint.
    Token,
    /// While the addresses of the tenant are looked up.
    Discovery,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Data {
    error: Vec<Row>,
}

/// One row of the file: codes that mean the same.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    codes: Vec<u32>,
    cause: String,
    who: Who,
    tell: String,
    retry: Retry,
    at: Vec<Stage>,
}

static ERRORS: LazyLock<HashMap<u32, EntraError>> = LazyLock::new(|| {
    let data: Data = toml::from_str(include_str!("../entra-errors.toml")).expect("entra-errors.toml is read by a test");
    data.error.into_iter().flat_map(Row::errors).collect()
});

/// What is known of a code, the number after `AADSTS`.
pub fn explain(code: u32) -> Option<&'static EntraError> {
    ERRORS.get(&code)
}

/// Every code that is explained, in rising order.
pub fn codes() -> Vec<u32> {
    let mut codes: Vec<_> = ERRORS.keys().copied().collect();
    codes.sort_unstable();
    codes
}

/// The codes an error description mentions, in the order of their appearance.
pub fn codes_in(description: &str) -> Vec<u32> {
    let mut codes = Vec::new();
    for (at, prefix) in description.match_indices("AADSTS") {
        let rest = &description[at + prefix.len()..];
        let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        if let Ok(code) = rest[..end].parse()
            && !codes.contains(&code)
        {
            codes.push(code);
        }
    }
    codes
}

impl Row {
    fn errors(self) -> Vec<(u32, EntraError)> {
        let error = |code| EntraError {
            code,
            cause: self.cause.clone(),
            who: self.who,
            tell: self.tell.clone(),
            retry: self.retry,
            at: self.at.clone(),
        };
        self.codes.iter().map(|code| (*code, error(*code))).collect()
    }
}
