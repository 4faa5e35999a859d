//! `find_items`: what the person can reach, by name.

use serde_json::{Map, Value};

use super::arguments::{text, texts};
use super::context::Context;
use super::fault::Fault;
use super::items::{self, Fit, HEAD, Item, Kind, Meant, Walked, Wanted, fit};
use super::outcome::Said;
use super::text::{DATA_NOTE, counted, short, table};
use super::tool::{Emits, Hints, Tool};

const MOST_LINES: usize = 200;
const MOST_CHARACTERS: usize = 30_000;

pub(super) const TOOL: Tool = Tool {
    name: "find_items",
    title: "Find Power BI items",
    description: "Finds workspaces, semantic models, reports, dashboards, dataflows and apps by name among what the person can open. Start here when you only know what something is called.",
    input: r#"{
  "type": "object",
  "properties": {
    "text": {"type": "string", "maxLength": 200, "description": "words of the name; * lists everything"},
    "types": {"type": "array", "items": {"type": "string"}, "maxItems": 6, "description": "only these: workspace, semantic_model, report, dashboard, dataflow, app"},
    "workspace": {"type": "string", "maxLength": 2000, "description": "only in this workspace: name, id or pasted address"}
  },
  "required": ["text"],
  "additionalProperties": false
}"#,
    output: None,
    hints: Hints::READS,
    operations: Emits::Listed(&[items::OPERATIONS]),
    needs: &["groups.list", "apps.list"],
    run: |context, arguments| Box::pin(run(context, arguments)),
};

async fn run(context: &Context<'_>, arguments: &Map<String, Value>) -> Result<Said, Fault> {
    let kinds = kinds(&texts(arguments, "types"))?;
    let workspace = match text(arguments, "workspace") {
        Some(asked) => Some(items::resolve(context, asked, &[Kind::Workspace], Meant::Read).await?),
        None => None,
    };
    let wanted = Wanted {
        kinds: &kinds,
        workspace: workspace.as_ref().map(|it| it.id.as_str()),
        until: None,
        from_memory: true,
    };
    let walked = items::walk(context, &wanted).await?;
    let asked = text(arguments, "text").filter(|it| *it != "*");
    Ok(said(asked, &walked).into())
}

fn kinds(words: &[&str]) -> Result<Vec<Kind>, Fault> {
    if words.is_empty() {
        return Ok(Kind::ALL.to_vec());
    }
    let mut kinds = Vec::new();
    for word in words {
        let kind = Kind::of_word(word).ok_or_else(|| {
            let known: Vec<_> = Kind::ALL.iter().map(|it| it.word()).collect();
            Fault::Words(format!(
                "There is no type {}; expected {}.",
                short(word, 40),
                known.join(", ")
            ))
        })?;
        if !kinds.contains(&kind) {
            kinds.push(kind);
        }
    }
    Ok(kinds)
}

pub(super) fn said(asked: Option<&str>, walked: &Walked) -> String {
    let hits = ranked(asked, &walked.items);
    let lines: Vec<_> = hits.iter().take(MOST_LINES).map(|it| it.line()).collect();
    let (list, unfit) = table(&HEAD, &lines, MOST_CHARACTERS);
    let shown = lines.len() - unfit;
    let mut words = match hits.len() {
        0 => "No item has this in its name.".to_owned(),
        found if found == shown => format!("{}.", counted(found, "item")),
        found => format!("First {shown} of {found} items; give more words, types or a workspace."),
    };
    if walked.left > 0 {
        words.push_str(&format!(
            " Not everything has been looked through ({} left): call again with the same arguments to go on.",
            counted(walked.left, "list")
        ));
    }
    for note in &walked.notes {
        words.push_str(&format!("\nNot looked into: {note}"));
    }
    if shown > 0 {
        words.push_str(&format!("\n{DATA_NOTE}\n{list}"));
    }
    words
}

/// The items that fit, the best first.
fn ranked<'a>(asked: Option<&str>, items: &'a [Item]) -> Vec<&'a Item> {
    let mut hits: Vec<(Fit, &Item)> = items
        .iter()
        .filter_map(|item| match asked {
            Some(asked) => fit(asked, &item.name).map(|fit| (fit, item)),
            None => Some((Fit::Holds, item)),
        })
        .collect();
    // The sort keeps the order of the walk among equals.
    hits.sort_by_key(|(fit, _)| *fit);
    hits.into_iter().map(|(_, item)| item).collect()
}
