//! An installation that a command looks at: nothing is created, and what is not there is told.

use anyhow::{bail, ensure};
use gatepost::config::Settings;
use gatepost::store::Db;
use gatepost::store::migrate::{self, Standing};

use super::Place;

/// The settings and the database of an installation that exists.
pub(super) struct Reading {
    pub settings: Settings,
    pub db: Db,
}

impl Reading {
    /// Opens the database of `place` to read it.
    pub(super) async fn open(place: &Place) -> anyhow::Result<Self> {
        let settings = place.settings(&[])?;
        let db = open(&settings).await?;
        match migrate::standing(&db).await? {
            Standing::Current => Ok(Self { settings, db }),
            Standing::Empty => bail!("no gateway has used this database yet; nothing was created"),
            Standing::Behind(missing) => {
                bail!(
                    "the database is older than this version of gatepost (missing migrations {missing:?}); back it up, then run `gatepost migrate`"
                )
            }
            Standing::Foreign(why) => bail!("this database cannot be used: {why}"),
        }
    }

    /// The settings of `place`, if there is a gateway's database; for commands that change one and never begin one.
    pub(super) async fn settings(place: &Place) -> anyhow::Result<Settings> {
        let found = Self::open(place).await?;
        found.db.close().await;
        Ok(found.settings)
    }
}

async fn open(settings: &Settings) -> anyhow::Result<Db> {
    if !settings.database_url.is_empty() {
        let schema = settings.database_schema.as_str();
        return Ok(Db::postgres_to_read(&settings.database_url, Some(schema).filter(|it| !it.is_empty())).await?);
    }
    let path = settings.sqlite_path();
    ensure!(
        path.exists(),
        "there is no database at {}; nothing was created. Name the folder with --data, or the database with --config",
        path.display()
    );
    Ok(Db::sqlite_to_read(&path).await?)
}
