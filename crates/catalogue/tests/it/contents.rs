//! What the built-in catalogue holds.

use std::collections::BTreeMap;

use catalogue::Answer;
use catalogue::Catalogue;
use catalogue::Effect;
use catalogue::ItemKind;
use catalogue::Method;
use catalogue::Operation;
use catalogue::Paging;
use catalogue::Place;
use catalogue::Principals;
use catalogue::Status;
use catalogue::scopes;
use insta::assert_snapshot;

fn operations() -> &'static [Operation] {
    Catalogue::builtin().operations()
}

fn operation(id: &str) -> &'static Operation {
    Catalogue::builtin().operation(id).unwrap()
}

fn count(test: impl Fn(&Operation) -> bool) -> usize {
    operations().iter().filter(|operation| test(operation)).count()
}

fn ids(test: impl Fn(&Operation) -> bool) -> Vec<&'static str> {
    let chosen = operations().iter().filter(|operation| test(operation));
    chosen.map(|operation| operation.id.as_str()).collect()
}

/// A change of what an operation is or does is a change of what policies allow: read the difference.
#[test]
fn operations_do_what_the_table_says() {
    let rows: Vec<_> = operations()
        .iter()
        .map(|operation| {
            let mark = if operation.destructive { "!" } else { "" };
            let path = operation.path.as_str().trim_start_matches("/v1.0/myorg");
            format!(
                "{} {}{mark} {} {path}",
                operation.id, operation.effect, operation.method
            )
        })
        .collect();
    assert_snapshot!(rows.join("\n"));
}

#[test]
fn there_are_289_operations_on_226_paths() {
    assert_eq!(operations().len(), 289);
    let per_method: Vec<_> = Method::ALL
        .iter()
        .map(|method| count(|one| one.method == *method))
        .collect();
    assert_eq!(per_method, [150, 89, 6, 18, 26]);
    let mut paths: Vec<_> = operations().iter().map(|operation| operation.path.as_str()).collect();
    paths.sort_unstable();
    paths.dedup();
    assert_eq!(paths.len(), 226);
}

#[test]
fn every_group_is_complete() {
    let listed: Vec<_> = Catalogue::builtin()
        .groups()
        .iter()
        .map(|group| group.id.as_str())
        .collect();
    let mut groups = BTreeMap::new();
    for operation in operations() {
        *groups.entry(operation.group.as_str()).or_insert(0) += 1;
        assert!(
            operation.id.starts_with(&format!("{}.", operation.group)),
            "{}",
            operation.id
        );
    }
    let expected = [
        ("admin", 59),
        ("apps", 8),
        ("available_features", 2),
        ("capacities", 11),
        ("dashboards", 14),
        ("dataflow_storage_accounts", 2),
        ("dataflows", 11),
        ("datasets", 56),
        ("embed_token", 6),
        ("gateways", 11),
        ("goal_notes", 3),
        ("goal_status_rules", 3),
        ("goal_values", 5),
        ("goals", 10),
        ("groups", 9),
        ("imports", 8),
        ("pipelines", 16),
        ("profiles", 5),
        ("push_datasets", 10),
        ("reports", 31),
        ("scorecards", 7),
        ("template_apps", 1),
        ("users", 1),
    ];
    assert_eq!(groups.into_iter().collect::<Vec<_>>(), expected);
    assert_eq!(listed, expected.map(|(id, _)| id));
}

#[test]
fn answers_are_of_the_right_kind() {
    assert_eq!(
        ids(|operation| operation.answer == Answer::Binary),
        [
            "admin.download_dataflow",
            "dataflows.get",
            "reports.download_in_group",
            "reports.get_export_file_in_group",
            "reports.download",
            "reports.get_export_file"
        ],
    );
    assert_eq!(
        ids(|operation| operation.answer == Answer::Arrow),
        ["datasets.execute_dax_queries", "datasets.execute_dax_queries_in_group"]
    );
    assert_eq!(
        ids(|operation| operation.multipart),
        ["imports.create_in_group", "imports.create"]
    );
}

#[test]
fn five_paging_schemes_are_known() {
    let per_scheme: Vec<_> = Paging::ALL
        .iter()
        .map(|paging| (paging.as_str(), count(|one| one.paging == *paging)))
        .collect();
    assert_eq!(
        per_scheme,
        [
            ("none", 260),
            ("top_skip", 20),
            ("top", 2),
            ("next_link", 1),
            ("continuation", 6)
        ]
    );
}

#[test]
fn twins_differ_in_the_workspace_alone() {
    let pairs = ids(|operation| operation.twin.is_some() && operation.is_in_workspace());
    assert_eq!(pairs.len(), 60);
    for id in pairs {
        let in_group = operation(id);
        let plain = operation(in_group.twin.as_deref().unwrap());
        assert_eq!(
            plain.path.as_str(),
            in_group.path.as_str().replace("/groups/{groupId}", ""),
            "{id}"
        );
        assert_eq!(
            (plain.method, &plain.body, plain.answer),
            (in_group.method, &in_group.body, in_group.answer),
            "{id}"
        );
        assert_eq!(
            (plain.effect, plain.destructive),
            (in_group.effect, in_group.destructive),
            "{id}"
        );
        assert!(!plain.is_in_workspace());
    }
}

#[test]
fn long_work_is_followed_with_ids_that_are_at_hand() {
    let long = ids(|operation| operation.long_running.is_some());
    assert_eq!(long.len(), 18);
    for id in long {
        let start = operation(id);
        let long = start.long_running.as_ref().unwrap();
        for follow in std::iter::once(&long.poll).chain(&long.result) {
            let follow = operation(follow);
            assert!(matches!(follow.effect, Effect::Read | Effect::Admin), "{id}");
            assert_eq!(
                follow.is_in_workspace(),
                start.is_in_workspace() || start.group == "admin" && follow.group != "admin",
                "{id}"
            );
        }
    }
}

#[test]
fn what_reads_never_changes_and_what_deletes_is_marked() {
    for operation in operations() {
        if operation.method == Method::Delete {
            assert!(operation.destructive, "{}", operation.id);
        }
        if operation.method == Method::Get && operation.group != "admin" {
            assert_eq!(operation.effect, Effect::Read, "{}", operation.id);
        }
        assert_eq!(
            operation.effect == Effect::Admin,
            operation.group == "admin",
            "{}",
            operation.id
        );
    }
    assert_eq!(
        ids(|operation| operation.effect == Effect::Read && operation.method != Method::Get),
        [
            "datasets.execute_dax_queries",
            "datasets.execute_queries",
            "datasets.execute_dax_queries_in_group",
            "datasets.execute_queries_in_group",
            "reports.export_in_group",
            "reports.export",
        ],
    );
}

#[test]
fn the_path_tells_which_object_is_meant() {
    let item = |id: &str| {
        let operation = operation(id);
        (
            operation.item,
            operation.item_parameter().map(|parameter| parameter.name.as_str()),
        )
    };
    assert_eq!(
        item("datasets.cancel_refresh_in_group"),
        (Some(ItemKind::Dataset), Some("datasetId"))
    );
    assert_eq!(item("groups.delete_user"), (Some(ItemKind::Workspace), Some("groupId")));
    assert_eq!(
        item("dataflows.save_as_gen2"),
        (Some(ItemKind::Dataflow), Some("gen1DataflowId"))
    );
    assert_eq!(item("apps.get_report"), (Some(ItemKind::Report), Some("reportId")));
    assert_eq!(item("groups.list"), (None, None));
}

#[test]
fn ids_are_guids_but_for_those_that_are_not() {
    let mut others: Vec<_> = operations()
        .iter()
        .flat_map(|operation| &operation.parameters)
        .filter(|parameter| parameter.place == Place::Path && parameter.kind != catalogue::Kind::Guid)
        .map(|parameter| format!("{} {:?}", parameter.name, parameter.kind))
        .collect();
    others.sort_unstable();
    others.dedup();
    assert_eq!(
        others,
        [
            "emailAdress Text",
            "exportId Token",
            "featureName Text",
            "identifier Text",
            "pageName Text",
            "stageOrder Integer",
            "tableName Text",
            "timestamp DateTime",
            "transactionId Text",
            "user Text",
            "userId Text",
            "workloadName Text",
        ],
    );
}

#[test]
fn rates_are_readable_by_machine() {
    let rate = |id: &str| operation(id).rate.as_ref().unwrap();
    let dax = rate("datasets.execute_queries");
    assert_eq!(
        (
            dax.class.as_str(),
            dax.windows[0].calls,
            dax.windows[0].seconds,
            dax.shared
        ),
        ("dax", 120, 60, true)
    );
    assert_eq!(dax, rate("datasets.execute_dax_queries_in_group"));
    assert_eq!(rate("admin.list_datasets").windows.len(), 2);
    assert_eq!(rate("users.refresh_permissions").windows[0].seconds, 3600);
}

#[test]
fn status_and_principals_are_those_of_the_documentation() {
    let per_status: Vec<_> = Status::ALL
        .iter()
        .map(|status| count(|one| one.status == *status))
        .collect();
    assert_eq!(per_status, [247, 35, 7]);
    assert_eq!(count(|operation| operation.principals == Principals::Refused), 8);
    assert_eq!(count(|operation| operation.principals == Principals::Only), 6);
    assert_eq!(count(|operation| operation.principals == Principals::AdminRead), 44);
}

/// The counts that the consent page shows.
#[test]
fn presets_reach_as_many_operations_as_they_promise() {
    let reach: Vec<_> = scopes::presets()
        .iter()
        .map(|preset| {
            let granted: Vec<_> = preset.scopes.iter().map(String::as_str).collect();
            (
                preset.id.as_str(),
                count(|one| one.principals != Principals::Only && one.scopes.allows(&granted)),
            )
        })
        .collect();
    assert_eq!(
        reach,
        [("reader", 101), ("author", 195), ("operator", 224), ("auditor", 274)]
    );
}

#[test]
fn every_scope_named_is_known_and_has_a_guid() {
    for scope in scopes::all() {
        assert_eq!(scope.id.len(), 36, "{}", scope.name);
        assert_eq!(scope.admin_consent, scope.name.starts_with("Tenant."), "{}", scope.name);
    }
    assert_eq!(scopes::wanted().len(), 10);
    let named = scopes::presets()
        .iter()
        .flat_map(|preset| &preset.scopes)
        .map(String::as_str);
    for name in named.chain(scopes::wanted().iter().copied()) {
        assert!(scopes::find(name).is_some(), "{name}");
    }
}

#[test]
fn a_registration_with_the_wanted_scopes_reaches_ordinary_work() {
    let wanted = scopes::wanted();
    for id in [
        "groups.list",
        "datasets.execute_queries",
        "datasets.refresh_in_group",
        "reports.export",
        "dataflows.refresh",
        "apps.list",
    ] {
        assert!(operation(id).scopes.allows(wanted), "{id}");
    }
    assert_eq!(
        operation("admin.list_groups").scopes.missing(wanted),
        ["Tenant.Read.All"]
    );
    assert_eq!(
        operation("pipelines.assign_workspace").scopes.missing(wanted),
        ["Pipeline.ReadWrite.All"]
    );
}

#[test]
fn words_are_ours_and_short() {
    for operation in operations() {
        assert!(operation.summary.len() <= 120, "{}", operation.id);
        for hint in &operation.hints {
            assert!(hint.len() <= 240 && hint.ends_with('.'), "{}: {hint}", operation.id);
        }
        for limit in &operation.limits {
            assert!(!limit.ends_with('.') && limit.len() <= 120, "{}: {limit}", operation.id);
        }
    }
}

/// An agent that meets an operation for the first time learns where its ids come from, or what happens.
#[test]
fn every_operation_has_a_hint_and_hints_name_operations_that_exist() {
    let groups: Vec<_> = Catalogue::builtin()
        .groups()
        .iter()
        .map(|group| format!("{}.", group.id))
        .collect();
    let is_id = |word: &&str| groups.iter().any(|group| word.starts_with(group)) && !word.contains(['(', '=']);
    for operation in operations() {
        assert!(!operation.hints.is_empty(), "{}", operation.id);
        let texts = operation.hints.iter().chain([&operation.summary]);
        for word in texts.flat_map(|text| text.split([' ', ',', ';', ':', ')', '('])) {
            let word = word.trim_end_matches('.');
            if is_id(&word) {
                assert!(
                    Catalogue::builtin().operation(word).is_some(),
                    "{}: {word}",
                    operation.id
                );
            }
        }
    }
}

#[test]
fn every_body_can_be_shown_as_a_form() {
    for operation in operations() {
        for field in operation.body_fields() {
            assert!(!field.kind.contains("anything"), "{}: {}", operation.id, field.path);
            assert!(
                !field.summary.is_empty() || field.path.ends_with('*'),
                "{}: {} has no description",
                operation.id,
                field.path
            );
        }
    }
}
