//! Where secrets and tokens go: to Microsoft, or to a cloud of the operator's settings, and nowhere that anybody typed.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use gatepost::app::App;
use gatepost::caller::PersonId;
use gatepost::clock::Clock;
use gatepost::config::{CloudEntry, Settings};
use gatepost::entra;
use gatepost::store::connections::{self, Connection};
use gatepost::store::sealed::{self, Column};
use gatepost::store::{Db, integrations};
use sandbox::visitor::{Page, Visitor};
use secrecy::ExposeSecret as _;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use crate::world::{ADA, BO, CLOUD, OWNER, World, cloud, sign_in_at_microsoft};

/// Somebody else's host: it notes every byte that arrives and answers nothing useful.
pub(crate) struct Elsewhere {
    pub(crate) url: String,
    heard: Arc<Mutex<Vec<u8>>>,
}

impl Elsewhere {
    pub(crate) async fn listen() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://127.0.0.1:{}", listener.local_addr().unwrap().port());
        let heard: Arc<Mutex<Vec<u8>>> = Arc::default();
        let noted = heard.clone();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let noted = noted.clone();
                tokio::spawn(async move {
                    let mut bytes = vec![0; 64 * 1024];
                    while let Ok(length @ 1..) = stream.read(&mut bytes).await {
                        noted.lock().unwrap().extend_from_slice(&bytes[..length]);
                        let answer = b"HTTP/1.1 500 Elsewhere\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
                        if stream.write_all(answer).await.is_err() {
                            break;
                        }
                    }
                });
            }
        });
        Self { url, heard }
    }

    /// What arrived so far, as text.
    pub(crate) fn heard(&self) -> String {
        String::from_utf8_lossy(&self.heard.lock().unwrap()).into_owned()
    }
}

/// The owner's browser, signed in.
pub(crate) async fn owner(world: &World) -> Visitor {
    let mut browser = Visitor::new();
    let page = browser.open(&format!("{}/sign-in", world.url)).await.unwrap();
    let home = browser
        .submit(&page, "/sign-in", &[("email", OWNER.0), ("password", OWNER.1)])
        .await
        .unwrap();
    assert_eq!(home.status, 200, "{}", home.text());
    browser
}

/// Sends the integration's form with these fields changed.
pub(crate) async fn save(world: &World, browser: &mut Visitor, fields: &[(&str, &str)]) -> Page {
    let form = format!("/integrations/{}", world.integration);
    let page = browser.open(&format!("{}{form}", world.url)).await.unwrap();
    let mut all = vec![("name", "Power BI")];
    all.extend_from_slice(fields);
    browser.submit(&page, &form, &all).await.unwrap()
}

async fn execute(world: &World, statement: &'static str, value: &str) {
    match &world.app.db {
        Db::Sqlite(pool) => sqlx::query(statement)
            .bind(value)
            .execute(pool)
            .await
            .map(drop)
            .unwrap(),
        Db::Postgres(pool) => sqlx::query(statement)
            .bind(value)
            .execute(pool)
            .await
            .map(drop)
            .unwrap(),
    }
}

/// CFG-12
#[tokio::test]
async fn an_address_typed_into_the_form_counts_for_nothing() {
    let (world, evil) = (World::new().await, Elsewhere::listen().await);
    let ada = world.connect(ADA).await;
    let key = world.key(&ada.person).await;
    let mut browser = owner(&world).await;
    let before = integrations::find(&world.app.db, &world.integration)
        .await
        .unwrap()
        .unwrap();
    let typed = [
        ("login", evil.url.as_str()),
        ("resource", "https://analysis.windows.net/powerbi/api"),
        ("api", &evil.url),
        ("portal", &evil.url),
        ("secret", "inv8Q~ented_secret_0123456789012345678901"),
    ];
    let json = format!(r#"{{"id":"custom","login":"{0}","api":"{0}"}}"#, evil.url);
    for named in ["custom", "", "nowhere", evil.url.as_str(), &json] {
        let mut fields = vec![("cloud", named)];
        fields.extend(typed);
        let page = save(&world, &mut browser, &fields).await;
        assert_eq!(page.status, 422, "{named}: {}", page.text());
        assert!(page.text().contains("expected one of the clouds"), "{}", page.text());
    }
    let after = integrations::find(&world.app.db, &world.integration)
        .await
        .unwrap()
        .unwrap();
    assert_eq!((before.cloud, before.secret_sealed), (after.cloud, after.secret_sealed));
    // Even where the cloud itself is left alone, the addresses beside it are nobody's.
    let page = save(&world, &mut browser, &typed[..4]).await;
    assert_eq!(page.status, 200, "{}", page.text());
    world.advance_seconds(2 * 3600);
    assert_eq!(world.get(&key, "/groups").await.status(), 200);
    assert_eq!(evil.heard(), "");
}

#[tokio::test]
async fn addresses_typed_into_an_older_version_are_refused_until_a_cloud_is_chosen() {
    let (world, evil) = (World::new().await, Elsewhere::listen().await);
    let ada = world.connect(ADA).await;
    let key = world.key(&ada.person).await;
    let typed = format!(
        r#"{{"id":"custom","name":"Custom","login":"{0}","resource":"https://r.example","api":"{0}","portal":"{0}","power_bi_app_id":"x"}}"#,
        evil.url
    );
    execute(&world, "UPDATE integrations SET cloud = $1", &typed).await;
    for advance in [0, 2 * 3600] {
        world.advance_seconds(advance);
        let answer = world.get(&key, "/groups").await;
        let (status, text) = (answer.status().as_u16(), answer.text().await.unwrap());
        assert_eq!(status, 503, "{text}");
        assert!(
            text.contains("typed into its form") && text.contains("operator"),
            "{text}"
        );
    }
    let mut browser = owner(&world).await;
    let form = format!("{}/integrations/{}", world.url, world.integration);
    let page = browser.open(&form).await.unwrap();
    assert!(page.text().contains("This integration is not used"), "{}", page.text());
    // Renaming alone chooses nothing.
    let page = save(&world, &mut browser, &[]).await;
    assert_eq!(page.status, 422, "{}", page.text());
    let overview = browser.open(&format!("{}/", world.url)).await.unwrap();
    assert!(overview.text().contains("typed into its form"), "{}", overview.text());
    assert_eq!(evil.heard(), "");
}

#[tokio::test]
async fn a_cloud_on_this_machine_stops_the_start_of_a_gateway_that_is_not() {
    let data = tempfile::tempdir().unwrap();
    let settings = |public_url: &str, entry: CloudEntry| Settings {
        public_url: public_url.into(),
        data: data.path().to_owned(),
        clouds: [(CLOUD.to_owned(), entry)].into(),
        ..Settings::default()
    };
    let here = cloud("http://localhost:8421");
    let started = App::start(
        settings("https://gatepost.example.com", here.clone()),
        Clock::real(),
        false,
    );
    let problem = started.await.err().expect("it does not start").to_string();
    assert!(
        problem.contains("clouds.sandbox") && problem.contains("on this machine"),
        "{problem}"
    );
    assert!(!data.path().join("gatepost.db").exists(), "nothing was made");
    let app = App::start(settings("http://localhost:8420", here), Clock::real(), false);
    assert!(app.await.is_ok());
}

/// A world that knows a second cloud, `elsewhere`, which is `evil`'s.
async fn with_another(evil: &Elsewhere) -> World {
    World::with(|settings| {
        settings.clouds.insert("elsewhere".to_owned(), cloud(&evil.url));
    })
    .await
}

const INVENTED: &str = "inv8Q~ented_secret_0123456789012345678901";

async fn connection(world: &World, person: &PersonId) -> Connection {
    connections::of_person(&world.app.db, person).await.unwrap().remove(0)
}

/// Another cloud, directory or Client ID of an integration: what the tokens were given for is gone, so they are too.
#[tokio::test]
async fn another_registration_ends_its_connections_once_their_number_was_agreed_to() {
    for (name, value) in [
        ("cloud", "elsewhere"),
        ("tenant", sandbox::people::FABRIKAM),
        ("client_id", "11111111-2222-4333-8444-555555555555"),
    ] {
        let evil = Elsewhere::listen().await;
        let world = with_another(&evil).await;
        let (ada, bo) = (world.connect(ADA).await, world.connect(BO).await);
        let key = world.key(&ada.person).await;
        let mut browser = owner(&world).await;
        let secrets = [("secret", INVENTED), (name, value)];
        for agreed in [None, Some("1"), Some("3"), Some("yes")] {
            let mut fields = secrets.to_vec();
            fields.extend(agreed.map(|it| ("ends", it)));
            let page = save(&world, &mut browser, &fields).await;
            assert_eq!(page.status, 422, "{name} {agreed:?}: {}", page.text());
            assert!(page.text().contains("2 connections end"), "{}", page.text());
        }
        assert_eq!(world.get(&key, "/groups").await.status(), 200, "nothing was changed");

        let mut fields = secrets.to_vec();
        fields.push(("ends", "2"));
        let page = save(&world, &mut browser, &fields).await;
        assert_eq!(page.status, 200, "{name}: {}", page.text());
        for person in [&ada.person, &bo.person] {
            let row = connection(&world, person).await;
            assert_eq!(
                (row.state.as_str(), row.access_sealed, row.refresh_sealed),
                ("revoked", None, None)
            );
        }
        let entry = world.entries_of("integration.changed").await.pop().unwrap();
        assert_eq!(entry["details"]["connections_ended"], 2, "{entry}");
        assert_ne!(entry["details"]["before"][name], entry["details"][name], "{entry}");

        // Calls, refreshes that are due, and those made ahead: nothing of Microsoft's arrives anywhere else.
        let asked = world.ledger("kind=entra").await.len();
        for advance in [0, 56 * 60, 3600] {
            world.advance_seconds(advance);
            let answer = world.get(&key, "/groups").await;
            let (status, text) = (answer.status().as_u16(), answer.text().await.unwrap());
            assert!(
                status == 403 && text.contains("not_connected"),
                "{name}: {status} {text}"
            );
            gatepost::jobs::due(&world.app).await.unwrap();
        }
        assert_eq!(evil.heard(), "", "{name}");
        assert_eq!(world.ledger("kind=entra").await.len(), asked, "{name}");
    }
}

#[tokio::test]
async fn a_new_secret_or_the_same_registration_in_other_letters_ends_nothing() {
    let world = World::new().await;
    let ada = world.connect(ADA).await;
    let key = world.key(&ada.person).await;
    let mut browser = owner(&world).await;
    let upper = world.client_id.to_uppercase();
    let spelled = format!("https://login.microsoftonline.com/{}", sandbox::people::CONTOSO);
    for fields in [
        vec![("secret", INVENTED)],
        vec![("client_id", upper.as_str())],
        vec![("tenant", spelled.as_str())],
        vec![("secret_expires", "2028-01-01")],
    ] {
        let page = save(&world, &mut browser, &fields).await;
        assert_eq!(page.status, 200, "{fields:?}: {}", page.text());
        assert_eq!(connection(&world, &ada.person).await.state, "connected", "{fields:?}");
        assert_eq!(world.get(&key, "/groups").await.status(), 200, "{fields:?}");
    }
    let entries = world.entries_of("integration.changed").await;
    assert_eq!(entries.len(), 4);
    assert!(
        entries
            .iter()
            .all(|it| it["details"].get("connections_ended").is_none())
    );
}

#[tokio::test]
async fn a_sign_in_begun_before_the_change_brings_its_code_to_nobody() {
    let evil = Elsewhere::listen().await;
    let world = with_another(&evil).await;
    let mut browser = Visitor::new();
    let page = browser.open(&format!("{}/sign-in", world.url)).await.unwrap();
    let there = browser.submit(&page, "/sign-in/microsoft", &[]).await.unwrap();
    let page = save(
        &world,
        &mut owner(&world).await,
        &[("cloud", "elsewhere"), ("secret", INVENTED)],
    )
    .await;
    assert_eq!(page.status, 200, "{}", page.text());
    let back = sign_in_at_microsoft(&mut browser, there, ADA).await;
    assert_eq!(back.status, 409, "{}", back.text());
    assert!(back.text().contains("changed meanwhile"), "{}", back.text());
    assert_eq!(evil.heard(), "");
    let refused = world.entries_of("connection.refused").await;
    assert_eq!(refused[0]["details"]["reason"], "integration_moved");
}

/// The refresh is out, held up at Microsoft, while the integration changes.
#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_under_way_stores_nothing_for_another_registration() {
    let evil = Elsewhere::listen().await;
    let world = Arc::new(with_another(&evil).await);
    let ada = world.connect(ADA).await;
    let key = world.key(&ada.person).await;
    world.advance_seconds(2 * 3600);
    world
        .fault(json!({ "endpoint": "token", "kind": "delay", "ms": 1500, "remaining": 1 }))
        .await;
    let call = tokio::spawn({
        let (world, key) = (world.clone(), key.clone());
        async move { world.get(&key, "/groups").await }
    });
    let is_leased = || async { connection(&world, &ada.person).await.lease_owner.is_some() };
    while !is_leased().await {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let fields = [("cloud", "elsewhere"), ("secret", INVENTED), ("ends", "1")];
    let page = save(&world, &mut owner(&world).await, &fields).await;
    assert_eq!(page.status, 200, "{}", page.text());
    // Whichever is noticed first: that no account is connected, or that the access ended while the call ran.
    let status = call.await.unwrap().status().as_u16();
    assert!([401, 403].contains(&status), "{status}");
    let row = connection(&world, &ada.person).await;
    assert_eq!(
        (row.state.as_str(), row.access_sealed, row.refresh_sealed),
        ("revoked", None, None)
    );
    assert_eq!(evil.heard(), "");
}

/// The operator moves an entry's addresses: what was given for the old ones opens for no other, and again once they are back.
#[tokio::test]
async fn tokens_open_only_for_the_addresses_they_were_given_for() {
    let (world, evil) = (World::new().await, Elsewhere::listen().await);
    let ada = world.connect(ADA).await;
    let key = world.key(&ada.person).await;
    for (at, moved) in [
        |it: &mut CloudEntry, to: &str| it.api = to.into(),
        |it: &mut CloudEntry, to: &str| it.login = to.into(),
        |it: &mut CloudEntry, _: &str| it.resource = "https://analysis.example/powerbi/api".into(),
    ]
    .into_iter()
    .enumerate()
    {
        let mut settings = world.app.settings.clone();
        moved(settings.clouds.get_mut(CLOUD).unwrap(), &evil.url);
        let replica = App::start(settings, world.clock.clone(), false).await.unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(gatepost::http::serve(replica, listener, std::future::pending()));
        let request = world
            .http
            .get(format!("{url}/powerbi/v1.0/myorg/groups"))
            .header("host", world.url.trim_start_matches("http://"));
        let answer = request.bearer_auth(&key).send().await.unwrap();
        let (status, text) = (answer.status().as_u16(), answer.text().await.unwrap());
        assert!(status == 403 && text.contains("not_connected"), "{at}: {status} {text}");
        assert_eq!(evil.heard(), "", "{at}");
    }
    assert_eq!(
        world.get(&key, "/groups").await.status(),
        200,
        "the addresses are as before"
    );
}

/// An older version sealed tokens for their row alone: they are bound at start, and opened in that form by no call.
#[tokio::test]
async fn tokens_of_an_older_version_are_bound_at_start_and_no_healthy_connection_is_lost() {
    let world = World::new().await;
    let (ada, bo) = (world.connect(ADA).await, world.connect(BO).await);
    let key = world.key(&ada.person).await;
    for person in [&ada.person, &bo.person] {
        unbind(&world, person).await;
    }
    let answer = world.get(&key, "/groups").await;
    assert_eq!(answer.status(), 403, "not as it is");
    let app = App::start(world.app.settings.clone(), world.clock.clone(), false)
        .await
        .unwrap();
    assert_eq!(world.get(&key, "/groups").await.status(), 200);
    world.advance_seconds(2 * 3600);
    assert_eq!(world.get(&key, "/groups").await.status(), 200, "the refresh token too");
    let done = entra::bind_tokens(&app.db, &app.vault, &app.clouds).await.unwrap();
    assert_eq!((done.bound, done.left), (0, 0), "once is enough");

    // Those of an integration that names no cloud any more stay closed, also after a start.
    unbind(&world, &bo.person).await;
    execute(&world, "UPDATE integrations SET cloud = $1", "{\"id\":\"custom\"}").await;
    let done = entra::bind_tokens(&app.db, &app.vault, &app.clouds).await.unwrap();
    assert_eq!((done.bound, done.left), (0, 1));
}

/// Seals a person's tokens as the older version did.
async fn unbind(world: &World, person: &PersonId) {
    let row = connection(world, person).await;
    let binding = world.binding().await;
    let columns = [
        (Column::AccessToken, row.access_sealed),
        (Column::RefreshToken, row.refresh_sealed),
    ];
    for (column, sealed) in columns {
        let place = entra::token_place(column.place().1, &row.id.0, &row.environment_id.0);
        let old = sealed.unwrap();
        let secret = world.app.vault.open_bound(place, binding, &old).unwrap();
        let new = world.app.vault.seal_text(place, secret.expose_secret());
        assert!(
            sealed::replace(&world.app.db, column, &row.id.0, &old, &new)
                .await
                .unwrap()
        );
    }
}
