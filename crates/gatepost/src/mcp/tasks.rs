//! The tasks extension (SEP-2663): a call that takes long goes on after its answer, and the client asks how far it is.

use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;
use serde::Deserialize;
use serde::Serialize;
use serde_json::Value;
use serde_json::json;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::app::App;
use crate::call::Standing;
use crate::caller::Caller;
use crate::mcp::client::Client;
use crate::mcp::request::Called;
use crate::mcp::request::Request;
use crate::mcp::rpc;
use crate::mcp::rpc::Failure;
use crate::mcp::rpc::Message;
use crate::mcp::session;
use crate::store::mcp_tasks;
use crate::store::mcp_tasks::Owner;
use crate::store::mcp_tasks::Task;
use crate::vault::Place;

pub(super) const EXTENSION: &str = "io.modelcontextprotocol/tasks";
const MISSING_CAPABILITY: i32 = -32021;

/// Tools whose work outlasts what a client usually waits for.
const TOOLS: [&str; 4] = ["refresh_model", "export_report", "import_file", "deploy_stage"];
/// A call that ends sooner is answered as any other.
const PATIENCE: Duration = Duration::from_millis(1500);
const LONGEST: Duration = Duration::from_secs(15 * 60);
/// How often a worker says that it is alive, and hears whether it was cancelled.
const SIGN_OF_LIFE: Duration = Duration::from_secs(5);
/// A worker that is silent for longer is gone with its process.
const SILENCE_MAX_MS: i64 = 90 * 1000;
const KEPT_MS: i64 = 60 * 60 * 1000;
const POLL_MS: u32 = 2000;
/// Tasks of one person that are under way at once.
const MOST: i64 = 20;

/// What the work of a task comes to.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Finished {
    /// A tool's result, its own errors among them.
    Result(Value),
    /// A failure of the protocol.
    Failed { code: i32, message: String },
}

pub(super) type Work = Pin<Box<dyn Future<Output = Finished> + Send>>;

/// What begins as a call: an answer at once, or a task.
pub(super) enum Begun {
    Finished(Finished),
    Task(Called),
}

/// Whether a call of this tool may become a task for this client.
pub(super) fn may_become(request: &Request<'_>) -> bool {
    is_declared(request.client) && TOOLS.contains(&request.name.as_str())
}

pub(super) fn is_declared(client: &Client) -> bool {
    client.is_modern() && client.has_extension(EXTENSION)
}

/// Refuses a client that did not declare the extension.
pub(super) fn needs_extension(client: &Client) -> Result<(), Failure> {
    if is_declared(client) {
        return Ok(());
    }
    let mut extensions = serde_json::Map::new();
    extensions.insert(EXTENSION.to_owned(), json!({}));
    let data = Some(json!({ "requiredCapabilities": { "extensions": extensions } }));
    let message = format!("expected the client to declare the extension {EXTENSION}");
    Err(Failure {
        data,
        ..Failure::new(StatusCode::BAD_REQUEST, MISSING_CAPABILITY, message)
    })
}

/// Begins work that may become a task; `steps` says how far it is.
pub(super) async fn begin(
    request: &Request<'_>,
    work: Work,
    steps: watch::Receiver<String>,
    is_at_once: bool,
) -> Begun {
    let mut running = tokio::spawn(tokio::time::timeout(LONGEST, work));
    // Until it is a task, the work ends with the request: whoever goes away cancels it.
    let guard = StopsOnDrop(Some(running.abort_handle()));
    let patience = if is_at_once { Duration::ZERO } else { PATIENCE };
    if let Ok(ended) = tokio::time::timeout(patience, &mut running).await {
        return Begun::Finished(finished(ended));
    }
    let task = match store(request).await {
        Ok(Some(task)) => task,
        // Without a stored task the call is waited for, as for any other client.
        Ok(None) => return Begun::Finished(finished(running.await)),
        Err(error) => {
            tracing::warn!(%error, "a task could not be stored");
            return Begun::Finished(finished(running.await));
        }
    };
    guard.keep();
    let (app, caller) = (request.app.clone(), request.caller.clone());
    tokio::spawn(look_after(app, caller, task.id.clone(), running, steps));
    let mut result = shown(&task, request.app);
    result["resultType"] = "task".into();
    Begun::Task(Called::Result(Bytes::from(result.to_string())))
}

type Ended = Result<Result<Finished, tokio::time::error::Elapsed>, tokio::task::JoinError>;

fn finished(ended: Ended) -> Finished {
    ended.ok().and_then(Result::ok).unwrap_or_else(|| Finished::Failed {
        code: rpc::INTERNAL_ERROR,
        message: "the gateway failed".into(),
    })
}

/// Says that a task is alive until it ends, and stores its end.
async fn look_after(
    app: App,
    caller: Caller,
    id: String,
    mut running: JoinHandle<Result<Finished, tokio::time::error::Elapsed>>,
    steps: watch::Receiver<String>,
) {
    let mut signs = tokio::time::interval(SIGN_OF_LIFE);
    let mut access_ended = std::pin::pin!(Standing::of(&app, &caller).ended());
    let finished = loop {
        tokio::select! {
            ended = &mut running => break finished(ended),
            () = &mut access_ended => {
                running.abort();
                break Finished::Failed {
                    code: rpc::INVALID_REQUEST,
                    message: "the access under which the task ran was taken back".into(),
                };
            }
            _ = signs.tick() => {
                let message = steps.borrow().clone();
                let is_wanted = mcp_tasks::touch(&app.db, &id, &message, app.clock.now()).await;
                if matches!(is_wanted, Ok(false)) {
                    // Cancelled: what only waits stops here; a change that was sent runs to its end in the funnel.
                    running.abort();
                    return;
                }
            }
        }
    };
    finish(&app, &caller, &id, &finished).await;
}

/// Stops work when it is dropped.
struct StopsOnDrop(Option<tokio::task::AbortHandle>);

impl StopsOnDrop {
    fn keep(mut self) {
        self.0 = None;
    }
}

impl Drop for StopsOnDrop {
    fn drop(&mut self) {
        if let Some(work) = self.0.take() {
            work.abort();
        }
    }
}

async fn store(request: &Request<'_>) -> crate::store::Result<Option<Task>> {
    let (app, caller) = (request.app, request.caller);
    let now = app.clock.now();
    let task = Task {
        // Nobody guesses it, and it is of use to its owner alone.
        id: app.clock.random().token(),
        environment_id: caller.environment.clone(),
        person_id: caller.person.clone(),
        client: session::client(caller),
        tool: request.name.clone(),
        status: "working".into(),
        message: String::new(),
        outcome_sealed: None,
        created_at: now,
        updated_at: now,
        expires_at: now.plus_ms(KEPT_MS),
    };
    let is_stored = mcp_tasks::insert(&app.db, &task, MOST).await?;
    Ok(is_stored.then_some(task))
}

async fn finish(app: &App, caller: &Caller, id: &str, finished: &Finished) {
    let text = serde_json::to_vec(finished).expect("JSON is written as JSON");
    let sealed = app.vault.seal(place(&caller.environment.0, id), &text);
    let status = match finished {
        Finished::Result(_) => "completed",
        Finished::Failed { .. } => "failed",
    };
    if let Err(error) = mcp_tasks::finish(&app.db, id, status, &sealed, app.clock.now()).await {
        tracing::error!(%error, trace = %caller.trace, "the end of a task could not be stored");
    }
}

fn place<'a>(environment: &'a str, id: &'a str) -> Place<'a> {
    Place {
        table: "mcp_tasks",
        column: "outcome_sealed",
        row: id,
        environment,
    }
}

/// `tasks/get`, `tasks/update` and `tasks/cancel`; nothing for any other method.
pub(super) async fn answer(
    app: &App,
    caller: &Caller,
    client: &Client,
    message: &Message,
) -> Option<Result<Bytes, Failure>> {
    if !client.is_modern() || !matches!(message.method.as_str(), "tasks/get" | "tasks/update" | "tasks/cancel") {
        return None;
    }
    Some(answered(app, caller, client, message).await)
}

async fn answered(app: &App, caller: &Caller, client: &Client, message: &Message) -> Result<Bytes, Failure> {
    needs_extension(client)?;
    // Invariant: a task of another person, client or environment is as unknown as one that never was.
    let unknown = || Failure::invalid_params("there is no such task");
    let id = message
        .params
        .get("taskId")
        .and_then(Value::as_str)
        .ok_or_else(unknown)?;
    let failed = |error: crate::store::Error| {
        tracing::error!(%error, trace = %caller.trace, "a task could not be looked up");
        Failure::unavailable()
    };
    let speaks_through = session::client(caller);
    let owner = Owner {
        environment: &caller.environment,
        person: &caller.person,
        client: &speaks_through,
    };
    let now = app.clock.now();
    let task = mcp_tasks::find(&app.db, owner, id, now)
        .await
        .map_err(failed)?
        .ok_or_else(unknown)?;
    let mut result = match message.method.as_str() {
        "tasks/get" => shown(&task, app),
        "tasks/cancel" => {
            mcp_tasks::cancel(&app.db, owner, id, now).await.map_err(failed)?;
            json!({})
        }
        // No task of ours asks for anything, so that there is nothing to take.
        _ => json!({}),
    };
    result["resultType"] = "complete".into();
    Ok(Bytes::from(result.to_string()))
}

/// A task as its owner sees it.
fn shown(task: &Task, app: &App) -> Value {
    let mut shown = json!({
        "taskId": task.id,
        "status": task.status,
        "createdAt": task.created_at.rfc3339(),
        "lastUpdatedAt": task.updated_at.rfc3339(),
        "ttlMs": KEPT_MS,
        "pollIntervalMs": POLL_MS,
    });
    if !task.message.is_empty() {
        shown["statusMessage"] = task.message.clone().into();
    }
    let is_silent = SILENCE_MAX_MS < app.clock.now().since_ms(task.updated_at);
    let finished = match task.status.as_str() {
        "working" if is_silent => Some(Finished::Failed {
            code: rpc::INTERNAL_ERROR,
            message: "the gateway was restarted meanwhile; what was started in Power BI may go on: look with the tools that tell of it".into(),
        }),
        "completed" | "failed" => Some(opened(task, app)),
        _ => None,
    };
    match finished {
        Some(Finished::Result(result)) => shown["result"] = result,
        Some(Finished::Failed { code, message }) => {
            shown["status"] = "failed".into();
            shown["error"] = json!({ "code": code, "message": message });
        }
        None => {}
    }
    shown
}

fn opened(task: &Task, app: &App) -> Finished {
    let sealed = task.outcome_sealed.as_deref().unwrap_or_default();
    let text = app.vault.open(place(&task.environment_id.0, &task.id), sealed).ok();
    let finished = text.and_then(|it| serde_json::from_slice(&it).ok());
    finished.unwrap_or_else(|| Finished::Failed {
        code: rpc::INTERNAL_ERROR,
        message: "what the task came to cannot be read any more".into(),
    })
}
