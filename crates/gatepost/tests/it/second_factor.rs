//! The second factor of local accounts: asked for after the password, each code once, recovery codes for a lost device.

use aws_lc_rs::hmac;
use futures_util::future::join_all;
use gatepost::admin::second_factor;
use gatepost::caller::Role;
use gatepost::clock::Clock;
use http::StatusCode;

use crate::portal::sample::{Sample, caller, sample};
use crate::portal::{Browser, PASSWORD};

const ADA: &str = "ada@example.com";

/// The code an authenticator shows at this moment, `ahead` steps from now.
fn code(it: &Sample, secret: &str, ahead: i64) -> String {
    code_at(&it.gateway.app.clock, secret, ahead)
}

/// The same by this clock.
pub(crate) fn code_at(clock: &Clock, secret: &str, ahead: i64) -> String {
    let bits: Vec<u8> = secret
        .bytes()
        .map(|it| if it < b'A' { it - b'2' + 26 } else { it - b'A' })
        .collect();
    let key: Vec<u8> = bits
        .chunks(8)
        .flat_map(|five| {
            let word = five.iter().fold(0_u64, |word, it| word << 5 | u64::from(*it));
            word.to_be_bytes()[3..].to_vec()
        })
        .collect();
    let step = clock.now().unix_seconds() / 30 + ahead;
    let tag = hmac::sign(
        &hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &key),
        &step.to_be_bytes(),
    );
    let at = usize::from(tag.as_ref()[19] & 15);
    let word = u32::from_be_bytes(tag.as_ref()[at..at + 4].try_into().unwrap()) & 0x7fff_ffff;
    format!("{:06}", word % 1_000_000)
}

/// Ada with a second factor: its secret and recovery codes.
async fn enrolled() -> (Sample, String, Vec<String>) {
    let it = sample().await;
    let mut ada = it.gateway.signed_in(ADA).await;
    let page = ada.post("/account/second-factor", &[]).await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.body);
    let is_secret =
        |it: &&str| it.len() == 32 && it.bytes().all(|b| b.is_ascii_uppercase() || (b'2'..=b'7').contains(&b));
    let secret = page.body.split(['<', '>']).find(is_secret).unwrap().to_owned();
    assert!(page.body.contains("otpauth:"), "{}", page.body);
    let wrong = ada.post("/account/second-factor/confirm", &[("code", "000000")]).await;
    assert!(wrong.status == StatusCode::UNPROCESSABLE_ENTITY && wrong.body.contains(&secret));
    assert!(
        !second_factor::is_needed(&it.gateway.app, &it.owner.person)
            .await
            .unwrap(),
        "not before the first right code"
    );
    let done = ada
        .post("/account/second-factor/confirm", &[("code", &code(&it, &secret, 0))])
        .await;
    let is_code = |it: &&str| it.len() == 23 && it.bytes().filter(|b| *b == b'-').count() == 3;
    let codes: Vec<String> = done
        .body
        .split(['<', '>', '\n'])
        .filter(is_code)
        .map(str::to_owned)
        .collect();
    assert_eq!(codes.len(), 10, "{}", done.body);
    it.gateway.app.clock.advance_ms(60_000);
    (it, secret, codes)
}

/// The password is right; the page that asks for the code.
async fn half_way<'a>(it: &'a Sample) -> (Browser<'a>, String) {
    let mut browser = it.gateway.browser();
    browser.get("/sign-in").await;
    let page = browser
        .post(
            "/sign-in",
            &[("email", ADA), ("password", PASSWORD), ("return_to", "/people")],
        )
        .await;
    assert!(
        page.status == StatusCode::OK && page.body.contains("Second factor"),
        "{}",
        page.body
    );
    assert!(
        !browser.cookies.contains_key(gatepost::session::SESSION),
        "nobody is signed in yet"
    );
    let rest = page.body.split("name=\"pending\" value=\"").nth(1).unwrap();
    let pending = rest.split('"').next().unwrap().to_owned();
    (browser, pending)
}

async fn give(browser: &mut Browser<'_>, pending: &str, typed: &str) -> crate::portal::Answer {
    browser
        .post(
            "/sign-in/code",
            &[("pending", pending), ("return_to", "/people"), ("code", typed)],
        )
        .await
}

#[tokio::test]
async fn after_the_password_a_code_is_asked_for_and_counts_once() {
    let (it, secret, _) = enrolled().await;
    let (mut browser, pending) = half_way(&it).await;
    assert_eq!(
        give(&mut browser, &pending, "123456").await.status,
        StatusCode::UNAUTHORIZED
    );
    assert_eq!(
        give(&mut browser, &pending, &code(&it, &secret, 5)).await.status,
        StatusCode::UNAUTHORIZED,
        "of another time"
    );
    let present = code(&it, &secret, 0);
    let entered = give(&mut browser, &pending, &present).await;
    assert_eq!((entered.status, entered.location()), (StatusCode::SEE_OTHER, "/people"));
    assert_eq!(browser.get("/people").await.status, StatusCode::OK);
    let (mut second, pending) = half_way(&it).await;
    assert_eq!(
        give(&mut second, &pending, &present).await.status,
        StatusCode::UNAUTHORIZED,
        "a code counts once"
    );
    it.gateway.app.clock.advance_ms(30_000);
    let next = code(&it, &secret, 0);
    let mut half_ways = Vec::new();
    for _ in 0..10 {
        half_ways.push(half_way(&it).await);
    }
    let attempts = half_ways
        .iter_mut()
        .map(async |(browser, pending)| give(browser, pending, &next).await.status);
    let statuses = join_all(attempts).await;
    assert_eq!(
        statuses.iter().filter(|it| **it == StatusCode::SEE_OTHER).count(),
        1,
        "{statuses:?}"
    );
}

#[tokio::test]
async fn a_half_way_sign_in_belongs_to_its_browser_and_ends() {
    let (it, secret, _) = enrolled().await;
    let (mut browser, pending) = half_way(&it).await;
    let (mut other, _) = half_way(&it).await;
    let present = code(&it, &secret, 0);
    assert_eq!(
        give(&mut other, &pending, &present).await.location(),
        "/sign-in",
        "another browser's"
    );
    assert_eq!(give(&mut browser, "AAAA", &present).await.location(), "/sign-in");
    it.gateway.app.clock.advance_ms(301_000);
    assert_eq!(
        give(&mut browser, &pending, &code(&it, &secret, 0)).await.location(),
        "/sign-in",
        "too late"
    );
}

#[tokio::test]
async fn a_recovery_code_lets_in_once_and_an_administrator_can_reset() {
    let (it, _, codes) = enrolled().await;
    let (mut browser, pending) = half_way(&it).await;
    let entered = give(&mut browser, &pending, &codes[3].to_uppercase()).await;
    assert_eq!(entered.status, StatusCode::SEE_OTHER, "{}", entered.body);
    assert!(browser.get("/account").await.body.contains("9 recovery codes"));
    let (mut again, pending) = half_way(&it).await;
    assert_eq!(
        give(&mut again, &pending, &codes[3]).await.status,
        StatusCode::UNAUTHORIZED
    );
    let app = &it.gateway.app;
    let bob = caller(&it.person, &it.owner.environment.0, Role::Administrator, "Bob");
    assert!(
        second_factor::reset(app, &bob, &it.owner.person).await.is_err(),
        "an owner's is not an administrator's to reset"
    );
    assert!(
        second_factor::reset(app, &it.owner, &it.owner.person).await.is_err(),
        "nor one's own this way"
    );
    assert_eq!(
        browser.post("/account/second-factor/remove", &[]).await.location(),
        "/account?done=saved"
    );
    it.gateway.signed_in(ADA).await;
    let everything = gatepost::store::audit::after(&app.db, 0, 100_000).await.unwrap();
    assert!(
        everything
            .iter()
            .all(|row| codes.iter().all(|code| !row.entry.contains(code.as_str())))
    );
}

/// WEB-15
#[tokio::test]
async fn proving_it_once_more_asks_for_the_code_too() {
    let (it, secret, _) = enrolled().await;
    let (mut browser, pending) = half_way(&it).await;
    assert_eq!(
        give(&mut browser, &pending, &code(&it, &secret, 0)).await.status,
        StatusCode::SEE_OTHER
    );
    it.gateway.app.clock.advance_ms(6 * 60_000);
    let without = browser
        .post("/step-up", &[("to", "/people"), ("password", PASSWORD)])
        .await;
    assert_eq!(without.status, StatusCode::UNPROCESSABLE_ENTITY);
    let present = code(&it, &secret, 0);
    let with = browser
        .post(
            "/step-up",
            &[("to", "/people"), ("password", PASSWORD), ("code", &present)],
        )
        .await;
    assert_eq!(
        (with.status, with.location()),
        (StatusCode::SEE_OTHER, "/people"),
        "{}",
        with.body
    );
}
