//! Whatever judges a secret counts the attempt first, however many come at once.

use futures_util::future::join_all;
use gatepost::store::sign_in_failures::{self, Waits};
use http::StatusCode;
use http::header::RETRY_AFTER;
use sandbox::visitor::{Page, Visitor};
use serde_json::{Value, json};

use crate::world::{OWNER, World};

/// A browser's cookies and form token, to send forms at once that a browser would send one after the other.
struct Sender<'a> {
    world: &'a World,
    cookies: String,
    csrf: String,
}

impl<'a> Sender<'a> {
    fn of(world: &'a World, browser: &Visitor, page: &Page, action: &str) -> Self {
        let names = [gatepost::session::SESSION, gatepost::session::BROWSER];
        let cookie = |name: &&str| Some(format!("{name}={}", browser.cookie("localhost", name)?));
        let form = page.form(action).unwrap();
        let csrf = form.fields.iter().find(|(name, _)| name == "csrf").unwrap();
        Self {
            world,
            cookies: names.iter().filter_map(cookie).collect::<Vec<_>>().join("; "),
            csrf: csrf.1.clone(),
        }
    }

    async fn post(&self, path: &str, fields: &[(&str, &str)]) -> StatusCode {
        let fields: Vec<_> = fields.iter().copied().chain([("csrf", self.csrf.as_str())]).collect();
        let request = self.world.http.post(format!("{}{path}", self.world.url));
        let request = request
            .header("cookie", &self.cookies)
            .header("origin", &self.world.url);
        request.form(&fields).send().await.unwrap().status()
    }
}

async fn sign_in_page(world: &World) -> Sender<'_> {
    let mut browser = Visitor::new();
    let page = browser.open(&format!("{}/sign-in", world.url)).await.unwrap();
    Sender::of(world, &browser, &page, "/sign-in")
}

async fn owner(world: &World) -> (Visitor, Page) {
    let mut browser = Visitor::new();
    let page = browser.open(&format!("{}/sign-in", world.url)).await.unwrap();
    let fields = [("email", OWNER.0), ("password", OWNER.1)];
    let entered = browser.submit(&page, "/sign-in", &fields).await.unwrap();
    assert_eq!(entered.status, 200, "{}", entered.text());
    let account = browser.open(&format!("{}/account", world.url)).await.unwrap();
    (browser, account)
}

fn count(statuses: &[StatusCode], wanted: StatusCode) -> usize {
    statuses.iter().filter(|it| **it == wanted).count()
}

/// WEB-17
#[tokio::test]
async fn of_many_passwords_at_once_a_handful_are_judged_and_a_right_one_among_them_is_not() {
    let world = World::new().await;
    let sender = sign_in_page(&world).await;
    let attempts = (0..80).map(|at| {
        let password = if at == 50 {
            OWNER.1.to_owned()
        } else {
            format!("wrong password {at}")
        };
        let sender = &sender;
        async move {
            sender
                .post("/sign-in", &[("email", OWNER.0), ("password", &password)])
                .await
        }
    });
    let statuses = join_all(attempts).await;
    let judged = statuses.len() - count(&statuses, StatusCode::TOO_MANY_REQUESTS);
    assert!((1..=6).contains(&judged), "{judged} of 80 were judged: {statuses:?}");
    let failed = world.entries_of("sign_in.failed").await.len();
    assert!(failed <= 5, "{failed}");
    world.advance_seconds(2);
    let right = [("email", OWNER.0), ("password", OWNER.1)];
    assert_eq!(
        sender.post("/sign-in", &right).await,
        StatusCode::SEE_OTHER,
        "and is let in soon after"
    );
}

/// WEB-17
#[tokio::test]
async fn a_signed_in_browser_guesses_its_password_no_faster_at_any_other_form() {
    for (path, field) in [("/account/password", "present"), ("/step-up", "password")] {
        let world = World::new().await;
        let (browser, account) = owner(&world).await;
        let sender = Sender::of(&world, &browser, &account, "/account/password");
        let attempts = (0..40).map(|at| {
            let sender = &sender;
            let password = format!("wrong password {at}");
            async move {
                let new = "another long password";
                let fields = [(field, password.as_str()), ("password", new), ("again", new)];
                let fields = if field == "present" { &fields[..] } else { &fields[..1] };
                sender.post(path, fields).await
            }
        });
        let statuses = join_all(attempts).await;
        assert!(statuses.iter().all(StatusCode::is_client_error), "{path}: {statuses:?}");
        let failed = world.entries_of("proof.failed").await.len();
        assert!((1..=5).contains(&failed), "{path}: {failed} of 40 were judged");
        let fresh = sign_in_page(&world).await;
        let right = [("email", OWNER.0), ("password", OWNER.1)];
        assert_eq!(
            fresh.post("/sign-in", &right).await,
            StatusCode::TOO_MANY_REQUESTS,
            "{path}: the sign-in counts with it"
        );
    }
}

/// WEB-17
#[tokio::test]
async fn a_wait_that_was_stored_while_the_clock_was_ahead_holds_nobody_up() {
    let world = World::new().await;
    let sender = sign_in_page(&world).await;
    world.advance_seconds(10 * 24 * 3600);
    for _ in 0..5 {
        let wrong = [("email", OWNER.0), ("password", "not the password")];
        assert_eq!(sender.post("/sign-in", &wrong).await, StatusCode::UNAUTHORIZED);
    }
    world.advance_seconds(-10 * 24 * 3600);
    let right = [("email", OWNER.0), ("password", OWNER.1)];
    assert_eq!(sender.post("/sign-in", &right).await, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn waits_double_to_their_bound_and_a_success_takes_its_own_count_back() {
    let world = World::new().await;
    let (db, waits) = (
        &world.app.db,
        Waits {
            free: 4,
            most_ms: 900_000,
        },
    );
    let mut now = world.clock.now();
    let mut all = Vec::new();
    for at in 1..=40 {
        let mut tx = db.begin().await.unwrap();
        let count = sign_in_failures::count(&mut tx, "it", waits, now).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(count, Some(at));
        let until = sign_in_failures::wait_until(db, "it", waits, now).await.unwrap();
        let wait_ms = until.map_or(0, |it| it.since_ms(now));
        all.push(wait_ms / 1000);
        if 0 < wait_ms {
            let mut tx = db.begin().await.unwrap();
            let early = sign_in_failures::count(&mut tx, "it", waits, now.plus_ms(wait_ms - 1))
                .await
                .unwrap();
            assert_eq!(early, None, "one millisecond early");
        }
        now = now.plus_ms(wait_ms);
    }
    assert_eq!(all[..16], [0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900]);
    assert_eq!(all[16..], [900; 24]);
    sign_in_failures::take_back(db, "it", 39, now).await.unwrap();
    let mut tx = db.begin().await.unwrap();
    assert_eq!(
        sign_in_failures::count(&mut tx, "it", waits, now).await.unwrap(),
        Some(40)
    );
}

/// AS-23
#[tokio::test]
async fn clients_secrets_are_tried_sixty_times_a_minute_and_each_client_counts_alone() {
    let world = World::new().await;
    let body =
        json!({ "redirect_uris": ["https://app.example/cb"], "token_endpoint_auth_method": "client_secret_post" });
    let register = async || -> Value {
        let request = world.http.post(format!("{}/register", world.url)).json(&body);
        request.send().await.unwrap().json().await.unwrap()
    };
    let (client, other) = (register().await, register().await);
    let ask = async |path: &str, client: &Value, secret: &str| {
        let fields = [
            ("client_id", client["client_id"].as_str().unwrap()),
            ("client_secret", secret),
            ("grant_type", "refresh_token"),
            ("refresh_token", "gp_rt_none"),
            ("token", "gp_rt_none"),
        ];
        let answer = world
            .http
            .post(format!("{}{path}", world.url))
            .form(&fields)
            .send()
            .await
            .unwrap();
        let retry = answer
            .headers()
            .get(RETRY_AFTER)
            .map(|it| it.to_str().unwrap().to_owned());
        (answer.status(), retry)
    };
    let right = client["client_secret"].as_str().unwrap();
    for _ in 0..70 {
        assert_eq!(
            ask("/introspect", &client, right).await.0,
            StatusCode::OK,
            "right ones do not count"
        );
    }
    let attempts = (0..90).map(|at| ask(["/token", "/introspect", "/revoke"][at % 3], &client, "wrong"));
    let answers = join_all(attempts).await;
    let statuses: Vec<_> = answers.iter().map(|it| it.0).collect();
    assert_eq!(count(&statuses, StatusCode::UNAUTHORIZED), 60, "{statuses:?}");
    assert_eq!(count(&statuses, StatusCode::TOO_MANY_REQUESTS), 30);
    assert!(answers.iter().any(|it| it.1.as_deref() == Some("60")), "{answers:?}");
    let theirs = other["client_secret"].as_str().unwrap();
    assert_eq!(ask("/introspect", &other, theirs).await.0, StatusCode::OK);
    world.advance_seconds(60);
    assert_eq!(ask("/introspect", &client, right).await.0, StatusCode::OK);
}

/// A link of ours is nothing anybody guesses, so whoever has a right one is not held up by a neighbour's wrong ones.
#[tokio::test]
async fn a_valid_link_is_let_through_whatever_its_network_tried_before() {
    let world = World::new().await;
    let invitation = crate::joining::invite(&world, "new@example.com", true, gatepost::caller::Role::Person).await;
    let get = async |path: &str| {
        let request = world.http.get(format!("{}{path}", world.url));
        request.send().await.unwrap().status()
    };
    for at in 0..70 {
        let expected = if at < 60 {
            StatusCode::NOT_FOUND
        } else {
            StatusCode::TOO_MANY_REQUESTS
        };
        assert_eq!(get(&format!("/invitation/{at}")).await, expected, "{at}");
    }
    for _ in 0..3 {
        assert_eq!(get(&invitation).await, StatusCode::OK);
        assert_eq!(get("/invitation/wrong").await, StatusCode::TOO_MANY_REQUESTS);
    }
    let mut browser = Visitor::new();
    let page = browser.open(&format!("{}{invitation}", world.url)).await.unwrap();
    let there = browser.submit(&page, "/sign-in/microsoft", &[]).await.unwrap();
    assert!(there.url.as_str().starts_with(&world.sandbox_url), "{}", there.url);

    let gateway = crate::portal::Gateway::empty().await;
    let link = gatepost::admin::setup::link(&gateway.app).await.unwrap().unwrap();
    let mut browser = gateway.browser();
    for _ in 0..61 {
        browser.get("/setup?token=wrong").await;
    }
    assert_eq!(
        browser.get("/setup?token=wrong").await.status,
        StatusCode::TOO_MANY_REQUESTS
    );
    let link = link.strip_prefix("https://gate.example").unwrap();
    assert_eq!(browser.get(link).await.status, StatusCode::OK);
}

/// WEB-17
#[tokio::test]
async fn links_that_are_not_valid_are_looked_up_sixty_times_a_minute() {
    for path in ["/invitation/", "/setup?token="] {
        let world = World::new().await;
        let get = async |at: usize| {
            let request = world.http.get(format!("{}{path}{at}", world.url));
            request.send().await.unwrap().status()
        };
        let statuses = join_all((0..80).map(get)).await;
        assert_eq!(count(&statuses, StatusCode::NOT_FOUND), 60, "{path}: {statuses:?}");
        assert_eq!(count(&statuses, StatusCode::TOO_MANY_REQUESTS), 20, "{path}");
        world.advance_seconds(60);
        assert_eq!(get(0).await, StatusCode::NOT_FOUND, "{path}");
    }
}
