//! Several gateways on one database: what is used, locked or changed at one counts at the others, and after a restart
//! (security rows AS, WEB).

use gatepost::admin;
use gatepost::app::App;
use gatepost::caller::PersonId;
use gatepost::policy::{Action, Form, Source};
use gatepost::store::people;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::oauth::{CB, Signed, signed, text};
use crate::world::{ADA, BO, OWNER, VERIFIER, World};

/// Another gateway over the same database, behind its own front.
pub(crate) async fn replica(world: &World) -> String {
    let app = App::start(world.app.settings.clone(), world.clock.clone(), false)
        .await
        .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://127.0.0.1:{}", listener.local_addr().unwrap().port());
    tokio::spawn(gatepost::http::serve(app, listener, std::future::pending()));
    url
}

/// A token request at one of the replicas, under the public name they share.
async fn token(world: &World, at: &str, fields: &[(&str, &str)]) -> (u16, Value) {
    let host = world.url.strip_prefix("http://").unwrap();
    let answer = world
        .http
        .post(format!("{at}/token"))
        .header("host", host)
        .form(fields)
        .send()
        .await
        .unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

fn refresh_fields<'a>(it: &'a Signed, token: &'a str) -> [(&'static str, &'a str); 3] {
    [
        ("grant_type", "refresh_token"),
        ("refresh_token", token),
        ("client_id", &it.client),
    ]
}

/// AS-07
#[tokio::test(flavor = "multi_thread")]
async fn of_two_hundred_redemptions_at_two_replicas_one_succeeds() {
    let mut it = signed().await;
    let code = it.code().await;
    let places = [it.world.url.clone(), replica(&it.world).await];
    let fields = [
        ("grant_type", "authorization_code"),
        ("code", code.as_str()),
        ("redirect_uri", CB),
        ("client_id", it.client.as_str()),
        ("code_verifier", VERIFIER),
    ];
    let answers = futures_util::future::join_all((0..200).map(|at| token(&it.world, &places[at % 2], &fields))).await;
    assert_eq!(answers.iter().filter(|(status, _)| *status == 200).count(), 1);
    assert!(
        answers
            .iter()
            .all(|(status, body)| *status == 200 || text(body, "error") == "invalid_grant")
    );
}

/// AS-11
#[tokio::test(flavor = "multi_thread")]
async fn of_five_hundred_refreshes_at_two_replicas_one_branch_lives() {
    let mut it = signed().await;
    let code = it.code().await;
    let first = text(&it.redeem(&code).await.1, "refresh_token");
    let places = [it.world.url.clone(), replica(&it.world).await];
    let fields = refresh_fields(&it, &first);
    let answers = futures_util::future::join_all((0..500).map(|at| token(&it.world, &places[at % 2], &fields))).await;
    let mut next: Vec<String> = answers.iter().map(|(_, body)| text(body, "refresh_token")).collect();
    assert!(answers.iter().all(|(status, _)| *status == 200));
    next.dedup();
    assert_eq!(next.len(), 1, "every answer holds the same pair");
    let (status, _) = token(&it.world, &places[1], &refresh_fields(&it, &next[0])).await;
    assert_eq!(status, 200, "and that pair is good");
    let (status, again) = token(&it.world, &places[0], &fields).await;
    assert_eq!(
        (status, text(&again, "error")),
        (400, "invalid_grant".into()),
        "the old one is not, once its successor was used"
    );
}

/// AS-12
#[tokio::test]
async fn a_used_refresh_token_is_still_refused_after_a_restart() {
    let mut it = signed().await;
    let code = it.code().await;
    let first = text(&it.redeem(&code).await.1, "refresh_token");
    let second = text(&it.refresh(&first).await.1, "refresh_token");
    assert_eq!(it.refresh(&second).await.0, 200);
    let restarted = replica(&it.world).await;
    let (status, body) = token(&it.world, &restarted, &refresh_fields(&it, &first)).await;
    assert_eq!((status, text(&body, "error")), (400, "invalid_grant".into()));
    assert_eq!(it.world.entries_of("client.refresh_reuse").await.len(), 1);
}

/// A request of a browser at another replica.
async fn get(world: &World, at: &str, path: &str, session: &str) -> u16 {
    let host = world.url.strip_prefix("http://").unwrap();
    let request = world.http.get(format!("{at}{path}")).header("host", host);
    let cookie = format!("__Host-gatepost-session={session}");
    request.header("cookie", cookie).send().await.unwrap().status().as_u16()
}

async fn owner(world: &World) -> sandbox::visitor::Visitor {
    let mut browser = sandbox::visitor::Visitor::new();
    let page = browser.open(&format!("{}/sign-in", world.url)).await.unwrap();
    browser
        .submit(&page, "/sign-in", &[("email", OWNER.0), ("password", OWNER.1)])
        .await
        .unwrap();
    browser
}

/// WEB-06
#[tokio::test]
async fn a_role_given_or_taken_counts_at_the_next_request_of_every_replica() {
    let world = World::new().await;
    let ada = world.connect(ADA).await;
    let session = ada
        .browser
        .cookie("localhost", "__Host-gatepost-session")
        .unwrap()
        .to_owned();
    let other = replica(&world).await;
    let mut browser = owner(&world).await;
    for (role, status) in [("administrator", 200), ("person", 403)] {
        let page = browser
            .open(&format!("{}/people/{}", world.url, ada.person))
            .await
            .unwrap();
        let done = browser
            .submit(&page, &format!("/people/{}/role", ada.person), &[("role", role)])
            .await
            .unwrap();
        assert_eq!(done.status, 200, "{}", done.text());
        for place in [&world.url, &other] {
            assert_eq!(get(&world, place, "/people", &session).await, status, "{role}");
        }
    }
}

/// AS-32, WEB-06
#[tokio::test]
async fn a_person_locked_in_the_portal_is_out_of_every_face_of_every_replica() {
    let mut it = signed().await;
    let code = it.code().await;
    let pair = it.redeem(&code).await.1;
    let other = replica(&it.world).await;
    let session = it
        .browser
        .cookie("localhost", "__Host-gatepost-session")
        .unwrap()
        .to_owned();
    assert_eq!(get(&it.world, &other, "/account", &session).await, 200);
    let person = it.world.connect(ADA).await.person;
    let mut browser = owner(&it.world).await;
    let page = browser
        .open(&format!("{}/people/{person}", it.world.url))
        .await
        .unwrap();
    browser
        .submit(&page, &format!("/people/{person}/lock"), &[])
        .await
        .unwrap();
    assert_eq!(
        get(&it.world, &other, "/account", &session).await,
        303,
        "back to the sign-in"
    );
    assert!(!it.works(&text(&pair, "access_token")).await);
    let refresh = text(&pair, "refresh_token");
    let (status, body) = token(&it.world, &other, &refresh_fields(&it, &refresh)).await;
    assert_eq!((status, text(&body, "error")), (400, "invalid_grant".into()));
}

/// What a REST call with a key, and a call of `whoami` with an access token, are answered at a replica.
struct Other<'a> {
    world: &'a World,
    url: String,
}

impl Other<'_> {
    fn at(&self, method: http::Method, path: &str, secret: &str) -> reqwest::RequestBuilder {
        let request = self.world.http.request(method, format!("{}{path}", self.url));
        let host = self.world.url.strip_prefix("http://").unwrap();
        request.header("host", host).bearer_auth(secret)
    }

    async fn groups(&self, key: &str) -> u16 {
        let request = self.at(http::Method::GET, "/powerbi/v1.0/myorg/groups", key);
        request.send().await.unwrap().status().as_u16()
    }

    async fn whoami(&self, access: &str) -> u16 {
        let call = json!({
            "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": { "name": "whoami", "arguments": {} },
        });
        let request = self.at(http::Method::POST, "/mcp", access);
        let request = request.header("accept", "application/json, text/event-stream");
        let request = request.header("mcp-protocol-version", "2025-03-26").json(&call);
        request.send().await.unwrap().status().as_u16()
    }
}

async fn person_of(world: &World, oid: &str) -> PersonId {
    let found = people::find_by_account(&world.app.db, &world.environment, sandbox::people::CONTOSO, oid);
    found.await.unwrap().unwrap().id
}

/// RAC-05: whatever is ended or changed here counts at the next request there, also where it was used just before. A role, a
/// lock and a disconnection have tests of their own.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_ended_here_has_ended_at_the_next_request_there() {
    let mut it = signed().await;
    let mut access = Vec::new();
    for _ in 0..2 {
        let code = it.code().await;
        access.push(text(&it.redeem(&code).await.1, "access_token"));
    }
    let input = admin::ClientInput {
        name: "Entered".into(),
        auth_method: "none".into(),
        redirects: vec![CB.into()],
        introspects: false,
    };
    let entered = admin::create_client(&it.world.app, &it.world.owner_caller(), &input)
        .await
        .unwrap()
        .id;
    let registered = std::mem::replace(&mut it.client, entered.to_string());
    let code = it.code().await;
    let of_entered = text(&it.redeem(&code).await.1, "access_token");
    let world = &it.world;
    let (app, owner) = (&world.app, world.owner_caller());
    let ada = person_of(world, sandbox::people::ADA).await;
    let (first, second) = (world.key(&ada).await, world.key(&ada).await);
    let other = Other {
        world,
        url: replica(world).await,
    };

    // A policy, made, switched off and on again, and deleted.
    assert_eq!(other.groups(&first).await, 200);
    let form = Form::about("Nothing any more", Action::Deny, &[catalogue::Effect::Read]);
    let input = admin::PolicyInput {
        name: form.name.clone(),
        enabled: true,
        source: Source::Form(form),
    };
    let policy = admin::create_policy(app, &owner, input).await.unwrap();
    assert_eq!(other.groups(&first).await, 403);
    for (enabled, status) in [(false, 200), (true, 403)] {
        admin::set_policy_enabled(app, &owner, &policy, enabled).await.unwrap();
        assert_eq!(other.groups(&first).await, status);
    }
    admin::delete_policy(app, &owner, &policy).await.unwrap();
    assert_eq!(other.groups(&first).await, 200);

    // A key.
    assert_eq!(other.groups(&second).await, 200);
    let wanted = crate::listed::first();
    let keys = gatepost::store::api_keys::page(&app.db, &world.environment, Some(&ada), &wanted);
    let newest = keys.await.unwrap().rows.remove(0).key.id;
    admin::revoke_key(app, &owner, &newest).await.unwrap();
    let answers = [other.groups(&first).await, other.groups(&second).await];
    assert!(answers == [200, 401] || answers == [401, 200], "{answers:?}");

    // A client, locked and unlocked; its grants; a client deleted.
    let client = registered.into();
    for (locked, status) in [(true, 401), (false, 200)] {
        assert_ne!(other.whoami(&access[0]).await, status);
        admin::save_client_locked(app, &owner, &client, locked).await.unwrap();
        assert_eq!(other.whoami(&access[0]).await, status);
    }
    admin::revoke_client_grants(app, &owner, &client).await.unwrap();
    for token in &access {
        assert_eq!(other.whoami(token).await, 401);
    }
    assert_eq!(other.whoami(&of_entered).await, 200);
    admin::delete_client(app, &owner, &entered).await.unwrap();
    assert_eq!(other.whoami(&of_entered).await, 401);

    // A session.
    let session = it
        .browser
        .cookie("localhost", "__Host-gatepost-session")
        .unwrap()
        .to_owned();
    assert_eq!(get(world, &other.url, "/account", &session).await, 200);
    let page = it.browser.open(&format!("{}/account", world.url)).await.unwrap();
    it.browser.submit(&page, "/sign-out", &[]).await.unwrap();
    assert_eq!(get(world, &other.url, "/account", &session).await, 303);
}

/// RAC-12, POL-10: one approval and forty equal calls at two replicas at once.
#[tokio::test(flavor = "multi_thread")]
async fn two_replicas_execute_one_approval_once() {
    const REFRESH: &str = "/powerbi/v1.0/myorg/groups/5a4db0c5-0010-4000-8000-000000000001/datasets/5a4db0c5-0011-4000-8000-000000000001/refreshes";
    let world = World::new().await;
    let bo = world.connect(BO).await.person;
    let key = world.key(&bo).await;
    let here = world.url.clone();
    let places = [here.clone(), replica(&world).await].map(|url| Other { world: &world, url });
    let call = |at: usize| {
        let request = places[at % 2].at(http::Method::POST, REFRESH, &key).json(&json!({}));
        async move {
            let answer = request.send().await.unwrap();
            (
                answer.status().as_u16(),
                answer.json::<Value>().await.unwrap_or_default(),
            )
        }
    };
    for round in 1..=3 {
        let (status, problem) = call(round).await;
        assert_eq!(
            (status, text(&problem, "code")),
            (403, "approval_required".into()),
            "{problem}"
        );
        let approval = text(&problem, "link").rsplit('/').next().unwrap().into();
        admin::decide_approval(&world.app, &world.owner_caller(), &approval, true)
            .await
            .unwrap();
        let answers = futures_util::future::join_all((0..40).map(call)).await;
        let done = answers.iter().filter(|(status, _)| *status == 202).count();
        assert_eq!(done, 1, "{answers:?}");
        assert_eq!(world.ledger("kind=powerbi&method=POST").await.len(), round);
        // A refresh that runs would be told by Power BI itself.
        world.advance_seconds(3600);
    }
}
