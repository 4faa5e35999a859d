//! What operations answer: the schemas fit what the service has been seen to send, and nothing else.

use std::collections::BTreeMap;

use catalogue::Answer;
use catalogue::Catalogue;
use catalogue::Operation;
use serde_json::Value;
use serde_json::json;

fn operation(id: &str) -> &'static Operation {
    Catalogue::builtin().operation(id).unwrap()
}

fn problems(id: &str, answer: &Value) -> Vec<String> {
    let schema = operation(id).answer_schema.as_ref().unwrap();
    let validator = jsonschema::draft202012::new(schema).unwrap();
    validator
        .iter_errors(answer)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect()
}

#[test]
fn every_json_answer_has_a_schema_of_draft_2020_12_without_references() {
    for operation in Catalogue::builtin().operations() {
        assert_eq!(
            operation.answer_schema.is_some(),
            operation.answer == Answer::Json,
            "{}",
            operation.id
        );
        if let Some(schema) = &operation.answer_schema {
            assert!(jsonschema::draft202012::meta::is_valid(schema), "{}", operation.id);
            assert!(!schema.to_string().contains("\"$ref\""), "{}", operation.id);
            assert!(!operation.answer_fields().is_empty(), "{}", operation.id);
        }
    }
}

#[test]
fn answers_of_the_shapes_the_service_was_seen_to_send_are_valid() {
    let seen: BTreeMap<String, Vec<Value>> = serde_json::from_str(include_str!("answers.json")).unwrap();
    assert!(seen.len() > 45);
    for (id, answers) in seen {
        for answer in answers {
            assert_eq!(problems(&id, &answer), Vec::<String>::new(), "{id}: {answer}");
        }
    }
}

#[test]
fn what_is_not_required_may_be_null_and_what_is_unknown_may_come() {
    let answer = json!({"value": [{"id": "d", "name": "m", "webUrl": null, "users": null, "queryScaleOutSettings": null, "brandNew": 1}]});
    assert_eq!(problems("datasets.list", &answer), Vec::<String>::new());
}

#[test]
fn answers_that_are_something_else_are_told() {
    for (id, answer, place) in [
        ("groups.list", json!([]), ""),
        ("groups.list", json!({"value": {}}), "/value"),
        ("groups.list", json!({"@odata.context": "x"}), ""),
        ("datasets.list", json!({"value": [{"id": "d"}]}), "/value/0"),
        (
            "datasets.list",
            json!({"value": [{"id": "d", "name": null}]}),
            "/value/0/name",
        ),
        (
            "datasets.list",
            json!({"value": [{"id": "d", "name": "m", "isRefreshable": "yes"}]}),
            "/value/0/isRefreshable",
        ),
        (
            "datasets.execute_queries",
            json!({"results": [{"tables": [{"rows": [1]}]}]}),
            "/results/0/tables/0/rows/0",
        ),
        (
            "reports.get_export",
            json!({"id": "x", "status": "Exploded"}),
            "/status",
        ),
        (
            "datasets.get_replica_sync_status",
            json!({"commitVersion": 1.5}),
            "/commitVersion",
        ),
        ("admin.list_modified_groups", json!({"value": []}), ""),
    ] {
        let found = problems(id, &answer);
        assert_eq!(found.len(), 1, "{id}: {answer}: {found:?}");
        assert!(found[0].starts_with(&format!("{place}: ")), "{id}: {answer}: {found:?}");
    }
}

#[test]
fn lists_are_wrapped_as_the_service_wraps_them() {
    for operation in Catalogue::builtin().operations() {
        let Some(schema) = operation
            .answer_schema
            .as_ref()
            .filter(|_| operation.id.contains(".list"))
        else {
            continue;
        };
        let holds_a_list = |schema: &Value| {
            let fields = schema["properties"].as_object().into_iter().flatten();
            fields
                .filter(|(_, field)| field["type"].to_string().contains("array"))
                .count()
                > 0
        };
        assert!(
            schema["type"] == "array" || holds_a_list(schema),
            "{} answers no list",
            operation.id
        );
    }
}

#[test]
fn a_continuation_is_read_from_the_answer() {
    for operation in Catalogue::builtin().operations() {
        let fields = operation.answer_fields();
        let has = |path: &str| fields.iter().any(|field| field.path == path);
        assert_eq!(
            operation.paging == catalogue::Paging::Continuation,
            has("continuationToken"),
            "{}",
            operation.id
        );
        assert_eq!(
            operation.paging == catalogue::Paging::NextLink,
            has("@odata.nextLink"),
            "{}",
            operation.id
        );
    }
}

#[test]
fn the_words_that_end_long_work_are_words_of_the_answer_that_tells_them() {
    for operation in Catalogue::builtin().operations() {
        let Some(long) = &operation.long_running else { continue };
        let words: Vec<_> = self::operation(&long.poll)
            .answer_fields()
            .into_iter()
            .filter(|field| field.path.ends_with("tatus") || field.path.ends_with("State"))
            .flat_map(|field| field.words)
            .collect();
        for done in long.done.iter().filter(|_| !words.is_empty()) {
            assert!(words.contains(done), "{}: {done} is none of {words:?}", operation.id);
        }
    }
}

#[test]
fn twins_answer_alike() {
    for operation in Catalogue::builtin().operations() {
        if let Some(twin) = &operation.twin {
            assert_eq!(operation.answer_schema, self::operation(twin).answer_schema, "{twin}");
        }
    }
}

#[test]
fn fields_are_told_flat_and_in_order() {
    let fields = operation("imports.create").answer_fields();
    let rows: Vec<_> = fields
        .iter()
        .filter(|field| !field.path.contains('.'))
        .map(|field| {
            let comes = if field.required { "always" } else { "maybe" };
            format!("{comes} {} {} {:?}", field.path, field.kind, field.words)
        })
        .collect();
    insta::assert_snapshot!(rows.join("\n"));
}
