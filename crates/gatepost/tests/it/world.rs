//! A gateway and a sandbox on loopback, set up through the product's own functions, with clocks that tests can move.

use std::sync::atomic::{AtomicU64, Ordering};

use gatepost::admin::{self, IntegrationInput};
use gatepost::app::App;
use gatepost::caller::{Caller, EnvironmentId, IntegrationId, PersonId, Role, Scope, ScopeSet, Through};
use gatepost::client_metadata::Reach;
use gatepost::clock::{Clock, Timestamp};
use gatepost::config::{CloudEntry, Settings};
use gatepost::entra;
use gatepost::store::audit::Row;
use gatepost::store::{Db, integrations};
use gatepost::vault::Binding;
use sandbox::visitor::{Page, Visitor};
use sandbox::{Options, Sandbox};
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// 2026-11-23 12:00 UTC.
pub(crate) const NOON: i64 = 1_795_435_200_000;
pub(crate) const SECRET: &str = "Abc8Q~sandbox-secret_0123456789012345678";
pub(crate) const ADA: &str = "ada@contoso.test";
pub(crate) const BO: &str = "bo@contoso.test";
pub(crate) const CY: &str = "cy@contoso.test";
pub(crate) const DI: &str = "di@contoso.test";
pub(crate) const FLO: &str = "flo@contoso.test";
pub(crate) const OWNER: (&str, &str) = ("olga@example.com", "correct horse battery");

/// The sandbox among the clouds of a world's settings.
pub(crate) const CLOUD: &str = "sandbox";

static SCHEMAS: AtomicU64 = AtomicU64::new(0);

/// One gateway with its sandbox.
pub(crate) struct World {
    pub(crate) app: App,
    pub(crate) sandbox: Sandbox,
    pub(crate) clock: Clock,
    /// The gateway's public address.
    pub(crate) url: String,
    pub(crate) sandbox_url: String,
    pub(crate) environment: EnvironmentId,
    pub(crate) integration: IntegrationId,
    pub(crate) owner: PersonId,
    pub(crate) client_id: String,
    pub(crate) http: reqwest::Client,
    _data: tempfile::TempDir,
}

/// A person signed in with Microsoft, with their browser.
pub(crate) struct Guest {
    pub(crate) person: PersonId,
    pub(crate) browser: Visitor,
}

impl World {
    /// A fresh world on a database of its own: SQLite, or PostgreSQL when `TEST_POSTGRES_URL` is set.
    pub(crate) async fn new() -> Self {
        Self::with(|_| {}).await
    }

    /// A fresh world with other settings.
    pub(crate) async fn with(change: impl FnOnce(&mut Settings)) -> Self {
        let clock = Clock::set(Timestamp(NOON), 42);
        Self::start(clock, Some(NOON), Reach::default(), change).await
    }

    /// A fresh world whose calls go to another Power BI than the sandbox's; sign-in stays there.
    pub(crate) async fn calling(power_bi: &str) -> Self {
        Self::with(|settings| send_calls_to(settings, power_bi)).await
    }

    /// A fresh world that finds clients' own servers in another way.
    pub(crate) async fn reaching(reach: Reach) -> Self {
        let clock = Clock::set(Timestamp(NOON), 42);
        Self::start(clock, Some(NOON), reach, |_| {}).await
    }

    /// A fresh world on the machine's own time, for tests that share its database with processes of their own.
    pub(crate) async fn in_real_time() -> Self {
        Self::start(Clock::real(), None, Reach::default(), |_| {}).await
    }

    #[expect(clippy::disallowed_methods, reason = "the test command names the database here")]
    async fn start(clock: Clock, sandbox_start: Option<i64>, reach: Reach, change: impl FnOnce(&mut Settings)) -> Self {
        // Shown with a failing test: what the gateway itself says of it.
        let _ = tracing_subscriber::fmt()
            .with_test_writer()
            .with_max_level(tracing::Level::WARN)
            .try_init();
        let (sandbox, sandbox_url) = start_sandbox(sandbox_start).await;
        let for_its_owner = std::os::unix::fs::PermissionsExt::from_mode(0o700);
        let data = tempfile::Builder::new().permissions(for_its_owner).tempdir().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://localhost:{}", listener.local_addr().unwrap().port());
        let mut settings = Settings {
            public_url: url.clone(),
            data: data.path().to_owned(),
            // The clock stands still, so a minute never ends.
            list_calls_per_minute: 0,
            clouds: [(CLOUD.to_owned(), cloud(&sandbox_url))].into(),
            ..Settings::default()
        };
        if let Ok(server) = std::env::var("TEST_POSTGRES_URL") {
            settings.database_schema = fresh_schema(&server).await;
            settings.database_url = server;
        }
        change(&mut settings);
        let url = settings.public_url.clone();
        let app = App::start_reaching(settings, clock.clone(), false, reach)
            .await
            .unwrap();
        tokio::spawn(gatepost::http::serve(app.clone(), listener, std::future::pending()));
        let owner = admin::setup::FirstOwner::check("Olga Owner", OWNER.0, OWNER.1, OWNER.1).unwrap();
        let done = admin::setup::first_owner(&app, &owner).await.unwrap();
        let client_id = register(&sandbox_url, &url).await;
        let mut world = Self {
            clock,
            sandbox,
            url,
            environment: done.environment,
            integration: IntegrationId(String::new()),
            owner: done.owner,
            client_id,
            http: reqwest::Client::builder()
                .redirect(reqwest::redirect::Policy::none())
                .no_proxy()
                .build()
                .unwrap(),
            sandbox_url,
            app,
            _data: data,
        };
        world.integration = admin::create_integration(&world.app, &world.owner_caller(), &world.integration_input())
            .await
            .unwrap()
            .id;
        world
    }

    /// What an administrator types into the integration form for this sandbox.
    pub(crate) fn integration_input(&self) -> IntegrationInput {
        IntegrationInput {
            name: "Power BI".into(),
            client_id: self.client_id.clone(),
            secret: SECRET.to_owned().into(),
            tenant: sandbox::people::CONTOSO.into(),
            cloud: CLOUD.into(),
            secret_expires: "2027-05-22".into(),
            ends: None,
        }
    }

    /// The owner, as a caller from the portal.
    pub(crate) fn owner_caller(&self) -> Caller {
        Caller {
            environment: self.environment.clone(),
            person: self.owner.clone(),
            person_name: "Olga Owner".into(),
            role: Role::Owner,
            groups: vec![],
            through: Through::Portal,
            scopes: ScopeSet::all(),
            authenticated_at: self.clock.now(),
            address: None,
            trace: self.clock.new_id(),
        }
    }

    /// What tokens of the world's integration are sealed for.
    pub(crate) async fn binding(&self) -> Binding {
        let row = integrations::find(&self.app.db, &self.integration)
            .await
            .unwrap()
            .unwrap();
        entra::binding_of(&self.app.clouds, &row).unwrap()
    }

    /// Moves both clocks.
    pub(crate) fn advance_seconds(&self, seconds: i64) {
        self.clock.advance_ms(seconds * 1000);
        self.sandbox.clock().advance(seconds * 1000);
    }

    /// Every audit entry so far, as JSON.
    pub(crate) async fn entries(&self) -> Vec<Value> {
        let rows: Vec<Row> = gatepost::store::audit::after(&self.app.db, 0, 100_000).await.unwrap();
        rows.iter().map(|it| serde_json::from_str(&it.entry).unwrap()).collect()
    }

    /// The audit entries of one kind.
    pub(crate) async fn entries_of(&self, kind: &str) -> Vec<Value> {
        self.entries()
            .await
            .into_iter()
            .filter(|it| it["kind"] == kind)
            .collect()
    }

    /// What the sandbox was asked that matches all of `query`, such as `kind=entra`.
    pub(crate) async fn ledger(&self, query: &str) -> Vec<Value> {
        let answer = self
            .http
            .get(format!("{}/sandbox/ledger?{query}", self.sandbox_url))
            .send()
            .await
            .unwrap();
        let body: Value = answer.json().await.unwrap();
        body["entries"]
            .as_array()
            .or(body.as_array())
            .cloned()
            .unwrap_or_default()
    }

    /// Arms a fault of the sandbox.
    pub(crate) async fn fault(&self, rule: Value) {
        let answer = self
            .http
            .post(format!("{}/sandbox/faults", self.sandbox_url))
            .json(&rule)
            .send()
            .await
            .unwrap();
        assert!(answer.status().is_success(), "{}", answer.text().await.unwrap());
    }

    /// An API key for a person, as that person would make it in the portal.
    pub(crate) async fn key(&self, person: &PersonId) -> String {
        let caller = Caller {
            person: person.clone(),
            role: Role::Person,
            ..self.owner_caller()
        };
        let scopes = ScopeSet::default().with(Scope::Read).with(Scope::Write);
        let input = admin::KeyInput {
            name: "test".into(),
            is_application: false,
            scopes,
            days: None,
        };
        let made = admin::create_key(&self.app, &caller, &input).await.unwrap();
        secrecy::ExposeSecret::expose_secret(&made.key).to_owned()
    }

    /// A GET through the proxy.
    pub(crate) async fn get(&self, key: &str, path: &str) -> reqwest::Response {
        self.http
            .get(format!("{}/powerbi/v1.0/myorg{path}", self.url))
            .bearer_auth(key)
            .send()
            .await
            .unwrap()
    }

    /// Signs a person in with Microsoft through a client's authorization request, which also connects them.
    pub(crate) async fn connect(&self, upn: &str) -> Guest {
        let account = sandbox::people::find_by_upn(upn).expect("a seeded person");
        self.connect_account(upn, &account.tid, &account.oid).await
    }

    /// The same for somebody whom a test added to the sandbox.
    pub(crate) async fn connect_account(&self, upn: &str, tid: &str, oid: &str) -> Guest {
        let client = self.register_client(&["http://localhost:7777/cb"]).await;
        let mut browser = Visitor::new();
        browser.stop_at("http://localhost:7777/");
        let asked = browser
            .open(&self.authorize_url(&client, "http://localhost:7777/cb", "powerbi.read"))
            .await
            .unwrap();
        let at_microsoft = browser
            .submit(&asked, "/authorize", &[("answer", "approve")])
            .await
            .unwrap();
        let back = sign_in_at_microsoft(&mut browser, at_microsoft, upn).await;
        assert!(
            back.parameter("code").is_some(),
            "{upn} did not come back with a code: {} {}",
            back.url,
            back.text()
        );
        let person = gatepost::store::people::find_by_account(&self.app.db, &self.environment, tid, oid);
        let person = person.await.unwrap().unwrap();
        Guest {
            person: person.id,
            browser,
        }
    }

    /// Registers an OAuth client and gives its id.
    pub(crate) async fn register_client(&self, redirects: &[&str]) -> String {
        let body = json!({ "client_name": "Test client", "redirect_uris": redirects });
        let answer = self
            .http
            .post(format!("{}/register", self.url))
            .json(&body)
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), 201);
        answer.json::<Value>().await.unwrap()["client_id"]
            .as_str()
            .unwrap()
            .to_owned()
    }

    /// An authorization request for the default environment's `/mcp`, with [`VERIFIER`]'s challenge.
    pub(crate) fn authorize_url(&self, client: &str, redirect: &str, scope: &str) -> String {
        let mcp = format!("{}/mcp", self.url);
        let pairs = [
            ("client_id", client),
            ("redirect_uri", redirect),
            ("response_type", "code"),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
            ("scope", scope),
            ("state", "s-1"),
            ("resource", &mcp),
        ];
        let query = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(pairs)
            .finish();
        format!("{}/authorize?{query}", self.url)
    }
}

/// The verifier and challenge of RFC 7636, appendix B.
pub(crate) const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub(crate) const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// Lets calls go to another Power BI than the sandbox's; sign-in stays there.
pub(crate) fn send_calls_to(settings: &mut Settings, power_bi: &str) {
    power_bi.clone_into(&mut settings.clouds.get_mut(CLOUD).expect("the sandbox is a cloud").api);
}

/// A cloud at this address, for sign-in and calls.
pub(crate) fn cloud(url: &str) -> CloudEntry {
    CloudEntry {
        name: "Sandbox".into(),
        login: url.to_owned(),
        resource: "https://analysis.windows.net/powerbi/api".into(),
        api: url.to_owned(),
        portal: format!("{url}/portal"),
        power_bi_app_id: String::new(),
        api_hosts: Vec::new(),
    }
}

/// Picks the account and accepts the consent, wherever the sandbox asks for them.
pub(crate) async fn sign_in_at_microsoft(browser: &mut Visitor, mut page: Page, upn: &str) -> Page {
    for _ in 0..4 {
        let forms = page.forms();
        let Some(form) = forms.iter().find(|it| {
            it.buttons
                .iter()
                .any(|(name, _)| name == "account" || name == "decision")
        }) else {
            break;
        };
        let field = if form.buttons.iter().any(|(name, _)| name == "account") {
            ("account", upn)
        } else {
            ("decision", "accept")
        };
        page = browser.submit(&page, &form.action, &[field]).await.unwrap();
    }
    page
}

async fn start_sandbox(start: Option<i64>) -> (Sandbox, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://localhost:{}", listener.local_addr().unwrap().port());
    let sandbox = Sandbox::new(Options {
        url: url.clone(),
        start,
        seed: 7,
    });
    tokio::spawn(sandbox::server::serve(
        sandbox.clone(),
        listener,
        std::future::pending(),
    ));
    (sandbox, url)
}

/// A new application at the sandbox that may come back to the gateway; its client id.
pub(crate) async fn register(sandbox_url: &str, gateway_url: &str) -> String {
    let application = json!({
        "name": "Gatepost under test",
        "tid": sandbox::people::CONTOSO,
        "tenants": "single",
        "secrets": [{ "value": SECRET }],
        "redirect_uris": { "web": [format!("{gateway_url}/integration-callback")] },
        "permissions": catalogue::scopes::wanted(),
        "user_consent": true,
    });
    let answer = reqwest::Client::builder()
        .no_proxy()
        .build()
        .unwrap()
        .post(format!("{sandbox_url}/sandbox/apps"))
        .json(&application)
        .send()
        .await
        .unwrap();
    let status = answer.status();
    let body: Value = answer.json().await.unwrap();
    assert!(status.is_success(), "{body}");
    body["client_id"].as_str().unwrap().to_owned()
}

pub(crate) async fn fresh_schema(server: &str) -> String {
    let name = format!("t{}_{}", std::process::id(), SCHEMAS.fetch_add(1, Ordering::Relaxed));
    Db::create_postgres_schema(server, &name).await.unwrap();
    name
}
