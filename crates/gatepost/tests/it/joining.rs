//! Who may join: by directory, by domain, by invitation, and nobody else.

use gatepost::admin::{self, InvitationInput, Refused};
use gatepost::caller::{Caller, Role};
use gatepost::store::people;
use sandbox::visitor::{Page, Visitor};
use serde_json::json;

use crate::listed;
use crate::world::{ADA, BO, World, sign_in_at_microsoft};

const GUS: &str = "gus@fabrikam.test";

/// A world whose integration serves any organisation, with this rule for joining.
async fn world(closed: bool, tenants: &str, domains: &str) -> World {
    let world = World::new().await;
    let input = admin::IntegrationInput {
        tenant: String::new(),
        ..world.integration_input()
    };
    admin::save_integration(&world.app, &world.owner_caller(), &world.integration, &input)
        .await
        .unwrap();
    let url = format!("{}/sandbox/apps/{}", world.sandbox_url, world.client_id);
    assert!(
        world
            .http
            .patch(url)
            .json(&json!({ "tenants": "multi" }))
            .send()
            .await
            .unwrap()
            .status()
            .is_success()
    );
    admin::save_admission(&world.app, &world.owner_caller(), closed, tenants, domains)
        .await
        .unwrap();
    world
}

async fn arrive(world: &World, at: &str, upn: &str) -> Page {
    let mut browser = Visitor::new();
    let page = browser.open(&format!("{}{at}", world.url)).await.unwrap();
    let there = browser.submit(&page, "/sign-in/microsoft", &[]).await.unwrap();
    sign_in_at_microsoft(&mut browser, there, upn).await
}

pub(crate) async fn invite(world: &World, email: &str, is_exact: bool, role: Role) -> String {
    let input = InvitationInput {
        email: email.into(),
        is_exact,
        role,
    };
    let link = admin::invite(&world.app, &world.owner_caller(), &input).await.unwrap();
    link.strip_prefix(&world.url).unwrap().to_owned()
}

/// CB-14, CFG-10: an empty list lets nobody in.
#[tokio::test]
async fn only_listed_directories_and_domains_join() {
    for (tenants, domains, gus) in [
        ("", "", 403),
        (sandbox::people::FABRIKAM, "", 200),
        ("", "fabrikam.test", 200),
        ("", "abrikam.test notfabrikam.test fabrikam.test.evil.example", 403),
        ("", "contoso.test", 403),
    ] {
        let world = world(false, tenants, domains).await;
        let back = arrive(&world, "/sign-in", GUS).await;
        assert_eq!(back.status, gus, "{tenants} {domains}: {}", back.text());
    }
    let closed = world(true, sandbox::people::FABRIKAM, "fabrikam.test").await;
    assert_eq!(arrive(&closed, "/sign-in", GUS).await.status, 403);
}

#[tokio::test]
async fn an_invitation_lets_its_account_in_once_even_where_nobody_else_joins() {
    let world = world(true, "", "").await;
    let link = invite(&world, "GUS@fabrikam.test", true, Role::Administrator).await;
    let before = world.entries().await.len();
    let page = world
        .http
        .get(format!("{}{link}", world.url))
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    assert!(
        page.contains("You are invited") && page.contains("Production"),
        "{page}"
    );
    assert_eq!(world.entries().await.len(), before, "opening the link uses nothing up");
    let wrong = arrive(&world, &link, BO).await;
    assert!(
        wrong.status == 403 && wrong.text().contains("GUS@fabrikam.test was invited"),
        "{}",
        wrong.text()
    );
    let back = arrive(&world, &link, GUS).await;
    assert_eq!((back.status, back.url.path()), (200, "/"), "{}", back.text());
    let gus = people::find_by_account(
        &world.app.db,
        &world.environment,
        sandbox::people::FABRIKAM,
        sandbox::people::GUS,
    )
    .await
    .unwrap()
    .unwrap();
    assert_eq!(gus.role, "administrator");
    let again = world.http.get(format!("{}{link}", world.url)).send().await.unwrap();
    assert_eq!(again.status(), 404, "it works once");
    assert_eq!(
        arrive(&world, "/sign-in", GUS).await.status,
        200,
        "who is here signs in as ever"
    );
    let unknown = world
        .http
        .get(format!("{}/invitation/nothing", world.url))
        .send()
        .await
        .unwrap();
    // Whoever has the link is told what became of it; one that never was tells nothing of any.
    assert_eq!(unknown.status(), 404);
    assert!(again.text().await.unwrap().contains("It was used already"));
    assert!(unknown.text().await.unwrap().contains("The link is not complete"));
    let joined = world.entries_of("person.joined").await;
    assert_eq!(joined.last().unwrap()["details"]["invited_by"], world.owner.0);
}

#[tokio::test]
async fn one_invitation_makes_one_person_however_many_hold_the_link() {
    let world = world(true, "", "").await;
    let link = invite(&world, "anybody@example.com", false, Role::Person).await;
    let mut ways = Vec::new();
    for upn in [ADA, BO, GUS] {
        let mut browser = Visitor::new();
        browser.stop_at(&format!("{}/integration-callback", world.url));
        let page = browser.open(&format!("{}{link}", world.url)).await.unwrap();
        let there = browser.submit(&page, "/sign-in/microsoft", &[]).await.unwrap();
        let to = sign_in_at_microsoft(&mut browser, there, upn).await.url;
        ways.push((to, browser));
    }
    let visits = ways
        .into_iter()
        .map(|(to, mut browser)| async move { browser.peek(to.as_str()).await.unwrap().status });
    let statuses = futures_util::future::join_all(visits).await;
    assert_eq!(statuses.iter().filter(|it| **it == 303).count(), 1, "{statuses:?}");
    assert_eq!(world.entries_of("person.joined").await.len(), 1);
}

#[tokio::test]
async fn invitations_end_are_taken_back_and_never_give_more_than_their_maker_holds() {
    let world = world(true, "", "").await;
    let owner = world.owner_caller();
    let late = invite(&world, GUS, true, Role::Person).await;
    world.advance_seconds(7 * 24 * 3600 + 1);
    assert_eq!(
        world
            .http
            .get(format!("{}{late}", world.url))
            .send()
            .await
            .unwrap()
            .status(),
        404
    );
    let link = invite(&world, GUS, true, Role::Person).await;
    let wanted = gatepost::store::list::Wanted {
        now: world.clock.now(),
        ..listed::first()
    };
    let open = gatepost::store::invitations::page(&world.app.db, &world.environment, &wanted)
        .await
        .unwrap();
    assert_eq!(open.total, 1);
    let open = open.rows;
    let elsewhere = Caller {
        environment: "other".into(),
        ..world.owner_caller()
    };
    assert!(matches!(
        admin::withdraw_invitation(&world.app, &elsewhere, &open[0].id).await,
        Err(Refused::NotFound)
    ));
    // Somebody is at Microsoft with it when it is taken back.
    let mut browser = Visitor::new();
    let page = browser.open(&format!("{}{link}", world.url)).await.unwrap();
    let there = browser.submit(&page, "/sign-in/microsoft", &[]).await.unwrap();
    admin::withdraw_invitation(&world.app, &owner, &open[0].id)
        .await
        .unwrap();
    let back = sign_in_at_microsoft(&mut browser, there, GUS).await;
    assert!(
        back.status == 403 && back.text().contains("invitation is over"),
        "{}",
        back.text()
    );
    let administrator = Caller {
        role: Role::Administrator,
        ..world.owner_caller()
    };
    let input = |role| InvitationInput {
        email: GUS.into(),
        is_exact: true,
        role,
    };
    assert!(matches!(
        admin::invite(&world.app, &administrator, &input(Role::Owner)).await,
        Err(Refused::NotAllowed)
    ));
    let person = Caller {
        role: Role::Person,
        ..world.owner_caller()
    };
    assert!(matches!(
        admin::invite(&world.app, &person, &input(Role::Person)).await,
        Err(Refused::NotAllowed)
    ));
}
