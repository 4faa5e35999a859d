//! From arguments to one request, whatever the arguments hold.

use catalogue::Bound;
use catalogue::Catalogue;
use catalogue::Found;
use catalogue::Kind;
use catalogue::Operation;
use catalogue::Place;
use proptest::prelude::*;
use serde_json::Value;
use serde_json::json;

use crate::samples;
use crate::samples::GUID;

fn operation(id: &str) -> &'static Operation {
    Catalogue::builtin().operation(id).unwrap()
}

fn bind(id: &str, arguments: Value) -> Result<Bound, Vec<String>> {
    operation(id)
        .bind(arguments.as_object().unwrap())
        .map_err(|problems| problems.iter().map(ToString::to_string).collect())
}

fn request(id: &str, arguments: Value) -> String {
    let bound = bind(id, arguments).unwrap();
    format!("{} {}", bound.method, bound.path_and_query)
}

fn problems(id: &str, arguments: Value) -> Vec<String> {
    bind(id, arguments).unwrap_err()
}

#[test]
fn path_and_query_values_are_encoded_as_one_value_each() {
    assert_eq!(
        request(
            "groups.list",
            json!({"$filter": "name eq 'a&$top=5;b+c#d'", "$top": 10})
        ),
        "GET /v1.0/myorg/groups?$filter=name%20eq%20%27a%26%24top%3D5%3Bb%2Bc%23d%27&$top=10",
    );
    assert_eq!(
        request(
            "dataflows.cancel_transaction",
            json!({"groupId": GUID, "transactionId": "2026-08-27T16:07:47.2Z@x$2"})
        ),
        format!("POST /v1.0/myorg/groups/{GUID}/dataflows/transactions/2026-08-27T16%3A07%3A47.2Z%40x%242/cancel"),
    );
    assert_eq!(
        request(
            "reports.get_export_file",
            json!({"reportId": GUID, "exportId": "a/b+c="})
        ),
        format!("GET /v1.0/myorg/reports/{GUID}/exports/a%2Fb%2Bc%3D/file"),
    );
}

#[test]
fn quotes_of_the_wire_are_added_once() {
    let plain = json!({"startDateTime": "2026-08-01T00:00:00Z", "endDateTime": "2026-08-01T23:59:59Z"});
    let quoted = json!({"startDateTime": "'2026-08-01T00:00:00Z'", "endDateTime": "'2026-08-01T23:59:59Z'"});
    let expected = "GET /v1.0/myorg/admin/activityevents?startDateTime='2026-08-01T00%3A00%3A00Z'\
                    &endDateTime='2026-08-01T23%3A59%3A59Z'";
    assert_eq!(request("admin.list_activity_events", plain), expected);
    assert_eq!(request("admin.list_activity_events", quoted), expected);
    assert_eq!(
        request("available_features.get", json!({"featureName": "it's"})),
        "GET /v1.0/myorg/availableFeatures(featureName='it%27%27s')",
    );
}

#[test]
fn a_continuation_token_is_the_same_encoded_or_not() {
    let expected = "GET /v1.0/myorg/admin/activityevents?continuationToken='LDEsMTAwMDAwLDA%3D'";
    for token in ["LDEsMTAwMDAwLDA%3D", "LDEsMTAwMDAwLDA=", "'LDEsMTAwMDAwLDA%3D'"] {
        assert_eq!(
            request("admin.list_activity_events", json!({"continuationToken": token})),
            expected
        );
    }
}

#[test]
fn all_problems_are_told_at_once() {
    assert_eq!(
        problems(
            "datasets.execute_queries_in_group",
            json!({"groupId": "sales", "url": "https://evil.test"})
        ),
        [
            "url: unknown; expected groupId, datasetId",
            "groupId: expected a GUID of 36 characters",
            "datasetId: missing; expected a GUID of 36 characters",
            "body: expected a JSON object",
        ],
    );
}

#[test]
fn words_and_numbers_are_checked() {
    assert_eq!(
        problems("groups.list", json!({"$top": 0})),
        ["$top: expected a whole number of at least 1"]
    );
    assert_eq!(
        problems("groups.list", json!({"$top": "ten"})),
        ["$top: expected a whole number of at least 1"]
    );
    assert_eq!(
        problems("groups.list", json!({"$top": [1]})),
        ["$top: expected a whole number of at least 1"]
    );
    assert_eq!(
        problems("admin.list_groups", json!({"$top": 5001})),
        ["$top: expected a whole number from 1 to 5000"]
    );
    assert_eq!(
        problems(
            "dataflows.refresh",
            json!({"groupId": GUID, "dataflowId": GUID, "processType": "fast"})
        ),
        ["processType: expected one of default, processFull"],
    );
    assert_eq!(
        problems(
            "admin.list_modified_groups",
            json!({"modifiedSince": "yesterday", "lineage": true})
        ),
        [
            "lineage: unknown; expected modifiedSince, excludePersonalWorkspaces, excludeInActiveWorkspaces",
            "modifiedSince: expected a moment such as 2026-08-01T07:00:00Z",
        ],
    );
    assert_eq!(
        problems("groups.list", json!({"$top": 1, "$TOP": 2}))[0],
        "$top: expected it once"
    );
}

#[test]
fn values_as_text_are_taken_in_the_spelling_of_the_service() {
    assert_eq!(
        request("groups.list", json!({"$TOP": "5", "$skip": "0"})),
        "GET /v1.0/myorg/groups?$top=5&$skip=0",
    );
    assert_eq!(
        request("groups.create", json!({"workspaceV2": "True", "body": {"name": "New"}})),
        "POST /v1.0/myorg/groups?workspaceV2=true",
    );
    assert_eq!(
        request(
            "dataflows.refresh",
            json!({"groupId": GUID, "dataflowId": GUID, "processType": "PROCESSFULL"})
        ),
        format!("POST /v1.0/myorg/groups/{GUID}/dataflows/{GUID}/refreshes?processType=processFull"),
    );
}

#[test]
fn a_body_is_passed_on_as_it_is() {
    let body = json!({
        "queries": [{"query": "EVALUATE ROW(\"}],\\\"impersonatedUserName\\\":\\\"ceo@x\", 1)"}],
        "future": {"version": 9_223_372_036_854_775_807_i64},
    });
    let bound = bind("datasets.execute_queries", json!({"datasetId": GUID, "body": body})).unwrap();
    assert_eq!(bound.body, Some(body));
}

#[test]
fn a_body_is_checked_down_to_its_leaves() {
    let bind = |body: Value| problems("datasets.execute_queries", json!({"datasetId": GUID, "body": body}));
    assert_eq!(bind(json!([])), ["body: expected an object"]);
    assert_eq!(bind(json!({})), ["body.queries: missing"]);
    assert_eq!(bind(json!({"queries": []})), ["body.queries: expected at least 1"]);
    assert_eq!(
        bind(json!({"queries": [{"query": 1}]})),
        ["body.queries[0].query: expected a string"]
    );
    assert_eq!(
        bind(json!({"queries": [{}, {}]})),
        [
            "body.queries: expected at most 1",
            "body.queries[0].query: missing",
            "body.queries[1].query: missing"
        ],
    );
}

#[test]
fn a_body_may_spell_names_and_words_in_any_case() {
    let body = json!({"Type": "full", "commitMode": "transactional", "applyRefreshPolicy": "true", "retryCount": null});
    assert!(bind("datasets.refresh", json!({"datasetId": GUID, "body": body})).is_ok());
    let body = json!({"type": "Fast"});
    assert_eq!(
        problems("datasets.refresh", json!({"datasetId": GUID, "body": body})),
        ["body.type: expected one of Full, ClearValues, Calculate, DataOnly, Automatic, Defragment"],
    );
}

#[test]
fn ids_in_a_body_are_guids_or_empty() {
    let bind = |id: &str| {
        let body = json!({"name": "Copy", "targetWorkspaceId": id});
        bind("reports.clone", json!({"reportId": GUID, "body": body})).err()
    };
    assert_eq!(bind(GUID), None);
    assert_eq!(bind(""), None);
    assert_eq!(
        bind("sales"),
        Some(vec![
            "body.targetWorkspaceId: expected a GUID of 36 characters".to_owned()
        ])
    );
}

#[test]
fn a_field_given_twice_in_other_spelling_is_refused() {
    let body = json!({"type": "Full", "TYPE": "ClearValues"});
    assert_eq!(
        problems("datasets.refresh", json!({"datasetId": GUID, "body": body})),
        ["body.type: expected it once"]
    );
}

#[test]
fn a_refresh_that_empties_the_model_is_destructive() {
    let is_destructive = |body: Value| {
        bind("datasets.refresh", json!({"datasetId": GUID, "body": body}))
            .unwrap()
            .destructive
    };
    assert!(!is_destructive(json!(null)));
    assert!(!is_destructive(json!({"notifyOption": "NoNotification"})));
    assert!(!is_destructive(json!({"type": "Full"})));
    assert!(is_destructive(json!({"type": "ClearValues"})));
    assert!(is_destructive(json!({"Type": "clearvalues"})));
    assert!(bind("datasets.delete", json!({"datasetId": GUID})).unwrap().destructive);
}

#[test]
fn objects_are_found_in_path_and_body() {
    let other = "00000000-0000-0000-0000-000000000001";
    let objects = |id: &str, arguments: Value| -> Vec<String> {
        let objects = bind(id, arguments).unwrap().objects;
        objects
            .iter()
            .map(|object| format!("{} {} {}", object.kind, object.id, object.place))
            .collect()
    };
    assert_eq!(
        objects(
            "reports.clone_in_group",
            json!({"groupId": GUID, "reportId": GUID, "body": {"name": "Copy", "TargetWorkspaceId": other}})
        ),
        [
            format!("workspace {GUID} groupId"),
            format!("report {GUID} reportId"),
            format!("workspace {other} body.TargetWorkspaceId"),
        ],
    );
    assert_eq!(
        objects(
            "embed_token.generate",
            json!({"body": {"reports": [{"id": GUID}], "identities": [{"username": "x", "datasets": [other]}]}})
        ),
        [
            format!("dataset {other} body.identities[0].datasets[0]"),
            format!("report {GUID} body.reports[0].id")
        ],
    );
    assert_eq!(
        objects(
            "pipelines.deploy",
            json!({"pipelineId": GUID, "body": {"sourceStageOrder": 0, "dataflows": [{"sourceId": other}]}})
        ),
        [
            format!("pipeline {GUID} pipelineId"),
            format!("dataflow {other} body.dataflows[0].sourceId")
        ],
    );
    assert_eq!(
        objects(
            "admin.assign_workspaces_to_capacity",
            json!({"body": {"capacityMigrationAssignments": [
                {"workspacesToAssign": [GUID], "targetCapacityObjectId": other},
            ]}})
        ),
        [
            format!("capacity {other} body.capacityMigrationAssignments[0].targetCapacityObjectId"),
            format!("workspace {GUID} body.capacityMigrationAssignments[0].workspacesToAssign[0]"),
        ],
    );
    assert_eq!(
        objects(
            "push_datasets.add_rows",
            json!({"datasetId": GUID, "tableName": "T", "body": {"rows": [{"AppId": "x"}]}})
        )
        .len(),
        1
    );
}

#[test]
fn an_optional_body_may_be_absent_and_an_unwanted_one_is_refused() {
    assert!(
        bind("datasets.refresh", json!({"datasetId": GUID}))
            .unwrap()
            .body
            .is_none()
    );
    assert_eq!(
        problems(
            "datasets.take_over_in_group",
            json!({"groupId": GUID, "datasetId": GUID, "body": {}})
        ),
        ["body: this operation takes no body"],
    );
}

#[test]
fn every_body_schema_accepts_a_body_made_from_it() {
    for operation in Catalogue::builtin().operations() {
        let Some(schema) = &operation.body else { continue };
        let mut arguments = samples::arguments(operation);
        arguments.insert("body".to_owned(), samples::body(schema));
        assert_eq!(operation.bind(&arguments).err(), None, "{}", operation.id);
    }
}

/// security: PRX-01, for each path argument of each operation.
#[test]
fn hostile_path_arguments_are_refused() {
    let long = "x".repeat(10 * 1024);
    let hostile = [
        "../../admin/groups",
        "%2e%2e%2f",
        "..;/",
        "a\\b",
        "a;b",
        ".",
        "..",
        "",
        "%00",
        "\0",
        "a\r\nx: y",
        "\u{ff0e}\u{ff0e}",
        "a\u{ff0f}b",
        "\u{7f}",
        &long,
    ];
    for operation in Catalogue::builtin().operations() {
        for parameter in operation
            .parameters
            .iter()
            .filter(|parameter| parameter.place == Place::Path)
        {
            for value in hostile {
                let mut arguments = samples::arguments(operation);
                arguments.insert(parameter.name.clone(), json!(value));
                assert!(
                    operation.bind(&arguments).is_err(),
                    "{} {}={value:?}",
                    operation.id,
                    parameter.name
                );
            }
        }
    }
}

fn with_text_in_path() -> Vec<(&'static Operation, &'static str)> {
    let operations = Catalogue::builtin().operations().iter();
    operations
        .flat_map(|operation| operation.parameters.iter().map(move |parameter| (operation, parameter)))
        .filter(|(_, parameter)| parameter.place == Place::Path && matches!(parameter.kind, Kind::Text | Kind::Token))
        .map(|(operation, parameter)| (operation, parameter.name.as_str()))
        .collect()
}

proptest! {
    #[test]
    fn a_path_argument_never_changes_the_shape_of_the_path(
        (operation, name) in prop::sample::select(with_text_in_path()),
        text in prop_oneof![any::<String>(), "[./%;a2eEfF\\\\?#'()]{1,12}", "[A-Za-z0-9+/=]{1,40}"],
    ) {
        let mut arguments = samples::arguments(operation);
        arguments.insert(name.to_owned(), json!(text));
        if let Ok(bound) = operation.bind(&arguments) {
            let path = bound.path_and_query.split('?').next().unwrap();
            prop_assert!(path.bytes().all(|byte| byte.is_ascii_graphic() && !b"?#;\\".contains(&byte)));
            let segments: Vec<_> = path.split('/').skip(1).collect();
            prop_assert_eq!(segments.len(), operation.path.segment_count());
            prop_assert!(segments.iter().all(|segment| !["", ".", ".."].contains(segment)));
            match Catalogue::builtin().find(operation.method.as_str(), path) {
                Found::Operation(found, values) => {
                    prop_assert_eq!(&found.id, &operation.id);
                    prop_assert_eq!(values, bound.path_values);
                }
                other => prop_assert!(false, "{} gives {:?}", path, other),
            }
        }
    }

    #[test]
    fn a_query_argument_stays_one_value(text in any::<String>()) {
        let arguments = json!({"$filter": text, "$top": 3});
        if let Ok(bound) = operation("groups.list").bind(arguments.as_object().unwrap()) {
            let query = bound.path_and_query.split_once('?').unwrap().1;
            let pairs: Vec<_> = query.split('&').collect();
            prop_assert_eq!(pairs.len(), 2);
            let decoded = percent_encoding::percent_decode_str(&pairs[0]["$filter=".len()..]).decode_utf8().unwrap();
            prop_assert_eq!(decoded, text);
        }
    }
}
