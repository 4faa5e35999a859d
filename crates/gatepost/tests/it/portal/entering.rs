//! Set-up and signing in: exactly one owner, slow guessing, safe ways back.

use futures_util::future::join_all;
use gatepost::admin::setup;
use gatepost::store::{environments, people};
use http::StatusCode;

use super::{Gateway, PASSWORD};

async fn token(gateway: &Gateway) -> String {
    let link = setup::link(&gateway.app).await.unwrap().expect("set-up is open");
    link.strip_prefix("https://gate.example/setup?token=")
        .expect("the link is ours")
        .to_owned()
}

fn form(token: &str) -> [(&str, &str); 5] {
    [
        ("token", token),
        ("name", "Ada Byron"),
        ("email", "ada@example.com"),
        ("password", PASSWORD),
        ("again", PASSWORD),
    ]
}

/// WEB-16
#[tokio::test]
async fn the_link_makes_one_owner_and_is_closed_for_ever() {
    let gateway = Gateway::empty().await;
    let token = token(&gateway).await;
    let mut browser = gateway.browser();
    assert_eq!(browser.get("/sign-in").await.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(browser.get("/setup?token=wrong").await.status, StatusCode::NOT_FOUND);
    let page = browser.get(&format!("/setup?token={token}")).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.body.contains("Set up this gateway"));
    let answer = browser.post("/setup", &form(&token)).await;
    assert_eq!(
        (answer.status, answer.location()),
        (StatusCode::SEE_OTHER, "/integrations/new"),
        "{}",
        answer.body
    );
    assert_eq!(
        browser.get("/integrations/new").await.status,
        StatusCode::OK,
        "the owner is signed in at once"
    );
    assert_eq!(
        browser.post("/setup", &form(&token)).await.status,
        StatusCode::NOT_FOUND
    );
    assert_eq!(
        browser.get(&format!("/setup?token={token}")).await.status,
        StatusCode::NOT_FOUND
    );
    assert_eq!(
        setup::link(&gateway.app).await.unwrap(),
        None,
        "no later start opens it again"
    );
    let environment = environments::find_default(&gateway.app.db).await.unwrap().unwrap();
    assert_eq!(
        (environment.slug.as_str(), environment.name.as_str()),
        ("production", "Production")
    );
    let names: Vec<_> = gatepost::store::policies::list(&gateway.app.db, &environment.id)
        .await
        .unwrap()
        .into_iter()
        .map(|it| it.name)
        .collect();
    assert_eq!(names.len(), 3, "{names:?}");
}

/// WEB-16
#[tokio::test]
async fn of_many_simultaneous_set_ups_one_wins() {
    let gateway = Gateway::empty().await;
    let token = token(&gateway).await;
    let attempts = (0..20).map(async |at| {
        let mut browser = gateway.browser();
        browser.get(&format!("/setup?token={token}")).await;
        let email = format!("ada{at}@example.com");
        let fields = [
            ("token", token.as_str()),
            ("name", "Ada"),
            ("email", &email),
            ("password", PASSWORD),
            ("again", PASSWORD),
        ];
        browser.post("/setup", &fields).await.status
    });
    let statuses = join_all(attempts).await;
    assert_eq!(
        statuses.iter().filter(|it| **it == StatusCode::SEE_OTHER).count(),
        1,
        "{statuses:?}"
    );
    assert_eq!(people::count_owners(&gateway.app.db).await.unwrap(), 1);
}

#[tokio::test]
async fn a_bad_form_does_not_use_the_link_up() {
    let gateway = Gateway::empty().await;
    let token = token(&gateway).await;
    let mut browser = gateway.browser();
    browser.get(&format!("/setup?token={token}")).await;
    let short = browser
        .post(
            "/setup",
            &[
                ("token", &token),
                ("name", ""),
                ("email", "nobody"),
                ("password", "short"),
                ("again", "other"),
            ],
        )
        .await;
    assert_eq!(short.status, StatusCode::UNPROCESSABLE_ENTITY);
    for problem in [
        "expected a name",
        "expected an e-mail address",
        "expected at least 12 characters",
        "this is not the same password",
    ] {
        assert!(short.body.contains(problem), "{problem}");
    }
    assert_eq!(
        browser.post("/setup", &form(&token)).await.status,
        StatusCode::SEE_OTHER
    );
}

/// WEB-17
#[tokio::test]
async fn guessing_is_slowed_down_and_the_owner_is_let_in_again_soon() {
    let (gateway, _) = Gateway::with_owner().await;
    let mut browser = gateway.browser();
    browser.get("/sign-in").await;
    let mut statuses = Vec::new();
    for _ in 0..6 {
        statuses.push(
            browser
                .post(
                    "/sign-in",
                    &[("email", "ADA@example.com"), ("password", "not the password")],
                )
                .await
                .status,
        );
    }
    let (free, slowed) = statuses.split_at(5);
    assert!(free.iter().all(|it| *it == StatusCode::UNAUTHORIZED), "{statuses:?}");
    assert!(
        slowed.iter().all(|it| *it == StatusCode::TOO_MANY_REQUESTS),
        "{statuses:?}"
    );
    let waiting = browser
        .post("/sign-in", &[("email", "ada@example.com"), ("password", PASSWORD)])
        .await;
    assert_eq!(
        (waiting.status, waiting.headers["retry-after"].to_str().unwrap()),
        (StatusCode::TOO_MANY_REQUESTS, "1")
    );
    gateway.app.clock.advance_ms(1_100);
    let entered = browser
        .post("/sign-in", &[("email", "ada@example.com"), ("password", PASSWORD)])
        .await;
    assert_eq!(entered.status, StatusCode::SEE_OTHER);
}

/// WEB-17
#[tokio::test]
async fn unknown_names_and_wrong_passwords_look_alike() {
    let (gateway, _) = Gateway::with_owner().await;
    let mut browser = gateway.browser();
    browser.get("/sign-in").await;
    let wrong = browser
        .post(
            "/sign-in",
            &[("email", "ada@example.com"), ("password", "not the password")],
        )
        .await;
    let unknown = browser
        .post(
            "/sign-in",
            &[("email", "eve@example.com"), ("password", "not the password")],
        )
        .await;
    assert_eq!(wrong.status, unknown.status);
    assert_eq!(wrong.body.replace("ada@", "eve@"), unknown.body);
}

/// WEB-11
#[tokio::test]
async fn after_signing_in_one_goes_back_to_a_path_of_ours_only() {
    let (gateway, _) = Gateway::with_owner().await;
    let first = gateway.browser().get("/activity?kind=call.").await;
    assert_eq!(first.location(), "/sign-in?return_to=%2Factivity%3Fkind%3Dcall.");
    for (wanted, got) in [
        ("/activity?kind=call.", "/activity?kind=call."),
        ("//evil.example", "/"),
        ("/\\evil.example", "/"),
        ("https:evil.example", "/"),
        ("https://evil.example", "/"),
        ("/%2f%2fevil.example", "/"),
        ("/%09/evil.example", "/"),
        ("/\t/evil.example", "/"),
        ("", "/"),
    ] {
        let mut browser = gateway.browser();
        browser.get("/sign-in").await;
        let answer = browser
            .post(
                "/sign-in",
                &[
                    ("email", "ada@example.com"),
                    ("password", PASSWORD),
                    ("return_to", wanted),
                ],
            )
            .await;
        assert_eq!(
            (answer.status, answer.location()),
            (StatusCode::SEE_OTHER, got),
            "{wanted}"
        );
    }
}

/// WEB-02, WEB-04
#[tokio::test]
async fn signing_in_gives_a_new_session_and_signing_out_ends_it() {
    let (gateway, _) = Gateway::with_owner().await;
    let mut browser = gateway.signed_in("ada@example.com").await;
    let name = gatepost::session::SESSION;
    let first = browser.cookies[name].clone();
    browser
        .post("/sign-in", &[("email", "ada@example.com"), ("password", PASSWORD)])
        .await;
    assert_ne!(browser.cookies[name], first);
    let mut old = gateway.browser();
    old.cookies.insert(name.into(), first);
    assert_eq!(old.get("/account").await.location(), "/sign-in?return_to=%2Faccount");
    let present = browser.cookies.clone();
    assert_eq!(browser.post("/sign-out", &[]).await.location(), "/sign-in");
    browser.cookies = present;
    assert_eq!(
        browser.get("/account").await.location(),
        "/sign-in?return_to=%2Faccount"
    );
}

/// WEB-06
#[tokio::test]
async fn a_locked_person_is_out_on_the_next_request() {
    let sample = super::sample::sample().await;
    let mut bob = sample.gateway.signed_in("bob@example.com").await;
    assert_eq!(bob.get("/account").await.status, StatusCode::OK);
    gatepost::admin::save_locked(&sample.gateway.app, &sample.owner, &sample.person, true)
        .await
        .unwrap();
    assert_eq!(bob.get("/account").await.status, StatusCode::SEE_OTHER);
    let mut again = sample.gateway.browser();
    again.get("/sign-in").await;
    assert_eq!(
        again
            .post("/sign-in", &[("email", "bob@example.com"), ("password", PASSWORD)])
            .await
            .status,
        StatusCode::UNAUTHORIZED
    );
}
