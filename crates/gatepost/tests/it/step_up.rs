//! What must not be done with a forgotten browser asks for a fresh proof, and what was typed comes back (security row WEB-15).

use gatepost::store::{connections, people, policies};
use http::StatusCode;
use sandbox::visitor::{Page, Visitor};

use crate::portal::sample::sample;
use crate::portal::{Browser, PASSWORD};
use crate::world::{ADA, BO, OWNER, World, sign_in_at_microsoft};
use gatepost::admin;
use gatepost::caller::Role;

/// What a form on a page holds, by the page's words alone.
fn hidden(body: &str) -> Vec<(String, String)> {
    let page = Page {
        url: url::Url::parse("https://gate.example/").unwrap(),
        status: 200,
        headers: http::HeaderMap::new(),
        body: body.to_owned(),
    };
    let main = page
        .forms()
        .into_iter()
        .find(|it| it.fields.iter().any(|(name, _)| name == "csrf") && !it.action.contains("sign-out"))
        .unwrap();
    main.fields
        .into_iter()
        .filter(|(name, _)| name != "csrf")
        .chain([("action".to_owned(), main.action)])
        .collect()
}

fn find<'a>(fields: &'a [(String, String)], name: &str) -> &'a str {
    fields
        .iter()
        .find(|(known, _)| known == name)
        .map_or("", |(_, value)| value)
}

async fn policy_count(it: &crate::portal::sample::Sample) -> usize {
    policies::list(&it.gateway.app.db, &it.owner.environment)
        .await
        .unwrap()
        .len()
}

const POLICY: [(&str, &str); 6] = [
    ("written", "form"),
    ("name", "Finance & <friends> may \"refresh\""),
    ("enabled", "yes"),
    ("action", "allow"),
    ("effects", "run"),
    ("effects", "create"),
];

/// The proof by password, ending at the page that holds what was typed.
async fn proved(browser: &mut Browser<'_>, asked: &str) -> String {
    let page = browser.get(asked).await;
    assert!(
        page.status == StatusCode::OK && page.body.contains("Is it still you?"),
        "{}",
        page.body
    );
    let form = hidden(&page.body);
    let (id, to) = (find(&form, "form").to_owned(), find(&form, "to").to_owned());
    let wrong = browser
        .post(
            "/step-up",
            &[("form", &id), ("to", &to), ("password", "not the password")],
        )
        .await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    let before = browser.cookies[gatepost::session::SESSION].clone();
    let right = browser
        .post("/step-up", &[("form", &id), ("to", &to), ("password", PASSWORD)])
        .await;
    assert_eq!(right.status, StatusCode::SEE_OTHER, "{}", right.body);
    assert_ne!(
        browser.cookies[gatepost::session::SESSION],
        before,
        "a new identifier at every proof"
    );
    right.location().to_owned()
}

/// WEB-02, WEB-15
#[tokio::test]
async fn an_old_proof_is_asked_for_again_and_nothing_typed_is_lost() {
    let it = sample().await;
    let mut ada = it.gateway.signed_in("ada@example.com").await;
    it.gateway.app.clock.advance_ms(5 * 60_000);
    let before = policy_count(&it).await;
    let mut another = POLICY;
    another[1].1 = "Another policy";
    assert_eq!(
        ada.post("/policies", &another).await.location(),
        "/policies?done=policy-saved",
        "five minutes will do"
    );
    it.gateway.app.clock.advance_ms(1_000);
    let asked = ada.post("/policies", &POLICY).await;
    assert!(asked.location().starts_with("/step-up?form="), "{}", asked.body);
    assert_eq!(policy_count(&it).await, before + 1, "nothing happens before the proof");
    let next = proved(&mut ada, asked.location()).await;
    let page = ada.get(&next).await;
    let mut fields = hidden(&page.body);
    let action = fields.pop().unwrap().1;
    assert_eq!(action, "/policies");
    let typed: Vec<(&str, &str)> = fields
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    assert_eq!(typed, POLICY);
    assert_eq!(
        ada.post(&action, &typed).await.location(),
        "/policies?done=policy-saved"
    );
    assert_eq!(policy_count(&it).await, before + 2);
}

/// WEB-15
#[tokio::test]
async fn every_sensitive_route_asks_and_reading_does_not() {
    let it = sample().await;
    let mut ada = it.gateway.signed_in("ada@example.com").await;
    it.gateway.app.clock.advance_ms(6 * 60_000);
    let head = gatepost::store::audit::head(&it.gateway.app.db).await.unwrap();
    let guarded: Vec<_> = gatepost::portal::ROUTES.iter().filter(|it| it.needs_proof).collect();
    for wanted in [
        "/policies/{id}",
        "/people/{id}/role",
        "/clients/rotate",
        "/keys",
        "/activity/export/{format}",
        "/integrations/{id}",
        "/settings/admission",
    ] {
        assert!(guarded.iter().any(|it| it.path == wanted), "{wanted}");
    }
    for route in guarded {
        let path = route.path.replace("{id}", "any").replace("{format}", "csv");
        let answer = match route.method {
            "GET" => ada.get(&path).await,
            _ => ada.post(&path, &[("role", "owner")]).await,
        };
        assert!(
            answer.location().starts_with("/step-up?"),
            "{} {path}: {}",
            route.method,
            answer.status
        );
    }
    assert_eq!(
        gatepost::store::audit::head(&it.gateway.app.db).await.unwrap(),
        head,
        "nothing was done"
    );
    assert_eq!(ada.get("/policies").await.status, StatusCode::OK);
    let asked = ada.get("/activity/export/csv?kind=call.").await;
    assert_eq!(
        asked.location(),
        "/step-up?to=%2Factivity%2Fexport%2Fcsv%3Fkind%3Dcall."
    );
    let location = asked.location().to_owned();
    assert_eq!(proved(&mut ada, &location).await, "/activity/export/csv?kind=call.");
    assert_eq!(ada.get("/activity/export/csv?kind=call.").await.status, StatusCode::OK);
}

/// WEB-15, WEB-22
#[tokio::test]
async fn a_waiting_form_is_its_senders_sealed_and_over_after_a_while() {
    let it = sample().await;
    let mut ada = it.gateway.signed_in("ada@example.com").await;
    it.gateway.app.clock.advance_ms(6 * 60_000);
    let asked = ada.post("/policies", &POLICY).await.location().to_owned();
    let next = format!("/step-up/continue?{}", asked.split_once('?').unwrap().1);
    assert_eq!(ada.get(&next).await.location(), asked, "not before the proof");
    let mut bob = it.gateway.signed_in("bob@example.com").await;
    let theirs = bob.get(&next).await;
    assert!(
        !theirs.body.contains("friends") && theirs.body.contains("Nothing waits"),
        "{}",
        theirs.body
    );
    let id = asked.split_once("form=").unwrap().1;
    let row =
        gatepost::store::waiting_forms::find(&it.gateway.app.db, id, &it.owner.person, it.gateway.app.clock.now())
            .await
            .unwrap()
            .unwrap();
    assert!(!String::from_utf8_lossy(&row.fields_sealed).contains("friends"));
    it.gateway.app.clock.advance_ms(15 * 60_000);
    let mut again = it.gateway.signed_in("ada@example.com").await;
    assert!(again.get(&next).await.body.contains("Nothing waits"));
    assert!(
        ada.post("/step-up", &[("to", "https://evil.example"), ("password", PASSWORD)])
            .await
            .location()
            == "/"
    );
}

/// WEB-15
#[tokio::test]
async fn a_person_of_microsoft_proves_it_there_with_the_same_account_and_is_not_connected_by_it() {
    let world = World::new().await;
    let guest = world.connect(ADA).await;
    let (mut browser, db) = (guest.browser, &world.app.db);
    admin::save_role(&world.app, &world.owner_caller(), &guest.person, Role::Administrator)
        .await
        .unwrap();
    let connection = connections::of_person(db, &guest.person).await.unwrap().remove(0);
    connections::save_revoked(db, &connection.id, "it was disconnected")
        .await
        .unwrap();
    world.advance_seconds(301);
    let form = async |browser: &mut Visitor| {
        let page = browser.open(&format!("{}/settings", world.url)).await.unwrap();
        browser
            .submit(
                &page,
                "/settings/admission",
                &[("joining", "closed"), ("tenants", ""), ("domains", "contoso.test")],
            )
            .await
            .unwrap()
    };
    let asked = form(&mut browser).await;
    assert_eq!(asked.url.path(), "/step-up", "{}", asked.text());
    // Somebody else's account is no proof.
    let there = browser.submit(&asked, "/step-up/microsoft", &[]).await.unwrap();
    let other = sign_in_at_microsoft(&mut browser, there, BO).await;
    assert_eq!(other.status, 403, "{}", other.text());
    let there = browser.submit(&asked, "/step-up/microsoft", &[]).await.unwrap();
    assert!(
        there.url.as_str().starts_with(&world.sandbox_url) && !there.forms().is_empty(),
        "Microsoft asks again: {}",
        there.text()
    );
    let back = sign_in_at_microsoft(&mut browser, there, ADA).await;
    assert_eq!(
        (back.status, back.url.path()),
        (200, "/step-up/continue"),
        "{}",
        back.text()
    );
    let done = browser.submit(&back, "/settings/admission", &[]).await.unwrap();
    assert_eq!((done.status, done.url.path()), (200, "/settings"), "{}", done.text());
    let environment = gatepost::store::environments::find(db, &world.environment)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        environment.admission,
        r#"{"closed":true,"tenants":[],"domains":["contoso.test"]}"#
    );
    let connection = connections::of_person(db, &guest.person).await.unwrap().remove(0);
    assert_eq!(
        (connection.state.as_str(), connection.refresh_sealed),
        ("revoked", None),
        "who disconnected stays so"
    );
    assert_eq!(world.entries_of("proof").await.len(), 1);
}

#[tokio::test]
async fn an_owner_without_a_microsoft_account_gets_none_by_proving() {
    let world = World::new().await;
    let mut browser = Visitor::new();
    let page = browser.open(&format!("{}/sign-in", world.url)).await.unwrap();
    browser
        .submit(&page, "/sign-in", &[("email", OWNER.0), ("password", OWNER.1)])
        .await
        .unwrap();
    let page = browser
        .open(&format!("{}/step-up?to=/settings", world.url))
        .await
        .unwrap();
    assert!(page.form("/step-up/microsoft").is_none(), "not offered");
    let csrf = page
        .form("/step-up")
        .unwrap()
        .fields
        .iter()
        .find(|(name, _)| name == "csrf")
        .unwrap()
        .1
        .clone();
    let answer = world
        .http
        .post(format!("{}/step-up/microsoft", world.url))
        .header(
            "cookie",
            format!(
                "__Host-gatepost-session={}",
                browser.cookie("localhost", "__Host-gatepost-session").unwrap()
            ),
        )
        .header("origin", &world.url)
        .form(&[("csrf", csrf.as_str()), ("integration", &world.integration.0)])
        .send()
        .await
        .unwrap();
    let flow = answer.headers()["set-cookie"]
        .to_str()
        .unwrap()
        .split(['=', ';'])
        .nth(1)
        .unwrap()
        .to_owned();
    browser.set_cookie("localhost", "__Host-gatepost-flow", &flow);
    let there = browser
        .open(answer.headers()["location"].to_str().unwrap())
        .await
        .unwrap();
    let back = sign_in_at_microsoft(&mut browser, there, ADA).await;
    assert_eq!(back.status, 403, "{}", back.text());
    let owner = people::find(&world.app.db, &world.owner).await.unwrap().unwrap();
    assert_eq!(owner.object_id, None);
}
