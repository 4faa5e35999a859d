//! Tests of what a policy can read of a call.

use super::*;

#[test]
fn policies_read_arguments_in_the_spelling_of_the_catalogue() {
    let policies = by_hand(
        "forbid (principal, action, resource) when { context.arguments.hasTag(\"datasetId\") && context.arguments.getTag(\"datasetId\") == \"99999999-1111-4222-8333-444455556666\" };
         forbid (principal, action, resource) when { context.arguments.hasTag(\"body/notifyOption\") && context.arguments.getTag(\"body/notifyOption\") == \"MailOnFailure\" };",
    );
    let alice = caller("alice", &[]);
    for (arguments, expected) in [
        (json!({ "groupId": SALES, "datasetid": MODEL }), "refuse Policy"),
        (
            json!({ "groupId": SALES, "datasetId": SALES, "body": { "notifyOption": "MailOnFailure" } }),
            "refuse Policy",
        ),
        (
            json!({ "groupId": SALES, "datasetId": SALES, "body": { "notifyOption": "NoNotification" } }),
            "allow",
        ),
        (
            json!({ "groupId": SALES, "datasetId": SALES, "DATASETID": SALES }),
            "refuse Failed",
        ),
        (
            json!({ "groupId": SALES, "datasetId": SALES, "body": (0..5000).collect::<Vec<_>>() }),
            "refuse Failed",
        ),
    ] {
        let asked = question(&alice, "datasets.refresh_in_group", &arguments);
        assert_eq!(word(&decide(&policies, &asked)), expected, "{arguments}");
    }
}

#[test]
fn policies_read_client_address_time_and_role() {
    let (mut alice, arguments) = (caller("alice", &[]), json!({}));
    let deny = |condition: &str| by_hand(&format!("forbid (principal, action, resource) when {{ {condition} }};"));
    let told =
        |alice: &Caller, condition: &str| word(&decide(&deny(condition), &question(alice, "groups.list", &arguments)));
    for condition in [
        "context.client.id == \"claude\" && context.client.kind == \"client\"",
        "context has address && context.address.isInRange(ip(\"192.0.2.0/24\"))",
        "context.now > datetime(\"2026-01-01\")",
        "principal.role == \"person\"",
        "resource.kind == \"environment\"",
    ] {
        assert_eq!(told(&alice, condition), "refuse Policy", "{condition}");
    }
    assert_eq!(told(&alice, "principal in Application::\"key-1\""), "allow");
    alice.through = Through::ApiKey {
        key: "key-1".into(),
        name: "Billing".to_owned(),
    };
    assert_eq!(told(&alice, "principal in Application::\"key-1\""), "refuse Policy");
}

#[test]
fn a_policy_on_a_dashboard_covers_its_tiles() {
    let dashboard = "12345678-1111-4222-8333-444455556666";
    let policies = by_hand(&format!(
        "forbid (principal, action, resource in Item::\"{dashboard}\");"
    ));
    let alice = caller("alice", &[]);
    let arguments = json!({ "groupId": SALES, "dashboardId": dashboard, "tileId": MODEL });
    assert_eq!(
        word(&decide(
            &policies,
            &question(&alice, "dashboards.get_tile_in_group", &arguments)
        )),
        "refuse Policy"
    );
}

#[test]
fn every_call_is_put_to_cedar_as_the_schema_says() {
    let (mut alice, none) = (caller("alice", &["analysts"]), json!({}));
    alice.through = Through::ApiKey {
        key: "k".into(),
        name: String::new(),
    };
    let schema = crate::policy::schema::validator().schema();
    for operation in Catalogue::builtin().operations() {
        let workspace = operation.is_in_workspace().then_some(SALES);
        let arguments =
            json!({ "body": { "targetWorkspaceId": FINANCE, "list": [1, null, true] }, "dashboardId": SALES });
        for arguments in [&none, &arguments] {
            let question = Question {
                operation,
                workspace,
                item: Some(MODEL),
                speaks_for: &[],
                tool: Some("t"),
                ..question(&alice, "groups.list", arguments)
            };
            let targets = crate::policy::target::targets(&question);
            crate::policy::question::Asked::new(&question, &targets, true)
                .unwrap()
                .validate(schema);
        }
    }
}
