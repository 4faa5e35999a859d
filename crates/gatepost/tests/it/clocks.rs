//! The machine's clock jumps while the gateway serves (security rows CLK): nothing crashes, nothing lives again, and nobody
//! waits for a time that was never real.

use gatepost::store::{api_keys, jobs};
use sandbox::visitor::Visitor;

use crate::oauth::{signed, text};
use crate::world::{ADA, World, sign_in_at_microsoft};

const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;
const YEAR_MS: i64 = 365 * DAY_MS;

/// CLK-01
#[tokio::test]
async fn a_clock_that_jumps_crashes_nothing_and_is_forgotten_once_it_is_right() {
    for jump in [HOUR_MS, -HOUR_MS, DAY_MS, -DAY_MS, 10 * YEAR_MS, -crate::world::NOON] {
        let world = World::with(|it| it.list_calls_per_minute = 5).await;
        let ada = world.connect(ADA).await;
        let key = world.key(&ada.person).await;
        assert_eq!(world.get(&key, "/groups").await.status(), 200);
        world.clock.advance_ms(jump);
        for _ in 0..3 {
            let answer = world.get(&key, "/groups").await;
            let status = answer.status().as_u16();
            assert!(
                [200, 401, 403, 429, 503].contains(&status),
                "{jump}: {status} {}",
                answer.text().await.unwrap()
            );
        }
        gatepost::jobs::due(&world.app).await.unwrap();
        let page = world.http.get(format!("{}/sign-in", world.url)).send().await.unwrap();
        assert_eq!(page.status(), 200);
        assert_eq!(
            world
                .http
                .get(format!("{}/readyz", world.url))
                .send()
                .await
                .unwrap()
                .status(),
            200
        );

        world.clock.advance_ms(-jump);
        // A minute later by the right clock, whatever was noted by the wrong one holds nobody up.
        world.advance_seconds(61);
        for call in 0..5 {
            let answer = world.get(&key, "/groups").await;
            assert_eq!(
                answer.status(),
                200,
                "{jump}, call {call}: {}",
                answer.text().await.unwrap()
            );
        }
        let now = world.app.clock.now();
        let keys = api_keys::page(&world.app.db, &world.environment, None, &crate::listed::first()).await;
        for it in keys.unwrap().rows {
            assert!(it.key.used_at <= Some(now), "{jump}: a use is noted in the future");
        }
        gatepost::jobs::due(&world.app).await.unwrap();
        let again = jobs::take(&world.app.db, "sweep", now.plus_seconds(601), now.plus_seconds(1201)).await;
        assert!(again.unwrap(), "{jump}: jobs run again");
    }
}

/// CLK-02: a code, a refresh token, a state and a session that were used or ended stay so when the clock is set back.
#[tokio::test]
async fn a_clock_that_is_set_back_revives_nothing() {
    let mut it = signed().await;
    let code = it.code().await;
    let pair = it.redeem(&code).await.1;
    let (first, access) = (text(&pair, "refresh_token"), text(&pair, "access_token"));
    let second = text(&it.refresh(&first).await.1, "refresh_token");
    let third = it.refresh(&second).await;
    assert_eq!(third.0, 200);
    let account = format!("{}/account", it.world.url);
    let page = it.browser.open(&account).await.unwrap();
    let session = format!(
        "{0}={1}",
        gatepost::session::SESSION,
        it.browser.cookie("localhost", gatepost::session::SESSION).unwrap()
    );
    it.browser.submit(&page, "/sign-out", &[]).await.unwrap();
    let mut other = Visitor::new();
    other.stop_at(&format!("{}/integration-callback", it.world.url));
    let page = other.open(&format!("{}/sign-in", it.world.url)).await.unwrap();
    let there = other.submit(&page, "/sign-in/microsoft", &[]).await.unwrap();
    let back = sign_in_at_microsoft(&mut other, there, ADA).await.url;
    assert_eq!(other.peek(back.as_str()).await.unwrap().status, 303, "{back}");
    it.world.clock.advance_ms(-HOUR_MS);
    let again = it
        .world
        .http
        .get(&account)
        .header("cookie", session)
        .send()
        .await
        .unwrap();
    assert_eq!(again.status(), 303, "the session was ended");
    let again = other.peek(back.as_str()).await.unwrap();
    assert!(
        (400..500).contains(&again.status),
        "the state was used: {}",
        again.status
    );
    let (status, body) = it.redeem(&code).await;
    assert_eq!(
        (status, text(&body, "error")),
        (400, "invalid_grant".into()),
        "the code was used"
    );
    assert!(!it.works(&access).await, "and its second use ended what it gave");
    let (status, body) = it.refresh(&first).await;
    assert_eq!(
        (status, text(&body, "error")),
        (400, "invalid_grant".into()),
        "the refresh token was used"
    );
}

/// The same for an approval and for a person who was locked.
#[tokio::test]
async fn a_key_that_was_revoked_before_the_clock_was_set_back_stays_revoked() {
    let world = World::new().await;
    let ada = world.connect(ADA).await;
    let key = world.key(&ada.person).await;
    assert_eq!(world.get(&key, "/groups").await.status(), 200);
    let keys = gatepost::store::backup::end_access(&world.app.db, world.app.clock.now())
        .await
        .unwrap();
    assert_eq!(keys, 1);
    for jump in [-HOUR_MS, -YEAR_MS] {
        world.clock.advance_ms(jump);
        assert_eq!(world.get(&key, "/groups").await.status(), 401, "{jump}");
    }
}
