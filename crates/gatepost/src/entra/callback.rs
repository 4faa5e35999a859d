//! What a browser brings back from Microsoft. Anybody can write such an address: nothing in it is believed.

use secrecy::SecretString;

use super::error::{Class, EntraError};
use super::tenant::is_guid;

const LONGEST_CODE: usize = 16 * 1024;
const LONGEST_STATE: usize = 512;
const LONGEST_TEXT: usize = 8 * 1024;
/// Parameters that may come once at most.
const SINGLE: [&str; 8] = [
    "code",
    "state",
    "error",
    "error_description",
    "error_subcode",
    "admin_consent",
    "tenant",
    "iss",
];

/// A well-formed return from Microsoft.
#[derive(Clone, Debug)]
pub enum Callback {
    /// A sign-in to redeem.
    Code { code: SecretString, state: String },
    /// A sign-in that failed; the description itself is dropped, only its codes and ids are kept.
    Failed { failure: EntraError, state: Option<String> },
    /// An administrator's answer for a whole organisation. The tenant is for display: it proves nothing.
    AdminConsent {
        granted: bool,
        tenant: Option<String>,
        state: Option<String>,
        failure: Option<EntraError>,
    },
}

/// Why a return from Microsoft is refused before anything is looked up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallbackProblem {
    #[error("a parameter of the sign-in answer is given twice")]
    Twice,
    #[error("a parameter of the sign-in answer is too long")]
    Long,
    #[error("the sign-in answer has neither a code nor an error")]
    Empty,
    #[error("the sign-in answer has no state")]
    NoState,
}

/// Reads the parameters of a return from Microsoft, from the query or from a form post.
pub fn callback(parameters: &[(String, String)]) -> Result<Callback, CallbackProblem> {
    for name in SINGLE {
        if 1 < parameters.iter().filter(|(given, _)| given == name).count() {
            return Err(CallbackProblem::Twice);
        }
    }
    let find = |name: &str| {
        parameters
            .iter()
            .find(|(given, _)| given == name)
            .map(|(_, value)| value.as_str())
    };
    let limits = [
        ("code", LONGEST_CODE),
        ("state", LONGEST_STATE),
        ("error", LONGEST_TEXT),
        ("error_description", LONGEST_TEXT),
        ("tenant", LONGEST_TEXT),
    ];
    if limits
        .iter()
        .any(|(name, limit)| find(name).is_some_and(|it| *limit < it.len()))
    {
        return Err(CallbackProblem::Long);
    }
    let state = find("state").filter(|it| !it.is_empty()).map(str::to_owned);
    let failure =
        find("error").map(|error| EntraError::of_redirect(error, find("error_description").unwrap_or_default()));
    if let Some(consent) = find("admin_consent") {
        // Microsoft sends `admin_consent=True` with errors too.
        let granted = failure.is_none() && consent.eq_ignore_ascii_case("true");
        let tenant = find("tenant").filter(|it| is_guid(it)).map(str::to_ascii_lowercase);
        return Ok(Callback::AdminConsent {
            granted,
            tenant,
            state,
            failure,
        });
    }
    if let Some(failure) = failure {
        return Ok(Callback::Failed { failure, state });
    }
    let code = find("code").filter(|it| !it.is_empty()).ok_or(CallbackProblem::Empty)?;
    let state = state.ok_or(CallbackProblem::NoState)?;
    Ok(Callback::Code {
        code: SecretString::from(code.to_owned()),
        state,
    })
}

/// What an AADSTS code that a person read off Microsoft's page means.
pub fn explain_pasted(text: &str) -> Option<super::Explanation> {
    let mut codes = catalogue::entra_errors::codes_in(text);
    let digits: String = text
        .trim()
        .chars()
        .skip_while(|c| !c.is_ascii_digit())
        .take_while(char::is_ascii_digit)
        .collect();
    codes.extend(digits.parse::<u32>().ok());
    codes.retain(|code| catalogue::entra_errors::explain(*code).is_some());
    let failure = EntraError {
        codes,
        ..EntraError::local(Class::Unknown, "unexpected_answer")
    };
    (!failure.codes.is_empty()).then(|| failure.explanation())
}
