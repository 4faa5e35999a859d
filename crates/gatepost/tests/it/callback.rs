//! What may come back to the callback: the right browser, person, account and integration, and nothing else
//! (security rows CB).

use gatepost::admin;
use gatepost::store::{connections, people};
use sandbox::visitor::{Page, Visitor};

use crate::world::{ADA, BO, OWNER, World, sign_in_at_microsoft};

/// A browser signed in as the owner, with a password.
pub(crate) async fn owner(world: &World) -> Visitor {
    let mut browser = Visitor::new();
    let page = browser.open(&format!("{}/sign-in", world.url)).await.unwrap();
    let page = browser
        .submit(&page, "/sign-in", &[("email", OWNER.0), ("password", OWNER.1)])
        .await
        .unwrap();
    assert_eq!(page.status, 200, "{}", page.text());
    browser
}

/// At Microsoft's page, after the consent to connecting in the portal.
pub(crate) async fn linking(world: &World, browser: &mut Visitor, integration: &str) -> Page {
    let ask = format!("/connections/connect/{integration}");
    let page = browser.open(&format!("{}{ask}", world.url)).await.unwrap();
    browser.submit(&page, &ask, &[]).await.unwrap()
}

/// The callback's address as Microsoft would send the browser there.
pub(crate) async fn callback(world: &World, browser: &mut Visitor, there: Page, upn: &str) -> String {
    browser.stop_at(&format!("{}/integration-callback", world.url));
    sign_in_at_microsoft(browser, there, upn).await.url.to_string()
}

async fn redemptions(world: &World) -> usize {
    let asked = world.ledger("kind=entra").await;
    asked
        .iter()
        .filter(|it| it["grant_type"] == "authorization_code")
        .count()
}

async fn last_refusal(world: &World) -> String {
    let all = world.entries_of("connection.refused").await;
    all.last()
        .map_or_else(String::new, |it| it["details"]["reason"].as_str().unwrap().to_owned())
}

/// CB-02
#[tokio::test]
async fn a_link_begun_by_one_person_is_not_finished_by_another_in_the_same_browser() {
    let world = World::new().await;
    let mut browser = owner(&world).await;
    let there = linking(&world, &mut browser, &world.integration.0).await;
    let to = callback(&world, &mut browser, there, BO).await;
    let before = redemptions(&world).await;
    // The same browser, flow cookie and all, but Ada is signed in now, and then nobody.
    let ada = world.connect(ADA).await.browser;
    let ada = ada.cookie("localhost", "__Host-gatepost-session").unwrap().to_owned();
    let after_ada = redemptions(&world).await;
    for session in [ada.as_str(), "nobody"] {
        let mut changed = browser.clone();
        changed.set_cookie("localhost", "__Host-gatepost-session", session);
        let answer = changed.peek(&to).await.unwrap();
        assert_eq!(answer.status, 403, "{}", answer.text());
        assert_eq!(last_refusal(&world).await, "callback_user_mismatch");
    }
    assert_eq!(
        (before, redemptions(&world).await),
        (0, after_ada),
        "refused before the token request"
    );
    assert!(
        connections::of_person(&world.app.db, &world.owner)
            .await
            .unwrap()
            .is_empty()
    );
}

/// CB-03, CB-07
#[tokio::test]
async fn an_attackers_link_or_finished_sign_in_does_nothing_in_the_victims_browser() {
    let world = World::new().await;
    let mut attacker = owner(&world).await;
    let there = linking(&world, &mut attacker, &world.integration.0).await;
    let to = callback(&world, &mut attacker, there, BO).await;
    let mut victim = world.connect(ADA).await;
    let before = (
        redemptions(&world).await,
        victim
            .browser
            .cookie("localhost", "__Host-gatepost-session")
            .unwrap()
            .to_owned(),
    );
    // Login CSRF: the attacker's own code and state, in the victim's session.
    let answer = victim.browser.peek(&to).await.unwrap();
    assert_eq!(
        (answer.status, last_refusal(&world).await),
        (403, "callback_browser_mismatch".into())
    );
    // Our own addresses begin nothing by being opened.
    let state = url::Url::parse(&to)
        .unwrap()
        .query_pairs()
        .find(|(name, _)| name == "state")
        .unwrap()
        .1
        .into_owned();
    let resumed = victim
        .browser
        .peek(&format!("{}/authorize/resume?flow={state}", world.url))
        .await
        .unwrap();
    assert_eq!(resumed.status, 400, "{}", resumed.text());
    let asked = victim
        .browser
        .peek(&format!("{}/connections/connect/{}", world.url, world.integration))
        .await
        .unwrap();
    assert!(asked.status == 200 && !asked.headers.contains_key("set-cookie"));
    let after = (
        redemptions(&world).await,
        victim
            .browser
            .cookie("localhost", "__Host-gatepost-session")
            .unwrap()
            .to_owned(),
    );
    assert_eq!(before, after);
    let mine = connections::of_person(&world.app.db, &victim.person).await.unwrap();
    assert_eq!(
        mine.iter().map(|it| it.account_username.as_str()).collect::<Vec<_>>(),
        [ADA]
    );
}

/// CB-09
#[tokio::test]
async fn tabs_side_by_side_never_mix() {
    let world = World::new().await;
    let mut browser = owner(&world).await;
    let mut ways = Vec::new();
    for _ in 0..5 {
        let there = linking(&world, &mut browser, &world.integration.0).await;
        ways.push(callback(&world, &mut browser, there, ADA).await);
    }
    ways.rotate_left(3);
    let mut statuses = Vec::new();
    for to in &ways {
        statuses.push(browser.peek(to).await.unwrap().status);
    }
    assert_eq!(statuses.iter().filter(|it| **it == 303).count(), 1, "{statuses:?}");
    assert!(statuses.iter().all(|it| [303, 403, 400].contains(it)), "{statuses:?}");
    assert_eq!(
        connections::of_person(&world.app.db, &world.owner).await.unwrap().len(),
        1
    );
}

/// CB-10
#[tokio::test]
async fn a_code_of_one_integration_is_refused_in_the_transaction_of_another() {
    let world = World::new().await;
    let second = admin::create_integration(&world.app, &world.owner_caller(), &world.integration_input())
        .await
        .unwrap();
    let mut browser = owner(&world).await;
    let there = linking(&world, &mut browser, &world.integration.0).await;
    let first = callback(&world, &mut browser.clone(), there, ADA).await;
    let there = linking(&world, &mut browser, &second.id.0).await;
    let other = callback(&world, &mut browser, there, ADA).await;
    let part = |url: &str, name: &str| {
        url::Url::parse(url)
            .unwrap()
            .query_pairs()
            .find(|(known, _)| known == name)
            .unwrap()
            .1
            .into_owned()
    };
    let query = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("code", &part(&first, "code"))
        .append_pair("state", &part(&other, "state"))
        .finish();
    let answer = browser
        .peek(&format!("{}/integration-callback?{query}", world.url))
        .await
        .unwrap();
    assert_eq!(answer.status, 502, "{}", answer.text());
    assert!(
        connections::of_person(&world.app.db, &world.owner)
            .await
            .unwrap()
            .is_empty()
    );
}

/// CB-12
#[tokio::test]
async fn an_account_with_somebodys_address_is_not_that_somebody() {
    let world = World::new().await;
    let new = admin::NewAdministrator::check("Somebody", ADA, "a long enough password").unwrap();
    let local = admin::add_administrator(&world.app, &world.owner_caller(), &new)
        .await
        .unwrap();
    let guest = world.connect(ADA).await;
    assert_ne!(guest.person, local, "the key is directory and object, never an address");
    let person = people::find(&world.app.db, &guest.person).await.unwrap().unwrap();
    assert_eq!((person.role.as_str(), person.password_hash.is_none()), ("person", true));
    let local = people::find(&world.app.db, &local).await.unwrap().unwrap();
    assert_eq!((local.tenant_id, local.object_id), (None, None));
}

/// CB-13
#[tokio::test]
async fn another_microsoft_account_takes_no_place_unasked() {
    let world = World::new().await;
    world.connect(BO).await;
    let mut browser = owner(&world).await;
    let there = linking(&world, &mut browser, &world.integration.0).await;
    let taken = sign_in_at_microsoft(&mut browser, there, BO).await;
    assert_eq!(
        (taken.status, last_refusal(&world).await),
        (409, "account_of_another".into()),
        "{}",
        taken.text()
    );
    let there = linking(&world, &mut browser, &world.integration.0).await;
    assert_eq!(sign_in_at_microsoft(&mut browser, there, ADA).await.status, 200);
    // Another browser, in which Microsoft knows nobody yet.
    let mut browser = owner(&world).await;
    let there = linking(&world, &mut browser, &world.integration.0).await;
    let other = sign_in_at_microsoft(&mut browser, there, "cy@contoso.test").await;
    assert_eq!(
        (other.status, last_refusal(&world).await),
        (409, "account_differs".into()),
        "{}",
        other.text()
    );
    assert!(
        other.text().contains(ADA) && other.text().contains("cy@contoso.test"),
        "{}",
        other.text()
    );
    let mine = connections::of_person(&world.app.db, &world.owner).await.unwrap();
    assert_eq!(mine[0].account_username, ADA);
}

/// CB-15
#[tokio::test]
async fn a_hostile_error_is_told_in_our_own_words() {
    let world = World::new().await;
    let mut browser = owner(&world).await;
    let there = linking(&world, &mut browser, &world.integration.0).await;
    let to = callback(&world, &mut browser, there, ADA).await;
    let state = url::Url::parse(&to)
        .unwrap()
        .query_pairs()
        .find(|(name, _)| name == "state")
        .unwrap()
        .1
        .into_owned();
    let hostile = format!("<script>alert(1)</script>{}", "x".repeat(4000));
    let query = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("error", "<img src=x onerror=alert(1)>")
        .append_pair("error_description", &hostile)
        .append_pair("error_uri", "javascript:alert(1)")
        .append_pair("state", &state)
        .finish();
    let answer = browser
        .peek(&format!("{}/integration-callback?{query}", world.url))
        .await
        .unwrap();
    assert!(answer.status == 502 || answer.status == 403, "{}", answer.status);
    for part in ["alert(1)", "src=x", "javascript:", "xxxx"] {
        assert!(!answer.body.contains(part), "{part}");
    }
    assert!(
        world
            .entries()
            .await
            .iter()
            .all(|it| !it.to_string().contains("alert(1)"))
    );
    assert_eq!(browser.peek(&to).await.unwrap().status, 400, "the transaction is over");
}

/// CB-16, CB-22
#[tokio::test]
async fn only_a_plain_get_uses_the_callback_up_and_it_leads_away_at_once() {
    let world = World::new().await;
    let mut browser = owner(&world).await;
    let there = linking(&world, &mut browser, &world.integration.0).await;
    let to = callback(&world, &mut browser, there, ADA).await;
    let cookies: Vec<String> = ["session", "flow"]
        .map(|it| {
            format!(
                "__Host-gatepost-{it}={}",
                browser.cookie("localhost", &format!("__Host-gatepost-{it}")).unwrap()
            )
        })
        .into();
    let with = |request: reqwest::RequestBuilder| request.header("cookie", cookies.join("; ")).send();
    assert_eq!(with(world.http.head(&to)).await.unwrap().status(), 405);
    assert_eq!(with(world.http.post(&to)).await.unwrap().status(), 405);
    for purpose in ["prefetch", "prefetch;prerender"] {
        let early = with(world.http.get(&to).header("sec-purpose", purpose)).await.unwrap();
        assert_eq!(early.status(), 503, "{purpose}");
    }
    assert_eq!(redemptions(&world).await, 0);
    let real = with(world.http.get(&to)).await.unwrap();
    assert_eq!(
        (real.status().as_u16(), &real.headers()["cache-control"]),
        (303, &"no-store".parse().unwrap())
    );
    assert!(real.headers().contains_key("referrer-policy"));
    assert!(!real.headers()["location"].to_str().unwrap().contains("code="));
    assert_eq!(redemptions(&world).await, 1);
}

/// CB-21
#[tokio::test]
async fn the_address_to_come_back_to_is_the_configured_one() {
    let world = World::new().await;
    let browser = owner(&world).await;
    let session = browser
        .cookie("localhost", "__Host-gatepost-session")
        .unwrap()
        .to_owned();
    let mut copy = browser.clone();
    let ask = format!("/connections/connect/{}", world.integration);
    let page = copy.open(&format!("{}{ask}", world.url)).await.unwrap();
    let csrf = page
        .form(&ask)
        .unwrap()
        .fields
        .iter()
        .find(|(name, _)| name == "csrf")
        .unwrap()
        .1
        .clone();
    let answer = world
        .http
        .post(format!("{}{ask}", world.url))
        .header("cookie", format!("__Host-gatepost-session={session}"))
        .header("origin", &world.url)
        .header("x-forwarded-host", "evil.example")
        .header("x-forwarded-proto", "https")
        .header("forwarded", "host=evil.example;proto=https")
        .form(&[("csrf", csrf)])
        .send()
        .await
        .unwrap();
    let to = url::Url::parse(answer.headers()["location"].to_str().unwrap()).unwrap();
    let back = to
        .query_pairs()
        .find(|(name, _)| name == "redirect_uri")
        .unwrap()
        .1
        .into_owned();
    assert_eq!(back, format!("{}/integration-callback", world.url));
}

/// CB-20
#[tokio::test]
async fn what_an_administrator_must_allow_is_said_and_not_tried_again() {
    for (code, word) in [(65_001, "consent"), (90_094, "administrator"), (50_105, "assigned")] {
        let world = World::new().await;
        let fault = serde_json::json!({ "endpoint": "token", "kind": "aadsts", "code": code, "remaining": 1 });
        world.fault(fault).await;
        let mut browser = owner(&world).await;
        let there = linking(&world, &mut browser, &world.integration.0).await;
        let back = sign_in_at_microsoft(&mut browser, there, ADA).await;
        let text = back.text();
        assert!(
            [403, 502].contains(&back.status) && text.contains(&format!("AADSTS{code}")),
            "{text}"
        );
        assert!(text.to_lowercase().contains(word), "{code}: {text}");
        assert_eq!(redemptions(&world).await, 1, "once");
    }
}
