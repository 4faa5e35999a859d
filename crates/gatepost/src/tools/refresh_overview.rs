//! `refresh_overview`: the last refresh of every semantic model of a workspace, failures first.

use futures_util::StreamExt as _;
use futures_util::stream;
use serde_json::{Map, Value};

use super::arguments::text;
use super::context::Context;
use super::fault::Fault;
use super::items::{self, Item, Kind, Meant, Wanted};
use super::outcome::Said;
use super::refreshes::{HISTORY, Refresh, history};
use super::text::{DATA_NOTE, counted, short, table};
use super::tool::{Emits, Hints, Tool};

/// Power BI takes about sixty such calls a minute.
const MODELS: usize = 40;
const AT_ONCE: usize = 4;
const MOST_CHARACTERS: usize = 24_000;

pub(super) const TOOL: Tool = Tool {
    name: "refresh_overview",
    title: "Refreshes of a workspace",
    description: "Tells of every semantic model of a workspace how its last refresh ended, failed ones first, with the reason. For the history and schedule of one model use refresh_status.",
    input: r#"{
  "type": "object",
  "properties": {
    "workspace": {"type": "string", "minLength": 1, "maxLength": 2000, "description": "workspace: name, id or pasted address"},
    "only_failed": {"type": "boolean", "description": "leave out what went well"}
  },
  "required": ["workspace"],
  "additionalProperties": false
}"#,
    output: None,
    hints: Hints::READS,
    operations: Emits::Listed(&[items::OPERATIONS, HISTORY]),
    needs: HISTORY,
    run: |context, arguments| Box::pin(run(context, arguments)),
};

/// How a model stands.
struct Standing {
    /// The worse, the smaller.
    rank: u8,
    line: Vec<String>,
}

async fn run(context: &Context<'_>, arguments: &Map<String, Value>) -> Result<Said, Fault> {
    let asked = text(arguments, "workspace").ok_or_else(|| Fault::Words("Give the workspace.".into()))?;
    let only_failed = arguments.get("only_failed").and_then(Value::as_bool).unwrap_or(false);
    let workspace = items::resolve(context, asked, &[Kind::Workspace], Meant::Read).await?;
    let wanted = Wanted {
        kinds: &[Kind::Model],
        workspace: Some(&workspace.id),
        until: None,
        from_memory: true,
    };
    let models = items::walk(context, &wanted).await?.items;
    let total = models.len();
    let look = |model: Item| async move {
        let last = history(context, &model, 1).await;
        standing(&model, last)
    };
    let mut looks = stream::iter(models.into_iter().take(MODELS).map(look)).buffer_unordered(AT_ONCE);
    let mut all = Vec::new();
    while let Some(one) = looks.next().await {
        all.push(one);
        let shown = total.min(MODELS);
        context
            .progress
            .say(all.len() as f64, Some(shown as f64), "reading histories");
    }
    let failed = all.iter().filter(|it| it.rank == 0).count();
    all.retain(|it| !only_failed || it.rank == 0);
    all.sort_by(|a, b| (a.rank, &a.line).cmp(&(b.rank, &b.line)));
    let mut words = format!(
        "{}: {}, {failed} of them failed last time.",
        short(&workspace.name, 120),
        counted(total, "semantic model")
    );
    if MODELS < total {
        words.push_str(&format!(" Only the first {MODELS} were looked at."));
    }
    let lines: Vec<_> = all.into_iter().map(|it| it.line).collect();
    if !lines.is_empty() {
        let head = ["semantic model", "last refresh", "started (UTC)", "reason"];
        words.push_str(&format!("\n{DATA_NOTE}\n{}", table(&head, &lines, MOST_CHARACTERS).0));
    }
    Ok(words.into())
}

fn standing(model: &Item, last: Result<Vec<Refresh>, Fault>) -> Standing {
    let of = |rank, state: &str, started: &str, reason: String| Standing {
        rank,
        line: vec![model.name.clone(), state.to_owned(), started.to_owned(), reason],
    };
    match last.map(|it| it.into_iter().next()) {
        Err(fault) => of(1, "not shown", "", fault.brief()),
        Ok(None) => of(3, "none on record", "", String::new()),
        Ok(Some(last)) => {
            let rank = match last.state() {
                "Failed" => 0,
                "Completed" => 4,
                _ => 2,
            };
            of(
                rank,
                last.state(),
                &last.started,
                last.reason.clone().unwrap_or_default(),
            )
        }
    }
}
