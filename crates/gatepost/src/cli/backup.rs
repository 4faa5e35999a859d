//! `gatepost backup` and `gatepost restore`.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail, ensure};
use clap::Args;
use gatepost::app::{self, App};
use gatepost::audit::{self, Entry, Gap, Outside};
use gatepost::caller::EnvironmentId;
use gatepost::clock::Clock;
use gatepost::config::Settings;
use gatepost::store::migrate::{self, Standing};
use gatepost::store::{Db, backup, environments};
use serde_json::json;

use super::{Place, say};

/// Options of `gatepost backup`.
#[derive(Args)]
pub(super) struct Backup {
    #[command(flatten)]
    place: Place,
    /// Where the copy goes; nothing may be there yet
    #[arg(value_name = "FILE")]
    to: PathBuf,
}

/// Options of `gatepost restore`.
#[derive(Args)]
pub(super) struct Restore {
    #[command(flatten)]
    place: Place,
    /// A copy that `gatepost backup` made; left out after `pg_restore`
    #[arg(value_name = "FILE")]
    from: Option<PathBuf>,
    /// Put the copy in the place of the database that is there, which is kept beside it. Stop every gateway first
    #[arg(long)]
    replace: bool,
}

pub(super) async fn back_up(options: &Backup) -> anyhow::Result<()> {
    let settings = options.place.settings(&[])?;
    let to = &options.to;
    ensure!(!to.exists(), "{} is there already; nothing was written", to.display());
    if !settings.database_url.is_empty() {
        bail!(
            "this gateway's database is PostgreSQL: copy it with `pg_dump --format=custom`; to put it back use `pg_restore`, then `gatepost restore`"
        );
    }
    let path = settings.sqlite_path();
    ensure!(path.exists(), "there is no database at {}", path.display());
    let db = Db::sqlite(&path).await?;
    // Nobody sees half a copy, and nobody else may read a whole one.
    let part = to.with_added_extension("part");
    let copied = copy(&db, &part).await;
    db.close().await;
    if let Err(error) = copied {
        let _ = fs::remove_file(&part);
        return Err(error);
    }
    // A power cut after the word that it is there leaves all of it.
    fs::File::open(&part).and_then(|it| it.sync_all())?;
    fs::rename(&part, to).with_context(|| format!("cannot write {}", to.display()))?;
    let bytes = fs::metadata(to)?.len();
    say(&format!(
        "The database is in {} ({bytes} bytes).\nThe vault's keys are not in it: keep a copy of {} apart from it. Without them the copy is useless.",
        to.display(),
        settings.keys_path().display()
    ));
    Ok(())
}

async fn copy(db: &Db, part: &Path) -> anyhow::Result<()> {
    // Made beforehand, so that nobody else may read it even while it is written.
    let _ = fs::remove_file(part);
    app::make_private(part).with_context(|| format!("cannot write {}", part.display()))?;
    backup::copy_to(db, part)
        .await
        .with_context(|| format!("cannot write {}", part.display()))?;
    sound(part).await
}

/// Refuses a file that is no database or is damaged.
async fn sound(file: &Path) -> anyhow::Result<()> {
    let damaged = || format!("{} is no copy made by `gatepost backup`, or is damaged", file.display());
    let db = Db::sqlite_to_read(file).await.with_context(damaged)?;
    let found = backup::damage(&db).await;
    db.close().await;
    match found.with_context(damaged)? {
        None => Ok(()),
        Some(what) => bail!("{}: {what}", damaged()),
    }
}

pub(super) async fn restore(options: &Restore) -> anyhow::Result<()> {
    let settings = options.place.settings(&[])?;
    match (&options.from, settings.database_url.is_empty()) {
        (Some(_), true) | (None, false) => {}
        (None, true) => bail!("expected the file that `gatepost backup` wrote"),
        (Some(_), false) => bail!(
            "this gateway's database is PostgreSQL: use `pg_restore` first, then `gatepost restore` without a file"
        ),
    }
    // A folder that is not there, as behind a mistyped name, is made only for a copy that opens.
    if let Some(from) = options.from.as_ref().filter(|_| !settings.data.exists()) {
        ensure!(from.is_file(), "there is no file {}", from.display());
        check(&settings, from).await.context("nothing was changed")?;
    }
    let mut ended = 0;
    // Held until the end: no gateway starts on what is half done.
    let _lock = app::lock(&settings).context("stop every gateway first; nothing was changed")?;
    if let Some(from) = &options.from {
        ended = put_back(&settings, from, options.replace).await?;
    }
    let app = App::start(settings, Clock::real(), true).await?;
    ensure!(
        !app.db.is_served().await?,
        "a gateway serves from this database; stop every gateway, then run this again"
    );
    ensure!(backup::is_writable(&app.db).await, "the database cannot be written");
    // Again for SQLite, where it was done before the copy took its place, because PostgreSQL's copy is in place already.
    let keys = ended + backup::end_access(&app.db, app.clock.now()).await?;
    let lost = record(&app, keys).await?;
    app.close().await;
    say(&format!(
        "The database is back. What the copy would have revived has ended: everybody signs in again, every client asks for consent again, open approvals are void, and {keys} API keys have to be made anew. Connections to Microsoft go on.\n{lost} Look through people and policies: what was locked or denied since then is not any more."
    ));
    Ok(())
}

/// What was put back, and which entries are lost by it, in the view of every environment.
async fn record(app: &App, keys: u64) -> anyhow::Result<String> {
    let outside = Outside::at(app.settings.anchor_path()).read()?.unwrap_or_default();
    let gap = audit::lost_tail(&app.db, &app.signer.public_key(), &outside).await?;
    let environments: Vec<EnvironmentId> = environments::list(&app.db).await?.into_iter().map(|it| it.id).collect();
    let trace = app.clock.new_id();
    if let Some(gap) = gap {
        audit::acknowledge(
            &app.audit,
            &environments,
            &trace,
            gap,
            "a copy of the database was put back",
        )
        .await?;
    }
    for environment in environments {
        let entry = Entry {
            kind: "installation.restored",
            environment: Some(environment),
            person: None,
            trace: trace.clone(),
            details: json!({ "api_keys_ended": keys }),
        };
        app.audit.append(entry).await?;
    }
    Ok(match gap {
        Some(Gap { after, until }) => format!("Entries of the audit log after {after}, up to {until}, came after the copy and are lost; that is on record."),
        None => "No checkpoint outside the database is newer than the copy; where other replicas keep theirs, `gatepost audit verify --checkpoints FILE` tells what is lost.".to_owned(),
    })
}

/// Puts the copy in its place, with its access ended beforehand: whenever this is killed, nothing lives again. Gives the
/// number of API keys that ended.
async fn put_back(settings: &Settings, from: &Path, replace: bool) -> anyhow::Result<u64> {
    let (path, clock) = (settings.sqlite_path(), Clock::real());
    ensure!(from.is_file(), "there is no file {}", from.display());
    ensure!(
        replace || !path.exists(),
        "there is a database at {}; stop every gateway, then use --replace (it is kept beside the copy)",
        path.display()
    );
    let new = path.with_added_extension("restoring");
    let ready = make_ready(settings, from, &new, &clock).await;
    let ended = match ready {
        Ok(ended) => ended,
        Err(error) => {
            let _ = fs::remove_file(&new);
            return Err(error.context("nothing was changed"));
        }
    };
    if path.exists() {
        // Closing folds the log back into the file, so that the one file is all of it.
        Db::sqlite(&path).await?.close().await;
        let aside = path.with_added_extension(format!("before-{}", clock.now().0));
        fs::rename(&path, &aside).with_context(|| format!("cannot move {}", path.display()))?;
        say(&format!("The database that was there is now {}.", aside.display()));
    }
    fs::rename(&new, &path).with_context(|| format!("cannot write {}", path.display()))?;
    Ok(ended)
}

/// Makes the copy beside the database fit to take its place.
async fn make_ready(settings: &Settings, from: &Path, new: &Path, clock: &Clock) -> anyhow::Result<u64> {
    let cannot = || format!("cannot write {}", new.display());
    let _ = fs::remove_file(new);
    app::make_private(new).with_context(cannot)?;
    let mut copy = fs::File::open(from).with_context(|| format!("cannot read {}", from.display()))?;
    let mut written = fs::File::create(new).with_context(cannot)?;
    std::io::copy(&mut copy, &mut written).with_context(cannot)?;
    written.sync_all().with_context(cannot)?;
    check(settings, new).await?;
    let db = Db::sqlite(new).await?;
    let ended = end(&db, clock).await;
    db.close().await;
    ended
}

async fn end(db: &Db, clock: &Clock) -> anyhow::Result<u64> {
    migrate::run(db).await?;
    Ok(backup::end_access(db, clock.now()).await?)
}

/// The copy is whole, of this or an older version, and its keys are here. It is only read.
async fn check(settings: &Settings, copy: &Path) -> anyhow::Result<()> {
    sound(copy).await?;
    let db = Db::sqlite_to_read(copy).await?;
    let standing = migrate::standing(&db).await?;
    let keys = match (&settings.vault_keys, settings.keys_path().exists()) {
        // A fresh key would open nothing of what the copy holds.
        (None, false) => Err(anyhow::anyhow!(
            "there is no key file {}; put back the one that was kept with this copy",
            settings.keys_path().display()
        )),
        _ => app::keyring_to_read(settings, &db).await.map(drop).map_err(Into::into),
    };
    db.close().await;
    match standing {
        Standing::Empty => bail!("{} holds no gateway's database", copy.display()),
        Standing::Foreign(why) => bail!("the copy was made by another version: {why}"),
        Standing::Current | Standing::Behind(_) => keys,
    }
}
