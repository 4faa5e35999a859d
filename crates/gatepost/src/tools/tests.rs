//! What agents see of the tools: names, schemas and hints that every client takes, and that are true.

use catalogue::{Catalogue, Effect};
use serde_json::Value;

use super::all;

/// Words of JSON Schema that some clients refuse.
const REFUSED: [&str; 7] = ["$ref", "$defs", "oneOf", "anyOf", "allOf", "not", "nullable"];

fn words(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(object) => {
            for (name, inner) in object {
                found.push(name.clone());
                words(inner, found);
            }
        }
        Value::Array(items) => items.iter().for_each(|it| words(it, found)),
        _ => {}
    }
}

#[test]
fn every_tool_can_be_shown_to_every_client() {
    for tool in all() {
        assert!(
            tool.name.len() <= 48 && tool.name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'),
            "{}",
            tool.name
        );
        let schema: Value = serde_json::from_str(tool.input).unwrap();
        assert_eq!(
            (&schema["type"], &schema["additionalProperties"]),
            (&Value::from("object"), &Value::from(false)),
            "{}",
            tool.name
        );
        let mut found = Vec::new();
        words(&schema, &mut found);
        assert!(
            REFUSED.iter().all(|it| !found.iter().any(|word| word == it)),
            "{}: {found:?}",
            tool.name
        );
        if let Some(output) = tool.output {
            assert_eq!(
                serde_json::from_str::<Value>(output).unwrap()["type"],
                "object",
                "{}",
                tool.name
            );
        }
        assert!(!tool.title.is_empty() && tool.description.len() < 1000, "{}", tool.name);
    }
}

#[test]
fn a_tool_that_calls_itself_reading_emits_only_reads() {
    let catalogue = Catalogue::builtin();
    for tool in all() {
        let operations: Vec<_> = tool
            .operations
            .iter()
            .flat_map(|it| it.iter())
            .map(|id| catalogue.operation(id).expect(id))
            .collect();
        assert!(tool.needs.iter().all(|id| tool.may_emit(id)), "{}", tool.name);
        if tool.hints.read_only {
            assert!(operations.iter().all(|it| it.effect == Effect::Read), "{}", tool.name);
            assert!(!tool.hints.destructive, "{}", tool.name);
        }
    }
}

#[test]
fn the_list_of_tools_stays_small() {
    let bytes: usize = all().iter().map(|it| it.listed().to_string().len()).sum();
    assert!(
        bytes < 12_000,
        "{bytes} bytes of every conversation go to the list of tools"
    );
}
