//! Whoever a call speaks for is a fact that policies see and the record names; nobody speaks for others unasked.

use gatepost::admin::{self, PolicyInput};
use gatepost::caller::{Caller, Role};
use gatepost::policy::{Action, Form, Source};
use gatepost::tools::{self, Progress};
use http::Method;
use serde_json::{Value, json};

use crate::givers::allow;
use crate::oauth::text;
use crate::world::{ADA, CY, World};

const MODEL: &str = "5a4db0c5-0011-4000-8000-000000000001";
const GROUP: &str = "5a4db0c5-0010-4000-8000-000000000001";
const BY_REGION: &str = "EVALUATE SUMMARIZECOLUMNS('Region'[Region], \"Revenue\", [Total Sales])";

async fn post(world: &World, key: &str, path: &str, body: &Value) -> (u16, Value) {
    let request = world
        .http
        .request(Method::POST, format!("{}/powerbi/v1.0/myorg{path}", world.url));
    let answer = request.bearer_auth(key).json(body).send().await.unwrap();
    let status = answer.status().as_u16();
    (status, answer.json().await.unwrap_or_default())
}

async fn policy(world: &World, name: &str, source: Source) {
    let input = PolicyInput {
        name: name.into(),
        enabled: true,
        source,
    };
    admin::create_policy(&world.app, &world.owner_caller(), input)
        .await
        .unwrap();
}

/// PRX-04
#[tokio::test(flavor = "multi_thread")]
async fn nobody_speaks_for_others_through_any_door_unless_a_policy_says_so() {
    let world = World::new().await;
    let guest = world.connect(ADA).await;
    let key = world.key(&guest.person).await;
    let query = |more: Value| {
        let mut body = json!({ "queries": [{ "query": BY_REGION }] });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    allow(
        &world,
        json!({ "name": "Sharing", "action": "allow", "effects": ["share"] }),
    )
    .await;
    // Whatever a policy allows besides, by form or by hand, it does not allow this.
    policy(
        &world,
        "Everything",
        Source::Cedar("permit (principal, action, resource);".into()),
    )
    .await;
    let dax = |more: Value| {
        let mut body = json!({ "query": BY_REGION });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    let identity = json!([{ "username": CY, "datasets": [MODEL] }]);
    for (path, body) in [
        (
            format!("/datasets/{MODEL}/executeQueries"),
            query(json!({ "impersonatedUserName": CY })),
        ),
        (
            format!("/groups/{GROUP}/datasets/{MODEL}/executeQueries"),
            query(json!({ "ImpersonatedUserName": CY })),
        ),
        (
            format!("/groups/{GROUP}/datasets/{MODEL}/executeQueries"),
            query(json!({ "impersonatedUserName": "" })),
        ),
        (
            format!("/datasets/{MODEL}/executeDaxQueries"),
            dax(json!({ "effectiveUserName": CY })),
        ),
        (
            format!("/datasets/{MODEL}/executeDaxQueries"),
            dax(json!({ "roles": ["All"] })),
        ),
        (
            format!("/datasets/{MODEL}/executeDaxQueries"),
            dax(json!({ "customData": "x" })),
        ),
        (
            "/GenerateToken".to_owned(),
            json!({ "datasets": [{ "id": MODEL }], "identities": identity }),
        ),
    ] {
        let (status, problem) = post(&world, &key, &path, &body).await;
        assert_eq!(
            (status, text(&problem, "code")),
            (403, "speaks_for_others".into()),
            "{path}: {problem}"
        );
        let refused = world.entries_of("call.refused").await.pop().unwrap();
        assert!(refused["details"]["speaks_for"].is_array(), "{path}: {refused}");
    }
    let caller = Caller {
        person: guest.person.clone(),
        role: Role::Person,
        ..world.owner_caller()
    };
    let arguments = json!({
        "operation": "datasets.execute_queries",
        "arguments": { "datasetId": MODEL, "body": query(json!({ "impersonatedUserName": CY })) },
    });
    let Value::Object(arguments) = arguments else {
        unreachable!()
    };
    let told = tools::call(
        &world.app,
        &caller,
        "call_read_operation",
        arguments.clone(),
        &Progress::none(),
    )
    .await;
    assert!(
        told.is_error && told.text.contains(CY) && told.text.contains("no policy allows that"),
        "{}",
        told.text
    );
    assert_eq!(
        world.ledger("kind=powerbi&method=POST").await.len(),
        0,
        "nothing of it was sent"
    );
    for nobody in [json!({}), json!({ "impersonatedUserName": null })] {
        let (status, answer) = post(
            &world,
            &key,
            &format!("/datasets/{MODEL}/executeQueries"),
            &query(nobody),
        )
        .await;
        assert_eq!(status, 200, "{answer}");
    }

    let form = Form {
        speaks_for_others: true,
        operations: vec!["datasets.execute_queries".into()],
        ..Form::about("Queries for others", Action::Allow, &[])
    };
    policy(&world, "Queries for others", Source::Form(form)).await;
    let body = query(json!({ "impersonatedUserName": CY }));
    let (status, answer) = post(&world, &key, &format!("/datasets/{MODEL}/executeQueries"), &body).await;
    assert_eq!(status, 200, "{answer}");
    let rows = answer["results"][0]["tables"][0]["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 1, "Cy's own region: {answer}");
    let opened = world.entries_of("call.opened").await.pop().unwrap();
    assert_eq!(opened["details"]["speaks_for"], json!([CY]));
    let (status, _) = post(
        &world,
        &key,
        &format!("/groups/{GROUP}/datasets/{MODEL}/executeQueries"),
        &body,
    )
    .await;
    assert_eq!(status, 403, "the other form is not in that policy");
    let told = tools::call(&world.app, &caller, "call_read_operation", arguments, &Progress::none()).await;
    assert!(!told.is_error, "{}", told.text);
}

#[tokio::test]
async fn a_policy_may_say_for_whom() {
    let world = World::new().await;
    let guest = world.connect(ADA).await;
    let key = world.key(&guest.person).await;
    let text = format!(
        "@speaks_for(\"others\")\npermit (principal, action in Action::\"read\", resource) when {{ [\"{CY}\"].containsAll(context.speaks_for) }};"
    );
    policy(&world, "For Cy alone", Source::Cedar(text)).await;
    for (whom, wanted) in [(CY, 200), ("ceo@contoso.test", 403)] {
        let body = json!({ "queries": [{ "query": BY_REGION }], "impersonatedUserName": whom });
        let (status, answer) = post(&world, &key, &format!("/datasets/{MODEL}/executeQueries"), &body).await;
        assert_eq!(status, wanted, "{whom}: {answer}");
    }
    for (text, why) in [
        (
            "@speaks_for(\"everybody\") permit (principal, action, resource);",
            "another word",
        ),
        (
            "@speaks_for(\"others\") forbid (principal, action, resource);",
            "on a forbid",
        ),
    ] {
        let input = PolicyInput {
            name: why.into(),
            enabled: true,
            source: Source::Cedar(text.into()),
        };
        assert!(
            admin::create_policy(&world.app, &world.owner_caller(), input)
                .await
                .is_err(),
            "{why}"
        );
    }
}
