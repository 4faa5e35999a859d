//! `gatepost serve` and `gatepost migrate`.

use std::io::IsTerminal as _;
use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Context as _;
use clap::Args;
use gatepost::admin;
use gatepost::app::{self, App};
use gatepost::clock::Clock;
use gatepost::config::Settings;
use gatepost::store::{Db, refresh};
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tracing_subscriber::EnvFilter;

use super::{Place, panics, say};

/// After the drain, for calls whose callers have left.
const LAST_CALLS: Duration = Duration::from_secs(5);

/// Options of `gatepost serve`.
#[derive(Args)]
pub(super) struct Options {
    #[command(flatten)]
    place: Place,
    /// Address and port to listen on
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<String>,
    /// The gateway's address as browsers, clients and Microsoft see it
    #[arg(long, value_name = "URL")]
    public_url: Option<String>,
    /// Bring an older database up to date instead of refusing to start
    #[arg(long)]
    migrate: bool,
}

/// Longer than one answer of Microsoft's sign-in service may take.
const REFRESHES_END: Duration = Duration::from_secs(22);

pub(super) async fn run(options: Options) -> anyhow::Result<()> {
    // First of all: a signal that comes while the gateway starts ends it no more than later.
    let hangup = signal(SignalKind::hangup()).context("SIGHUP cannot be listened for")?;
    let settings = settings(&options)?;
    start_logging(&settings);
    let listener = bind(&settings.listen).await?;
    let _lock = app::lock(&settings)?;
    for warning in app::readable_by_others(&settings) {
        tracing::warn!("{warning}");
    }
    if let Some(doubt) = settings.doubts(listener.local_addr()?.port()) {
        tracing::warn!("{doubt}");
    }
    let app = App::start(settings, Clock::real(), options.migrate).await?;
    if matches!(app.db, Db::Sqlite(_)) {
        // One process at a time uses the file, so whoever held a lease is gone.
        refresh::forget_leases(&app.db).await?;
    }
    app.db.serve();
    app.announce_settings().await?;
    gatepost::call::say_alive(&app).await?;
    tracing::info!(listen = %listener.local_addr()?, public_url = %app.settings.public_url, database = %app.db.version().await?, "gatepost is running");
    if let Some(link) = admin::setup::link(&app).await? {
        say(&format!(
            "\nThis gateway has no administrator yet. Open this link once, in your browser:\n\n  {link}\n"
        ));
    }
    let jobs = tokio::spawn(gatepost::jobs::run(app.clone()));
    let hangups = tokio::spawn(hangups(app.clone(), hangup));
    gatepost::http::serve(app.clone(), listener, stop_signal()).await;
    jobs.abort();
    hangups.abort();
    gatepost::call::leave(&app, LAST_CALLS).await;
    let unfinished = app.access.ended(REFRESHES_END).await;
    if unfinished != 0 {
        tracing::warn!(
            unfinished,
            "Microsoft did not answer these token refreshes in time; they are made again after the start"
        );
    }
    app.close().await;
    tracing::info!("gatepost has stopped");
    Ok(())
}

fn settings(options: &Options) -> anyhow::Result<Settings> {
    let mut more = Vec::new();
    more.extend(options.listen.clone().map(|it| ("listen", it)));
    more.extend(options.public_url.clone().map(|it| ("public_url", it)));
    let mut settings = options.place.settings(&more)?;
    // Started by hand on another port, nobody has said yet what the gateway is called.
    let port = settings.listen.parse::<SocketAddr>().map(|it| it.port())?;
    if settings.public_url == Settings::default().public_url && port != 0 {
        settings.public_url = format!("http://localhost:{port}");
    }
    Ok(settings)
}

/// SIGHUP, which a closed terminal and `systemctl reload` send, ends nothing: keys that were added are taken at once.
async fn hangups(app: App, mut hangup: Signal) {
    while hangup.recv().await.is_some() {
        app.vault.look_for_keys();
        tracing::info!(
            "SIGHUP: looked for new vault keys; settings are read at start only, so restart the gateway to change them"
        );
    }
}

/// `gatepost migrate`
pub(super) async fn migrate(place: &Place) -> anyhow::Result<()> {
    let settings = place.settings(&[])?;
    let _lock = app::lock(&settings)?;
    let app = App::start(settings, Clock::real(), true).await?;
    say(&format!("The tables are up to date ({}).", app.db.version().await?));
    app.close().await;
    Ok(())
}

/// Log lines to standard error, as the settings say.
pub(crate) fn start_logging(settings: &Settings) {
    let filter = EnvFilter::try_new(&settings.log).unwrap_or_else(|_| EnvFilter::new("info"));
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        // Colours are for people; a file or a pipe gets plain lines.
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    // A second start in one process keeps the first one's log.
    let _ = if settings.log_json {
        lines.json().try_init()
    } else {
        lines.try_init()
    };
    panics::log_them();
}

/// Listens, or says why not.
pub(crate) async fn bind(listen: &str) -> anyhow::Result<TcpListener> {
    TcpListener::bind(listen).await.with_context(|| {
        format!("cannot listen on {listen}; another program may be using it, choose another with --listen")
    })
}

/// Ends when the process is told to stop: Ctrl-C or SIGTERM.
pub(crate) async fn stop_signal() {
    let mut terminate = signal(SignalKind::terminate()).expect("SIGTERM can be listened for");
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}
