//! What an operation answers: its fields as a table, or a link to the operation of the page that has the same ones.

use catalogue::Answer;
use catalogue::Field;
use catalogue::Operation;
use serde_json::Value;

use crate::docs::section;
use crate::docs::table::table;
use crate::docs::table::words;

/// What stands around a list and says nothing of its own.
const ENVELOPE: &[&str] = &["@odata.context", "@odata.count", "@odata.nextLink", "value"];

/// The answer as Markdown; `page` are the operations of the page in their order.
pub(super) fn answer(operation: &Operation, page: &[&Operation]) -> String {
    match operation.answer {
        Answer::Json => json(operation, page),
        Answer::Binary => "Answer: a file.\n\n".to_owned(),
        Answer::Empty => "Answer: empty.\n\n".to_owned(),
        Answer::Arrow => "Answer: Arrow IPC streams, one after the other.\n\n".to_owned(),
    }
}

fn json(operation: &Operation, page: &[&Operation]) -> String {
    let Some((wrapping, inner)) = inner(operation) else {
        return String::new();
    };
    let words_of_it = match wrapping {
        Wrapping::Value => "JSON, a list in `value` of objects",
        Wrapping::List => "JSON, a list of objects",
        Wrapping::None => "JSON, an object",
    };
    let first = page
        .iter()
        .find(|other| self::inner(other).is_some_and(|(_, theirs)| theirs == inner));
    match first.filter(|first| first.id != operation.id) {
        Some(first) => format!(
            "Answer: {words_of_it} with the fields listed at [`{}`](#{}).\n\n",
            first.id,
            section::anchor(&first.id)
        ),
        None => {
            let rows: Vec<_> = operation
                .answer_fields()
                .into_iter()
                .filter_map(|field| row(field, wrapping))
                .collect();
            format!(
                "Answer: {words_of_it}.\n\n{}",
                table(&["field of the answer", "value", "meaning"], &rows)
            )
        }
    }
}

/// How objects are wrapped in an answer.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wrapping {
    /// Not at all.
    None,
    /// In a bare list.
    List,
    /// In the list `value` of an object.
    Value,
}

impl Wrapping {
    /// What the path of every field of the objects begins with.
    fn prefix(self) -> &'static str {
        match self {
            Self::None => "",
            Self::List => "[].",
            Self::Value => "value[].",
        }
    }
}

/// The schema of the objects the answer is about.
fn inner(operation: &Operation) -> Option<(Wrapping, &Value)> {
    let schema = operation.answer_schema.as_ref()?;
    let mut names = schema["properties"]
        .as_object()
        .into_iter()
        .flat_map(|fields| fields.keys());
    let items = &schema["properties"]["value"]["items"];
    Some(match () {
        () if schema["items"].is_object() => (Wrapping::List, &schema["items"]),
        () if items.is_object() && names.all(|name| ENVELOPE.contains(&name.as_str())) => (Wrapping::Value, items),
        () => (Wrapping::None, schema),
    })
}

fn row(field: Field, wrapping: Wrapping) -> Option<Vec<String>> {
    let path = field.path.strip_prefix(wrapping.prefix())?;
    let always = if field.required { ", always" } else { "" };
    let value = match field.words.is_empty() {
        true => field.kind,
        false => format!("{}: {}", field.kind, words(&field.words)),
    };
    Some(vec![format!("`{path}`{always}"), value, field.summary])
}
