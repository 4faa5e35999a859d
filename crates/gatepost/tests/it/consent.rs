//! The consent page: always shown, never disguised, and answered only by the person in front of it (security rows AS-20, AS-29).

use serde_json::{Value, json};

use crate::oauth::{CB, signed};
use crate::world::World;

/// AS-20, AS-36
#[tokio::test]
async fn the_consent_page_tells_who_asks_and_cannot_be_disguised() {
    let world = World::new().await;
    let name = format!("\u{202e}Claude\u{200b}<script>alert(1)</script>{}", "x".repeat(500));
    let body = json!({ "client_name": name, "redirect_uris": ["http://localhost:7777/cb"] });
    let made: Value = world
        .http
        .post(format!("{}/register", world.url))
        .json(&body)
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    let answer = world
        .http
        .get(world.authorize_url(made["client_id"].as_str().unwrap(), CB, "powerbi.read powerbi.write"))
        .send()
        .await
        .unwrap();
    let policy = answer.headers()["content-security-policy"].to_str().unwrap().to_owned();
    assert!(
        policy.contains("frame-ancestors 'none'") && !policy.contains("unsafe"),
        "{policy}"
    );
    let html = answer.text().await.unwrap();
    assert!(!html.contains("<script>alert") && !html.contains('\u{202e}') && !html.contains('\u{200b}'));
    assert!(
        html.contains("unverified client") && html.contains("localhost") && html.contains("Any program running there"),
        "{html}"
    );
    assert!(made["client_name"].as_str().unwrap().chars().count() <= 80);
}

/// Addresses of an application's own scheme are whoever's claims them, and the page says so; what each scope reaches stands on a
/// line of its own.
#[tokio::test]
async fn the_consent_page_warns_of_an_applications_own_scheme() {
    let mut it = signed().await;
    let warning = "Any program on your device may claim";
    for (redirect, warns) in [("com.example.app:/cb", true), ("https://app.example/cb", false)] {
        let client = it.world.register_client(&[redirect]).await;
        let page = it
            .browser
            .open(&it.world.authorize_url(&client, redirect, "powerbi.read"))
            .await
            .unwrap();
        assert_eq!(page.body.contains(warning), warns, "{redirect}: {}", page.text());
        assert!(page.body.contains(" <span class=\"sub\">"), "{}", page.body);
    }
    let style = include_str!("../../assets/app.css");
    assert!(style.contains(".grants .sub { display: block;"));
}

/// AS-29, WEB-07
#[tokio::test]
async fn consent_needs_a_post_from_our_own_page_in_the_same_browser() {
    let mut it = signed().await;
    let page = it
        .browser
        .open(&it.world.authorize_url(&it.client, CB, "powerbi.read"))
        .await
        .unwrap();
    let form = page.form("/authorize").unwrap();
    let csrf = form.fields.iter().find(|(name, _)| name == "csrf").unwrap().1.clone();
    let cookie = format!(
        "__Host-gatepost-session={}",
        it.browser.cookie("localhost", "__Host-gatepost-session").unwrap()
    );
    let request = form
        .fields
        .iter()
        .find(|(name, _)| name == "request")
        .unwrap()
        .1
        .clone();
    let post = |origin: Option<&str>, cookie: &str, csrf: &str| {
        let mut post = it
            .world
            .http
            .post(format!("{}/authorize", it.world.url))
            .header("cookie", cookie);
        if let Some(origin) = origin {
            post = post.header("origin", origin);
        }
        post.form(&[("csrf", csrf), ("request", &request), ("answer", "approve")])
            .send()
    };
    let other = world_csrf(&it.world).await;
    let ours = it.world.url.clone();
    for (origin, cookie, csrf) in [
        (None, cookie.as_str(), csrf.as_str()),
        (Some("null"), &cookie, &csrf),
        (Some("https://evil.example"), &cookie, &csrf),
        (Some(ours.as_str()), &cookie, ""),
        (Some(ours.as_str()), &cookie, "AAAA"),
        (Some(ours.as_str()), &cookie, &other),
        (Some(ours.as_str()), "", &csrf),
    ] {
        let answer = post(origin, cookie, csrf).await.unwrap();
        assert_eq!(
            (answer.status().as_u16(), answer.headers().get("location")),
            (403, None),
            "{origin:?} {csrf}"
        );
    }
    let get = it
        .world
        .http
        .get(format!("{}/authorize?{request}&answer=approve", it.world.url))
        .header("cookie", &cookie)
        .send()
        .await
        .unwrap();
    assert_eq!(get.status(), 200, "a GET only shows the page");
    assert_eq!(
        it.world.entries_of("client.consented").await.len(),
        1,
        "only the consent of the sign-in itself"
    );
    let good = post(Some(&ours), &cookie, &csrf).await.unwrap();
    assert!(good.headers()["location"].to_str().unwrap().contains("code="));
}

/// The form token of another browser.
async fn world_csrf(world: &World) -> String {
    let client = world.register_client(&[CB]).await;
    let page = sandbox::visitor::Visitor::new()
        .open(&world.authorize_url(&client, CB, "powerbi.read"))
        .await
        .unwrap();
    page.form("/authorize")
        .unwrap()
        .fields
        .into_iter()
        .find(|(name, _)| name == "csrf")
        .unwrap()
        .1
}
