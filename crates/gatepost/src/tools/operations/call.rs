//! `call_read_operation` and `call_write_operation`: any operation, under the policies of every other call.

use catalogue::{Answer, Effect, Operation};
use serde_json::{Map, Value, json};

use super::{READ, WRITE, caller_of, describe, known};
use crate::call::{CallError, Content};
use crate::tools::arguments::{text, texts, whole};
use crate::tools::context::Context;
use crate::tools::fault::Fault;
use crate::tools::link::{Download, link};
use crate::tools::outcome::Said;
use crate::tools::text::{DATA_NOTE, clean, visible};
use crate::tools::tool::{Emits, Hints, Tool};

/// Characters of Power BI's answer in one answer of ours.
const MOST_CHARACTERS: usize = 24_000;

pub(in crate::tools) const CALL_READ: Tool = Tool {
    name: READ,
    title: "Call a reading Power BI operation",
    description: "Calls any operation of the Power BI REST API that only reads; find_operations and describe_operation tell which there are and what they take. Files come as a link.",
    input: r#"{
  "type": "object",
  "properties": {
    "operation": {"type": "string", "minLength": 1, "maxLength": 100, "description": "id from find_operations, e.g. groups.list"},
    "arguments": {"type": "object", "description": "values of path and query by name, and body if there is one, as describe_operation says"},
    "fields": {"type": "array", "items": {"type": "string", "maxLength": 100}, "maxItems": 50, "description": "only these fields of each entry of the answer"},
    "from": {"type": "integer", "minimum": 0, "maximum": 10000000, "description": "where to go on in a long answer, as the answer before says"}
  },
  "required": ["operation"],
  "additionalProperties": false
}"#,
    output: None,
    hints: Hints::READS,
    operations: Emits::Reads,
    needs: &[],
    run: |context, arguments| Box::pin(run(context, arguments)),
};

pub(in crate::tools) const CALL_WRITE: Tool = Tool {
    name: WRITE,
    title: "Call a changing Power BI operation",
    description: "Calls any operation of the Power BI REST API that runs, creates, changes, deletes or shares something; find_operations and describe_operation tell which there are and what they take. An administrator's approval may be needed: then the answer holds a link, and nothing was done yet.",
    input: r#"{
  "type": "object",
  "properties": {
    "operation": {"type": "string", "minLength": 1, "maxLength": 100, "description": "id from find_operations, e.g. datasets.cancel_refresh"},
    "arguments": {"type": "object", "description": "values of path and query by name, and body if there is one, as describe_operation says"}
  },
  "required": ["operation"],
  "additionalProperties": false
}"#,
    output: None,
    hints: Hints::CHANGES,
    operations: Emits::Changes,
    needs: &[],
    run: |context, arguments| Box::pin(run(context, arguments)),
};

async fn run(context: &Context<'_>, arguments: &Map<String, Value>) -> Result<Said, Fault> {
    let operation = known(context, text(arguments, "operation").unwrap_or_default())?;
    if !context.tool.operations.includes(operation) {
        return Err(other_tool(operation));
    }
    let given = arguments
        .get("arguments")
        .and_then(Value::as_object)
        .cloned()
        .unwrap_or_default();
    operation
        .bind(&given)
        .map_err(|problems| misfit(operation, &problems))?;
    let is_file = matches!(operation.answer, Answer::Binary | Answer::Arrow);
    if is_file && operation.effect == Effect::Read {
        return file(context, operation, given).await;
    }
    let answer = context.call(&operation.id, given.clone()).await?;
    let status = answer.status;
    let job = answer
        .headers
        .get("x-ms-request-id")
        .and_then(|it| it.to_str().ok())
        .map(clean);
    if is_empty(&answer.content) {
        return Ok(done(operation, status.as_u16(), job.as_deref()).into());
    }
    let read = match context.read(answer).await {
        Err(Fault::TooMuch { .. }) if operation.effect == Effect::Read => return file(context, operation, given).await,
        read => read?,
    };
    let shown = Shown {
        fields: texts(arguments, "fields").into_iter().map(str::to_owned).collect(),
        from: whole(arguments, "from").unwrap_or(0),
    };
    // What there is to write of a large answer takes as long as reading it.
    let writing = tokio::task::spawn_blocking(move || {
        let _held = read.held;
        shown.said(read.value)
    });
    let mut words = writing.await.map_err(|_| Fault::Unreadable)?;
    if words.is_cut && operation.effect == Effect::Read {
        let link = whole_answer(context, operation, given).await?;
        words
            .text
            .push_str(&format!("\nThe whole answer, for the person to open: {link}"));
    }
    Ok(words.text.into())
}

fn is_empty(content: &Content) -> bool {
    matches!(content, Content::Whole(bytes) if bytes.is_empty())
}

fn other_tool(operation: &Operation) -> Fault {
    let does = match operation.effect {
        Effect::Read => "only reads".to_owned(),
        effect => format!("changes something (effect {effect})"),
    };
    Fault::Words(format!(
        "{} {does}: call it with {}.",
        operation.id,
        caller_of(operation)
    ))
}

/// What is wrong with the arguments, and what would be right.
fn misfit(operation: &Operation, problems: &[catalogue::BindProblem]) -> Fault {
    let problems: Vec<String> = problems.iter().take(8).map(ToString::to_string).collect();
    Fault::Words(format!(
        "The arguments do not fit {}: {}. Nothing was called.\n\n{}",
        operation.id,
        problems.join("; "),
        describe::usage(operation)
    ))
}

fn done(operation: &Operation, status: u16, job: Option<&str>) -> String {
    let more = match (&operation.long_running, status) {
        (Some(long), _) => format!(" It runs on: {} tells how far it is.", long.poll),
        (None, 202) => " Power BI works on it.".to_owned(),
        (None, _) => String::new(),
    };
    let job = job.map(|it| format!(" Its id is {it}.")).unwrap_or_default();
    format!("Done: {} (status {status}).{job}{more}", operation.id)
}

/// A file, or an answer too large to be read, is not fetched here: the person fetches it by the link, under the policies that then hold.
async fn file(
    context: &Context<'_>,
    operation: &'static Operation,
    arguments: Map<String, Value>,
) -> Result<Said, Fault> {
    let link = whole_answer(context, operation, arguments).await?;
    Ok(format!(
        "The answer is a file, or as large as one: {link}\nOnly the person for whom it was made can open the link, signed in to the gateway in a browser or with their token, for 24 hours. Power BI is asked for the file when the link is opened."
    )
    .into())
}

async fn whole_answer(
    context: &Context<'_>,
    operation: &'static Operation,
    arguments: Map<String, Value>,
) -> Result<String, CallError> {
    let extension = match operation.answer {
        Answer::Json => "json",
        Answer::Arrow => "arrow",
        Answer::Binary | Answer::Empty => "bin",
    };
    let file = format!("{}.{extension}", operation.id);
    let download = Download::new(
        context.tool.name,
        &operation.id,
        arguments,
        file,
        context.app.clock.now(),
    );
    link(context, &download).await
}

/// Which part of an answer is shown.
pub(super) struct Shown {
    pub fields: Vec<String>,
    pub from: usize,
}

/// An answer in words, and whether that is not all of it.
pub(super) struct Words {
    pub text: String,
    pub is_cut: bool,
}

impl Shown {
    /// As many entries as fit, or as much of the text when the answer is no list.
    pub(super) fn said(&self, mut value: Value) -> Words {
        let list = match &mut value {
            Value::Array(entries) => Some(std::mem::take(entries)),
            Value::Object(members) => match members.remove("value") {
                Some(Value::Array(entries)) => Some(entries),
                Some(other) => {
                    members.insert("value".into(), other);
                    None
                }
                None => None,
            },
            _ => None,
        };
        match list {
            Some(entries) => self.list(&value, entries),
            None => self.one(self.projected(value)),
        }
    }

    fn list(&self, around: &Value, entries: Vec<Value>) -> Words {
        let count = entries.len();
        let mut lines = String::new();
        let mut next = self.from.min(count);
        for entry in entries.into_iter().skip(self.from) {
            let line = visible(&self.projected(entry).to_string());
            let room = MOST_CHARACTERS.saturating_sub(lines.len());
            if room < line.len() + 1 {
                // One entry that is too large by itself is cut, so that the next call gets past it.
                if lines.is_empty() {
                    lines.push_str(&format!("{} … (cut: choose fields)\n", head(&line, room)));
                    next += 1;
                }
                break;
            }
            lines.push_str(&line);
            lines.push('\n');
            next += 1;
        }
        let mut words = match (self.from, next) {
            (0, next) if next == count => format!("{count} entries."),
            (from, next) if next <= from => format!("No entries from {from} on; there are {count}."),
            (from, next) => format!("Entries {} to {next} of {count}.", from + 1),
        };
        if next < count {
            words.push_str(&format!(
                " Call again with from {next} for more, or with fields for shorter entries."
            ));
        }
        let around = members(around);
        if !around.is_empty() {
            words.push_str(&format!(" Beside the list: {around}"));
        }
        Words {
            text: format!("{words}\n{DATA_NOTE}\n{}", lines.trim_end()),
            is_cut: next < count,
        }
    }

    fn one(&self, value: Value) -> Words {
        let text = visible(&value.to_string());
        let total = text.chars().count();
        let part: String = text.chars().skip(self.from).take(MOST_CHARACTERS).collect();
        let next = self.from.min(total) + part.chars().count();
        let words = match (self.from, next < total) {
            (0, false) => String::new(),
            (from, false) => format!("Characters {} to {total} of {total}.\n", from.min(total) + 1),
            (from, true) => format!(
                "Characters {} to {next} of {total}; call again with from {next} for more, or with fields.\n",
                from + 1
            ),
        };
        Words {
            text: format!("{words}{DATA_NOTE}\n{part}"),
            is_cut: next < total,
        }
    }

    fn projected(&self, value: Value) -> Value {
        match value {
            Value::Object(members) if !self.fields.is_empty() => {
                let wanted = |name: &String| self.fields.iter().any(|it| it.eq_ignore_ascii_case(name));
                Value::Object(members.into_iter().filter(|(name, _)| wanted(name)).collect())
            }
            other => other,
        }
    }
}

/// What stands beside a list and is worth reading: not the addresses that lead round the gateway.
fn members(around: &Value) -> String {
    let Some(members) = around.as_object() else {
        return String::new();
    };
    let is_useful = |name: &str| !matches!(name, "@odata.context" | "odata.context");
    let kept: Map<String, Value> = members
        .iter()
        .filter(|(name, value)| is_useful(name) && !value.is_null())
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    if kept.is_empty() {
        return String::new();
    }
    // JSON escapes control characters by itself.
    head(&visible(&json!(kept).to_string()), 2_000).to_owned()
}

fn head(text: &str, most_bytes: usize) -> &str {
    let mut end = most_bytes.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}
