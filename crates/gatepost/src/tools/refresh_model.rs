//! `refresh_model`: starts a refresh and waits a while for its end.

use std::time::Duration;

use serde_json::{Map, Value, json};
use tokio::time::{Instant, sleep};

use super::arguments::{text, whole};
use super::context::Context;
use super::fault::{Fault, span};
use super::items::{self, Item, Meant};
use super::outcome::Said;
use super::refreshes::{HISTORY, Refresh, history, on};
use super::run_dax::title;
use super::tool::{Emits, Hints, Tool};
use crate::powerbi::request_id;

const USUAL_WAIT_S: u64 = 30;
const FIRST_LOOK: Duration = Duration::from_secs(2);
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// So many may have begun since the one that is waited for.
const LOOKED_AT: usize = 10;
const STARTS: &[&str] = &["datasets.refresh", "datasets.refresh_in_group"];

pub(super) const TOOL: Tool = Tool {
    name: "refresh_model",
    title: "Refresh a semantic model",
    description: "Starts a refresh of a semantic model from its sources and waits for the end, up to wait_seconds; refresh_status tells the rest. Does not start a second one while one runs. An administrator's approval may be needed: then the answer holds a link.",
    input: r#"{
  "type": "object",
  "properties": {
    "model": {"type": "string", "minLength": 1, "maxLength": 2000, "description": "semantic model: name, workspace/name, id, or pasted Power BI address"},
    "wait_seconds": {"type": "integer", "minimum": 0, "maximum": 60, "description": "how long to wait for the end; 30 if absent"}
  },
  "required": ["model"],
  "additionalProperties": false
}"#,
    output: None,
    hints: Hints {
        // The rows of the model are replaced by those of its sources.
        destructive: false,
        ..Hints::CHANGES
    },
    operations: Emits::Listed(&[items::OPERATIONS, STARTS, HISTORY]),
    needs: STARTS,
    run: |context, arguments| Box::pin(run(context, arguments)),
};

async fn run(context: &Context<'_>, arguments: &Map<String, Value>) -> Result<Said, Fault> {
    let asked = text(arguments, "model").ok_or_else(|| Fault::Words("Give the semantic model.".into()))?;
    let usual = context.progress.longest_wait(Duration::from_secs(USUAL_WAIT_S));
    let longest = whole(arguments, "wait_seconds").map_or(usual, |it| Duration::from_secs(it as u64));
    let model = items::model(context, asked, Meant::Change).await?;
    let before = history(context, &model, 1).await?.into_iter().next();
    let (sought, opening) = match before {
        Some(running) if running.is_running() => (
            Sought::Id(running.id),
            "A refresh runs already; no second one was started.",
        ),
        before => {
            let started = start(context, &model).await?;
            let sought = started.map_or(Sought::After(before.map(|it| it.id)), Sought::Id);
            (sought, "The refresh was started.")
        }
    };
    let found = wait(context, &model, &sought, longest.as_secs()).await?;
    Ok(said(context, &model, opening, found.as_ref()).into())
}

/// The refresh that is waited for. Others may begin meanwhile, on a schedule or when tables are framed.
enum Sought {
    Id(String),
    /// Power BI gave no id: the newest that is not the one before.
    After(Option<String>),
}

impl Sought {
    fn is(&self, refresh: &Refresh) -> bool {
        match self {
            Self::Id(id) => refresh.id.eq_ignore_ascii_case(id),
            Self::After(before) => before.as_ref() != Some(&refresh.id),
        }
    }
}

/// Starts a refresh; its id, which is that of the request.
async fn start(context: &Context<'_>, model: &Item) -> Result<Option<String>, Fault> {
    let (operation, mut arguments) = on(model, STARTS)?;
    arguments.insert("body".into(), json!({ "notifyOption": "NoNotification" }));
    let answer = context.call(operation, arguments).await?;
    Ok(request_id(&answer.headers))
}

/// Looks at the refresh until it is over or the time is; nothing when it has not shown up yet.
async fn wait(context: &Context<'_>, model: &Item, sought: &Sought, wait_s: u64) -> Result<Option<Refresh>, Fault> {
    let began = Instant::now();
    let end = began + Duration::from_secs(wait_s);
    let mut pause = FIRST_LOOK;
    loop {
        let now = Instant::now();
        sleep(pause.min(end.saturating_duration_since(now))).await;
        let newest = history(context, model, LOOKED_AT).await;
        // The refresh runs on whether or not one look at it succeeds.
        let found = match newest {
            Err(fault) if fault.is_throttled() && Instant::now() < end => None,
            other => other?.into_iter().find(|it| sought.is(it)),
        };
        let is_over = found.as_ref().is_some_and(|it| !it.is_running());
        if is_over || end <= Instant::now() {
            return Ok(found);
        }
        let waited = began.elapsed().as_secs_f64().floor();
        context
            .progress
            .say(waited, Some(wait_s as f64), "the refresh is running");
        pause = LOOK_EVERY;
    }
}

fn said(context: &Context<'_>, model: &Item, opening: &str, found: Option<&Refresh>) -> String {
    let title = title(model);
    let Some(found) = found else {
        return format!(
            "{opening} {title}: it does not show in the history yet. Call refresh_status in a while to see how it ends."
        );
    };
    let seconds = found
        .seconds(context.app.clock.now())
        .and_then(|it| u64::try_from(it).ok());
    let took = seconds.map(|it| format!(" after {}", span(it))).unwrap_or_default();
    if found.is_running() {
        return format!(
            "{opening} {title}: still running{took}. Call refresh_status in a while to see how it ends; do not start it again."
        );
    }
    let mut words = format!("{opening} {title}: {}{took}.", found.state());
    if let Some(reason) = &found.reason {
        words.push_str(&format!("\nReason: {reason}"));
    }
    words
}
