//! The pages that lead to Microsoft and back: signing in, connecting, reconnecting, testing a registration.

use gatepost::admin;
use gatepost::store::connections;
use sandbox::visitor::{Page, Visitor};

use crate::world::{ADA, OWNER, World, sign_in_at_microsoft};

/// The owner's browser, signed in with a password.
async fn owner(world: &World) -> Visitor {
    let mut browser = Visitor::new();
    let page = browser.open(&format!("{}/sign-in", world.url)).await.unwrap();
    let page = browser
        .submit(&page, "/sign-in", &[("email", OWNER.0), ("password", OWNER.1)])
        .await
        .unwrap();
    assert_eq!((page.status, page.url.path()), (200, "/"), "{}", page.text());
    browser
}

async fn open(browser: &mut Visitor, world: &World, path: &str) -> Page {
    let page = browser.open(&format!("{}{path}", world.url)).await.unwrap();
    assert_eq!(page.status, 200, "{path}: {}", page.text());
    page
}

#[tokio::test]
async fn signing_in_with_microsoft_makes_the_person_and_the_connection_at_once() {
    let world = World::new().await;
    let mut browser = Visitor::new();
    let page = browser.open(&format!("{}/connections", world.url)).await.unwrap();
    assert_eq!(page.url.path(), "/sign-in");
    let there = browser.submit(&page, "/sign-in/microsoft", &[]).await.unwrap();
    assert!(there.url.as_str().starts_with(&world.sandbox_url), "{}", there.url);
    let back = sign_in_at_microsoft(&mut browser, there, ADA).await;
    assert_eq!((back.status, back.url.path()), (200, "/connections"), "{}", back.text());
    let text = back.text();
    assert!(text.contains(ADA) && text.contains("Connected"), "{text}");
    assert!(!text.contains("Everybody else"), "a newcomer manages nothing");
    let overview = open(&mut browser, &world, "/").await.text();
    assert!(overview.contains("Connect an agent"), "{overview}");
    assert_eq!(world.entries_of("sign_in").await.len(), 1);
}

/// CB-23
#[tokio::test]
async fn the_owner_connects_sees_it_and_disconnects() {
    let world = World::new().await;
    let mut browser = owner(&world).await;
    let before = world.ledger("kind=entra").await.len();
    let ask = format!("/connections/connect/{}", world.integration);
    let page = open(&mut browser, &world, &ask).await;
    assert!(page.text().contains("You go to Microsoft now") && page.text().contains(&world.client_id));
    assert_eq!(
        world.ledger("kind=entra").await.len(),
        before,
        "nothing happens before the consent here"
    );
    let there = browser.submit(&page, &ask, &[]).await.unwrap();
    let back = sign_in_at_microsoft(&mut browser, there, ADA).await;
    assert_eq!((back.status, back.url.path()), (200, "/connections"), "{}", back.text());
    assert!(
        back.text().contains("Your Power BI account is connected."),
        "{}",
        back.text()
    );
    let mine = connections::of_person(&world.app.db, &world.owner).await.unwrap();
    let action = format!("/connections/{}/disconnect", mine[0].id);
    let gone = browser.submit(&back, &action, &[]).await.unwrap();
    assert!(gone.text().contains("tokens are destroyed"), "{}", gone.text());
    let mine = connections::of_person(&world.app.db, &world.owner).await.unwrap();
    assert_eq!(
        (mine[0].state.as_str(), mine[0].refresh_sealed.is_none()),
        ("revoked", true)
    );
    assert_eq!(world.entries_of("connection.disconnected").await.len(), 1);
}

#[tokio::test]
async fn a_registration_is_tested_and_a_wrong_secret_explained() {
    let world = World::new().await;
    let mut browser = owner(&world).await;
    let path = format!("/integrations/{}", world.integration);
    let page = open(&mut browser, &world, &path).await;
    let tested = browser.submit(&page, &format!("{path}/test"), &[]).await.unwrap();
    assert!(
        tested
            .text()
            .contains("Microsoft accepts Directory, Client ID and secret"),
        "{}",
        tested.text()
    );
    let mut wrong = world.integration_input();
    wrong.secret = format!("Wrg8Q~{}", "z".repeat(34)).into();
    admin::save_integration(&world.app, &world.owner_caller(), &world.integration, &wrong)
        .await
        .unwrap();
    let page = open(&mut browser, &world, &path).await;
    let refused = browser.submit(&page, &format!("{path}/test"), &[]).await.unwrap();
    assert!(refused.text().contains("AADSTS7000215"), "{}", refused.text());
    let outcomes: Vec<_> = world
        .entries_of("integration.tested")
        .await
        .iter()
        .map(|it| it["details"]["outcome"].clone())
        .collect();
    assert_eq!(outcomes, ["proven", "AADSTS7000215"]);
}

/// WEB-01, WEB-09
#[tokio::test]
async fn every_answer_of_the_real_front_carries_security_headers() {
    let world = World::new().await;
    for path in [
        "/sign-in",
        "/",
        "/setup?token=x",
        "/assets/none.css",
        "/keys",
        "/no-such-page",
    ] {
        let answer = world.http.get(format!("{}{path}", world.url)).send().await.unwrap();
        let headers = answer.headers().clone();
        for name in [
            "content-security-policy",
            "x-content-type-options",
            "referrer-policy",
            "x-frame-options",
        ] {
            assert!(headers.contains_key(name), "{path} has no {name}");
        }
        let policy = headers["content-security-policy"].to_str().unwrap();
        assert!(
            policy.contains("frame-ancestors 'none'") && !policy.contains("unsafe"),
            "{path}: {policy}"
        );
        for cookie in headers.get_all("set-cookie") {
            let cookie = cookie.to_str().unwrap();
            assert!(
                cookie.starts_with("__Host-")
                    && cookie.contains("Secure; HttpOnly; SameSite=Lax")
                    && cookie.len() < 4096,
                "{cookie}"
            );
        }
    }
}
