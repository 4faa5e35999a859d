//! Several gateways on one database: what is used, locked or changed at one counts at the others, and after a restart
//! (security rows AS, WEB).

use gatepost::app::App;
use serde_json::Value;
use tokio::net::TcpListener;

use crate::oauth::{CB, Signed, signed, text};
use crate::world::{ADA, OWNER, VERIFIER, World};

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
