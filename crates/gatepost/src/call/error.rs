//! Why a call was not answered, in words: what happened, who can mend it, how.

use catalogue::{BindProblem, Operation};

use crate::app::PolicyError;
use crate::audit::Unavailable;
use crate::caller::{ApprovalId, Scope};
use crate::entra::AccessError;
use crate::memory::Full;
use crate::powerbi::SendError;
use crate::store;

/// A database that restarts or hands over is back within seconds.
const DATABASE_RETRY_S: u64 = 5;

/// Why the gateway itself gives no answer of Power BI's.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    #[error("the arguments do not fit")]
    Arguments(Vec<BindProblem>),
    #[error("the path cannot be used: {0}")]
    Path(String),
    #[error("there is no such operation")]
    UnknownOperation(Vec<&'static Operation>),
    #[error("the operation takes another method")]
    WrongMethod(Vec<&'static str>),
    #[error("the token lacks a scope")]
    Scope { needed: Scope },
    #[error("the person's role may not hold the scope")]
    Role { needed: Scope },
    #[error("a policy refuses")]
    Denied { policies: Vec<String>, operation: String },
    #[error("it speaks for somebody else")]
    SpeaksForOthers { whom: Vec<String> },
    #[error("the access under which this ran was taken back")]
    TakenBack,
    #[error("the workspace must be named")]
    WorkspaceNeeded,
    #[error("the person must sign in again first")]
    StepUp { age_s: u32 },
    #[error("approval is needed")]
    ApprovalNeeded {
        id: ApprovalId,
        link: String,
        policies: Vec<String>,
        /// An approval of the same call that no longer counts, because its giver may not approve any more.
        lost: Option<ApprovalId>,
    },
    #[error("an upload cannot be approved")]
    ApprovalOfStream,
    #[error("the call is too long to be approved")]
    PlanTooLarge { most: usize },
    #[error("too many requests for approval are open")]
    TooManyOpen { most: i64, link: String },
    #[error("policies cannot be evaluated: {0}")]
    PolicyFailed(String),
    /// The service's limit for this identity is used up, or it asked for a pause.
    #[error("the rate budget is used up")]
    RateLimited { retry_after_s: u64, limit: String },
    /// The memory that requests may hold is taken.
    #[error("{0}")]
    Memory(#[from] Full),
    #[error("too many calls of one person wait")]
    LineFull { most: usize },
    #[error("not connected: {reason}")]
    NotConnected { link: String, reason: String },
    #[error("{0}")]
    Access(AccessError),
    #[error("{0}")]
    Send(SendError),
    #[error("{0}")]
    Audit(Unavailable),
    /// A read was answered, and its end could not be recorded.
    #[error("{0}")]
    AnswerWithoutRecord(Unavailable),
    /// Power BI did what was asked, and the end could not be recorded.
    #[error("done at Power BI with status {status}, but its end could not be recorded")]
    DoneWithoutRecord { status: u16, request_id: Option<String> },
    #[error("{0}")]
    Store(#[from] store::Error),
    #[error("{0}")]
    Internal(String),
}

/// A failure as every face shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// A word that stays, for programs.
    pub code: &'static str,
    pub status: u16,
    /// What happened, in one sentence.
    pub detail: String,
    /// Who can mend it and how.
    pub hint: String,
    pub link: Option<String>,
    pub retry_after_s: Option<u64>,
}

impl CallError {
    /// The failure in words.
    pub fn problem(&self) -> Problem {
        match self {
            Self::Arguments(problems) => {
                let list: Vec<String> = problems.iter().map(ToString::to_string).collect();
                plain(
                    "arguments_invalid",
                    400,
                    format!("The arguments do not fit: {}.", list.join("; ")),
                    "Correct them and call again.",
                )
            }
            Self::Path(why) => plain(
                "path_invalid",
                400,
                format!("The path cannot be used: {why}."),
                "Percent-encode ids once and use the paths of the Power BI REST API.",
            ),
            Self::UnknownOperation(nearest) => {
                let list: Vec<String> = nearest.iter().map(|it| format!("{} {}", it.method, it.path)).collect();
                let hint = if list.is_empty() {
                    "See the operation reference.".to_owned()
                } else {
                    format!("Nearest: {}.", list.join(", "))
                };
                plain(
                    "operation_unknown",
                    404,
                    "There is no such Power BI operation.".into(),
                    &hint,
                )
            }
            Self::WrongMethod(methods) => plain(
                "method_not_allowed",
                405,
                "This path does not take that method.".into(),
                &format!("Expected {}.", methods.join(" or ")),
            ),
            Self::Scope { needed } => plain(
                "insufficient_scope",
                403,
                format!("The token or key lacks the scope {}.", needed.as_str()),
                "Ask for it when signing in, or use a key that has it.",
            ),
            Self::Role { needed } => plain(
                "not_for_your_role",
                403,
                format!(
                    "This is an administrator operation, and your role in this environment may not hold the scope {}.",
                    needed.as_str()
                ),
                "An administrator of the environment can do it, or change your role under People.",
            ),
            Self::TakenBack => plain(
                "access_taken_back",
                401,
                "The access under which this ran was taken back meanwhile: its answer is not given, and nothing more is sent.".into(),
                "Sign in again, or ask an administrator of the gateway.",
            ),
            Self::Denied { policies, operation } => denied(policies, operation),
            Self::SpeaksForOthers { whom } => plain(
                "speaks_for_others",
                403,
                format!(
                    "This call would see or act as somebody else ({}), and no policy allows that.",
                    whom.iter()
                        .map(|it| it.escape_debug().to_string())
                        .collect::<Vec<_>>()
                        .join(", ")
                ),
                "Leave that field of the body out to call as yourself. An administrator can write a policy that allows speaking for others.",
            ),
            Self::WorkspaceNeeded => plain(
                "workspace_needed",
                403,
                "A policy speaks of workspaces, and this path does not tell the workspace.".into(),
                "Use the form of the path that begins with /groups/{workspace id}/, or name the workspace.",
            ),
            Self::StepUp { age_s } => plain(
                "step_up_required",
                403,
                format!("A policy asks that you have proved who you are within {age_s} seconds."),
                "Sign in again, then repeat the call. A key cannot prove that a person is there: use an agent or the portal.",
            ),
            Self::ApprovalNeeded {
                link, policies, lost, ..
            } => Problem {
                link: Some(link.clone()),
                ..plain(
                    "approval_required",
                    403,
                    approval_needed(policies, lost.is_some()),
                    &format!("Ask an administrator to approve it at {link}, then repeat exactly the same call."),
                )
            },
            Self::ApprovalOfStream => plain(
                "approval_required",
                403,
                "An upload cannot be approved in advance.".into(),
                "Ask an administrator to allow uploads by a policy.",
            ),
            Self::PlanTooLarge { most } => plain(
                "approval_required",
                413,
                format!(
                    "This call needs an administrator's approval, and its body is longer than the {} KiB somebody can be asked to read. It was not made, and nobody was asked.",
                    most / 1024
                ),
                "Send less in one call, or ask an administrator to allow such calls by a policy.",
            ),
            Self::TooManyOpen { most, link } => Problem {
                link: Some(link.clone()),
                ..plain(
                    "too_many_approvals",
                    429,
                    format!(
                        "This call needs an administrator's approval, and {most} requests of yours wait for one already. It was not made, and nobody was asked."
                    ),
                    &format!("Ask an administrator to decide the open ones at {link}, then call again."),
                )
            },
            Self::PolicyFailed(_) => plain(
                "policy_failed",
                500,
                "The policies could not be evaluated, so the call was refused.".into(),
                "An administrator should look at the environment's policies.",
            ),
            Self::RateLimited { retry_after_s, limit } => Problem {
                retry_after_s: Some(*retry_after_s),
                ..plain(
                    "rate_limited",
                    429,
                    format!("{}; nothing was sent.", sentence(limit)),
                    &format!(
                        "Wait {retry_after_s} seconds, then repeat the call. Every agent and application of the same Microsoft account counts."
                    ),
                )
            },
            Self::Memory(full) => memory(*full),
            Self::LineFull { most } => Problem {
                retry_after_s: Some(Full::RETRY_AFTER_S),
                ..plain(
                    "line_full",
                    429,
                    format!("{most} calls of this person wait for earlier ones to be answered; nothing was sent."),
                    "Wait for answers before sending more, then repeat the call.",
                )
            },
            Self::NotConnected { link, reason } => Problem {
                link: Some(link.clone()),
                ..plain(
                    "not_connected",
                    403,
                    format!("Power BI is not connected: {reason}"),
                    &format!("The person opens {link} in a browser and connects their Microsoft account."),
                )
            },
            Self::Access(error) => access(error),
            Self::Send(SendError::TakenBack) => Self::TakenBack.problem(),
            Self::Send(error) => send(*error),
            Self::Audit(_) => plain(
                "audit_unavailable",
                503,
                "The audit log cannot be written, so nothing was sent to Power BI.".into(),
                "Try again in a minute; an administrator should look at the database.",
            ),
            Self::AnswerWithoutRecord(_) => plain(
                "audit_unavailable",
                503,
                "The audit log cannot be written, so Power BI's answer is not given. Nothing was changed.".into(),
                "Try again in a minute; an administrator should look at the database.",
            ),
            Self::DoneWithoutRecord { status, request_id } => done_without_record(*status, request_id.as_deref()),
            Self::Store(_) => database(),
            Self::Internal(_) => plain(
                "internal",
                500,
                "The gateway failed.".into(),
                "Try again; an administrator finds the cause in the gateway's log under this trace.",
            ),
        }
    }
}

fn plain(code: &'static str, status: u16, detail: String, hint: &str) -> Problem {
    Problem {
        code,
        status,
        detail,
        hint: hint.to_owned(),
        link: None,
        retry_after_s: None,
    }
}

/// Not a status that clients repeat by themselves: the change would be made twice.
fn done_without_record(status: u16, request_id: Option<&str>) -> Problem {
    let id = request_id.map(|it| format!(", RequestId {it}")).unwrap_or_default();
    plain(
        "done_without_record",
        409,
        format!("This was done at Power BI (status {status}{id}); only its end could not be written to the audit log."),
        "Do not repeat it. Look at the object itself for the outcome; an administrator should look at the database.",
    )
}

impl From<PolicyError> for CallError {
    /// A database that does not answer is told as that, not as a fault of somebody's policies.
    fn from(error: PolicyError) -> Self {
        match error {
            PolicyError::Store(error) => Self::Store(error),
            other => Self::PolicyFailed(other.to_string()),
        }
    }
}

/// What every caller is told while the database does not answer.
pub fn database() -> Problem {
    Problem {
        retry_after_s: Some(DATABASE_RETRY_S),
        ..plain(
            "database_unavailable",
            503,
            "The gateway's database does not answer as expected.".into(),
            "Try again in a few seconds; an administrator finds the cause in the gateway's log under this trace.",
        )
    }
}

fn approval_needed(policies: &[String], was_lost: bool) -> String {
    let why = match was_lost {
        true => "It was approved, but whoever approved it may not approve any more, so that yes no longer counts",
        false => "It was not made",
    };
    let policies = policies.join(", ");
    format!("This call needs an administrator's approval (policy {policies}). {why}; a request for approval is open.")
}

fn denied(policies: &[String], operation: &str) -> Problem {
    let detail = if policies.is_empty() {
        format!("No policy allows this call ({operation}).")
    } else {
        format!("A policy refuses this call ({operation}): {}.", policies.join(", "))
    };
    plain(
        "denied",
        403,
        detail,
        "An administrator can change the policies of this environment.",
    )
}

fn memory(full: Full) -> Problem {
    let detail = format!("The call was not made: {full}.");
    let (code, status, hint) = match full {
        Full::TooLarge { .. } => (
            "memory_of_call",
            413,
            "Send or ask for less at a time; an administrator can raise memory_per_person_mib.",
        ),
        Full::Person { .. } => (
            "memory_of_person",
            429,
            "Wait until some of them are answered, or send and ask for less at a time; an administrator can raise memory_per_person_mib.",
        ),
        Full::Process { .. } => (
            "memory_of_gateway",
            503,
            "Try again in a moment; an administrator can raise memory_mib.",
        ),
    };
    Problem {
        retry_after_s: (status != 413).then_some(Full::RETRY_AFTER_S),
        ..plain(code, status, detail, hint)
    }
}

fn access(error: &AccessError) -> Problem {
    match error {
        AccessError::Unavailable { reason, retry_after_s } => Problem {
            retry_after_s: Some(*retry_after_s),
            ..plain(
                "microsoft_unavailable",
                503,
                format!("Microsoft's sign-in service gives no new token: {reason}"),
                "Nothing is lost; try again later.",
            )
        },
        AccessError::IntegrationBroken(reason) => plain(
            "integration_broken",
            503,
            format!("Microsoft refuses the gateway's own registration: {reason}"),
            "An administrator of the gateway mends it under Integrations; connections then resume by themselves.",
        ),
        AccessError::Unusable(problem) => plain(
            "integration_unusable",
            503,
            format!("{}.", sentence(&problem.to_string())),
            "An administrator of the gateway mends it under Integrations.",
        ),
        AccessError::NotConnected { reason, .. } => plain(
            "not_connected",
            403,
            format!("Power BI is not connected: {reason}"),
            "The person connects their Microsoft account in the portal.",
        ),
        AccessError::Sealed => plain(
            "not_connected",
            403,
            "The stored tokens cannot be used.".into(),
            "The person connects their Microsoft account again in the portal.",
        ),
        AccessError::UnknownKey(_) => plain(
            "vault_key_missing",
            503,
            format!("{}.", sentence(&error.to_string())),
            "Whoever runs the gateway adds the key to this process's vault keys. The connection is whole; nobody has to connect again.",
        ),
        AccessError::Store(_) => database(),
    }
}

fn send(error: SendError) -> Problem {
    let upload = |code, status, hint: &str| plain(code, status, format!("{}.", sentence(&error.to_string())), hint);
    let (code, status) = match error {
        SendError::UploadTooLarge => {
            return upload(
                "upload_too_large",
                413,
                "Use a temporary upload location for a file this large; an administrator can raise upload_bytes.",
            );
        }
        SendError::UploadBroken => return upload("upload_broken", 400, "Send it again, whole and without pauses."),
        SendError::Timeout => ("power_bi_timeout", 504),
        SendError::Address => ("internal", 500),
        _ => ("power_bi_unreachable", 502),
    };
    plain(
        code,
        status,
        format!("{}.", sentence(&error.to_string())),
        "Try again later; if it stays, an administrator should check the gateway's way to Microsoft.",
    )
}

fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    letters
        .next()
        .map(|first| first.to_uppercase().collect::<String>() + letters.as_str())
        .unwrap_or_default()
}
