//! Why a tool has no answer, in words: what happened, who can mend it, how.

use catalogue::powerbi_errors::Who;

use super::text::clean;
use crate::call::{CallError, Problem};
use crate::clock::Timestamp;
use crate::powerbi::{Kind, PowerBiFailure, SendError};

/// Why a tool has no answer.
#[derive(Debug)]
pub(super) enum Fault {
    /// The gateway made no call.
    Call(CallError),
    /// Power BI refused; `what` is the summary of the operation.
    Refused {
        what: &'static str,
        failure: Box<PowerBiFailure>,
        /// Where a connection that lacks a permission is made anew, if that is the reason.
        again: Option<Again>,
    },
    /// The answer did not come whole.
    Answer(SendError),
    /// The answer holds more than a tool reads.
    TooMuch { most: usize },
    /// The answer is not what the operation answers.
    Unreadable,
    /// The model can mend it: these words say how.
    Words(String),
    /// Nothing has the name that was given; the words name what is near.
    NotFound(String),
}

/// A connection that should be made once more.
#[derive(Debug)]
pub(super) struct Again {
    pub link: String,
    /// When it was made.
    pub since: Timestamp,
}

impl From<CallError> for Fault {
    fn from(error: CallError) -> Self {
        Self::Call(error)
    }
}

impl Fault {
    pub(super) fn words(&self, trace: &str) -> String {
        match self {
            Self::Call(error) => of_problem(&error.problem(), trace),
            Self::Refused { what, failure, again } => {
                format!("{}\nTrace {trace}.", of_failure(what, failure, again.as_ref()))
            }
            Self::Answer(error) => of_problem(&CallError::Send(*error).problem(), trace),
            Self::TooMuch { most } => format!(
                "Power BI's answer holds more than {most} values, which is more than a tool reads. It was not read.\nAsk for less: a filter, fewer fields or rows ($filter, $top and $skip, TOPN), or one workspace at a time.\nTrace {trace}."
            ),
            Self::Unreadable => format!(
                "Power BI answered something that is not the expected JSON.\nTry again; if it stays, tell an administrator of the gateway.\nTrace {trace}."
            ),
            Self::Words(words) | Self::NotFound(words) => words.clone(),
        }
    }

    /// Whether Power BI asks to come back later.
    pub(super) fn is_throttled(&self) -> bool {
        match self {
            Self::Refused { failure, .. } => failure.kind == Kind::Throttled,
            Self::Call(CallError::RateLimited { .. }) => true,
            _ => false,
        }
    }

    /// Whether what was asked for is not there, as far as this person can see.
    pub(super) fn is_not_found(&self) -> bool {
        match self {
            Self::NotFound(_) => true,
            Self::Refused { failure, .. } => failure.kind == Kind::NotFound,
            Self::Call(_) | Self::Answer(_) | Self::TooMuch { .. } | Self::Unreadable | Self::Words(_) => false,
        }
    }

    /// The connection to make once more, when that can bring the missing permission.
    pub(super) fn again(&self) -> Option<&Again> {
        match self {
            Self::Refused { failure, again, .. } if failure.is_cured_by_connecting() => again.as_ref(),
            _ => None,
        }
    }

    /// In a few words, for a remark beside an answer.
    pub(super) fn brief(&self) -> String {
        match self {
            Self::Call(error) => error.problem().detail,
            Self::Refused { failure, .. } => match failure.explanation {
                Some(known) => format!("refused by Power BI ({}): {}", failure.status, known.cause),
                None => format!("refused by Power BI with status {}", failure.status),
            },
            Self::Answer(error) => error.to_string(),
            Self::TooMuch { most } => format!("the answer holds more than {most} values"),
            Self::Unreadable => "the answer could not be read".into(),
            Self::Words(words) | Self::NotFound(words) => words.clone(),
        }
    }
}

/// A refusal of the gateway's own.
pub(super) fn of_problem(problem: &Problem, trace: &str) -> String {
    let mut words = format!("{}\n{}", problem.detail, problem.hint);
    if let Some(seconds) = problem.retry_after_s {
        words.push_str(&format!(" Try again in {}.", span(seconds)));
    }
    if let Some(link) = problem.link.as_ref().filter(|it| !words.contains(it.as_str())) {
        words.push_str(&format!("\nLink: {link}"));
    }
    words.push_str(&format!("\n({}, trace {trace})", problem.code));
    words
}

/// A refusal of Power BI's: what it says, what is known of it, who can mend it.
fn of_failure(what: &str, failure: &PowerBiFailure, again: Option<&Again>) -> String {
    let mut lines = Vec::new();
    let code = failure.code.as_deref().map(|it| format!(", {it}")).unwrap_or_default();
    let number = failure.number.as_deref().map(|it| format!(", number {it}"));
    let number = number.unwrap_or_default();
    // The most useful sentence often comes last: a DAX message is deeper than the remark that the query failed.
    let said: Vec<String> = failure
        .texts
        .iter()
        .rev()
        .take(3)
        .map(|it| format!("“{}”", clean(it)))
        .collect();
    if !said.is_empty() {
        lines.push(format!("Power BI says: {}", said.join(" · ")));
    }
    lines.push(format!(
        "Power BI refused this call ({what}; status {}{code}{number}).",
        failure.status
    ));
    match (&failure.kind, failure.explanation) {
        (Kind::Throttled, _) => lines.push(match failure.retry_after_s {
            Some(seconds) => format!("Too many calls: try again in {}.", span(seconds)),
            None => "Too many calls: try again in a minute.".into(),
        }),
        (_, Some(known)) => lines.push(format!(
            "It means: {}. {} ({})",
            known.cause,
            known.tell,
            who(known.who)
        )),
        (kind, None) => lines.push(in_general(kind).into()),
    }
    if let (Some(lacks), Some(again)) = (failure.lacks_in_words(), again) {
        lines.push(format!("{lacks} at {}.", again.link));
    }
    if let Some(id) = &failure.request_id {
        lines.push(format!("RequestId {id}."));
    }
    lines.join("\n")
}

fn in_general(kind: &Kind) -> &'static str {
    match kind {
        Kind::TokenExpired => {
            "The access token is no longer taken; connect Power BI again in the portal if it stays so."
        }
        Kind::ClaimsChallenge { .. } => {
            "The organisation asks for a further sign-in; connect Power BI again in the portal."
        }
        Kind::Rights => {
            "The connected account lacks a right; the owner of the item or an admin of its workspace can give it."
        }
        Kind::NotFound => "It does not exist, or the connected account may not see it.",
        Kind::BadRequest | Kind::Other => "Change the call before trying it again.",
        Kind::Server => "Power BI itself failed; try again later.",
        Kind::Throttled => "Too many calls; try again later.",
    }
}

/// Who can mend it, in words.
pub(super) fn who(who: Who) -> &'static str {
    match who {
        Who::Caller => "you can mend this",
        Who::Owner => "the owner of the item can mend this",
        Who::TenantAdmin => "an administrator of Power BI in your organisation can mend this",
        Who::DataGatewayAdmin => "whoever looks after the on-premises data gateway can mend this",
        Who::Gateway => "the gateway does this by itself",
        Who::Microsoft => "this passes, or Microsoft must act",
    }
}

/// A span of time as people say it.
pub(super) fn span(seconds: u64) -> String {
    match seconds {
        0..=1 => "1 second".into(),
        2..=119 => format!("{seconds} seconds"),
        120..=7199 => format!("{} minutes", seconds.div_ceil(60)),
        _ => format!("{} hours", seconds.div_ceil(3600)),
    }
}
