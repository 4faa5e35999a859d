//! From settings to a running gateway, or a clear reason why not.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use catalogue::Catalogue;

use super::{App, Parts, folder, plans, policies::Compiled};
use crate::audit::{Audit, Outside, Signer};
use crate::client_metadata::{Documents, Reach};
use crate::clock::Clock;
use crate::config::{self, Settings};
use crate::entra::{self, Access, Entra};
use crate::memory::Memory;
use crate::openid::OpenId;
use crate::powerbi::{Budgets, PowerBi};
use crate::session::{Bounds, Looks, PerMinute, Strangers};
use crate::store::migrate::{self, Standing};
use crate::store::{self, Db, sealed, settings};
use crate::vault::{KeyId, Keyring, KeyringError, Place, Vault};

/// Why the gateway does not start, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("{0}")]
    Settings(#[from] config::Problem),
    #[error("cannot create the data folder {0}: {1}")]
    Data(String, std::io::Error),
    #[error("everybody may write into the data folder {0}; run `chmod 700 {0}`")]
    OpenFolder(String),
    #[error(
        "another gateway serves from {0}; SQLite is for one gateway alone. Stop the other one, or use PostgreSQL (database_url) for several"
    )]
    InUse(String),
    #[error(
        "the database is empty, but {0} is from a gateway that had one: is a volume missing, or does database_url name another database? To begin anew, move that file away"
    )]
    Emptied(String),
    #[error("{0}")]
    Keys(#[from] KeyringError),
    #[error(
        "values in the database are sealed with vault key `{0}`, which {1} does not hold; give this process the key, or restore the key file that belongs to this database"
    )]
    MissingKey(String, String),
    #[error(
        "vault key `{0}` in {1} is not the key this database was made with; restore the key file that belongs to this database"
    )]
    WrongKey(String, String),
    #[error(
        "there are sealed values in the database but no vault keys at {0}; restore the key file, or set vault_keys"
    )]
    NoKeys(String),
    #[error(
        "the database is older than this version of gatepost (missing migrations {0:?}); back it up, then run `gatepost migrate` or start with --migrate"
    )]
    Behind(Vec<i64>),
    #[error("this database cannot be used: {0}")]
    Foreign(String),
    #[error("the database cannot be brought up to date: {0}")]
    Migrate(String),
    #[error("{0}")]
    Store(#[from] store::Error),
    #[error("the client for Microsoft cannot be made: {0}")]
    Client(String),
    #[error(
        "what the MCP conformance suite expects is served on this machine only: listen on 127.0.0.1, with a public address of http://localhost"
    )]
    Conformance,
    #[error("the audit signing key in the database does not open with these vault keys")]
    Signer,
}

const MIB: usize = 1024 * 1024;
/// Wrong secrets of ours in a minute from one network for one client; more are not looked at.
const MOST_GUESSES: u32 = 60;
/// Callbacks from one network in a minute that belong to nothing; a person who goes back and forth makes a few.
const STRAYS: Bounds = Bounds {
    span_ms: 60_000,
    each: 60,
    all: 1200,
    // Each leaves an entry in the audit log, and a sign-in that is under way passes in any case.
    least: 0,
};

/// Sign-ins begun by strangers: twenty networks may use up their share before others are down to a few each.
fn departures(settings: &Settings) -> Bounds {
    Bounds {
        span_ms: 60_000,
        each: settings.sign_ins_per_minute,
        all: settings.sign_ins_per_minute.saturating_mul(20),
        least: 5,
    }
}

/// Clients that register themselves: half of all for one network.
fn registrations(settings: &Settings) -> Bounds {
    let all = u32::try_from(settings.registrations_per_hour).unwrap_or(u32::MAX);
    Bounds {
        span_ms: 3_600_000,
        each: (all / 2).max(all.min(3)),
        all,
        least: all / 40,
    }
}

impl App {
    /// Opens everything. An empty database is set up; an older one only with `migrate`.
    pub async fn start(settings: Settings, clock: Clock, migrate: bool) -> Result<Self, StartError> {
        Self::start_reaching(settings, clock, migrate, Reach::default()).await
    }

    /// The same with another way to the web, for tests: no setting gives one.
    pub async fn start_reaching(
        settings: Settings,
        clock: Clock,
        migrate: bool,
        reach: Reach,
    ) -> Result<Self, StartError> {
        if settings.conformance && !settings.is_on_this_machine() {
            return Err(StartError::Conformance);
        }
        let clouds = settings.clouds()?;
        folder::prepare(&settings.data)?;
        let db = open(&settings).await?;
        // Several replicas may start on an empty database at once: the first makes its tables and keys, the others find them.
        let turn = db.turn_to_start().await?;
        bring_up_to_date(&settings, &db, migrate).await?;
        let ring = keyring(&settings, &db, &clock).await?;
        let vault = match settings.vault_keys {
            Some(_) => Vault::new(ring, clock.random().clone()),
            None => Vault::of_file(ring, settings.keys_path(), clock.random().clone()),
        };
        let signer = Arc::new(signer(&db, &vault, &clock).await?);
        let done = entra::bind_tokens(&db, &vault, &clouds).await?;
        if done.bound != 0 || done.left != 0 {
            tracing::info!(
                bound = done.bound,
                left = done.left,
                "tokens of an older version were bound to their registrations"
            );
        }
        plans::seal(&db, &vault, Catalogue::builtin()).await?;
        drop(turn);

        let http = entra::http_client(None).map_err(|error| StartError::Client(error.to_string()))?;
        let power_bi = PowerBi::new(clock.clone()).map_err(|error| StartError::Client(error.to_string()))?;
        let outside = Some(Outside::at(settings.anchor_path()));
        Ok(Self::of(Parts {
            audit: Audit::start(db.clone(), clock.clone(), signer.clone(), outside),
            openid: OpenId::new(clock.clone(), http.clone()),
            entra: Entra::new(clock.clone(), http),
            access: Arc::new(Access::new(settings.token_refreshes_per_minute)),
            budgets: Budgets::default(),
            looks: Looks::default(),
            memory: Memory::new(settings.memory_mib * MIB, settings.memory_per_person_mib * MIB),
            policies: Compiled::default(),
            strays: Strangers::new(STRAYS, settings.known()),
            departures: Strangers::new(departures(&settings), settings.known()),
            registrations: Strangers::new(registrations(&settings), settings.known()),
            guesses: PerMinute::new(MOST_GUESSES),
            documents: Documents::new(clock.clone(), reach),
            catalogue: Catalogue::builtin(),
            clouds,
            replica: clock.new_id().into(),
            settings,
            clock,
            db,
            vault,
            signer,
            power_bi,
        }))
    }
}

async fn open(settings: &Settings) -> Result<Db, StartError> {
    if settings.database_url.is_empty() {
        return Ok(Db::sqlite(&settings.sqlite_path()).await?);
    }
    let schema = settings.database_schema.as_str();
    Ok(Db::postgres(&settings.database_url, Some(schema).filter(|it| !it.is_empty())).await?)
}

async fn bring_up_to_date(settings: &Settings, db: &Db, migrate: bool) -> Result<(), StartError> {
    let standing = migrate::standing(db).await?;
    if let (Standing::Empty, Some(trace)) = (&standing, folder::trace_of_earlier(settings)) {
        return Err(StartError::Emptied(trace));
    }
    // A first start that was killed goes on.
    let may_migrate = migrate || !migrate::is_in_use(db, &standing).await?;
    match standing {
        Standing::Current => Ok(()),
        Standing::Foreign(why) => Err(StartError::Foreign(why)),
        Standing::Behind(missing) if !may_migrate => Err(StartError::Behind(missing)),
        Standing::Empty | Standing::Behind(_) => migrate::run(db)
            .await
            .map_err(|error| StartError::Migrate(error.to_string())),
    }
}

/// The vault's keys, checked against the database. A key file is created only where nothing was sealed yet.
pub async fn keyring(settings: &Settings, db: &Db, clock: &Clock) -> Result<Keyring, StartError> {
    let needed = settings::vault_keys(db).await?;
    let (mut ring, place) = match &settings.vault_keys {
        Some(keys) => (
            Keyring::parse(secrecy::ExposeSecret::expose_secret(&keys.0))?,
            "vault_keys".to_owned(),
        ),
        None => {
            let path = settings.keys_path();
            let place = path.display().to_string();
            if !path.exists() {
                if !needed.is_empty() {
                    return Err(StartError::NoKeys(place));
                }
                Keyring::fresh(clock).write(&path, false)?;
            }
            (Keyring::read(&path)?, place)
        }
    };
    check_keys(db, &mut ring, &needed, &place).await?;
    let active = ring.active();
    let check = ring.check_value(active).expect("the active key is in the ring");
    settings::add_vault_key(db, &active.0, &check, clock.now()).await?;
    Ok(ring)
}

/// The same without creating or noting anything; for commands that only look.
pub async fn keyring_to_read(settings: &Settings, db: &Db) -> Result<Keyring, StartError> {
    let needed = settings::vault_keys(db).await?;
    let place = settings.keys_path();
    let (mut ring, place) = match &settings.vault_keys {
        Some(keys) => {
            let text = secrecy::ExposeSecret::expose_secret(&keys.0);
            (Keyring::parse(text)?, "vault_keys".to_owned())
        }
        None => (Keyring::read(&place)?, place.display().to_string()),
    };
    check_keys(db, &mut ring, &needed, &place).await?;
    Ok(ring)
}

/// Refuses a ring that lacks a key with which something is sealed here, and lets keys that are in use elsewhere be in use here.
async fn check_keys(
    db: &Db,
    ring: &mut Keyring,
    registered: &[(String, Vec<u8>)],
    place: &str,
) -> Result<(), StartError> {
    for (name, check) in registered {
        let id = KeyId(name.clone());
        match ring.check_value(&id) {
            None if sealed::is_named(db, name).await? => {
                return Err(StartError::MissingKey(name.clone(), place.to_owned()));
            }
            None => {
                tracing::warn!(key = %id, "the database knows a vault key that {place} does not hold; nothing is sealed with it")
            }
            Some(value) if value[..] != check[..] => return Err(StartError::WrongKey(name.clone(), place.to_owned())),
            Some(_) => {
                ring.begin_to_use(&id);
            }
        }
    }
    Ok(())
}

pub const SIGNER: &str = "audit_signing_key";

/// The public half of the audit signing key, for whoever checks the log without the vault's keys.
pub const PUBLIC_KEY: &str = "audit_public_key";

/// Where the audit signing key's seal says it lives.
pub const SIGNER_PLACE: Place<'static> = Place {
    table: "settings",
    column: "value",
    row: SIGNER,
    environment: "",
};

/// The audit signing key, made on the first start and sealed in the database, so that every replica signs alike.
async fn signer(db: &Db, vault: &Vault, clock: &Clock) -> Result<Signer, StartError> {
    if settings::find(db, SIGNER).await?.is_none() {
        let sealed = vault.seal(SIGNER_PLACE, &clock.random().bytes::<32>());
        settings::create(db, SIGNER, &STANDARD.encode(sealed)).await?;
    }
    let stored = settings::find(db, SIGNER).await?.unwrap_or_default();
    let sealed = STANDARD.decode(stored).map_err(|_| StartError::Signer)?;
    let seed = vault.open(SIGNER_PLACE, &sealed).map_err(|_| StartError::Signer)?;
    let signer = Signer::new(seed.as_slice().try_into().map_err(|_| StartError::Signer)?);
    settings::create(db, PUBLIC_KEY, &signer.public_key().to_string()).await?;
    Ok(signer)
}
