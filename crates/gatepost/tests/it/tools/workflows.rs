//! The newer workflow tools: values, overviews, access and deployments, each under the policies.

use catalogue::Effect;
use gatepost::admin::{self, PolicyInput};
use gatepost::caller::Caller;
use gatepost::policy::{Action, Form, Source};
use serde_json::json;

use super::{call, in_time, listed, refused, signed_in, told};
use crate::every_operation::register_with_every_scope;
use crate::world::{ADA, BO, CY, World};

/// A world in which everything is allowed at once.
async fn open_world() -> (World, Caller) {
    let world = World::new().await;
    let owner = world.owner_caller();
    for policy in gatepost::store::policies::list(&world.app.db, &world.environment)
        .await
        .unwrap()
    {
        admin::set_policy_enabled(&world.app, &owner, &policy.id, false)
            .await
            .unwrap();
    }
    let form = Form::about("Everything", Action::Allow, Effect::ALL);
    let input = PolicyInput {
        name: "Everything".into(),
        enabled: true,
        source: Source::Form(form),
    };
    admin::create_policy(&world.app, &owner, input).await.unwrap();
    let ada = signed_in(&world, ADA).await;
    (world, ada)
}

#[tokio::test(flavor = "multi_thread")]
async fn values_of_a_column_are_found_however_they_are_spelled() {
    let world = World::new().await;
    let (ada, cy) = (signed_in(&world, ADA).await, signed_in(&world, CY).await);
    let arguments = |text: &str| json!({"model": "Sales model", "column": "Region[Region]", "text": text});
    let all = told(&world, &ada, "search_values", arguments("O")).await;
    assert!(all.contains("\nNorth") && all.contains("\nSouth"), "{all}");
    // Row-level security holds here as everywhere.
    let own = told(&world, &cy, "search_values", arguments("o")).await;
    assert!(own.contains("\nNorth") && !own.contains("South"), "{own}");
    let none = told(&world, &ada, "search_values", arguments("\"), ROW(\"x\", 1) //")).await;
    assert!(
        none.starts_with("No value of 'Region'[Region] holds this text"),
        "{none}"
    );
    let text = refused(
        &world,
        &ada,
        "search_values",
        json!({"model": "Sales model", "column": "Region", "text": "x"}),
    )
    .await;
    assert!(text.starts_with("Give the column as 'Table'[Column]"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_workspace_tells_how_its_models_were_refreshed_failures_first() {
    let world = World::new().await;
    let bo = signed_in(&world, BO).await;
    let text = told(&world, &bo, "refresh_overview", json!({"workspace": "Sales"})).await;
    assert!(text.starts_with("Sales: "), "{text}");
    assert!(text.contains("\nSales model\t"), "{text}");
    let failed = told(
        &world,
        &bo,
        "refresh_overview",
        json!({"workspace": "Sales", "only_failed": true}),
    )
    .await;
    assert!(failed.lines().skip(3).all(|it| it.contains("\tFailed\t")), "{failed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_is_cancelled_only_while_one_runs() {
    let (world, ada) = open_world().await;
    let text = told(&world, &ada, "cancel_refresh", json!({"model": "Finance model"})).await;
    assert!(text.contains("no refresh is running"), "{text}");
    let asked = world.ledger("kind=powerbi&method=DELETE").await;
    assert!(asked.is_empty(), "{asked:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn access_is_given_changed_and_taken_and_each_answer_says_what_it_was() {
    let (world, ada) = open_world().await;
    let with = |role: &str| json!({"workspace": "Sales", "who": "newcomer@contoso.test", "role": role});
    let unknown = call(&world, &ada, "manage_access", with("none")).await;
    assert!(unknown.text.contains("has no role in Sales"), "{}", unknown.text);
    let who = |role: &str| json!({"workspace": "Sales", "who": "flo@contoso.test", "role": role});
    let given = told(&world, &ada, "manage_access", who("viewer")).await;
    assert!(
        given.starts_with("flo@contoso.test in Sales: Viewer (before: "),
        "{given}"
    );
    let again = told(&world, &ada, "manage_access", who("viewer")).await;
    assert!(again.contains("already; nothing was changed"), "{again}");
    let raised = told(&world, &ada, "manage_access", who("contributor")).await;
    assert!(raised.contains("Contributor (before: Viewer)"), "{raised}");
    let taken = told(&world, &ada, "manage_access", who("none")).await;
    assert!(taken.contains("no role (before: Contributor)"), "{taken}");
}

#[tokio::test(flavor = "multi_thread")]
async fn sharing_is_not_even_offered_where_the_policies_deny_it() {
    let world = World::new().await;
    let bo = signed_in(&world, BO).await;
    let names = listed(&world, &bo).await;
    assert!(!names.contains(&"manage_access".to_owned()), "{names:?}");
    assert!(names.contains(&"deploy_stage".to_owned()) && names.contains(&"refresh_overview".to_owned()));
}

/// The gateway asks Microsoft for ten permissions; those for pipelines are not among them unless the registration lists them.
#[tokio::test(flavor = "multi_thread")]
async fn a_permission_that_the_connection_lacks_is_named_and_can_be_added() {
    let (world, ada) = open_world().await;
    let preview = || json!({"pipeline": "Marketing", "from_stage": "development", "preview": true});
    let text = refused(&world, &ada, "deploy_stage", preview()).await;
    assert!(
        text.contains("was not granted Microsoft's permission Pipeline.Read"),
        "{text}"
    );
    assert!(text.contains("adds it to the application's registration"), "{text}");
    assert!(world.ledger("kind=powerbi&method=POST").await.is_empty());
    register_with_every_scope(&world).await;
    let ada = signed_in(&world, ADA).await;
    let text = told(&world, &ada, "deploy_stage", preview()).await;
    assert!(text.contains("Nothing was changed."), "{text}");
    let deploy = json!({"pipeline": "Marketing", "from_stage": "development"});
    let outcome = in_time(&world, &ada, "deploy_stage", deploy).await;
    assert!(!outcome.is_error, "{}", outcome.text);
    assert!(outcome.text.ends_with("the deployment succeeded."), "{}", outcome.text);
}
