//! What lets somebody in, and what does not: connecting an account is no sign-in, and disconnecting ends none.

use gatepost::app::App;
use gatepost::caller::PersonId;
use gatepost::store::connections::{self, Connection};
use gatepost::store::{Db, people};
use sandbox::visitor::{Page, Visitor};

use crate::clouds::owner;
use crate::second_factor::code_at;
use crate::world::{ADA, BO, CY, World, sign_in_at_microsoft};

const CB: &str = "http://localhost:7777/cb";

/// The owner, who has a password, connects this account in the portal.
async fn owner_connects(world: &World, upn: &str) -> Visitor {
    let mut browser = owner(world).await;
    connect(world, &mut browser, upn).await;
    browser
}

/// Presses *Connect* and comes back.
async fn connect(world: &World, browser: &mut Visitor, upn: &str) {
    let asks = format!("{}/connections/connect/{}", world.url, world.integration);
    let page = browser.open(&asks).await.unwrap();
    let there = browser.submit(&page, "/connections/connect/", &[]).await.unwrap();
    let back = sign_in_at_microsoft(browser, there, upn).await;
    assert_eq!((back.status, back.url.path()), (200, "/connections"), "{}", back.text());
}

async fn disconnect(world: &World, browser: &mut Visitor) {
    let page = browser.open(&format!("{}/connections", world.url)).await.unwrap();
    let page = browser.submit(&page, "/disconnect", &[]).await.unwrap();
    assert_eq!(page.status, 200, "{}", page.text());
}

/// A browser without a session signs in with Microsoft.
async fn by_microsoft(world: &World, upn: &str) -> (Visitor, Page) {
    let mut browser = Visitor::new();
    let page = browser.open(&format!("{}/sign-in", world.url)).await.unwrap();
    let there = browser.submit(&page, "/sign-in/microsoft", &[]).await.unwrap();
    let back = sign_in_at_microsoft(&mut browser, there, upn).await;
    (browser, back)
}

fn has_session(browser: &Visitor) -> bool {
    browser
        .cookie("localhost", gatepost::session::SESSION)
        .is_some_and(|it| !it.is_empty())
}

async fn connection(world: &World, person: &PersonId) -> Connection {
    connections::of_person(&world.app.db, person).await.unwrap().remove(0)
}

/// Signing in as Ada, by the sign-in page and by a client's way.
async fn ways(world: &World) -> Vec<(Visitor, Page)> {
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
    let back = sign_in_at_microsoft(&mut browser, there, ADA).await;
    vec![(browser, back), by_microsoft(world, ADA).await]
}

#[tokio::test]
async fn an_account_that_was_only_connected_is_never_a_way_in() {
    let world = World::new().await;
    let mut browser = owner_connects(&world, ADA).await;
    let before = connection(&world, &world.owner).await;
    for (stranger, back) in ways(&world).await {
        assert_eq!(back.status, 403, "{}", back.text());
        assert!(back.text().contains("no way in"), "{}", back.text());
        assert!(!has_session(&stranger));
    }
    let after = connection(&world, &world.owner).await;
    assert_eq!(before.refresh_sealed, after.refresh_sealed, "nothing was stored either");

    // Once disconnected the account is nobody's here: it comes as a person of its own, never as the owner.
    disconnect(&world, &mut browser).await;
    for (_, back) in ways(&world).await {
        assert_ne!(back.status, 403, "{}", back.text());
    }
    let (tid, oid) = (sandbox::people::CONTOSO, sandbox::people::ADA);
    let came = people::find_by_account(&world.app.db, &world.environment, tid, oid)
        .await
        .unwrap()
        .unwrap();
    assert_ne!(came.id, world.owner);
    assert_eq!(came.role, "person");
    assert_eq!(connection(&world, &world.owner).await.access_sealed, None);
}

#[tokio::test]
async fn after_disconnecting_nothing_is_stored_until_one_connects_or_consents() {
    let world = World::new().await;
    let (mut browser, back) = by_microsoft(&world, CY).await;
    assert_eq!(back.status, 200, "{}", back.text());
    let cy = people::find_by_account(
        &world.app.db,
        &world.environment,
        sandbox::people::CONTOSO,
        sandbox::people::CY,
    )
    .await
    .unwrap()
    .unwrap();
    assert_eq!(
        connection(&world, &cy.id).await.state,
        "connected",
        "one sign-in serves all"
    );
    let key = world.key(&cy.id).await;
    disconnect(&world, &mut browser).await;

    let (mut browser, back) = by_microsoft(&world, CY).await;
    assert_eq!(back.status, 200, "the sign-in is as before: {}", back.text());
    assert!(has_session(&browser));
    let row = connection(&world, &cy.id).await;
    assert_eq!(
        (row.state.as_str(), row.access_sealed, row.refresh_sealed),
        ("revoked", None, None)
    );
    assert_eq!(world.get(&key, "/groups").await.status(), 403);

    connect(&world, &mut browser, CY).await;
    assert_eq!(world.get(&key, "/groups").await.status(), 200);
    disconnect(&world, &mut browser).await;
    // A client's consent says that it will be connected, and is one.
    world.connect(CY).await;
    assert_eq!(world.get(&key, "/groups").await.status(), 200);
}

/// Presses the button under *Account* and comes back.
async fn link(world: &World, browser: &mut Visitor, upn: &str) -> Page {
    let page = browser.open(&format!("{}/account", world.url)).await.unwrap();
    let there = browser.submit(&page, "/account/microsoft", &[]).await.unwrap();
    sign_in_at_microsoft(browser, there, upn).await
}

#[tokio::test]
async fn linking_a_sign_in_is_an_act_of_its_own_that_can_be_taken_back() {
    let world = World::new().await;
    let mut browser = owner_connects(&world, ADA).await;
    // A session that proved itself long ago is asked first.
    world.advance_seconds(6 * 60);
    let page = browser.open(&format!("{}/account", world.url)).await.unwrap();
    let asked = browser.submit(&page, "/account/microsoft", &[]).await.unwrap();
    assert_eq!(asked.url.path(), "/step-up", "{}", asked.text());
    let mut browser = owner(&world).await;
    let back = link(&world, &mut browser, ADA).await;
    assert!(
        back.text().contains("You can sign in with this Microsoft account now"),
        "{}",
        back.text()
    );
    assert!(
        back.text().contains(sandbox::people::ADA),
        "it is shown: {}",
        back.text()
    );
    let linked = world.entries_of("sign_in.linked").await;
    assert_eq!((linked.len(), linked[0]["details"]["account"].as_str()), (1, Some(ADA)));

    let (mut came_by_it, home) = by_microsoft(&world, ADA).await;
    assert_eq!(home.status, 200, "{}", home.text());
    let page = came_by_it.open(&format!("{}/account", world.url)).await.unwrap();
    assert!(page.text().contains("Olga Owner"), "{}", page.text());

    // One at a time, and nobody else's.
    assert_eq!(
        people::find(&world.app.db, &world.owner)
            .await
            .unwrap()
            .unwrap()
            .object_id
            .as_deref(),
        Some(sandbox::people::ADA)
    );
    let mut browser = owner(&world).await;
    let page = browser.open(&format!("{}/account", world.url)).await.unwrap();
    let page = browser.submit(&page, "/account/microsoft/remove", &[]).await.unwrap();
    assert!(page.text().contains("no way in any more"), "{}", page.text());
    assert_eq!(world.entries_of("sign_in.unlinked").await.len(), 1);
    let out = came_by_it.open(&format!("{}/people", world.url)).await.unwrap();
    assert!(
        out.url.path().contains("/sign-in"),
        "who came in by it is out: {}",
        out.url
    );
    let (visitor, back) = by_microsoft(&world, ADA).await;
    assert!(back.status == 403 && !has_session(&visitor), "{}", back.text());
    assert_eq!(
        connection(&world, &world.owner).await.state,
        "connected",
        "what is connected stays"
    );
}

#[tokio::test]
async fn nobody_links_an_account_that_is_anothers() {
    let world = World::new().await;
    world.connect(BO).await;
    let mut browser = owner(&world).await;
    let back = link(&world, &mut browser, BO).await;
    assert_eq!(back.status, 409, "{}", back.text());
    assert_eq!(world.entries_of("sign_in.linked").await.len(), 0);
    let owner = people::find(&world.app.db, &world.owner).await.unwrap().unwrap();
    assert_eq!(owner.object_id, None);
}

#[tokio::test]
async fn whoever_came_by_microsoft_alone_keeps_that_way_in() {
    let world = World::new().await;
    let mut bo = world.connect(BO).await;
    let page = bo.browser.open(&format!("{}/account", world.url)).await.unwrap();
    assert!(page.form("/account/microsoft/remove").is_none(), "{}", page.text());
    let caller = gatepost::caller::Caller {
        person: bo.person.clone(),
        ..world.owner_caller()
    };
    let refused = gatepost::admin::remove_microsoft_sign_in(&world.app, &caller, &[]).await;
    assert!(
        matches!(refused, Err(gatepost::admin::Refused::Conflict(_))),
        "{refused:?}"
    );
    assert_eq!(by_microsoft(&world, BO).await.1.status, 200);
}

/// The owner switches the second factor on; its secret.
async fn enrol(world: &World, browser: &mut Visitor) -> String {
    let page = browser.open(&format!("{}/account", world.url)).await.unwrap();
    let page = browser.submit(&page, "/account/second-factor", &[]).await.unwrap();
    let is_secret =
        |it: &&str| it.len() == 32 && it.bytes().all(|b| b.is_ascii_uppercase() || (b'2'..=b'7').contains(&b));
    let secret = page.body.split(['<', '>']).find(is_secret).unwrap().to_owned();
    let code = code_at(&world.clock, &secret, 0);
    let page = browser
        .submit(&page, "/account/second-factor/confirm", &[("code", &code)])
        .await
        .unwrap();
    assert_eq!(page.status, 200, "{}", page.text());
    world.advance_seconds(60);
    secret
}

#[tokio::test]
async fn a_second_factor_is_asked_for_by_whichever_way_one_comes() {
    let world = World::new().await;
    let mut browser = owner(&world).await;
    let secret = enrol(&world, &mut browser).await;
    link(&world, &mut browser, ADA).await;

    let (mut visitor, page) = by_microsoft(&world, ADA).await;
    assert_eq!(page.url.path(), "/sign-in/code", "{}", page.text());
    assert!(!has_session(&visitor), "nobody is signed in yet");
    let wrong = visitor
        .submit(&page, "/sign-in/code", &[("code", "000000")])
        .await
        .unwrap();
    assert!(wrong.status == 401 && !has_session(&visitor), "{}", wrong.text());
    let code = code_at(&world.clock, &secret, 0);
    let home = visitor
        .submit(&wrong, "/sign-in/code", &[("code", &code)])
        .await
        .unwrap();
    assert!(home.status == 200 && has_session(&visitor), "{}", home.text());
    let entry = world.entries_of("sign_in").await.pop().unwrap();
    assert_eq!(entry["details"]["method"], "microsoft", "{entry}");
    world.advance_seconds(60);

    // A client's way, which goes on to the client after the code.
    let (mut visitor, page) = ways(&world).await.remove(0);
    assert_eq!(page.url.path(), "/sign-in/code", "{}", page.text());
    let code = code_at(&world.clock, &secret, 0);
    let back = visitor
        .submit(&page, "/sign-in/code", &[("code", &code)])
        .await
        .unwrap();
    assert!(back.parameter("code").is_some(), "{} {}", back.url, back.text());

    // Without having come by anything the page asks for nothing.
    let mut nobody = Visitor::new();
    let page = nobody.open(&format!("{}/sign-in/code", world.url)).await.unwrap();
    assert_eq!(page.url.path(), "/sign-in");
}

async fn execute(world: &World, statement: &'static str) {
    match &world.app.db {
        Db::Sqlite(pool) => sqlx::query(statement).execute(pool).await.map(drop).unwrap(),
        Db::Postgres(pool) => sqlx::query(statement).execute(pool).await.map(drop).unwrap(),
    }
}

/// An older version made whatever account one connected a way in.
#[tokio::test]
async fn at_upgrade_only_those_who_came_by_microsoft_keep_it_as_their_sign_in() {
    let world = World::new().await;
    owner_connects(&world, ADA).await;
    let bo = world.connect(BO).await;
    let (tid, oid) = (sandbox::people::CONTOSO, sandbox::people::ADA);
    assert!(
        people::save_account(&world.app.db, &world.owner, tid, oid)
            .await
            .unwrap()
    );
    execute(&world, "DROP INDEX connections_by_account").await;
    execute(&world, "DELETE FROM _sqlx_migrations WHERE version = 40").await;
    App::start(world.app.settings.clone(), world.clock.clone(), true)
        .await
        .unwrap();

    let (visitor, back) = by_microsoft(&world, ADA).await;
    assert!(back.status == 403 && !has_session(&visitor), "{}", back.text());
    let (_, back) = by_microsoft(&world, BO).await;
    assert_eq!(back.status, 200, "{}", back.text());
    let kept = people::find_by_account(&world.app.db, &world.environment, tid, sandbox::people::BO).await;
    assert_eq!(kept.unwrap().unwrap().id, bo.person);
}
