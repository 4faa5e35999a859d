//! Calls of tools that a person must clear the way for: a page of ours is offered, and the call waits for what happens there.

use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;
use serde::Deserialize;
use serde::Serialize;
use serde_json::Value;
use serde_json::json;
use tokio::sync::oneshot;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::call;
use crate::caller::ApprovalId;
use crate::clock::Timestamp;
use crate::mcp::request::Called;
use crate::mcp::request::Request;
use crate::mcp::request::result_of;
use crate::mcp::rpc::Failure;
use crate::mcp::tasks;
use crate::mcp::tasks::Begun;
use crate::mcp::tasks::Finished;
use crate::store::approvals;
use crate::store::connections::State;
use crate::tools;
use crate::tools::Outcome;
use crate::tools::Progress;
use crate::tools::Way;

/// Clients give up after ten rounds.
const ROUNDS_MAX: u8 = 8;
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// 2025-11-25: the request needs a person at an address first. No later revision has it.
const URL_ELICITATION_REQUIRED: i32 = -32042;

/// What was offered, as the state keeps it.
#[derive(Debug, Serialize, Deserialize)]
struct Offered {
    way: Stored,
    /// The person agreed to open the page; until then they are asked again.
    agreed: bool,
}

#[derive(Debug, Serialize, Deserialize)]
enum Stored {
    Connect { link: String },
    Extend { link: String, since: Timestamp },
    Approve { id: ApprovalId, link: String },
}

/// `tools/call`.
pub(super) async fn call_tool(request: &Request<'_>) -> Called {
    let mut round = 0;
    // Answers without a state were never asked for: the call is then made as if they were not there.
    if let Some(state) = &request.state {
        let Ok(offered) = serde_json::from_value::<Offered>(state.data.clone()) else {
            return Called::Failure(Failure::invalid_params(
                "expected the `requestState` of a call that waits",
            ));
        };
        round = state.round;
        if let Some(called) = come_back(request, offered, round).await {
            return called;
        }
    }
    let outcome = match call(request).await {
        Ok(outcome) => outcome,
        Err(task) => return task,
    };
    match outcome.way.clone() {
        // A new sign-in that brought nothing will bring nothing the next time either.
        Some(Way::Extend { .. }) if 0 < round => request.told(&outcome),
        Some(way) if may_offer(request, &way) => offer(request, &way, &outcome, round),
        _ => request.told(&outcome),
    }
}

/// Calls the tool, which may become a task.
async fn call(request: &Request<'_>) -> Result<Outcome, Called> {
    let arguments = request.members().clone();
    if !tasks::may_become(request) {
        let progress = &request.feed.progress;
        return Ok(tools::call(request.app, request.caller, &request.name, arguments, progress).await);
    }
    let (app, caller, name) = (request.app.clone(), request.caller.clone(), request.name.clone());
    let (told, steps) = watch::channel(String::new());
    // An answer that comes soon enough is given whole: it may hold a challenge or a page to offer.
    let (whole, received) = oneshot::channel();
    let work = async move {
        let progress = Progress::to(move |step| drop(told.send_replace(step.message))).patient();
        let outcome = tools::call(&app, &caller, &name, arguments, &progress).await;
        let result = result_of(&outcome);
        // Nobody waits for it any more once the call has become a task.
        let _ = whole.send(outcome);
        Finished::Result(result)
    };
    match tasks::begin(request, Box::pin(work), steps, false).await {
        Begun::Task(called) => Err(called),
        Begun::Finished(_) => received.await.map_err(|_| Called::Failure(Failure::internal())),
    }
}

/// Only those who can do something on a page are sent there: nobody approves their own plan, but an
/// administrator sees there what becomes of it.
fn may_offer(request: &Request<'_>, way: &Way) -> bool {
    let is_of_use = match way {
        Way::Connect { .. } | Way::Extend { .. } => true,
        Way::Approve { .. } => request.caller.role.may_manage(),
    };
    is_of_use && request.client.takes_urls() && (request.client.is_modern() || request.client.version == "2025-11-25")
}

fn offer(request: &Request<'_>, way: &Way, outcome: &Outcome, round: u8) -> Called {
    if ROUNDS_MAX <= round {
        return request.told(outcome);
    }
    let way = match way {
        Way::Connect { link } => Stored::Connect { link: link.clone() },
        Way::Extend { link, since } => Stored::Extend {
            link: link.clone(),
            since: *since,
        },
        Way::Approve { id, link } => Stored::Approve {
            id: id.clone(),
            link: link.clone(),
        },
    };
    let params = way.question(request);
    if request.client.is_modern() {
        return way.ask_again(request, params, round + 1);
    }
    let data = Some(json!({ "elicitations": [params] }));
    Called::Failure(Failure {
        data,
        ..Failure::new(StatusCode::OK, URL_ELICITATION_REQUIRED, way.message())
    })
}

/// What becomes of a call whose sender comes back; nothing when the way is clear.
async fn come_back(request: &Request<'_>, offered: Offered, round: u8) -> Option<Called> {
    let answer = request.answers.get(offered.way.key()).and_then(|it| it.get("action"));
    match answer.and_then(Value::as_str) {
        Some("accept") => {}
        Some("decline" | "cancel") => return Some(offered.way.gave_up(request, "The person did not open the page.")),
        // Without a word of the person's: the client only asks how far it is, or has to be asked again.
        _ if offered.agreed => {}
        _ if round < ROUNDS_MAX => {
            let params = offered.way.question(request);
            return Some(offered.way.ask_again(request, params, round + 1));
        }
        _ => return Some(offered.way.gave_up(request, "The person gave no answer.")),
    }
    match wait(request, &offered.way).await {
        Ok(true) => None,
        Ok(false) if round < ROUNDS_MAX => {
            // Nothing is asked this time: a question would be put to the person once more.
            let state = Offered {
                agreed: true,
                ..offered
            };
            let state = request.state(round + 1, json!(state));
            Some(input_required(&json!({ "requestState": state })))
        }
        Ok(false) => Some(offered.way.gave_up(request, "It has not happened yet.")),
        Err(why) => Some(offered.way.gave_up(request, why)),
    }
}

/// Waits for what happens on the page: true when the way is clear, false when it is time to answer the client.
async fn wait(request: &Request<'_>, way: &Stored) -> Result<bool, &'static str> {
    let end = Instant::now() + Duration::from_secs(request.app.settings.consent_wait_seconds);
    loop {
        if is_clear(request, way).await? {
            return Ok(true);
        }
        if end <= Instant::now() {
            return Ok(false);
        }
        tokio::time::sleep(LOOK_EVERY.min(end.saturating_duration_since(Instant::now()))).await;
    }
}

async fn is_clear(request: &Request<'_>, way: &Stored) -> Result<bool, &'static str> {
    let (app, caller) = (request.app, request.caller);
    match way {
        Stored::Connect { .. } => {
            let connection = call::connection_of(app, caller).await;
            Ok(connection.is_ok_and(|it| matches!(it.state(), State::Connected | State::Degraded)))
        }
        Stored::Extend { since, .. } => {
            let connection = call::connection_of(app, caller).await;
            Ok(connection.is_ok_and(|it| *since < it.connected_at && it.state() == State::Connected))
        }
        Stored::Approve { id, .. } => {
            let found = approvals::find(&app.db, &caller.environment, id).await;
            let state = found.ok().flatten().map(|it| it.state);
            match state.as_deref() {
                Some("approved") => Ok(true),
                Some("pending") => Ok(false),
                Some("refused") => Err("The approval was refused."),
                _ => Err("The request for approval is over."),
            }
        }
    }
}

impl Stored {
    /// The name of the question in `inputRequests`.
    fn key(&self) -> &'static str {
        match self {
            Self::Connect { .. } | Self::Extend { .. } => "microsoft",
            Self::Approve { .. } => "approval",
        }
    }

    fn link(&self) -> &str {
        match self {
            Self::Connect { link } | Self::Extend { link, .. } | Self::Approve { link, .. } => link,
        }
    }

    fn message(&self) -> &'static str {
        match self {
            Self::Connect { .. } => "Connect your Microsoft account, so that the gateway can call Power BI as you.",
            Self::Extend { .. } => {
                "This call needs a permission that your Microsoft account has not given the gateway. Connect it again on this page."
            }
            Self::Approve { .. } => {
                "This call waits for another administrator's approval. The page shows exactly what it would do, and what becomes of it."
            }
        }
    }

    /// The address carries nothing: the page asks who is there, and shows what is theirs.
    fn question(&self, request: &Request<'_>) -> Value {
        // Codex takes no address without an `elicitationId`; other clients pass over it.
        json!({
            "mode": "url",
            "elicitationId": request.app.clock.new_id(),
            "url": self.link(),
            "message": self.message(),
        })
    }

    fn ask_again(self, request: &Request<'_>, params: Value, round: u8) -> Called {
        let mut questions = serde_json::Map::new();
        questions.insert(
            self.key().into(),
            json!({ "method": "elicitation/create", "params": params }),
        );
        let offered = Offered {
            way: self,
            agreed: false,
        };
        let state = request.state(round, json!(offered));
        input_required(&json!({ "inputRequests": questions, "requestState": state }))
    }

    fn gave_up(&self, request: &Request<'_>, why: &str) -> Called {
        let what = match self {
            Self::Connect { .. } => "Power BI is not connected, so nothing was called.",
            Self::Extend { .. } => {
                "Power BI refused the call for want of a permission, and no new connection brought it."
            }
            Self::Approve { .. } => "The call was not approved, so it was not made.",
        };
        let text = format!(
            "{what} {why} Ask the person to open {} and call again afterwards.",
            self.link()
        );
        request.told(&Outcome {
            text,
            is_error: true,
            ..Outcome::default()
        })
    }
}

/// An answer that asks for more.
pub(super) fn input_required(members: &Value) -> Called {
    let mut result = members.clone();
    result["resultType"] = "input_required".into();
    Called::Result(Bytes::from(result.to_string()))
}
