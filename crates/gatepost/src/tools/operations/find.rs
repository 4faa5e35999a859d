//! `find_operations`: operations of the Power BI REST API by words, among those the policies may allow.

use std::sync::LazyLock;

use catalogue::{Catalogue, Effect, Operation};
use serde_json::{Map, Value};

use super::caller_of;
use crate::tools::arguments::text;
use crate::tools::context::Context;
use crate::tools::fault::Fault;
use crate::tools::items::folded;
use crate::tools::outcome::Said;
use crate::tools::text::{counted, short, table};
use crate::tools::tool::{Emits, Hints, Tool};

const MOST_LINES: usize = 25;
const MOST_CHARACTERS: usize = 12_000;

pub(in crate::tools) const FIND: Tool = Tool {
    name: "find_operations",
    title: "Find Power BI operations",
    description: "Finds operations of the Power BI REST API by words, for everything the other tools do not do. describe_operation then tells the arguments, and call_read_operation or call_write_operation makes the call.",
    input: r#"{
  "type": "object",
  "properties": {
    "text": {"type": "string", "maxLength": 200, "description": "what it should do, e.g. cancel refresh; * lists everything"},
    "group": {"type": "string", "maxLength": 60, "description": "only of this group, e.g. datasets, pipelines, admin; * names the groups"},
    "effect": {"type": "string", "enum": ["read", "run", "create", "update", "delete", "share", "admin"], "description": "only what does this"}
  },
  "required": ["text"],
  "additionalProperties": false
}"#,
    output: None,
    hints: Hints {
        open_world: false,
        ..Hints::READS
    },
    operations: Emits::Listed(&[]),
    needs: &[],
    run: |context, arguments| Box::pin(run(context, arguments)),
};

async fn run(context: &Context<'_>, arguments: &Map<String, Value>) -> Result<Said, Fault> {
    let group = text(arguments, "group");
    if group == Some("*") {
        return Ok(groups(context).into());
    }
    let group = group.map(group_of).transpose()?;
    let effect = text(arguments, "effect").and_then(|it| it.parse::<Effect>().ok());
    let asked = text(arguments, "text").unwrap_or("*");
    let fits =
        |it: &Operation| group.is_none_or(|id| it.group == id) && effect.is_none_or(|effect| it.effect == effect);
    let hits = ranked(context, asked, fits);
    Ok(said(&hits).into())
}

fn said(hits: &[&Operation]) -> String {
    if hits.is_empty() {
        return "No operation that the policies may allow fits. Use other words, or group * to see the groups.".into();
    }
    let line = |it: &&Operation| {
        vec![
            it.id.clone(),
            it.effect.to_string(),
            it.summary.clone(),
            caller_of(it).to_owned(),
        ]
    };
    let lines: Vec<_> = hits.iter().take(MOST_LINES).map(line).collect();
    let (list, unfit) = table(&["operation", "effect", "does", "call with"], &lines, MOST_CHARACTERS);
    let shown = lines.len() - unfit;
    let words = match hits.len() {
        found if found == shown => format!("{}.", counted(found, "operation")),
        found => format!("First {shown} of {found} operations; give more words, a group or an effect."),
    };
    format!("{words}\n{list}")
}

fn groups(context: &Context<'_>) -> String {
    let catalogue = Catalogue::builtin();
    let lines: Vec<_> = catalogue
        .groups()
        .iter()
        .filter_map(|group| {
            let all = catalogue.operations().iter().filter(|it| it.group == group.id);
            let count = all.filter(|it| context.may(&it.id)).count();
            (count > 0).then(|| vec![group.id.clone(), group.title.clone(), count.to_string()])
        })
        .collect();
    table(&["group", "about", "operations"], &lines, MOST_CHARACTERS).0
}

fn group_of(asked: &str) -> Result<&'static str, Fault> {
    let word = asked.to_ascii_lowercase().replace([' ', '-'], "_");
    let mut groups = Catalogue::builtin().groups().iter();
    let found = groups.find(|it| it.id == word || folded(&it.title) == folded(asked));
    found.map(|it| it.id.as_str()).ok_or_else(|| {
        let all: Vec<_> = Catalogue::builtin().groups().iter().map(|it| it.id.as_str()).collect();
        Fault::NotFound(format!(
            "There is no group {}; expected {}.",
            short(asked, 60).escape_debug(),
            all.join(", ")
        ))
    })
}

/// The operations that fit, the best first; those the policies never allow are left out.
pub(in crate::tools) fn ranked(
    context: &Context<'_>,
    asked: &str,
    fits: impl Fn(&Operation) -> bool,
) -> Vec<&'static Operation> {
    let words = if asked.trim() == "*" { vec![] } else { words(asked) };
    let mut hits: Vec<(usize, &Operation)> = INDEX
        .iter()
        .filter(|it| fits(it.operation))
        .filter_map(|it| Some((it.score(&words)?, it.operation)))
        .filter(|(_, operation)| context.may(&operation.id))
        .collect();
    // Equals stay in the order of the catalogue.
    hits.sort_by_key(|(score, _)| std::cmp::Reverse(*score));
    hits.into_iter().map(|(_, operation)| operation).collect()
}

/// What is searched of an operation, made once.
pub(super) struct Indexed {
    pub operation: &'static Operation,
    name: Vec<String>,
    summary: Vec<String>,
    rest: Vec<String>,
}

static INDEX: LazyLock<Vec<Indexed>> = LazyLock::new(|| {
    let all = Catalogue::builtin().operations().iter();
    all.map(|operation| Indexed {
        operation,
        name: words(&operation.id),
        summary: words(&operation.summary),
        rest: words(&format!(
            "{} {} {} {} {}",
            operation.microsoft_id,
            operation.path.as_str(),
            operation.hints.join(" "),
            operation.method,
            operation.effect
        )),
    })
    .collect()
});

#[cfg(test)]
pub(super) fn index() -> &'static [Indexed] {
    &INDEX
}

impl Indexed {
    /// How well this fits; nothing when most of the words are missing. Without words everything fits alike.
    pub(super) fn score(&self, words: &[String]) -> Option<usize> {
        let mut score = 0;
        let mut missing = 0;
        for word in words {
            let has = |list: &[String]| list.iter().any(|it| it.starts_with(word.as_str()));
            let of_word =
                usize::from(has(&self.name)) * 4 + usize::from(has(&self.summary)) * 3 + usize::from(has(&self.rest));
            missing += usize::from(of_word == 0);
            score += of_word;
        }
        if words.is_empty() {
            return Some(0);
        }
        // The plain form of a twin is the one most people mean, and what is deprecated is seldom meant at all.
        let is_old = self.operation.status == catalogue::Status::Deprecated;
        let bonus = usize::from(!self.operation.id.ends_with("_in_group")) + usize::from(!is_old);
        (missing * 2 < words.len()).then_some(score * 4 / (1 + missing) + bonus)
    }
}

/// The words of a text, in the words of the REST API and without the ending of the plural.
pub(super) fn words(text: &str) -> Vec<String> {
    let folded = folded(&text.replace(['.', '_', '/', '{', '}'], " "))
        .replace("semantic model", "dataset")
        .replace("semanticmodel", "dataset");
    let words = folded.split(|c: char| !c.is_alphanumeric()).filter(|it| !it.is_empty());
    let known = words.filter(|it| {
        !matches!(
            *it,
            "a" | "an" | "the" | "of" | "to" | "in" | "for" | "and" | "v1" | "v10" | "myorg"
        )
    });
    known
        .map(
            |word| match word.strip_suffix('s').filter(|it| 2 < it.len()).unwrap_or(word) {
                "model" => "dataset".to_owned(),
                "workspace" => "group".to_owned(),
                word => word.to_owned(),
            },
        )
        .collect()
}
