//! An application's key acts for the one end user it names, and for nobody else; groups count at every door (security row ISO-04).

use gatepost::admin;
use gatepost::caller::{PersonId, Scope, ScopeSet};
use gatepost::policy::{Action, Form, Source};
use gatepost::store::Db;
use serde_json::json;

use crate::oauth::{signed, text};
use crate::world::{ADA, BO, CY, World};

/// There is no page for this yet, so the test writes it where it is kept.
pub(crate) async fn is_called(world: &World, person: &PersonId, name: &str) {
    let sql = "UPDATE people SET external_id = $2 WHERE id = $1";
    match &world.app.db {
        Db::Sqlite(pool) => drop(sqlx::query(sql).bind(person).bind(name).execute(pool).await.unwrap()),
        Db::Postgres(pool) => drop(sqlx::query(sql).bind(person).bind(name).execute(pool).await.unwrap()),
    }
}

async fn applications_key(world: &World) -> String {
    let input = admin::KeyInput {
        name: "the application".into(),
        is_application: true,
        scopes: ScopeSet::default().with(Scope::Read),
        days: None,
    };
    let made = admin::create_key(&world.app, &world.owner_caller(), &input)
        .await
        .unwrap();
    secrecy::ExposeSecret::expose_secret(&made.key).to_owned()
}

/// The status, and what was answered, to a GET of the workspaces with these `Gatepost-User` headers.
async fn as_users(world: &World, key: &str, users: &[&str]) -> (u16, String) {
    let url = format!("{}/powerbi/v1.0/myorg/groups", world.url);
    let mut request = world.http.get(url).bearer_auth(key);
    for user in users {
        request = request.header("gatepost-user", *user);
    }
    let answer = request.send().await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

/// ISO-04
#[tokio::test(flavor = "multi_thread")]
async fn an_applications_key_acts_for_the_one_user_it_names_and_for_nobody_else() {
    let world = World::new().await;
    let (ada, bo) = (world.connect(ADA).await.person, world.connect(BO).await.person);
    is_called(&world, &ada, "user-1").await;
    is_called(&world, &bo, "user-2").await;
    let key = applications_key(&world).await;
    let asked = world.ledger("kind=powerbi").await.len();
    let named: [&[&str]; 7] = [
        &[],
        &[""],
        &["user-3"],
        &["USER-1"],
        &[ADA],
        &["user-1", "user-2"],
        &["user-1,user-2"],
    ];
    for users in named {
        let (status, told) = as_users(&world, &key, users).await;
        assert_eq!(status, 400, "{users:?}: {told}");
        assert!(told.contains("Gatepost-User"), "{users:?}: {told}");
    }
    let personal = world.key(&ada).await;
    assert_eq!(as_users(&world, &personal, &["user-2"]).await.0, 400);
    assert_eq!(world.ledger("kind=powerbi").await.len(), asked, "nothing was sent");

    for (user, person) in [("user-1", &ada), ("user-2", &bo)] {
        let (status, told) = as_users(&world, &key, &[user]).await;
        assert_eq!(status, 200, "{told}");
        let own = world.get(&world.key(person).await, "/groups").await;
        assert_eq!(told, own.text().await.unwrap(), "what they see themselves");
    }
    let opened = world.entries_of("call.opened").await;
    let people: Vec<_> = opened.iter().map(|it| it["person"].clone()).collect();
    assert_eq!(people, [json!(ada), json!(ada), json!(bo), json!(bo)]);

    admin::save_locked(&world.app, &world.owner_caller(), &ada, true)
        .await
        .unwrap();
    assert_eq!(as_users(&world, &key, &["user-1"]).await.0, 401);
    assert_eq!(as_users(&world, &key, &["user-2"]).await.0, 200);
}

/// Whether reading the workspaces is allowed through a key, an application's key, and a token.
async fn may_read(world: &World, key: &str, application: &str, token: &str) -> [bool; 3] {
    let call = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call",
        "params": {"name": "find_items", "arguments": {"text": "*"}}});
    let answer = world.http.post(format!("{}/mcp", world.url)).bearer_auth(token);
    let answer = answer
        .header("accept", "application/json, text/event-stream")
        .json(&call);
    let told = answer.send().await.unwrap().text().await.unwrap();
    [
        world.get(key, "/groups").await.status() == 200,
        as_users(world, application, &["user-1"]).await.0 == 200,
        !told.contains("isError\":true") && told.contains("Sales"),
    ]
}

/// POL-07
#[tokio::test(flavor = "multi_thread")]
async fn a_policy_for_a_group_holds_at_every_door_from_the_next_call_on() {
    let mut it = signed().await;
    let code = it.code().await;
    let token = text(&it.redeem(&code).await.1, "access_token");
    let world = &it.world;
    let owner = world.owner_caller();
    let everybody = crate::listed::people(&world.app.db, &world.environment).await;
    let ada = everybody.iter().find(|it| it.email.as_deref() == Some(ADA)).unwrap();
    is_called(world, &ada.id, "user-1").await;
    let cy = world.connect(CY).await.person;
    let (key, application) = (world.key(&ada.id).await, applications_key(world).await);
    let [idle, barred] = ["Idle", "Barred"].map(|name| admin::create_group(&world.app, &owner, name));
    let (idle, barred) = (idle.await.unwrap(), barred.await.unwrap());
    let form = Form {
        groups: vec![barred.clone()],
        ..Form::about("Barred people read nothing", Action::Deny, &[catalogue::Effect::Read])
    };
    let input = admin::PolicyInput {
        name: form.name.clone(),
        enabled: true,
        source: Source::Form(form),
    };
    admin::create_policy(&world.app, &owner, input).await.unwrap();
    admin::add_member(&world.app, &owner, &idle, &ada.id).await.unwrap();
    admin::add_member(&world.app, &owner, &barred, &cy).await.unwrap();
    assert_eq!(may_read(world, &key, &application, &token).await, [true; 3]);
    admin::add_member(&world.app, &owner, &barred, &ada.id).await.unwrap();
    assert_eq!(may_read(world, &key, &application, &token).await, [false; 3]);
    admin::remove_member(&world.app, &owner, &barred, &ada.id)
        .await
        .unwrap();
    assert_eq!(may_read(world, &key, &application, &token).await, [true; 3]);
}
