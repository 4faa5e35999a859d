//! The way to Microsoft and back: consent first, same browser, same person, once (security rows CB).

use sandbox::visitor::Visitor;
use serde_json::json;

use crate::world::{ADA, BO, World, sign_in_at_microsoft};

const CB: &str = "http://localhost:7777/cb";

/// A browser at Microsoft's page after consenting here, and that page's address.
async fn departed(world: &World) -> (Visitor, String) {
    let client = world.register_client(&[CB]).await;
    let mut browser = Visitor::new();
    browser.stop_at(CB);
    let page = browser
        .open(&world.authorize_url(&client, CB, "powerbi.read"))
        .await
        .unwrap();
    let there = browser
        .submit(&page, "/authorize", &[("answer", "approve")])
        .await
        .unwrap();
    assert!(there.url.as_str().starts_with(&world.sandbox_url), "{}", there.url);
    (browser, there.url.to_string())
}

async fn redemptions(world: &World) -> usize {
    world
        .ledger("kind=entra")
        .await
        .iter()
        .filter(|it| it["grant_type"] == "authorization_code")
        .count()
}

#[tokio::test]
async fn signing_in_connects_and_names_the_account() {
    let world = World::new().await;
    let guest = world.connect(ADA).await;
    let connection = gatepost::store::connections::of_person(&world.app.db, &guest.person)
        .await
        .unwrap()
        .remove(0);
    assert_eq!(
        (connection.state.as_str(), connection.account_username.as_str()),
        ("connected", ADA)
    );
    assert_eq!(connection.tenant_id, sandbox::people::CONTOSO);
    assert_eq!(gatepost::connections::missing(&connection.scopes), Vec::<&str>::new());
    let entry = &world.entries_of("connection.connected").await[0];
    assert_eq!(
        (entry["details"]["tid"].as_str(), entry["details"]["oid"].as_str()),
        (Some(sandbox::people::CONTOSO), Some(sandbox::people::ADA))
    );
    let asked = world.ledger("kind=entra").await;
    let authorize = asked
        .iter()
        .find(|it| it["path"].as_str().unwrap().ends_with("/authorize"))
        .unwrap();
    let query = authorize["query"].to_string();
    for part in [
        "code_challenge_method=S256",
        "nonce=",
        "state=",
        "offline_access",
        ".default",
        "openid",
        "profile",
    ] {
        assert!(query.contains(part), "{part} is missing in {query}");
    }
}

/// CB-06, WEB-01
#[tokio::test]
async fn nothing_leaves_for_microsoft_before_the_consent_post() {
    let world = World::new().await;
    let client = world.register_client(&[CB]).await;
    let page = world
        .http
        .get(world.authorize_url(&client, CB, "powerbi.read"))
        .send()
        .await
        .unwrap();
    assert_eq!((page.status().as_u16(), page.headers().get("location")), (200, None));
    let cookies: Vec<&str> = page
        .headers()
        .get_all("set-cookie")
        .iter()
        .map(|it| it.to_str().unwrap())
        .collect();
    assert!(
        cookies.iter().all(|it| !it.contains("gatepost-flow")),
        "the flow's cookie comes only with the approved post: {cookies:?}"
    );
    assert!(cookies.iter().all(|it| it.starts_with("__Host-")
        && it.contains("Secure")
        && it.contains("HttpOnly")
        && it.contains("SameSite=Lax")));
    assert!(
        world
            .ledger("kind=entra")
            .await
            .iter()
            .all(|it| !it["path"].as_str().unwrap().contains("authorize"))
    );
}

/// CB-04
#[tokio::test]
async fn a_victim_with_a_microsoft_session_still_sees_our_consent_page() {
    let world = World::new().await;
    let mut victim = world.connect(ADA).await.browser;
    let attacker = world.register_client(&["https://evil.example/cb"]).await;
    victim.stop_at("https://evil.example/");
    let page = victim
        .open(&world.authorize_url(&attacker, "https://evil.example/cb", "powerbi.read"))
        .await
        .unwrap();
    assert_eq!(page.status, 200);
    assert!(page.text().contains("evil.example"), "{}", page.text());
}

/// CB-02, CB-05
#[tokio::test]
async fn consent_in_one_browser_is_no_consent_in_another() {
    let world = World::new().await;
    let (_attacker, link) = departed(&world).await;
    // The victim is signed in at Microsoft and opens the attacker's link.
    let mut victim = world.connect(ADA).await.browser;
    let before = redemptions(&world).await;
    let back = victim.open(&link).await.unwrap();
    let back = sign_in_at_microsoft(&mut victim, back, ADA).await;
    assert_eq!(back.status, 403, "{}", back.text());
    assert!(back.text().contains("begun in another browser"));
    assert_eq!(redemptions(&world).await, before, "refused before the token request");
    assert_eq!(
        world.entries_of("connection.refused").await[0]["details"]["reason"],
        "callback_browser_mismatch"
    );
}

/// CB-01
#[tokio::test]
async fn missing_unknown_old_and_used_states_are_refused_without_asking_microsoft() {
    let world = World::new().await;
    for query in [
        "",
        "code=x",
        "state=x",
        "code=x&state=unknown",
        "code=x&state=a&state=b",
        "error=access_denied",
        "error=access_denied&state=unknown",
    ] {
        let answer = world
            .http
            .get(format!("{}/integration-callback?{query}", world.url))
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), 400, "{query}");
    }
    let (mut browser, link) = departed(&world).await;
    browser.stop_at(&format!("{}/integration-callback", world.url));
    let page = browser.open(&link).await.unwrap();
    let callback = sign_in_at_microsoft(&mut browser, page, ADA).await.url;
    let old_browser = browser.clone();
    world.advance_seconds(601);
    let late = browser.peek(callback.as_str()).await.unwrap();
    assert_eq!(late.status, 400, "{}", late.text());
    assert_eq!(redemptions(&world).await, 0);

    let (mut browser, link) = departed(&world).await;
    browser.stop_at(&format!("{}/integration-callback", world.url));
    let page = browser.open(&link).await.unwrap();
    let callback = sign_in_at_microsoft(&mut browser, page, ADA).await.url;
    let mut copy = browser.clone();
    assert_eq!(browser.peek(callback.as_str()).await.unwrap().status, 303);
    assert_eq!(
        copy.peek(callback.as_str()).await.unwrap().status,
        400,
        "a callback counts once"
    );
    assert_eq!(redemptions(&world).await, 1);
    drop(old_browser);
}

/// CB-01
#[tokio::test]
async fn of_many_simultaneous_callbacks_one_is_taken() {
    let world = World::new().await;
    let (mut browser, link) = departed(&world).await;
    browser.stop_at(&format!("{}/integration-callback", world.url));
    let page = browser.open(&link).await.unwrap();
    let callback = sign_in_at_microsoft(&mut browser, page, ADA).await.url;
    let visits = (0..30).map(|_| {
        let (mut browser, callback) = (browser.clone(), callback.clone());
        async move { browser.peek(callback.as_str()).await.unwrap().status }
    });
    let statuses = futures_util::future::join_all(visits).await;
    assert_eq!(statuses.iter().filter(|it| **it == 303).count(), 1, "{statuses:?}");
    assert_eq!(redemptions(&world).await, 1);
}

/// CB-24: only what is under way in the browser passes, and nothing of the rest is kept.
#[tokio::test]
async fn a_flood_of_callbacks_is_turned_away_and_a_real_one_passes() {
    let world = World::new().await;
    let (mut browser, link) = departed(&world).await;
    browser.stop_at(&format!("{}/integration-callback", world.url));
    let page = browser.open(&link).await.unwrap();
    let callback = sign_in_at_microsoft(&mut browser, page, ADA).await.url;
    let before = world.entries().await.len();
    let mut statuses = Vec::new();
    for at in 0..200 {
        // Half of them know a state that is under way, but not the browser it belongs to.
        let address = match at % 2 {
            0 => format!("{}/integration-callback?code=x&state=made-up-{at}", world.url),
            _ => callback.to_string(),
        };
        let answer = world.http.get(address).send().await.unwrap();
        if answer.status() == 429 {
            let wait: u64 = answer.headers()["retry-after"].to_str().unwrap().parse().unwrap();
            assert!((1..=60).contains(&wait));
        }
        statuses.push(answer.status().as_u16());
    }
    assert!(statuses[..60].iter().all(|it| [400, 403].contains(it)), "{statuses:?}");
    assert!(statuses[60..].iter().all(|it| *it == 429), "{statuses:?}");
    assert!(world.entries().await.len() - before <= 30, "the flood is not kept");
    assert_eq!(browser.peek(callback.as_str()).await.unwrap().status, 303);
    world.advance_seconds(60);
    let later = world
        .http
        .get(format!("{}/integration-callback?code=x&state=y", world.url));
    assert_eq!(later.send().await.unwrap().status(), 400);
}

/// CB-24: consents of strangers leave rows and entries behind, so there are so many of them in a minute and no more.
#[tokio::test]
async fn a_flood_of_consents_is_turned_away() {
    let world = World::new().await;
    let client = world.register_client(&["http://localhost:7777/cb"]).await;
    let asking = world.authorize_url(&client, "http://localhost:7777/cb", "powerbi.read");
    let mut browser = Visitor::new();
    browser.stop_at(&world.sandbox_url);
    let page = browser.open(&asking).await.unwrap();
    let mut statuses = Vec::new();
    for _ in 0..320 {
        let there = browser
            .clone()
            .submit(&page, "/authorize", &[("answer", "approve")])
            .await;
        statuses.push(there.unwrap().status);
    }
    let turned_away = statuses.iter().filter(|it| **it == 429).count();
    assert_eq!(turned_away, 20, "{statuses:?}");
    assert_eq!(world.entries_of("connection.begun").await.len(), 300);
    // The portal's own sign-in is bounded with them.
    let front = browser.open(&format!("{}/sign-in", world.url)).await.unwrap();
    let there = browser
        .submit(&front, "/sign-in/microsoft", &[("integration", &world.integration.0)])
        .await
        .unwrap();
    assert_eq!(there.status, 429, "{}", there.text());
    assert!(there.text().contains("trusted_proxies"), "{}", there.text());
    world.advance_seconds(60);
    let there = browser.submit(&page, "/authorize", &[("answer", "approve")]).await;
    assert_ne!(there.unwrap().status, 429);
}

/// CB-08
#[tokio::test]
async fn a_swapped_code_is_refused() {
    let world = World::new().await;
    let stop = format!("{}/integration-callback", world.url);
    let mut arrivals = Vec::new();
    for upn in [ADA, BO] {
        let (mut browser, link) = departed(&world).await;
        browser.stop_at(&stop);
        let page = browser.open(&link).await.unwrap();
        let back = sign_in_at_microsoft(&mut browser, page, upn).await;
        arrivals.push((
            browser,
            back.parameter("code").unwrap(),
            back.parameter("state").unwrap(),
        ));
    }
    let code_of_bo = arrivals[1].1.clone();
    let (browser, _, state) = &mut arrivals[0];
    let query = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("code", &code_of_bo)
        .append_pair("state", state)
        .finish();
    let answer = browser.peek(&format!("{stop}?{query}")).await.unwrap();
    assert_eq!(
        answer.status,
        502,
        "PKCE binds the code to the transaction: {}",
        answer.text()
    );
    assert_eq!(world.entries_of("connection.connected").await.len(), 0);
}

#[tokio::test]
async fn declining_and_cancelling_are_told_and_recorded() {
    let world = World::new().await;
    let (mut browser, link) = departed(&world).await;
    let mut page = browser.open(&link).await.unwrap();
    page = browser
        .submit(&page, &page.forms()[0].action.clone(), &[("account", ADA)])
        .await
        .unwrap();
    let declined = browser
        .submit(&page, &page.forms()[0].action.clone(), &[("decision", "cancel")])
        .await
        .unwrap();
    assert_eq!(declined.status, 403, "{}", declined.text());
    assert_eq!(
        world.entries_of("connection.refused").await[0]["details"]["reason"],
        "declined"
    );
}

#[tokio::test]
async fn a_wrong_or_expired_secret_says_who_can_mend_it() {
    for (code, word) in [(7_000_215, "Value"), (7_000_222, "expired")] {
        let world = World::new().await;
        world
            .fault(json!({ "endpoint": "token", "kind": "aadsts", "code": code, "remaining": 1 }))
            .await;
        let (mut browser, link) = departed(&world).await;
        let page = browser.open(&link).await.unwrap();
        let back = sign_in_at_microsoft(&mut browser, page, ADA).await;
        assert_eq!(back.status, 502);
        assert!(
            back.text().contains(word) && back.text().contains(&format!("AADSTS{code}")),
            "{}",
            back.text()
        );
    }
}

/// CB-12, CB-14
#[tokio::test]
async fn an_account_of_another_directory_is_not_admitted() {
    let world = World::new().await;
    let input = gatepost::admin::IntegrationInput {
        tenant: String::new(),
        ..world.integration_input()
    };
    gatepost::admin::save_integration(&world.app, &world.owner_caller(), &world.integration, &input)
        .await
        .unwrap();
    let url = format!("{}/sandbox/apps/{}", world.sandbox_url, world.client_id);
    let changed = world
        .http
        .patch(url)
        .json(&json!({ "tenants": "multi" }))
        .send()
        .await
        .unwrap();
    assert!(changed.status().is_success());
    let (mut browser, link) = departed(&world).await;
    let page = browser.open(&link).await.unwrap();
    let back = sign_in_at_microsoft(&mut browser, page, "gus@fabrikam.test").await;
    assert_eq!(back.status, 403, "{}", back.text());
    assert_eq!(
        world.entries_of("connection.refused").await[0]["details"]["reason"],
        "not_admitted"
    );
}
