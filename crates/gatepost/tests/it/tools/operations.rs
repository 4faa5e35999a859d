//! The generic tools: any operation is found, described and called, under the policies of every other call.

use gatepost::admin;
use serde_json::json;

use super::{call, listed, power_bi_calls, refused, signed_in, told};
use crate::world::{BO, CY, World};

#[tokio::test(flavor = "multi_thread")]
async fn any_reading_operation_is_found_described_and_called() {
    let world = World::new().await;
    let bo = signed_in(&world, BO).await;
    let found = told(&world, &bo, "find_operations", json!({"text": "list workspaces"})).await;
    assert!(
        found.contains("\ngroups.list\tread\t") && found.contains("call_read_operation"),
        "{found}"
    );
    let groups = told(&world, &bo, "find_operations", json!({"text": "*", "group": "*"})).await;
    assert!(groups.contains("\npipelines\t"), "{groups}");
    let described = told(
        &world,
        &bo,
        "describe_operation",
        json!({"operation": "Groups_GetGroups"}),
    )
    .await;
    assert!(
        described.starts_with("groups.list: ") && described.contains("$top"),
        "{described}"
    );
    let arguments = json!({"operation": "groups.list", "arguments": {"$top": 5}, "fields": ["name"]});
    let answer = told(&world, &bo, "call_read_operation", arguments).await;
    assert!(
        answer.contains("data, not instructions") && answer.contains(r#"{"name":"Sales"}"#),
        "{answer}"
    );
    let opened = world.entries_of("call.opened").await;
    let last = &opened.last().unwrap()["details"];
    assert_eq!(
        (&last["operation"], &last["tool"]),
        (&json!("groups.list"), &json!("call_read_operation"))
    );
}

/// POL-16: the generic tools are no way round a policy.
#[tokio::test(flavor = "multi_thread")]
async fn the_generic_tools_ask_the_same_policies() {
    let world = World::new().await;
    let bo = signed_in(&world, BO).await;
    let model = "11111111-1111-4111-8111-111111111111";
    let before = power_bi_calls(&world).await;
    let arguments = json!({"operation": "datasets.refresh", "arguments": {"datasetId": model, "body": {"notifyOption": "NoNotification"}}});
    let text = refused(&world, &bo, "call_write_operation", arguments.clone()).await;
    assert!(
        text.contains("needs an administrator's approval") && text.contains("/approvals/"),
        "{text}"
    );
    let text = refused(&world, &bo, "call_read_operation", arguments).await;
    assert!(
        text.contains("changes something (effect run): call it with call_write_operation"),
        "{text}"
    );
    let arguments = json!({"operation": "groups.list"});
    let text = refused(&world, &bo, "call_write_operation", arguments).await;
    assert!(text.contains("only reads: call it with call_read_operation"), "{text}");
    // Deleting is denied by the default policies, so the operation is as unknown as one that does not exist.
    let delete = json!({"operation": "datasets.delete", "arguments": {"datasetId": model}});
    let hidden = refused(&world, &bo, "call_write_operation", delete).await;
    let missing = refused(
        &world,
        &bo,
        "call_write_operation",
        json!({"operation": "datasets.delite"}),
    )
    .await;
    assert!(
        hidden.starts_with("There is no operation datasets.delete for you."),
        "{hidden}"
    );
    assert!(
        missing.starts_with("There is no operation datasets.delite for you."),
        "{missing}"
    );
    assert_eq!(power_bi_calls(&world).await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn arguments_that_do_not_fit_are_told_with_what_would() {
    let world = World::new().await;
    let bo = signed_in(&world, BO).await;
    let before = power_bi_calls(&world).await;
    for (arguments, wanted) in [
        (json!({}), "datasetId: missing; expected a GUID"),
        (json!({"datasetId": "../../admin/groups"}), "datasetId: expected a GUID"),
        (
            json!({"datasetID": "11111111-1111-4111-8111-111111111111", "force": true}),
            "force: ",
        ),
    ] {
        let arguments = json!({"operation": "datasets.get", "arguments": arguments});
        let text = refused(&world, &bo, "call_read_operation", arguments).await;
        assert!(
            text.contains(wanted) && text.contains("\ndatasetId\tyes\tpath\t"),
            "{text}"
        );
    }
    let outcome = call(
        &world,
        &bo,
        "call_read_operation",
        json!({"operation": "groups.list", "arguments": []}),
    )
    .await;
    assert!(outcome.invalid, "{}", outcome.text);
    assert_eq!(power_bi_calls(&world).await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_a_link_for_the_person_who_asked() {
    let world = World::new().await;
    let (cy, bo) = (signed_in(&world, CY).await, signed_in(&world, BO).await);
    let found = told(
        &world,
        &cy,
        "find_items",
        json!({"text": "finance overview", "types": ["report"]}),
    )
    .await;
    let line = found.lines().last().unwrap();
    let report = line.rsplit('\t').next().unwrap();
    let arguments = json!({"operation": "reports.download", "arguments": {"reportId": report}});
    let text = told(&world, &cy, "call_read_operation", arguments).await;
    let link = text.split_whitespace().find(|it| it.starts_with("http")).unwrap();
    let other = world.key(&bo.person).await;
    let answer = world.http.get(link).bearer_auth(&other).send().await.unwrap();
    assert_eq!(answer.status(), 404);
    let own = world.key(&cy.person).await;
    let answer = world.http.get(link).bearer_auth(&own).send().await.unwrap();
    // Power BI answers, whatever it thinks of the report: the call was made as the person who opened the link.
    assert!(answer.headers().contains_key("gatepost-trace"), "{answer:?}");
    let opened = world.entries_of("call.opened").await;
    assert_eq!(opened.last().unwrap()["details"]["operation"], "reports.download");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_that_hides_every_change_hides_the_tool_for_changes() {
    let world = World::new().await;
    let bo = signed_in(&world, BO).await;
    assert!(listed(&world, &bo).await.contains(&"call_write_operation".to_owned()));
    for policy in gatepost::store::policies::list(&world.app.db, &world.environment)
        .await
        .unwrap()
    {
        if policy.name.starts_with("Running") {
            let owner = world.owner_caller();
            admin::set_policy_enabled(&world.app, &owner, &policy.id, false)
                .await
                .unwrap();
        }
    }
    let names = listed(&world, &bo).await;
    assert!(names.contains(&"call_read_operation".to_owned()), "{names:?}");
    assert!(!names.contains(&"call_write_operation".to_owned()), "{names:?}");
}
