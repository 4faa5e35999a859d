//! Where secrets and tokens go: to Microsoft, or to a cloud of the operator's settings, and nowhere that anybody typed.

use std::sync::{Arc, Mutex};

use gatepost::app::App;
use gatepost::clock::Clock;
use gatepost::config::{CloudEntry, Settings};
use gatepost::store::{Db, integrations};
use sandbox::visitor::{Page, Visitor};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use crate::world::{ADA, CLOUD, OWNER, World, cloud};

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
