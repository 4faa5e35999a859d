//! Several at once: tabs, accounts, integrations, networks and replicas, which never mix (security rows CB, RAC).

use futures_util::future::join_all;
use gatepost::admin::{self, IntegrationInput};
use gatepost::store::{connections, people};
use sandbox::visitor::Visitor;

use crate::callback::{callback, linking, owner};
use crate::replicas::replica;
use crate::world::{ADA, BO, CY, DI, FLO, World, register, sign_in_at_microsoft};

/// At Microsoft, on the way to a sign-in here; the address it comes back to.
async fn signing_in(world: &World, browser: &mut Visitor, upn: &str) -> String {
    let page = browser.open(&format!("{}/sign-in", world.url)).await.unwrap();
    let there = browser.submit(&page, "/sign-in/microsoft", &[]).await.unwrap();
    callback(world, browser, there, upn).await
}

async fn name_of(world: &World, browser: &Visitor) -> String {
    let mut browser = browser.clone();
    browser.open(&format!("{}/account", world.url)).await.unwrap().text()
}

/// CB-09: five browsers with an account each, finished in another order, and one browser with two accounts in two tabs.
#[tokio::test]
async fn sign_ins_of_several_accounts_side_by_side_each_end_as_their_own() {
    let world = World::new().await;
    let mut under_way = Vec::new();
    for upn in [ADA, BO, CY, DI, FLO] {
        let mut browser = Visitor::new();
        let back = signing_in(&world, &mut browser, upn).await;
        under_way.push((upn, browser, back));
    }
    under_way.rotate_left(3);
    for (upn, browser, back) in &mut under_way {
        assert_eq!(browser.peek(back).await.unwrap().status, 303);
        let page = name_of(&world, browser).await;
        assert!(page.contains(*upn), "{upn}: {page}");
    }
    // Nobody finishes with the way back of somebody else.
    let (_, mut other, _) = under_way.remove(0);
    let mut browser = Visitor::new();
    let back = signing_in(&world, &mut browser, ADA).await;
    assert_eq!(other.peek(&back).await.unwrap().status, 403);

    let mut tabs = Visitor::new();
    let first = signing_in(&world, &mut tabs, ADA).await;
    let second = signing_in(&world, &mut tabs.clone(), BO).await;
    let mut ended = Vec::new();
    for back in [&second, &first] {
        let mut tab = tabs.clone();
        if tab.peek(back).await.unwrap().status == 303 {
            ended.push(name_of(&world, &tab).await);
        }
    }
    assert!(ended.iter().all(|it| it.contains(ADA) && !it.contains(BO)), "{ended:?}");
}

/// CB-10: a code of one application is refused in the transaction of another, whichever way round.
#[tokio::test]
async fn a_code_given_to_one_client_id_is_worth_nothing_in_the_transaction_of_another() {
    let world = World::new().await;
    let input = IntegrationInput {
        name: "Second".into(),
        client_id: register(&world.sandbox_url, &world.url).await,
        ..world.integration_input()
    };
    let second = admin::create_integration(&world.app, &world.owner_caller(), &input)
        .await
        .unwrap()
        .id;
    let part = |url: &str, name: &str| {
        let url = url::Url::parse(url).unwrap();
        let found = url.query_pairs().find(|(known, _)| known == name).unwrap();
        found.1.into_owned()
    };
    for (code_of, state_of) in [(&world.integration, &second), (&second, &world.integration)] {
        let mut browser = owner(&world).await;
        let there = linking(&world, &mut browser, &code_of.0).await;
        let first = callback(&world, &mut browser.clone(), there, ADA).await;
        let there = linking(&world, &mut browser, &state_of.0).await;
        let other = callback(&world, &mut browser, there, ADA).await;
        let query = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("code", &part(&first, "code"))
            .append_pair("state", &part(&other, "state"))
            .finish();
        let answer = browser
            .peek(&format!("{}/integration-callback?{query}", world.url))
            .await
            .unwrap();
        assert_eq!(answer.status, 502, "{}", answer.text());
        let stored = connections::of_person(&world.app.db, &world.owner).await.unwrap();
        assert!(stored.is_empty());
    }
}

/// CB-24: each network is bounded by itself, so a flood from one or from many keeps nobody out who is under way.
#[tokio::test]
async fn floods_from_several_networks_are_bounded_each_and_a_real_sign_in_passes() {
    let world = World::with(|it| it.trusted_proxies = vec!["127.0.0.1".into(), "::1".into()]).await;
    let mut browser = Visitor::new();
    let back = signing_in(&world, &mut browser, ADA).await;
    let before = world.entries().await.len();
    for network in 0..8 {
        let mut statuses = Vec::new();
        for at in 0..80 {
            let address = format!("{}/integration-callback?code=x&state={network}-{at}", world.url);
            let from = format!("203.0.{network}.7");
            let answer = world
                .http
                .get(address)
                .header("x-forwarded-for", from)
                .send()
                .await
                .unwrap();
            statuses.push(answer.status().as_u16());
        }
        assert!(statuses[..60].iter().all(|it| *it == 400), "{network}: {statuses:?}");
        assert!(statuses[60..].iter().all(|it| *it == 429), "{network}: {statuses:?}");
    }
    assert_eq!(world.entries().await.len(), before, "nothing of it is kept");
    assert_eq!(browser.peek(&back).await.unwrap().status, 303);
}

/// RAC-11: however often one person comes back at once, over whichever replica, there is one connection, and it works.
#[tokio::test(flavor = "multi_thread")]
async fn of_fifty_callbacks_of_one_person_at_once_one_connection_comes() {
    let world = World::new().await;
    let replica = replica(&world).await;
    let mut under_way = Vec::new();
    for _ in 0..50 {
        let mut browser = Visitor::new();
        let back = signing_in(&world, &mut browser, CY).await;
        let cookie = browser.cookie("localhost", gatepost::session::FLOW).unwrap().to_owned();
        under_way.push((back, cookie));
    }
    let answers = join_all(under_way.iter().enumerate().map(|(at, (back, cookie))| {
        let back = match at % 2 {
            0 => back.clone(),
            _ => back.replace(&world.url, &replica),
        };
        world
            .http
            .get(back)
            .header("host", world.url.trim_start_matches("http://"))
            .header("cookie", format!("{}={cookie}", gatepost::session::FLOW))
            .send()
    }))
    .await;
    for answer in answers {
        let answer = answer.unwrap();
        assert_eq!(answer.status(), 303, "{}", answer.text().await.unwrap());
    }
    let cy = people::find_by_account(
        &world.app.db,
        &world.environment,
        sandbox::people::CONTOSO,
        sandbox::people::CY,
    );
    let cy = cy.await.unwrap().unwrap();
    let all = connections::of_person(&world.app.db, &cy.id).await.unwrap();
    assert_eq!(all.len(), 1);
    let key = world.key(&cy.id).await;
    assert_eq!(world.get(&key, "/groups").await.status(), 200, "its tokens open");
    world.advance_seconds(2 * 3600);
    assert_eq!(world.get(&key, "/groups").await.status(), 200, "both of them");
}

/// RAC-13: no replica keeps an access token beyond its connection.
#[tokio::test]
async fn after_a_disconnect_here_the_next_call_there_is_refused() {
    let world = World::new().await;
    let replica = replica(&world).await;
    let mut ada = world.connect(ADA).await;
    let key = world.key(&ada.person).await;
    let there = || async {
        let request = world.http.get(format!("{replica}/powerbi/v1.0/myorg/groups"));
        let request = request.header("host", world.url.trim_start_matches("http://"));
        request.bearer_auth(&key).send().await.unwrap().status().as_u16()
    };
    assert_eq!(there().await, 200);
    let asked = world.ledger("kind=powerbi").await.len();
    let page = ada.browser.open(&format!("{}/connections", world.url)).await.unwrap();
    ada.browser.submit(&page, "/disconnect", &[]).await.unwrap();
    assert_eq!(there().await, 403);
    assert_eq!(world.ledger("kind=powerbi").await.len(), asked, "nothing was sent");
    let page = ada
        .browser
        .open(&format!("{}/connections/connect/{}", world.url, world.integration))
        .await
        .unwrap();
    let back = ada.browser.submit(&page, "/connections/connect/", &[]).await.unwrap();
    sign_in_at_microsoft(&mut ada.browser, back, ADA).await;
    assert_eq!(there().await, 200);
}
