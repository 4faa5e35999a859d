//! Links and jobs that a tool hands out: sealed, for one person of one environment, for a time.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::context::Context;
use crate::app::App;
use crate::call::{CallError, Request};
use crate::caller::Caller;
use crate::clock::Timestamp;
use crate::store::environments;
use crate::vault::Place;

/// Microsoft keeps the file of an export this long.
const LONGEST_MS: i64 = 24 * 3600 * 1000;
const LONGEST_SEALED: usize = 8 * 1024;

/// One file that a person may fetch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Download {
    /// The tool that handed it out.
    tool: String,
    operation: String,
    arguments: Map<String, Value>,
    /// What the file is called on the person's machine.
    pub file: String,
    expires_at: Timestamp,
}

/// An export that still runs, so that a later call can go on waiting for it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Job {
    pub workspace: Option<String>,
    pub report: String,
    pub export: String,
    pub name: String,
    pub expires_at: Timestamp,
}

impl Job {
    pub(super) fn new(workspace: Option<&str>, report: &str, export: &str, name: &str, now: Timestamp) -> Self {
        Self {
            workspace: workspace.map(str::to_owned),
            report: report.to_owned(),
            export: export.to_owned(),
            name: name.to_owned(),
            expires_at: now.plus_ms(LONGEST_MS),
        }
    }
}

impl Download {
    pub(super) fn new(
        tool: &str,
        operation: &str,
        arguments: Map<String, Value>,
        file: String,
        now: Timestamp,
    ) -> Self {
        Self {
            tool: tool.to_owned(),
            operation: operation.to_owned(),
            arguments,
            file,
            expires_at: now.plus_ms(LONGEST_MS),
        }
    }

    /// What a sealed link holds; nothing unless it was made for this person and is still good.
    ///
    /// Invariant: foreign, changed, expired and invented links cannot be told apart.
    pub fn open(app: &App, caller: &Caller, sealed: &str) -> Option<Self> {
        let found: Self = open(app, caller, "download", sealed)?;
        (app.clock.now() < found.expires_at).then_some(found)
    }

    /// The call that fetches the file.
    pub fn request(&self, app: &App) -> Result<Request, CallError> {
        let mut all = super::all().iter();
        let tool = all.find(|it| it.name == self.tool && it.may_emit(&self.operation));
        let tool = tool.ok_or_else(|| CallError::Internal(format!("{} hands out no such file", self.tool)))?;
        Request::of_tool(app, tool.name, &self.operation, self.arguments.clone())
    }
}

/// The address at which the person who asked fetches a file.
pub(super) async fn link(context: &Context<'_>, download: &Download) -> Result<String, CallError> {
    let (app, caller) = (context.app, context.caller);
    let environment = environments::find(&app.db, &caller.environment).await?;
    let environment = environment.ok_or_else(|| CallError::Internal("the environment is gone".into()))?;
    let sealed = seal(app, caller, "download", download);
    Ok(match environment.is_default {
        true => app.settings.url(&format!("/download/{sealed}")),
        false => app.settings.url(&format!("/e/{}/download/{sealed}", environment.slug)),
    })
}

pub(super) fn seal_job(context: &Context<'_>, job: &Job) -> String {
    seal(context.app, context.caller, "export_job", job)
}

pub(super) fn open_job(context: &Context<'_>, sealed: &str) -> Option<Job> {
    let found: Job = open(context.app, context.caller, "export_job", sealed)?;
    (context.app.clock.now() < found.expires_at).then_some(found)
}

/// The seal is bound to the person and the environment, so it opens for nobody else.
fn place<'a>(caller: &'a Caller, what: &'static str) -> Place<'a> {
    Place {
        table: "links",
        column: what,
        row: &caller.person.0,
        environment: &caller.environment.0,
    }
}

fn seal(app: &App, caller: &Caller, what: &'static str, value: &impl Serialize) -> String {
    let text = serde_json::to_vec(value).expect("plain fields become JSON");
    URL_SAFE_NO_PAD.encode(app.vault.seal(place(caller, what), &text))
}

fn open<T: serde::de::DeserializeOwned>(app: &App, caller: &Caller, what: &'static str, sealed: &str) -> Option<T> {
    let sealed = Some(sealed).filter(|it| it.len() <= LONGEST_SEALED)?;
    let sealed = URL_SAFE_NO_PAD.decode(sealed).ok()?;
    let text = app.vault.open(place(caller, what), &sealed).ok()?;
    serde_json::from_slice(&text).ok()
}
