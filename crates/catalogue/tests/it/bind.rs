//! From arguments to one request, whatever the arguments hold.

use catalogue::Bound;
use catalogue::Catalogue;
use catalogue::Found;
use catalogue::Kind;
use catalogue::Operation;
use catalogue::Place;
use insta::assert_json_snapshot;
use proptest::prelude::*;
use serde_json::Value;
use serde_json::json;

use crate::samples;
use crate::samples::GUID;

pub(crate) fn operation(id: &str) -> &'static Operation {
    Catalogue::builtin().operation(id).unwrap()
}

pub(crate) fn bind(id: &str, arguments: Value) -> Result<Bound, Vec<String>> {
    operation(id)
        .bind(arguments.as_object().unwrap())
        .map_err(|problems| problems.iter().map(ToString::to_string).collect())
}

fn request(id: &str, arguments: Value) -> String {
    let bound = bind(id, arguments).unwrap();
    format!("{} {}", bound.method, bound.path_and_query)
}

pub(crate) fn problems(id: &str, arguments: Value) -> Vec<String> {
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

fn raw(id: &str, query: &str) -> Result<String, Vec<String>> {
    let operation = operation(id);
    let path_values = vec![("groupId".to_owned(), GUID.to_owned())];
    let path_values = if operation.is_in_workspace() {
        path_values
    } else {
        vec![]
    };
    let bound = operation
        .arguments(path_values, query, None)
        .and_then(|arguments| operation.bind(&arguments));
    let problems = |problems: Vec<_>| problems.iter().map(ToString::to_string).collect();
    bound.map(|bound| bound.path_and_query).map_err(problems)
}

/// security: PRX-02.
#[test]
fn a_raw_query_sets_query_parameters_only_and_each_once() {
    assert_eq!(
        raw("groups.list", "$filter=name+eq+'a%26b'&%24top=5&").unwrap(),
        "/v1.0/myorg/groups?$filter=name%20eq%20%27a%26b%27&$top=5",
    );
    assert_eq!(
        raw("groups.list_users", "").unwrap(),
        format!("/v1.0/myorg/groups/{GUID}/users")
    );
    let refused = |query: &str| raw("groups.list_users", query).unwrap_err();
    assert_eq!(refused("$top=1&$TOP=2"), ["$top: expected it once"]);
    assert_eq!(refused("groupId=x"), ["groupId: unknown; expected $top, $skip"]);
    assert_eq!(refused("body=%7B%7D"), ["body: unknown; expected $top, $skip"]);
    assert_eq!(refused("$top=%2"), ["$top: expected whole percent escapes"]);
    assert_eq!(refused("%ff=1"), ["query: expected UTF-8"]);
    assert_eq!(raw("groups.get", "x").unwrap_err(), ["x: unknown; none is taken here"]);
}

#[test]
fn the_schema_of_the_arguments_is_flat_and_closed() {
    assert_json_snapshot!(operation("dataflows.refresh").schema());
    for operation in Catalogue::builtin().operations() {
        let schema = operation.schema();
        let names = schema["properties"].as_object().unwrap();
        assert!(
            schema["required"]
                .as_array()
                .unwrap()
                .iter()
                .all(|name| names.contains_key(name.as_str().unwrap()))
        );
        assert_eq!(
            names.len(),
            operation.parameters.len() + usize::from(operation.body.is_some())
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
        problems("groups.list", json!({"$top": -1})),
        ["$top: expected a whole number of at least 0"]
    );
    assert_eq!(
        problems("groups.list", json!({"$top": "ten"})),
        ["$top: expected a whole number of at least 0"]
    );
    assert_eq!(
        problems("groups.list", json!({"$top": [1]})),
        ["$top: expected a whole number of at least 0"]
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
fn moments_are_real_ones() {
    let is_taken = |text: &str| bind("admin.list_modified_groups", json!({"modifiedSince": text})).is_ok();
    for text in [
        "2026-08-01",
        "2024-02-29",
        "2026-08-01T07:00:00",
        "2026-08-01T07:00:00Z",
        "2026-08-01t07:00:00.1234567z",
        "2026-08-01T07:00:00+02:00",
        "2026-12-31T23:59:60Z",
    ] {
        assert!(is_taken(text), "{text}");
    }
    for text in [
        "",
        "T",
        "2026-8-1",
        "2026-02-29",
        "2026-13-01",
        "2026-04-31",
        "0000-01-01",
        "2026-08-01T",
        "2026-08-01T7:00:00",
        "2026-08-01T24:00:00",
        "2026-08-01T07:00",
        "2026-08-01T07:00:00.",
        "2026-08-01T07:00:00.1234567890",
        "2026-08-01T07:00:00+2",
        "2026-08-01T07:00:00Zx",
        "2026-08-01T07:00:00Z' or '1",
        "２０２６-08-01",
        "+026-08-01",
    ] {
        assert!(!is_taken(text), "{text}");
    }
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

#[test]
fn a_quoted_value_of_a_raw_query_goes_out_as_it_came() {
    let operation = Catalogue::builtin().operation("admin.list_activity_events").unwrap();
    let query = "continuationToken=%27a%27%27b%2Bc%27";
    let arguments = operation.arguments(vec![], query, None).unwrap();
    let bound = operation.bind(&arguments).unwrap();
    assert_eq!(
        bound.path_and_query,
        "/v1.0/myorg/admin/activityevents?continuationToken='a%27%27b%2Bc'"
    );
    let again = bound.path_and_query.split_once('?').unwrap().1;
    assert_eq!(
        operation.arguments(vec![], again, None).unwrap(),
        arguments_of("'a''b+c'")
    );
}

fn arguments_of(token: &str) -> serde_json::Map<String, serde_json::Value> {
    serde_json::Map::from_iter([("continuationToken".to_owned(), token.into())])
}
