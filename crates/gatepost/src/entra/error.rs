//! What a refusal by Microsoft means for a connection or an integration, and how it is explained.

use catalogue::entra_errors::{Who, codes_in, explain};
use serde_json::Value;

/// Pause after a 429 that does not say how long.
const DEFAULT_PAUSE_S: u64 = 60;
/// One person's requests look like a loop.
const LOOP: u32 = 50196;
/// Pause after [`LOOP`].
const LOOP_PAUSE_S: u64 = 300;
const LONGEST_PAUSE_S: u64 = 3600;
/// Codes that mean "slow down" whatever the `error` beside them says; 50196 comes as `invalid_grant`.
const THROTTLED: [u32; 3] = [LOOP, 90055, 90024];
/// Codes that mean Microsoft could not do it just now, whatever the `error` beside them says.
const TRANSIENT: [u32; 6] = [90033, 90006, 90012, 90090, 50033, 50087];
const LONGEST_CLAIMS: usize = 4096;

/// What to do about a refusal. AADSTS numbers never decide it, except that being throttled is not being refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Try again later with the same token.
    Transient,
    /// Try again, but not before this many seconds.
    Throttled { retry_after_s: u64 },
    /// The person has to act; never try the same token again before looking at the row once more.
    GrantDead,
    /// The registration's credential or the application itself is refused: no connection is at fault.
    IntegrationBroken,
    /// What was asked is wrong: a setting, or a fault of ours.
    Configuration,
    /// Not understood: as transient a few times, then a matter for an administrator.
    Unknown,
}

/// Why Microsoft, or the way to it, refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}{}", happened(.error), codes_text(.codes))]
pub struct EntraError {
    pub class: Class,
    /// The OAuth error, or one of ours: `timeout`, `unreachable`, `unexpected_answer`.
    pub error: String,
    pub suberror: Option<Box<str>>,
    /// The numbers after `AADSTS`; for words and records, not for decisions.
    pub codes: Vec<u32>,
    /// A claims challenge to send along when the person signs in again, as JSON.
    pub claims: Option<Box<str>>,
    /// What Microsoft's support asks for.
    pub trace_id: Option<Box<str>>,
    pub correlation_id: Option<Box<str>>,
}

/// Who said it: what failed on the way was said by nobody at Microsoft.
fn happened(error: &str) -> String {
    match error {
        "timeout" => "Microsoft Entra ID did not answer in time".to_owned(),
        "unknown_host" => "the name of Microsoft Entra ID's server was not found (DNS)".to_owned(),
        "unreachable" => "Microsoft Entra ID could not be reached".to_owned(),
        "unexpected_answer" => "the answer did not make sense for Microsoft Entra ID".to_owned(),
        said => format!("Microsoft Entra ID answered `{said}`"),
    }
}

/// A refusal in words.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Explanation {
    pub cause: String,
    pub who: Who,
    /// What to tell that person.
    pub tell: String,
}

impl EntraError {
    /// What a token endpoint's refusal means. The body may be anything: JSON, text, HTML or nothing.
    pub(super) fn of_answer(status: u16, retry_after: Option<&str>, body: &[u8]) -> Self {
        let value: Value = serde_json::from_slice(body).unwrap_or(Value::Null);
        let text = |name| value.get(name).and_then(Value::as_str);
        let description = text("error_description").unwrap_or_default();
        let codes = numbers(value.get("error_codes")).unwrap_or_else(|| bounded(codes_in(description)));
        let error = text("error")
            .and_then(word)
            .unwrap_or_else(|| "unexpected_answer".to_owned());
        Self {
            class: classify(status, &error, &codes, retry_after),
            error,
            suberror: text("suberror").and_then(word).map(Into::into),
            codes,
            claims: text("claims").and_then(claims),
            trace_id: text("trace_id")
                .and_then(guid)
                .or_else(|| guid_after(description, "Trace ID: ")),
            correlation_id: text("correlation_id")
                .and_then(guid)
                .or_else(|| guid_after(description, "Correlation ID: ")),
        }
    }

    /// What the `error` of a redirect back from Microsoft means. Anybody can write such a redirect.
    pub(super) fn of_redirect(error: &str, description: &str) -> Self {
        let codes = bounded(codes_in(description));
        let error = word(error).unwrap_or_else(|| "unexpected_answer".to_owned());
        let class = match error.as_str() {
            "access_denied" => Class::GrantDead,
            other => classify(400, other, &codes, None),
        };
        let (trace_id, correlation_id) = (
            guid_after(description, "Trace ID: "),
            guid_after(description, "Correlation ID: "),
        );
        Self {
            class,
            error,
            suberror: None,
            codes,
            claims: None,
            trace_id,
            correlation_id,
        }
    }

    /// A failure on the way, or an answer that makes no sense.
    pub(super) fn local(class: Class, error: &str) -> Self {
        Self {
            class,
            error: error.to_owned(),
            suberror: None,
            codes: Vec::new(),
            claims: None,
            trace_id: None,
            correlation_id: None,
        }
    }

    /// Whether Microsoft slows down the whole application; 50196 is about one person's requests only.
    pub(super) fn is_throttling_of_all(&self) -> bool {
        matches!(self.class, Class::Throttled { .. }) && !self.codes.contains(&LOOP)
    }

    /// The refusal in words: of the first code that is known, else of the error.
    pub fn explanation(&self) -> Explanation {
        let known = self.codes.iter().find_map(|code| explain(*code));
        match known {
            Some(it) => Explanation {
                cause: it.cause.clone(),
                who: it.who,
                tell: it.tell.clone(),
            },
            None => in_general(&self.error, self.class),
        }
    }
}

fn codes_text(codes: &[u32]) -> String {
    codes.first().map(|code| format!(" (AADSTS{code})")).unwrap_or_default()
}

/// Decides by status, `error` and, for throttling only, by number.
pub(super) fn classify(status: u16, error: &str, codes: &[u32], retry_after: Option<&str>) -> Class {
    if status == 429 || codes.iter().any(|it| THROTTLED.contains(it)) {
        return Class::Throttled {
            retry_after_s: pause_s(codes, retry_after),
        };
    }
    if status >= 500 || status == 408 || codes.iter().any(|it| TRANSIENT.contains(it)) {
        return Class::Transient;
    }
    match error {
        "temporarily_unavailable" | "server_error" => Class::Transient,
        "invalid_grant"
        | "interaction_required"
        | "login_required"
        | "consent_required"
        | "account_selection_required" => Class::GrantDead,
        "invalid_client" | "unauthorized_client" => Class::IntegrationBroken,
        "invalid_scope" | "invalid_resource" | "invalid_target" | "invalid_request" | "invalid_tenant" => {
            Class::Configuration
        }
        _ if error.starts_with("unsupported_") => Class::Configuration,
        _ => Class::Unknown,
    }
}

/// Whole seconds only: Microsoft sends no dates here, and an absurd wait must not stop a connection for good.
fn pause_s(codes: &[u32], retry_after: Option<&str>) -> u64 {
    let least = if codes.contains(&LOOP) { LOOP_PAUSE_S } else { 1 };
    let asked = retry_after
        .and_then(|it| it.trim().parse::<u64>().ok())
        .unwrap_or(DEFAULT_PAUSE_S);
    asked.clamp(least, LONGEST_PAUSE_S)
}

/// An error word of a bounded length and of plain characters, so that it may be logged and shown.
fn word(text: &str) -> Option<String> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-' || b == b'.';
    ((1..=64).contains(&text.len()) && text.bytes().all(plain)).then(|| text.to_owned())
}

fn guid(text: &str) -> Option<Box<str>> {
    super::tenant::is_guid(text).then(|| text.to_ascii_lowercase().into())
}

fn guid_after(description: &str, label: &str) -> Option<Box<str>> {
    let (_, rest) = description.split_once(label)?;
    rest.get(..36).and_then(guid)
}

/// `error_codes` as numbers or as text; `None` when there is none at all.
fn numbers(value: Option<&Value>) -> Option<Vec<u32>> {
    let number = |it: &Value| {
        it.as_u64()
            .and_then(|it| u32::try_from(it).ok())
            .or_else(|| it.as_str()?.parse().ok())
    };
    let codes: Vec<u32> = value?.as_array()?.iter().filter_map(number).collect();
    (!codes.is_empty()).then(|| bounded(codes))
}

fn bounded(mut codes: Vec<u32>) -> Vec<u32> {
    codes.truncate(8);
    codes
}

/// A claims challenge, if it is a JSON object of a sane size.
fn claims(text: &str) -> Option<Box<str>> {
    let is_object = serde_json::from_str::<Value>(text).is_ok_and(|it| it.is_object());
    (text.len() <= LONGEST_CLAIMS && is_object).then(|| text.into())
}

/// Words for an error whose code is not in the catalogue.
fn in_general(error: &str, class: Class) -> Explanation {
    let (cause, who, tell) = match (error, class) {
        ("access_denied", _) => (
            "the sign-in was declined",
            Who::User,
            "You declined. Connect again and accept.",
        ),
        ("timeout", _) => (
            "Microsoft did not answer in time",
            Who::Nobody,
            "Try again in a moment.",
        ),
        ("unknown_host", _) => (
            "the name of Microsoft's sign-in service could not be looked up",
            Who::GatewayAdmin,
            "Try again in a minute. If it stays, an administrator checks the name resolution (DNS) of the machine the gateway runs on.",
        ),
        ("unreachable", _) => (
            "the gateway could not reach Microsoft's sign-in service",
            Who::GatewayAdmin,
            "Try again in a minute. If it stays, an administrator checks that the gateway may open outgoing connections to the sign-in address of its cloud.",
        ),
        (_, Class::Transient | Class::Throttled { .. }) => {
            ("Microsoft is busy", Who::Nobody, "Try again in a few minutes.")
        }
        (_, Class::GrantDead) => (
            "Microsoft asks the person to sign in again",
            Who::User,
            "Reconnect your Power BI account.",
        ),
        (_, Class::IntegrationBroken) => (
            "Microsoft does not accept the application's Client ID or its secret",
            Who::GatewayAdmin,
            "Check the Client ID and enter a valid client secret. Connections resume by themselves.",
        ),
        (_, Class::Configuration) => (
            "Microsoft does not accept what the gateway asked for",
            Who::GatewayAdmin,
            "Check the integration's settings against the set-up guide.",
        ),
        (_, Class::Unknown) => (
            "Microsoft gave an answer the gateway does not know",
            Who::GatewayAdmin,
            "If it stays, look up the trace id in the sign-in logs of Microsoft Entra ID.",
        ),
    };
    Explanation {
        cause: cause.to_owned(),
        who,
        tell: tell.to_owned(),
    }
}
