//! From a path to its operation, and what is refused on the way.

use catalogue::Catalogue;
use catalogue::Found;
use proptest::prelude::*;

use crate::samples;
use crate::samples::GUID;

fn found(method: &str, path: &str) -> String {
    match Catalogue::builtin().find(method, path) {
        Found::Operation(operation, values) => {
            let values: Vec<_> = values.iter().map(|(name, value)| format!("{name}={value}")).collect();
            format!("{} {}", operation.id, values.join(" ")).trim().to_owned()
        }
        Found::WrongMethod(others) => {
            let ids: Vec<_> = others.iter().map(|operation| operation.id.as_str()).collect();
            format!("wrong method, there is {}", ids.join(", "))
        }
        Found::Unknown => "unknown".to_owned(),
        Found::BadPath(why) => format!("bad path: {why}"),
    }
}

#[test]
fn every_operation_is_found_under_the_path_it_renders() {
    for operation in Catalogue::builtin().operations() {
        let bound = operation
            .bind(&samples::arguments(operation))
            .unwrap_or_else(|problems| {
                panic!("{}: {problems:?}", operation.id);
            });
        let path = bound.path_and_query.split('?').next().unwrap();
        match Catalogue::builtin().find(operation.method.as_str(), path) {
            Found::Operation(found, values) => {
                assert_eq!(found.id, operation.id);
                assert_eq!(values, bound.path_values, "{path}");
            }
            other => panic!("{}: {path} gives {other:?}", operation.id),
        }
    }
}

#[test]
fn fixed_words_are_the_same_in_upper_and_lower_case() {
    let path = format!("/V1.0/MyOrg/Groups/{GUID}/DATASETS/{GUID}/default.takeover");
    assert_eq!(
        found("POST", &path),
        format!("datasets.take_over_in_group groupId={GUID} datasetId={GUID}")
    );
}

#[test]
fn a_fixed_word_wins_over_a_value() {
    let path = format!("/v1.0/myorg/groups/{GUID}/datasets/upstreamDataflows");
    assert_eq!(
        found("GET", &path),
        format!("datasets.list_upstream_dataflows_in_group groupId={GUID}")
    );
}

#[test]
fn odata_keys_and_functions_are_found() {
    let scorecard = format!("/v1.0/myorg/groups/{GUID}/scorecards({GUID})");
    let values = format!("groupId={GUID} scorecardId={GUID}");
    assert_eq!(found("GET", &scorecard), format!("scorecards.get {values}"));
    assert_eq!(
        found("POST", &format!("{scorecard}/MoveGoals()")),
        format!("scorecards.move_goals {values}")
    );
    assert_eq!(
        found("DELETE", &format!("{scorecard}/goals({GUID})/goalValues(2026-08-01)")),
        format!("goal_values.delete {values} goalId={GUID} timestamp=2026-08-01"),
    );
    assert_eq!(
        found("GET", "/v1.0/myorg/availableFeatures(featureName='embedTrial')"),
        "available_features.get featureName=embedTrial",
    );
}

#[test]
fn a_value_is_decoded_once() {
    let user = "ada_ex.org%23EXT%23%40contoso.test";
    assert_eq!(
        found("DELETE", &format!("/v1.0/myorg/groups/{GUID}/users/{user}")),
        format!("groups.delete_user groupId={GUID} user=ada_ex.org#EXT#@contoso.test"),
    );
}

#[test]
fn an_export_id_may_hold_a_slash_and_nothing_else_may() {
    let export = format!("/v1.0/myorg/reports/{GUID}/exports/Mi9C%2F54%3D");
    assert_eq!(
        found("GET", &export),
        format!("reports.get_export reportId={GUID} exportId=Mi9C/54=")
    );
    for path in ["groups/a%2Fb", "groups/a%2fb/users/x", "datasets/x/tables/a%2Fb/rows"] {
        let found = found(
            "GET",
            &format!("/v1.0/myorg/{}", path.replace("/x/", &format!("/{GUID}/"))),
        );
        assert!(found.starts_with("bad path") || found == "unknown", "{path}: {found}");
    }
}

#[test]
fn a_wrong_method_names_the_right_ones() {
    assert_eq!(
        found("PUT", "/v1.0/myorg/groups"),
        "wrong method, there is groups.list, groups.create"
    );
    assert_eq!(
        found("get", "/v1.0/myorg/groups"),
        "wrong method, there is groups.list, groups.create"
    );
}

#[test]
fn an_id_that_is_no_guid_is_told() {
    assert_eq!(
        found("GET", "/v1.0/myorg/groups/sales"),
        "bad path: groupId: expected a GUID of 36 characters"
    );
}

/// security: PRX-01 and PRX-17.
#[test]
fn paths_that_servers_read_differently_are_refused() {
    let attacks = [
        "",
        "v1.0/myorg/groups",
        "//v1.0/myorg/groups",
        "/v1.0//myorg/groups",
        "/v1.0/myorg/groups/",
        "/v1.0/myorg/./groups",
        "/v1.0/myorg/%2e/groups",
        "/v1.0/myorg/apps/../groups",
        "/v1.0/myorg/apps/%2e%2E/groups",
        "/v1.0/myorg/apps/..%2fgroups",
        "/v1.0/myorg/apps/..%5cgroups",
        "/v1.0/myorg/apps/..\\groups",
        "/v1.0/myorg/apps/..;/groups",
        "/v1.0/myorg/groups;a=b",
        "/v1.0/myorg/groups%3Ba=b",
        "/v1.0/myorg/groups#top",
        "/v1.0/myorg/groups?$top=1",
        "/v1.0/myorg/groups%00",
        "/v1.0/myorg/groups%0d%0ax:y",
        "/v1.0/myorg/apps/%252e%252e/groups",
        "/v1.0/myorg/apps/%EF%BC%8E%EF%BC%8E/groups",
        "/v1.0/myorg/apps/%E2%80%A5/groups",
        "/v1.0/myorg/apps/%C0%AE%C0%AE/groups",
        "/v1.0/myorg/apps/%ff",
        "/v1.0/myorg/apps/%2",
        "/v1.0/myorg/apps/%zz",
        "/v1.0/myorg/groups name",
        "/v1.0/myorg/grüppen",
        "https://evil.test/v1.0/myorg/groups",
    ];
    for path in attacks {
        let found = found("GET", path);
        assert!(found.starts_with("bad path"), "{path:?} gives {found}");
    }
}

#[test]
fn paths_of_nothing_are_unknown() {
    for path in [
        "/",
        "/v1.0/myorg",
        "/v2.0/myorg/groups",
        "/v1.0/myorg/group",
        "/v1.0/contoso/groups",
    ] {
        let found = found("GET", path);
        assert!(
            found == "unknown" || path == "/" && found.starts_with("bad path"),
            "{path}: {found}"
        );
    }
}

#[test]
fn the_nearest_operations_are_named_for_a_near_miss() {
    let nearest = |method: &str, path: &str| -> Vec<_> {
        let near = Catalogue::builtin().nearest(method, path);
        near.iter().map(|operation| operation.id.as_str()).collect()
    };
    assert_eq!(nearest("GET", "/v1.0/myorg/group")[0], "groups.list");
    assert_eq!(
        nearest("POST", &format!("/v1.0/myorg/datasets/{GUID}/refresh"))[0],
        "datasets.refresh"
    );
    assert_eq!(
        nearest("GET", &format!("/v1.0/myorg/reports/{GUID}/page"))[0],
        "reports.list_pages"
    );
    assert_eq!(
        nearest("GET", &format!("/groups/{GUID}/reports"))[0],
        "reports.list_in_group"
    );
    assert!(nearest("GET", "/wp-admin/setup.php").is_empty());
}

proptest! {
    #[test]
    fn no_path_is_found_with_a_value_that_climbs(path in "/v1\\.0/myorg/(groups|apps|admin/users|datasets)(/[!-~]{0,12}){0,4}") {
        if let Found::Operation(operation, values) = Catalogue::builtin().find("GET", &path) {
            prop_assert_eq!(path.split('/').count() - 1, operation.path.segment_count());
            for (_, value) in values {
                prop_assert!(value != ".." && value != "." && !value.contains(['\\', ';', '\0']));
            }
        }
    }
}

#[test]
fn a_path_of_any_length_is_compared_in_no_time() {
    let catalogue = Catalogue::builtin();
    let began = std::time::Instant::now();
    let many = "/a".repeat(100_000);
    assert!(catalogue.nearest("GET", &many).is_empty());
    let long = format!("/v1.0/myorg/groups/{}", "s".repeat(1_000_000));
    assert!(!catalogue.nearest("GET", &long).is_empty());
    // Both took minutes while every segment was compared with every other.
    assert!(began.elapsed().as_secs() < 20);
}
