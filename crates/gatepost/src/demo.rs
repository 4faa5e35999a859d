//! `gatepost demo`: gateway and sandbox on this machine, made ready through the product's own paths.

use std::sync::PoisonError;

use anyhow::{Context as _, bail};
use clap::Args;
use gatepost::admin::setup::FirstOwner;
use gatepost::admin::{self, IntegrationInput, KeyInput, NewAdministrator};
use gatepost::app::App;
use gatepost::caller::{Caller, IntegrationId, Role, Scope, ScopeSet, Through};
use gatepost::clock::Clock;
use gatepost::config::{CloudEntry, Settings};
use gatepost::store::people;
use sandbox::Sandbox;
use sandbox::visitor::{Page, Visitor};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use crate::cli::{bind, say, start_logging, stop_signal};

const OWNER: &str = "admin@example.com";
/// Who approves what the first administrator asks for.
const SECOND: &str = "second@example.com";
/// The Microsoft account the administrator connects, and an analyst who sees only some rows.
const ACCOUNT: &str = "ada@contoso.test";
const ANALYST: &str = "cy@contoso.test";
/// The pretend Microsoft in the demo's settings.
const CLOUD: &str = "sandbox";

/// Options of `gatepost demo`.
#[derive(Args)]
pub(crate) struct Options {
    /// Address and port of the gateway
    #[arg(long, default_value = "127.0.0.1:8420", value_name = "ADDRESS:PORT")]
    listen: String,
    /// Address and port of the sandbox
    #[arg(long, default_value = "127.0.0.1:8421", value_name = "ADDRESS:PORT")]
    sandbox_listen: String,
    /// Power BI is at this address on this machine, for benches and contract tests; the sandbox still signs people in
    #[arg(long, value_name = "ADDRESS", value_parser = on_this_machine)]
    api: Option<String>,
    /// Print one line of JSON when ready
    #[arg(long)]
    json: bool,
    /// Serve what the MCP conformance suite expects of a server under test
    #[arg(long, hide = true)]
    conformance: bool,
    /// What to log
    #[arg(long, default_value = "warn")]
    log: String,
}

/// An address such as `http://127.0.0.1:9900`.
fn on_this_machine(text: &str) -> Result<String, String> {
    let url = url::Url::parse(text).map_err(|error| error.to_string())?;
    let is_here = match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(it)) => it.is_loopback(),
        Some(url::Host::Ipv6(it)) => it.is_loopback(),
        None => false,
    };
    match is_here {
        true => Ok(text.trim_end_matches('/').to_owned()),
        false => Err("expected an address on this machine, such as http://127.0.0.1:9900".into()),
    }
}

/// A folder that goes when the demo ends, for its owner alone whatever the umask.
fn private_folder() -> std::io::Result<tempfile::TempDir> {
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700));
    builder.tempdir()
}

/// What the demo made.
struct Ready {
    url: String,
    sandbox_url: String,
    password: String,
    second_password: String,
    key: String,
}

pub(crate) async fn run(options: Options) -> anyhow::Result<()> {
    let data = private_folder().context("cannot make a temporary folder")?;
    let (gateway, pretend) = (bind(&options.listen).await?, bind(&options.sandbox_listen).await?);
    let url = format!("http://localhost:{}", gateway.local_addr()?.port());
    let sandbox_url = format!("http://localhost:{}", pretend.local_addr()?.port());
    let settings = Settings {
        listen: gateway.local_addr()?.to_string(),
        public_url: url.clone(),
        conformance: options.conformance,
        data: data.path().to_owned(),
        log: options.log,
        unready_seconds: 0,
        drain_seconds: 3,
        // The sandbox has no such limit.
        list_calls_per_minute: 0,
        // Everybody comes from one network.
        registrations_per_hour: 1000,
        clouds: [(CLOUD.to_owned(), cloud(&sandbox_url, options.api.as_deref()))].into(),
        ..Settings::default()
    };
    start_logging(&settings);

    let (stop, stopped) = tokio::sync::watch::channel(());
    let until_stop = || {
        let mut stopped = stopped.clone();
        async move {
            // An error means that the sender is gone, which also means stop.
            let _ = stopped.changed().await;
        }
    };
    let sandbox = Sandbox::new(sandbox::Options {
        url: sandbox_url.clone(),
        start: None,
        seed: 1,
    });
    // Off in the service until an administrator of the tenant switches it on; here everything is to be tried out.
    let world = sandbox.world().lock();
    world.unwrap_or_else(PoisonError::into_inner).settings.image_export = true;
    let microsoft = tokio::spawn(sandbox::server::serve(sandbox, pretend, until_stop()));
    let app = App::start(settings, Clock::real(), false).await?;
    let front = tokio::spawn(gatepost::http::serve(app.clone(), gateway, until_stop()));
    let jobs = tokio::spawn(gatepost::jobs::run(app.clone()));

    let ready = tokio::select! {
        ready = prepare(&app, url, sandbox_url) => Some(ready?),
        () = stop_signal() => None,
    };
    if let Some(ready) = ready {
        say(&if options.json { ready.line() } else { ready.page() });
        stop_signal().await;
    }
    jobs.abort();
    drop(stop);
    // Both drain by themselves; a panic in one was logged where it happened.
    let _ = tokio::join!(front, microsoft);
    app.close().await;
    Ok(())
}

/// The pretend Microsoft, as an operator would enter it.
fn cloud(sandbox_url: &str, api: Option<&str>) -> CloudEntry {
    CloudEntry {
        name: "Sandbox".into(),
        login: sandbox_url.to_owned(),
        resource: "https://analysis.windows.net/powerbi/api".into(),
        api: api.unwrap_or(sandbox_url).to_owned(),
        portal: format!("{sandbox_url}/portal"),
        power_bi_app_id: String::new(),
        api_hosts: Vec::new(),
    }
}

async fn prepare(app: &App, url: String, sandbox_url: String) -> anyhow::Result<Ready> {
    let password = app.clock.random().token().chars().take(20).collect::<String>();
    let second_password = app.clock.random().token().chars().take(20).collect::<String>();
    // The second administrator makes the first one's account, not the other way round: nobody approves what their maker asks.
    let second = FirstOwner::check("Second Administrator", SECOND, &second_password, &second_password)
        .map_err(|problems| anyhow::anyhow!("{problems:?}"))?;
    let done = admin::setup::first_owner(app, &second).await?;
    let founder = Caller {
        environment: done.environment,
        person: done.owner,
        person_name: "Second Administrator".into(),
        role: Role::Owner,
        groups: Vec::new(),
        through: Through::Portal,
        scopes: ScopeSet::all(),
        authenticated_at: app.clock.now(),
        address: None,
        trace: app.clock.new_id(),
    };
    let new = NewAdministrator::check("Demo Administrator", OWNER, &password)
        .map_err(|problems| anyhow::anyhow!("{problems:?}"))?;
    let owner = admin::add_administrator(app, &founder, &new).await?;
    admin::save_role(app, &founder, &owner, Role::Owner).await?;
    let caller = Caller {
        person: owner,
        person_name: "Demo Administrator".into(),
        ..founder
    };
    let integration = integrate(app, &caller, &url, &sandbox_url).await?;
    connect_owner(&url, &integration, &password)
        .await
        .context("the administrator could not connect")?;
    sign_in_analyst(&url).await.context("the analyst could not sign in")?;
    group(app, &caller).await?;
    let scopes = ScopeSet::default().with(Scope::Read).with(Scope::Write);
    let input = KeyInput {
        name: "Demo key".into(),
        is_application: false,
        scopes,
        days: Some(7),
    };
    let key = admin::create_key(app, &caller, &input)
        .await?
        .key
        .expose_secret()
        .to_owned();
    Ok(Ready {
        url,
        sandbox_url,
        password,
        second_password,
        key,
    })
}

/// An app registration at the pretend Entra, and the integration form filled in with it.
async fn integrate(app: &App, caller: &Caller, url: &str, sandbox_url: &str) -> anyhow::Result<IntegrationId> {
    let secret = format!(
        "{}8Q~{}",
        &app.clock.random().token()[..3],
        &app.clock.random().token()[..34]
    );
    let registration = json!({
        "name": "Gatepost demo",
        "tid": sandbox::people::CONTOSO,
        "tenants": "single",
        "secrets": [{ "value": secret }],
        "redirect_uris": { "web": [format!("{url}/integration-callback")] },
        "permissions": catalogue::scopes::wanted(),
        "user_consent": true,
    });
    let client = reqwest::Client::builder().no_proxy().build()?;
    let answer = client
        .post(format!("{sandbox_url}/sandbox/apps"))
        .json(&registration)
        .send()
        .await?;
    let answer: Value = answer.error_for_status()?.json().await?;
    let input = IntegrationInput {
        name: "Power BI (sandbox)".into(),
        client_id: answer["client_id"]
            .as_str()
            .context("the sandbox gave no client id")?
            .to_owned(),
        secret: secret.into(),
        tenant: sandbox::people::CONTOSO.into(),
        cloud: CLOUD.into(),
        secret_expires: String::new(),
        ends: None,
    };
    Ok(admin::create_integration(app, caller, &input).await?.id)
}

/// The administrator signs in with the password and connects Power BI, page by page as in a browser.
async fn connect_owner(url: &str, integration: &IntegrationId, password: &str) -> anyhow::Result<()> {
    let mut browser = Visitor::new();
    let page = browser.open(&format!("{url}/sign-in")).await?;
    browser
        .submit(&page, "/sign-in", &[("email", OWNER), ("password", password)])
        .await?;
    let page = browser
        .open(&format!("{url}/connections/connect/{integration}"))
        .await?;
    let page = browser.submit(&page, "/connections/connect/", &[]).await?;
    arrive(at_microsoft(&mut browser, page, ACCOUNT).await?, "/connections")
}

/// An analyst signs in with Microsoft, which connects at once.
async fn sign_in_analyst(url: &str) -> anyhow::Result<()> {
    let mut browser = Visitor::new();
    let page = browser.open(&format!("{url}/sign-in")).await?;
    let page = browser.submit(&page, "/sign-in/microsoft", &[]).await?;
    arrive(at_microsoft(&mut browser, page, ANALYST).await?, "/")
}

/// Picks the account and agrees, on the sandbox's own pages.
async fn at_microsoft(browser: &mut Visitor, mut page: Page, account: &str) -> anyhow::Result<Page> {
    for _ in 0..4 {
        let wanted = |name: &str| {
            page.forms()
                .into_iter()
                .find(|form| form.buttons.iter().any(|(known, _)| known == name))
        };
        page = match (wanted("account"), wanted("decision")) {
            (Some(form), _) => browser.submit(&page, &form.action, &[("account", account)]).await?,
            (None, Some(form)) => browser.submit(&page, &form.action, &[("decision", "accept")]).await?,
            (None, None) => break,
        };
    }
    Ok(page)
}

fn arrive(page: Page, path: &str) -> anyhow::Result<()> {
    if page.status != 200 || page.url.path() != path {
        bail!("the sign-in ended at {} ({}): {}", page.url, page.status, page.text());
    }
    Ok(())
}

async fn group(app: &App, caller: &Caller) -> anyhow::Result<()> {
    let group = admin::create_group(app, caller, "Analysts").await?;
    let found = people::find_by_email(&app.db, &caller.environment, ANALYST).await?;
    let analyst = found.first().context("the analyst did not join")?;
    admin::add_member(app, caller, &group, &analyst.id).await?;
    Ok(())
}

impl Ready {
    fn line(&self) -> String {
        json!({
            "portal_url": self.url,
            "mcp_url": format!("{}/mcp", self.url),
            "proxy_url": format!("{}/powerbi", self.url),
            "sandbox_url": self.sandbox_url,
            "admin_email": OWNER,
            "admin_password": self.password,
            "second_admin_email": SECOND,
            "second_admin_password": self.second_password,
            "api_key": self.key,
        })
        .to_string()
    }

    fn page(&self) -> String {
        let Self {
            url,
            sandbox_url,
            password,
            key,
            second_password,
        } = self;
        format!(
            "
  Gatepost is running, with a pretend Microsoft behind it. Nothing leaves this machine.
  Its tenant lets reports become pictures (PNG), which a real one does only once an administrator switched that on.

  1  The portal      {url}
                     {OWNER}
                     {password}
                     or \"Sign in with Microsoft\" as {ANALYST}, an analyst who sees only one region
                     What waits for a yes is approved by another administrator:
                     {SECOND}
                     {second_password}

  2  Plain REST      curl -H \"Authorization: Bearer {key}\" \\
                       {url}/powerbi/v1.0/myorg/groups

  3  An AI agent     add the MCP server {url}/mcp
                     for instance: claude mcp add --transport http gatepost {url}/mcp
                     then ask for last month's sales

  The sandbox        {sandbox_url}    (accounts, faults, what it was asked)

  Everything is kept in a temporary folder. Ctrl-C ends it and removes it.
"
        )
    }
}
