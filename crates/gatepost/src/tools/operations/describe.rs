//! `describe_operation`: what one operation of the Power BI REST API does, takes and answers.

use catalogue::{Answer, Operation, Paging, Place, Status};
use serde_json::{Map, Value};

use super::{caller_of, known};
use crate::tools::arguments::text;
use crate::tools::context::Context;
use crate::tools::fault::Fault;
use crate::tools::outcome::Said;
use crate::tools::text::table;
use crate::tools::tool::{Emits, Hints, Tool};

const MOST_CHARACTERS: usize = 12_000;
const MOST_FIELDS: usize = 60;

pub(in crate::tools) const DESCRIBE: Tool = Tool {
    name: "describe_operation",
    title: "Describe a Power BI operation",
    description: "Tells what one operation of the Power BI REST API does, takes and answers, and which tool calls it.",
    input: r#"{
  "type": "object",
  "properties": {
    "operation": {"type": "string", "minLength": 1, "maxLength": 100, "description": "id from find_operations, e.g. datasets.cancel_refresh"}
  },
  "required": ["operation"],
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
    let id = text(arguments, "operation").unwrap_or_default();
    Ok(said(known(context, id)?).into())
}

/// The operation in words.
pub(super) fn said(operation: &Operation) -> String {
    let mut lines = vec![
        format!("{}: {}", operation.id, operation.summary),
        format!("effect: {}; call it with {}", operation.effect, caller_of(operation)),
        format!(
            "REST: {} {} ({})",
            operation.method, operation.path, operation.microsoft_id
        ),
        format!(
            "permission of Microsoft: {}{}",
            operation.scopes,
            not_asked_for(operation)
        ),
        format!("answer: {}", answer(operation)),
    ];
    match operation.status {
        Status::Ga => {}
        other => lines.push(format!("status: {other}")),
    }
    if operation.destructive {
        lines.push("destructive: what it removes or overwrites cannot simply be brought back".into());
    } else if let Some(condition) = &operation.destructive_if {
        lines.push(format!(
            "destructive when {} is {}",
            condition.argument,
            condition.is.join(" or ")
        ));
    }
    if let Some(twin) = &operation.twin {
        lines.push(format!("the same, in the other form: {twin}"));
    }
    if let Some(long) = &operation.long_running {
        let result = long
            .result
            .as_deref()
            .map(|it| format!(", then {it}"))
            .unwrap_or_default();
        lines.push(format!(
            "runs on after the answer: {} tells how far it is{result}",
            long.poll
        ));
    }
    lines.extend(operation.hints.iter().map(|it| format!("hint: {it}")));
    lines.extend(operation.limits.iter().map(|it| format!("limit: {it}")));
    let fields = operation.answer_fields();
    if !fields.is_empty() {
        let names: Vec<String> = fields
            .iter()
            .take(MOST_FIELDS)
            .map(|it| format!("{} ({})", it.path, it.kind))
            .collect();
        let more = if MOST_FIELDS < fields.len() { ", …" } else { "" };
        lines.push(format!("answer holds: {}{more}", names.join(", ")));
    }
    lines.push(String::new());
    lines.push(usage(operation));
    lines.join("\n")
}

/// A connection can hold no more than what the gateway asks for.
fn not_asked_for(operation: &Operation) -> &'static str {
    let is_asked_for = operation.scopes.is_none() || operation.scopes.allows(catalogue::scopes::wanted());
    if is_asked_for {
        ""
    } else {
        " (the gateway does not ask for it, so Power BI will refuse)"
    }
}

fn answer(operation: &Operation) -> String {
    let kind = match operation.answer {
        Answer::Json => "JSON",
        Answer::Binary | Answer::Arrow => "a file, given as a link that only the person can open",
        Answer::Empty => "nothing but success",
    };
    let paging = match operation.paging {
        Paging::None => "",
        Paging::TopSkip => "; in pages by $top and $skip",
        Paging::Top => "; the newest only, as many as $top",
        Paging::NextLink => "; in pages by $top, going on with what @odata.nextLink names",
        Paging::Continuation => "; in pages, going on with continuationToken",
    };
    format!("{kind}{paging}")
}

/// The arguments of an operation.
pub(super) fn usage(operation: &Operation) -> String {
    let mut lines: Vec<Vec<String>> = operation
        .parameters
        .iter()
        .map(|it| {
            let place = match it.place {
                Place::Path => "path",
                Place::Query => "query",
            };
            vec![
                it.name.clone(),
                needed(it.required),
                place.into(),
                it.expected(),
                it.summary.clone(),
            ]
        })
        .collect();
    if operation.body.is_some() {
        let what = "an object that fits the schema below".to_owned();
        lines.push(vec![
            "body".into(),
            needed(operation.body_required),
            "body".into(),
            what,
            String::new(),
        ]);
    }
    if lines.is_empty() {
        return "arguments: none".into();
    }
    let (list, _) = table(
        &["argument", "needed", "in", "value", "meaning"],
        &lines,
        MOST_CHARACTERS,
    );
    match &operation.body {
        Some(schema) => format!("{list}\n\nschema of body: {}", cut(&schema.to_string())),
        None => list,
    }
}

fn needed(is_required: bool) -> String {
    if is_required { "yes".into() } else { "no".into() }
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(MOST_CHARACTERS) {
        Some((at, _)) => format!("{} … (cut)", &text[..at]),
        None => text.to_owned(),
    }
}
