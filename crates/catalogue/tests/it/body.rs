//! What a request body may hold, and what it tells of the request.

use catalogue::Catalogue;
use serde_json::Value;
use serde_json::json;

use crate::bind::bind;
use crate::bind::problems;
use crate::samples;
use crate::samples::GUID;

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
            format!("report {GUID} body.reports[0].id"),
            format!("dataset {other} body.identities[0].datasets[0]")
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
            format!("workspace {GUID} body.capacityMigrationAssignments[0].workspacesToAssign[0]"),
            format!("capacity {other} body.capacityMigrationAssignments[0].targetCapacityObjectId")
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
