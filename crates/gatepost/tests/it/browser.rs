//! The browser's session and what other people's ids and other sites get (security rows WEB).

use gatepost::store::approvals;
use http::StatusCode;
use sandbox::visitor::Visitor;

use crate::portal::sample::sample;
use crate::world::{ADA, World};

const SESSION: &str = "__Host-gatepost-session";

async fn account(world: &World, cookie: &str) -> u16 {
    let request = world
        .http
        .get(format!("{}/account", world.url))
        .header("cookie", cookie);
    request.send().await.unwrap().status().as_u16()
}

/// WEB-03
#[tokio::test]
async fn a_planted_cookie_is_not_believed() {
    let world = World::new().await;
    let good = world
        .connect(ADA)
        .await
        .browser
        .cookie("localhost", SESSION)
        .unwrap()
        .to_owned();
    assert_eq!(account(&world, &format!("{SESSION}={good}")).await, 200);
    assert_eq!(
        account(&world, &format!("gatepost-session={good}; other={good}")).await,
        303
    );
    assert_eq!(
        account(&world, &format!("{SESSION}=planted; {SESSION}={good}")).await,
        303
    );
    assert_eq!(
        account(&world, &format!("{SESSION}={good}; {SESSION}={good}")).await,
        303
    );
}

/// WEB-05
#[tokio::test]
async fn a_session_ends_when_idle_and_after_its_time_however_busy() {
    let world = World::with(|it| (it.session_idle_minutes, it.session_hours) = (60, 4)).await;
    let mut guest = world.connect(ADA).await;
    let cookie = |browser: &Visitor| format!("{SESSION}={}", browser.cookie("localhost", SESSION).unwrap());
    world.advance_seconds(59 * 60);
    assert_eq!(account(&world, &cookie(&guest.browser)).await, 200);
    world.advance_seconds(61 * 60);
    assert_eq!(account(&world, &cookie(&guest.browser)).await, 303, "idle");
    guest = world.connect(ADA).await;
    for _ in 0..5 {
        world.advance_seconds(45 * 60);
        assert_eq!(account(&world, &cookie(&guest.browser)).await, 200);
    }
    world.advance_seconds(16 * 60);
    assert_eq!(account(&world, &cookie(&guest.browser)).await, 303, "over");
}

/// WEB-21
#[tokio::test]
async fn no_other_site_reads_a_page_with_our_cookie() {
    let world = World::new().await;
    let session = world
        .connect(ADA)
        .await
        .browser
        .cookie("localhost", SESSION)
        .unwrap()
        .to_owned();
    for path in [
        "/",
        "/account",
        "/authorize",
        "/sign-in",
        "/mcp",
        "/powerbi/v1.0/myorg/groups",
        "/token",
        "/.well-known/oauth-authorization-server",
    ] {
        for origin in [
            "null",
            "https://evil.example",
            "http://sub.localhost",
            &format!("{}.evil.example", world.url),
        ] {
            let request = world.http.get(format!("{}{path}", world.url)).header("origin", origin);
            let answer = request
                .header("cookie", format!("{SESSION}={session}"))
                .send()
                .await
                .unwrap();
            let headers = answer.headers();
            assert!(headers.get("access-control-allow-credentials").is_none(), "{path}");
            let allowed = headers
                .get("access-control-allow-origin")
                .map(|it| it.to_str().unwrap().to_owned());
            assert!(
                allowed.as_deref().is_none_or(|it| it == "*"),
                "{path} reflects {allowed:?}"
            );
            if ["/", "/account", "/authorize", "/sign-in"].contains(&path) {
                assert_eq!(allowed, None, "{path}");
            }
        }
    }
}

/// WEB-22, ISO-08
#[tokio::test]
async fn other_peoples_ids_look_like_unknown_ones() {
    let it = sample().await;
    let mut bob = it.gateway.signed_in("bob@example.com").await;
    let other = it.connection.0.clone();
    let (grant, key) = (it.grant.clone(), it.key.clone());
    for (mine, unknown) in [
        (format!("/agents/{grant}/revoke"), "/agents/nothing/revoke"),
        (format!("/keys/{key}/revoke"), "/keys/nothing/revoke"),
        (
            format!("/connections/{other}/disconnect"),
            "/connections/nothing/disconnect",
        ),
    ] {
        let (one, two) = (bob.post(&mine, &[]).await, bob.post(unknown, &[]).await);
        assert_eq!((one.status, &one.body), (StatusCode::NOT_FOUND, &two.body), "{mine}");
        assert_eq!(two.status, StatusCode::NOT_FOUND);
    }
    // An approval of somebody else, as Ada would have asked for it.
    let db = &it.gateway.app.db;
    let asked = approvals::find(db, &it.owner.environment, &it.approval.as_str().into()).await;
    let mut theirs = asked.unwrap().unwrap();
    theirs.id = it.gateway.app.clock.new_id().into();
    theirs.person_id = it.owner.person.clone();
    theirs.plan_hash = vec![9; 32];
    approvals::ask(db, &theirs, it.gateway.app.clock.now()).await.unwrap();
    let (one, two) = (
        bob.get(&format!("/approvals/{}", theirs.id)).await,
        bob.get("/approvals/nothing").await,
    );
    assert_eq!((one.status, &one.body), (StatusCode::NOT_FOUND, &two.body));
}

/// WEB-19
#[test]
fn what_a_spreadsheet_would_run_is_quoted_in_an_exported_table() {
    for hostile in ["=1+1", "+1", "-1", "@x", "\tx", "\rx"] {
        let row = gatepost::store::audit::Row {
            seq: 1,
            time: gatepost::clock::Timestamp(0),
            environment_id: None,
            person_id: Some(hostile.to_owned()),
            kind: hostile.to_owned(),
            trace: hostile.to_owned(),
            entry: serde_json::json!({ "details": { "name": hostile } }).to_string(),
            hash: vec![],
        };
        let line = gatepost::audit::csv_line(&row);
        assert_eq!(line.matches(&format!("'{hostile}")).count(), 3, "{line}");
    }
}
