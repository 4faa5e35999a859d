//! Signing in by the house's own OpenID Connect provider (security rows CB for a second provider).

mod house;

use gatepost::admin::{self, ProviderInput, Refused};
use gatepost::caller::{Caller, Role};
use gatepost::store::{connections, people};
use sandbox::visitor::{Page, Visitor};
use serde_json::json;

use crate::listed;
use crate::world::{ADA, World, sign_in_at_microsoft};
use house::{CLIENT, House, SECRET};

fn input(house: &House) -> ProviderInput {
    ProviderInput {
        name: "House login".into(),
        issuer: house.url.clone(),
        client_id: CLIENT.into(),
        secret: SECRET.to_owned().into(),
    }
}

async fn entered(domains: &str) -> (World, House) {
    let world = World::new().await;
    let house = House::start(world.clock.now().unix_seconds()).await;
    admin::save_provider(&world.app, &world.owner_caller(), &input(&house))
        .await
        .unwrap();
    admin::save_admission(&world.app, &world.owner_caller(), false, "", domains)
        .await
        .unwrap();
    (world, house)
}

async fn sign_in(world: &World, browser: &mut Visitor) -> Page {
    let page = browser
        .open(&format!("{}/sign-in?return_to=/connections", world.url))
        .await
        .unwrap();
    assert!(page.text().contains("House login"), "{}", page.text());
    browser.submit(&page, "/sign-in/provider", &[]).await.unwrap()
}

async fn refusals(world: &World) -> usize {
    world.entries_of("sign_in.failed").await.len()
}

#[tokio::test]
async fn a_person_of_the_house_signs_in_and_connects_in_a_second_step() {
    let (world, _house) = entered("house.example").await;
    let mut browser = Visitor::new();
    let back = sign_in(&world, &mut browser).await;
    assert_eq!((back.status, back.url.path()), (200, "/connections"), "{}", back.text());
    let hana = listed::people_of_house(&world.app.db, &world.environment)
        .await
        .remove(0);
    let person = people::find(&world.app.db, &hana).await.unwrap().unwrap();
    assert_eq!(
        (person.name.as_str(), person.role.as_str(), person.object_id),
        ("Hana House", "person", None)
    );
    assert!(connections::of_person(&world.app.db, &hana).await.unwrap().is_empty());
    let ask = format!("/connections/connect/{}", world.integration);
    let page = browser.open(&format!("{}{ask}", world.url)).await.unwrap();
    let there = browser.submit(&page, &ask, &[]).await.unwrap();
    let connected = sign_in_at_microsoft(&mut browser, there, ADA).await;
    assert!(connected.text().contains("Connected"), "{}", connected.text());
    // Signing in again is the same person; the account that was only connected is no way in.
    assert_eq!(sign_in(&world, &mut Visitor::new()).await.status, 200);
    let mut stranger = Visitor::new();
    let page = stranger.open(&format!("{}/sign-in", world.url)).await.unwrap();
    let there = stranger.submit(&page, "/sign-in/microsoft", &[]).await.unwrap();
    let back = sign_in_at_microsoft(&mut stranger, there, ADA).await;
    assert_eq!(back.status, 403, "{}", back.text());
    assert_eq!(listed::people_of_house(&world.app.db, &world.environment).await, [hana]);
}

/// CB-12, CB-14
#[tokio::test]
async fn only_a_proved_address_of_a_listed_domain_or_an_invitation_admits() {
    let (world, house) = entered("house.example").await;
    for (claims, status) in [
        (json!({ "sub": "a", "email_verified": false }), 403),
        (json!({ "sub": "b", "email_verified": "true" }), 403),
        (json!({ "sub": "c", "email": "x@other.example" }), 403),
        (json!({ "sub": "d", "email": null }), 403),
        (json!({ "sub": "e", "email": "olga@example.com" }), 403),
        (json!({ "sub": "f", "email": "f@HOUSE.example" }), 200),
    ] {
        house.says(claims.clone());
        let back = sign_in(&world, &mut Visitor::new()).await;
        assert_eq!(back.status, status, "{claims}: {}", back.text());
    }
    house.says(json!({ "sub": "guest", "email": "guest@other.example" }));
    let invitation = admin::InvitationInput {
        email: "guest@other.example".into(),
        is_exact: true,
        role: Role::Administrator,
    };
    let link = admin::invite(&world.app, &world.owner_caller(), &invitation)
        .await
        .unwrap();
    let mut browser = Visitor::new();
    let page = browser.open(&link).await.unwrap();
    let back = browser.submit(&page, "/sign-in/provider", &[]).await.unwrap();
    assert_eq!(back.status, 200, "{}", back.text());
    assert_eq!(world.http.get(&link).send().await.unwrap().status(), 404, "used up");
    let all = listed::people(&world.app.db, &world.environment).await;
    let guest = all
        .iter()
        .find(|it| it.email.as_deref() == Some("guest@other.example"))
        .unwrap();
    assert_eq!(guest.role, "administrator");
}

/// WEB-14: whoever invited is judged as they are when the invited person comes back.
#[tokio::test]
async fn an_invitation_is_over_when_its_giver_is_locked_on_the_way() {
    let (world, house) = entered("house.example").await;
    let owner = world.owner_caller();
    let new = admin::NewAdministrator::check("Second", "second@example.com", "another long password").unwrap();
    let second = admin::add_administrator(&world.app, &owner, &new).await.unwrap();
    let inviter = Caller {
        person: second.clone(),
        role: Role::Administrator,
        ..world.owner_caller()
    };
    house.says(json!({ "sub": "guest", "email": "guest@other.example" }));
    let invitation = admin::InvitationInput {
        email: "guest@other.example".into(),
        is_exact: true,
        role: Role::Person,
    };
    let link = admin::invite(&world.app, &inviter, &invitation).await.unwrap();
    let mut browser = Visitor::new();
    browser.stop_at(&format!("{}/sign-in/callback", world.url));
    let page = browser.open(&link).await.unwrap();
    let back = browser.submit(&page, "/sign-in/provider", &[]).await.unwrap();
    admin::save_locked(&world.app, &owner, &second, true).await.unwrap();
    let end = browser.peek(back.url.as_str()).await.unwrap();
    assert_eq!(end.status, 403, "{}: {}", back.url, end.text());
    assert!(world.entries_of("person.joined").await.is_empty());
}

/// CB-11
#[tokio::test]
async fn an_id_token_of_somebody_else_signs_nobody_in() {
    let (world, house) = entered("house.example").await;
    for claims in [
        json!({ "iss": "https://evil.example" }),
        json!({ "aud": "other" }),
        json!({ "aud": [CLIENT, "other"] }),
        json!({ "azp": "other" }),
        json!({ "nonce": "other" }),
        json!({ "nonce": null }),
        json!({ "exp": 100 }),
        json!({ "exp": "99999999999" }),
        json!({ "sub": "" }),
        json!({ "sub": null }),
    ] {
        house.says(claims.clone());
        let back = sign_in(&world, &mut Visitor::new()).await;
        assert_eq!(back.status, 502, "{claims}: {}", back.text());
    }
    assert!(
        listed::people_of_house(&world.app.db, &world.environment)
            .await
            .is_empty()
    );
    assert_eq!(refusals(&world).await, 10);
}

/// CB-01, CB-02, CB-05, CB-07, CB-10
#[tokio::test]
async fn the_way_back_counts_once_in_the_browser_that_began_and_for_its_own_provider() {
    let (world, house) = entered("house.example").await;
    let callback = format!("{}/sign-in/callback", world.url);
    for query in [
        "",
        "code=x",
        "state=x",
        "code=x&state=x",
        "code=x&state=a&state=b",
        "error=access_denied&state=x",
    ] {
        assert_eq!(
            world
                .http
                .get(format!("{callback}?{query}"))
                .send()
                .await
                .unwrap()
                .status(),
            400,
            "{query}"
        );
    }
    let under_way = async || {
        let mut browser = Visitor::new();
        browser.stop_at(&callback);
        let to = sign_in(&world, &mut browser).await.url.to_string();
        assert!(to.starts_with(&callback), "{to}");
        (browser, to)
    };
    let (_, to) = under_way().await;
    assert_eq!(Visitor::new().peek(&to).await.unwrap().status, 403, "another browser");
    let mut victim = world.connect(ADA).await.browser;
    assert_eq!(victim.peek(&to).await.unwrap().status, 403, "a victim's browser");
    let (mut browser, to) = under_way().await;
    let elsewhere = browser
        .peek(&format!("{to}&iss=https%3A%2F%2Fevil.example"))
        .await
        .unwrap();
    assert_eq!(elsewhere.status, 502, "an answer that names another provider");
    let (mut browser, to) = under_way().await;
    world.advance_seconds(601);
    assert_eq!(browser.peek(&to).await.unwrap().status, 400, "too late");
    assert_eq!(house.redemptions(), 0, "nothing was asked of the provider so far");
    house.is_at(world.clock.now().unix_seconds());
    let (browser, to) = under_way().await;
    let visits = (0..20).map(|_| {
        let (mut browser, to) = (browser.clone(), to.clone());
        async move { browser.peek(&to).await.unwrap().status }
    });
    let statuses = futures_util::future::join_all(visits).await;
    assert_eq!(statuses.iter().filter(|it| **it == 303).count(), 1, "{statuses:?}");
    assert_eq!(house.redemptions(), 1);
}

/// CB-17
#[tokio::test]
async fn addresses_are_those_found_when_the_provider_was_entered() {
    let (world, house) = entered("house.example").await;
    let sentinel = House::start(world.clock.now().unix_seconds()).await;
    house.describes(
        json!({ "token_endpoint": format!("{}/token", sentinel.url), "jwks_uri": format!("{}/keys", sentinel.url) }),
    );
    assert_eq!(sign_in(&world, &mut Visitor::new()).await.status, 200);
    assert_eq!(
        (house.redemptions(), sentinel.redemptions()),
        (1, 0),
        "a changed description moves nothing by itself"
    );
    let owner = world.owner_caller();
    let mut other = input(&house);
    for (description, said) in [
        (json!({ "issuer": "https://evil.example" }), "another issuer"),
        (json!({ "token_endpoint": "http://evil.example/token" }), "not https"),
        (json!({ "jwks_uri": null }), "no OpenID Connect description"),
    ] {
        house.describes(description);
        let Err(Refused::Invalid(problems)) = admin::save_provider(&world.app, &owner, &other).await else {
            panic!("accepted")
        };
        assert!(problems["issuer"].contains(said), "{problems:?}");
    }
    // The stored secret stays with the issuer it was entered for.
    other.issuer.clone_from(&sentinel.url);
    other.secret = String::new().into();
    let Err(Refused::Invalid(problems)) = admin::save_provider(&world.app, &owner, &other).await else {
        panic!("accepted")
    };
    assert!(problems.contains_key("provider_secret"), "{problems:?}");
    let person = Caller {
        role: Role::Person,
        ..world.owner_caller()
    };
    assert!(matches!(
        admin::save_provider(&world.app, &person, &input(&house)).await,
        Err(Refused::NotAllowed)
    ));
    assert!(matches!(
        admin::delete_provider(&world.app, &person).await,
        Err(Refused::NotAllowed)
    ));
}

/// WEB-15
/// CB-10: a sign-in begun before another provider was entered brings its code to nobody.
#[tokio::test]
async fn a_code_goes_only_to_the_provider_at_which_the_sign_in_was_begun() {
    let (world, _house) = entered("house.example").await;
    let mut browser = Visitor::new();
    browser.stop_at(&format!("{}/sign-in/callback", world.url));
    let back = sign_in(&world, &mut browser).await;
    let sentinel = House::start(world.clock.now().unix_seconds()).await;
    admin::save_provider(&world.app, &world.owner_caller(), &input(&sentinel))
        .await
        .unwrap();
    let answer = browser.peek(back.url.as_str()).await.unwrap();
    assert_eq!(answer.status, 400, "{}", answer.text());
    assert_eq!(sentinel.redemptions(), 0);
}

#[tokio::test]
async fn a_person_of_the_house_proves_it_there_and_an_old_sign_in_is_no_proof() {
    let (world, house) = entered("house.example").await;
    let mut browser = Visitor::new();
    sign_in(&world, &mut browser).await;
    let hana = listed::people_of_house(&world.app.db, &world.environment)
        .await
        .remove(0);
    gatepost::admin::save_role(
        &world.app,
        &world.owner_caller(),
        &hana,
        gatepost::caller::Role::Administrator,
    )
    .await
    .unwrap();
    world.advance_seconds(400);
    let page = browser.open(&format!("{}/settings", world.url)).await.unwrap();
    let asked = browser
        .submit(
            &page,
            "/settings/admission",
            &[("joining", "closed"), ("domains", "house.example")],
        )
        .await
        .unwrap();
    assert_eq!(asked.url.path(), "/step-up", "{}", asked.text());
    let stale = browser.submit(&asked, "/step-up/provider", &[]).await.unwrap();
    assert!(
        stale.status == 502 && stale.text().contains("did not ask the person to sign in again"),
        "{}",
        stale.text()
    );
    house.is_at(world.clock.now().unix_seconds());
    house.says(json!({ "sub": "somebody-else" }));
    assert_eq!(
        browser.submit(&asked, "/step-up/provider", &[]).await.unwrap().status,
        403
    );
    house.says(json!({}));
    let back = browser.submit(&asked, "/step-up/provider", &[]).await.unwrap();
    assert_eq!(
        (back.status, back.url.path()),
        (200, "/step-up/continue"),
        "{}",
        back.text()
    );
    let done = browser.submit(&back, "/settings/admission", &[]).await.unwrap();
    assert_eq!((done.status, done.url.path()), (200, "/settings"), "{}", done.text());
}

#[tokio::test]
async fn entra_itself_can_be_the_provider() {
    let world = World::new().await;
    let url = format!("{}/sandbox/apps/{}", world.sandbox_url, world.client_id);
    let web = [
        format!("{}/integration-callback", world.url),
        format!("{}/sign-in/callback", world.url),
    ];
    let changed = world
        .http
        .patch(url)
        .json(&json!({ "redirect_uris": { "web": web } }))
        .send()
        .await
        .unwrap();
    assert!(changed.status().is_success(), "{}", changed.text().await.unwrap());
    let entra = ProviderInput {
        name: "House login".into(),
        issuer: format!("{}/{}/v2.0", world.sandbox_url, sandbox::people::CONTOSO),
        client_id: world.client_id.clone(),
        secret: crate::world::SECRET.to_owned().into(),
    };
    admin::save_provider(&world.app, &world.owner_caller(), &entra)
        .await
        .unwrap();
    let input = admin::InvitationInput {
        email: "ada@example.com".into(),
        is_exact: false,
        role: Role::Person,
    };
    let link = admin::invite(&world.app, &world.owner_caller(), &input).await.unwrap();
    let mut browser = Visitor::new();
    let page = browser.open(&link).await.unwrap();
    let there = browser.submit(&page, "/sign-in/provider", &[]).await.unwrap();
    let back = sign_in_at_microsoft(&mut browser, there, ADA).await;
    assert_eq!((back.status, back.url.path()), (200, "/"), "{}", back.text());
    assert_eq!(
        listed::people_of_house(&world.app.db, &world.environment).await.len(),
        1
    );
}

#[tokio::test]
async fn who_signs_in_by_the_house_does_so_before_consenting_and_comes_back_to_the_request() {
    let (world, _house) = entered("house.example").await;
    let client = world.register_client(&[crate::oauth::CB]).await;
    let mut browser = Visitor::new();
    let asked = browser
        .open(&world.authorize_url(&client, crate::oauth::CB, "powerbi.read offline_access"))
        .await
        .unwrap();
    let link = asked
        .body
        .split("href=\"")
        .find(|it| it.contains("sign-in?return_to=") || it.contains("sign-in?return_to&#x3d;"))
        .unwrap();
    let link = link
        .split('"')
        .next()
        .unwrap()
        .replace("&#x2f;", "/")
        .replace("&amp;", "&")
        .replace("&#x3d;", "=");
    let page = browser.open(&format!("{}{link}", world.url)).await.unwrap();
    let back = browser.submit(&page, "/sign-in/provider", &[]).await.unwrap();
    assert_eq!((back.status, back.url.path()), (200, "/authorize"), "{}", back.text());
    assert_eq!(back.url.query(), asked.url.query());
    assert!(back.text().contains("as Hana House"), "{}", back.text());
    for odd in ["", "r=%25", "r=Iw", "r=DQpY"] {
        let answer = world
            .http
            .get(format!("{}/authorize/again?{odd}", world.url))
            .send()
            .await
            .unwrap();
        let to = answer.headers()["location"].to_str().unwrap().to_owned();
        assert!(to == "/authorize?", "{odd}: {to}");
    }
}
