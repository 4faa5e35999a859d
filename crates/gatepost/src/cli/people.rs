//! `gatepost user add` and `gatepost api-key add`, for whoever has the machine.

use anyhow::{Context as _, bail};
use clap::{Args, Subcommand};
use gatepost::admin::{self, KeyInput, NewAdministrator, Refused};
use gatepost::app::App;
use gatepost::caller::{Caller, Role, ScopeSet, Through};
use gatepost::clock::Clock;
use gatepost::store::{environments, people};
use secrecy::ExposeSecret as _;

use super::reading::Reading;
use super::{Place, say};

/// What to do with people.
#[derive(Subcommand)]
pub(super) enum User {
    /// Adds an administrator with a local password, read from standard input.
    #[command(after_help = "Example:\n  gatepost user add --email ada@example.com --name Ada < password.txt")]
    Add(UserOptions),
}

#[derive(Args)]
pub(super) struct UserOptions {
    #[command(flatten)]
    place: Place,
    #[arg(long)]
    email: String,
    #[arg(long)]
    name: String,
}

/// What to do with API keys.
#[derive(Subcommand)]
pub(super) enum Key {
    /// Makes a key for one person, or with --application for an application that names its end users.
    #[command(
        after_help = "Examples:\n  gatepost api-key add --name nightly --person ada@example.com\n  gatepost api-key add --name shop --application --scope \"powerbi.read powerbi.write\""
    )]
    Add(KeyOptions),
}

#[derive(Args)]
pub(super) struct KeyOptions {
    #[command(flatten)]
    place: Place,
    #[arg(long)]
    name: String,
    /// E-mail of the person the key acts for
    #[arg(long, conflicts_with = "application", required_unless_present = "application")]
    person: Option<String>,
    /// The key is an application's, which sends Gatepost-User with each call
    #[arg(long)]
    application: bool,
    #[arg(long, default_value = "powerbi.read")]
    scope: String,
    /// Days until the key ends
    #[arg(long)]
    days: Option<i64>,
}

pub(super) async fn add_user(user: User) -> anyhow::Result<()> {
    let User::Add(options) = user;
    let password = std::io::read_to_string(std::io::stdin()).context("cannot read the password from standard input")?;
    let password = password.trim_end_matches(['\r', '\n']);
    let app = App::start(Reading::settings(&options.place).await?, Clock::real(), false).await?;
    let caller = operator(&app).await?;
    let person =
        NewAdministrator::check(&options.name, &options.email, password).map_err(|it| refused(Refused::Invalid(it)))?;
    admin::add_administrator(&app, &caller, &person)
        .await
        .map_err(refused)?;
    say(&format!(
        "{} may sign in at {}",
        options.email,
        app.settings.url("/sign-in")
    ));
    app.close().await;
    Ok(())
}

pub(super) async fn add_key(key: Key) -> anyhow::Result<()> {
    let Key::Add(options) = key;
    let app = App::start(Reading::settings(&options.place).await?, Clock::real(), false).await?;
    let mut caller = operator(&app).await?;
    if let Some(email) = &options.person {
        let mut found = people::find_by_email(&app.db, &caller.environment, email).await?;
        if 1 < found.len() {
            bail!("several people of the default environment have the address {email}, so a key is made in the portal");
        }
        let person = found
            .pop()
            .with_context(|| format!("there is no {email} in the default environment"))?;
        caller = Caller {
            role: person.role(),
            person: person.id,
            person_name: person.name,
            ..caller
        };
    }
    let scopes = ScopeSet::parse(&options.scope).map_err(|name| anyhow::anyhow!("there is no scope {name}"))?;
    let input = KeyInput {
        name: options.name,
        is_application: options.application,
        scopes,
        days: options.days,
    };
    let made = admin::create_key(&app, &caller, &input).await.map_err(refused)?;
    say(made.key.expose_secret());
    app.close().await;
    Ok(())
}

/// Whoever has the machine acts as the first owner; the record says that it was the command line.
async fn operator(app: &App) -> anyhow::Result<Caller> {
    let Some(environment) = environments::find_default(&app.db).await? else {
        bail!("this gateway is not set up yet; start it and open the set-up link");
    };
    let owner = people::find_owner(&app.db, &environment.id)
        .await?
        .context("there is no owner")?;
    Ok(Caller {
        environment: environment.id,
        person: owner.id,
        person_name: owner.name,
        role: Role::Owner,
        groups: Vec::new(),
        through: Through::Job {
            name: "command line".into(),
        },
        scopes: ScopeSet::all(),
        authenticated_at: app.clock.now(),
        address: None,
        trace: app.clock.new_id(),
    })
}

fn refused(refused: Refused) -> anyhow::Error {
    match refused {
        Refused::Invalid(problems) => {
            let list: Vec<String> = problems
                .iter()
                .map(|(field, problem)| format!("{field}: {problem}"))
                .collect();
            anyhow::anyhow!(list.join("; "))
        }
        other => anyhow::anyhow!(other.to_string()),
    }
}
