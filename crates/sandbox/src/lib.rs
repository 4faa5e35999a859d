//! A pretend Microsoft Entra ID and Power BI, served over HTTP, for tests and for trying things out.
//!
//! It is faithful where it answers and loud where it does not. It shares no code and no key with the gateway.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand::RngCore;
use rand::SeedableRng;
use rand::rngs::StdRng;

pub mod admin;
mod arrow;
pub mod clock;
pub mod data;
pub mod dax;
pub mod entra;
pub mod faults;
pub mod files;
pub mod ledger;
pub mod page;
pub mod people;
pub mod powerbi;
pub mod server;
pub mod spool;
pub mod visitor;
pub mod world;

pub use crate::server::serve;
pub use crate::server::serve_tls;

use crate::clock::Clock;
use crate::entra::Application;
use crate::entra::Claims;
use crate::entra::Directory;
use crate::entra::POWER_BI;
use crate::entra::SAMPLE_APP;
use crate::faults::Faults;
use crate::ledger::Ledger;
use crate::world::World;

/// How a sandbox is set up.
#[derive(Clone, Debug)]
pub struct Options {
    /// The sandbox's own public base address, e.g. `http://localhost:8421`.
    pub url: String,
    /// Where a set clock stands at the start, in Unix milliseconds; `None` follows real time.
    pub start: Option<i64>,
    /// Seed of everything random: ids, codes, tokens, lifetimes.
    pub seed: u64,
}

/// One pretend Microsoft: people, registrations, workspaces and the record of what was asked. Cheap to clone.
#[derive(Clone)]
pub struct Sandbox(Arc<Inner>);

struct Inner {
    url: String,
    clock: Clock,
    random: Mutex<StdRng>,
    ledger: Ledger,
    faults: Faults,
    directory: Mutex<Directory>,
    world: Mutex<World>,
}

impl Sandbox {
    /// A freshly seeded sandbox.
    pub fn new(options: Options) -> Sandbox {
        let clock = match options.start {
            Some(start_ms) => Clock::set_at(start_ms),
            None => Clock::real(),
        };
        Sandbox(Arc::new(Inner {
            url: options.url.trim_end_matches('/').to_owned(),
            random: Mutex::new(StdRng::seed_from_u64(options.seed)),
            ledger: Ledger::default(),
            faults: Faults::default(),
            directory: Mutex::new(Directory::seeded()),
            world: Mutex::new(World::seeded(clock.now_ms(), options.seed)),
            clock,
        }))
    }

    /// Everything the sandbox serves, as one router.
    pub fn router(&self) -> axum::Router {
        server::router(self)
    }

    /// The only source of time.
    pub fn clock(&self) -> &Clock {
        &self.0.clock
    }

    /// The record of what was asked.
    pub fn ledger(&self) -> &Ledger {
        &self.0.ledger
    }

    /// The faults that are armed.
    pub fn faults(&self) -> &Faults {
        &self.0.faults
    }

    /// The sandbox's own base address, without a trailing slash.
    pub fn url(&self) -> &str {
        &self.0.url
    }

    /// Power BI's side: workspaces and what is in them.
    pub fn world(&self) -> &Mutex<World> {
        &self.0.world
    }

    /// Entra's side: people, registrations, sessions and grants.
    pub fn directory(&self) -> MutexGuard<'_, Directory> {
        // A panic in one request must not end all later ones.
        self.0.directory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Registers an application; ids and secrets' ids left empty are made. Says what makes no sense otherwise.
    pub fn register(&self, mut application: Application) -> Result<Application, String> {
        if let Some(complaint) = application.complaint() {
            return Err(complaint);
        }
        for id in [&mut application.client_id, &mut application.principal_oid] {
            if id.is_empty() {
                *id = self.new_id();
            }
        }
        for secret in application.secrets.iter_mut().filter(|secret| secret.id.is_empty()) {
            secret.id = self.new_id();
        }
        let mut directory = self.directory();
        if directory.find_application(&application.client_id).is_some() {
            return Err(format!("client id '{}' is taken", application.client_id));
        }
        directory.applications.push(application.clone());
        Ok(application)
    }

    /// An access token for Power BI without a sign-in: of a person (by sign-in name or object id; the object id of
    /// a guest means the directory visited), or of an application by the object id of its service principal.
    pub fn access_token_for(&self, who: &str, scopes: &[&str], lifetime_s: i64) -> Option<String> {
        let scopes: Vec<String> = scopes.iter().map(|scope| (*scope).to_owned()).collect();
        let directory = self.directory();
        let person = directory.find_person(who).cloned();
        let principal = directory
            .applications
            .iter()
            .find(|known| known.principal_oid == who)
            .cloned();
        drop(directory);
        let (tid, oid, client_id, named) = match (&person, &principal) {
            (Some(person), _) => {
                let guest = person.guest_in.iter().find(|guest| guest.oid == who);
                let (tid, oid) = guest.map_or((&person.tid, &person.oid), |guest| (&guest.tid, &guest.oid));
                (tid, oid, SAMPLE_APP, Some((person.upn.as_str(), person.name.as_str())))
            }
            (None, Some(principal)) => (
                &principal.tid,
                &principal.principal_oid,
                principal.client_id.as_str(),
                None,
            ),
            (None, None) => return None,
        };
        let claims = Claims {
            tid,
            oid,
            client_id,
            audience: POWER_BI,
            scopes: &scopes,
            person: named,
            lifetime_s,
        };
        Some(entra::access_token(self, &claims))
    }

    /// Fills `bytes` from the seeded source of randomness.
    pub fn fill_random(&self, bytes: &mut [u8]) {
        self.0
            .random
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .fill_bytes(bytes);
    }

    /// A random (version 4) UUID from the seeded source, as lower-case text.
    pub fn new_id(&self) -> String {
        let mut bytes = [0; 16];
        self.fill_random(&mut bytes);
        uuid::Builder::from_random_bytes(bytes).into_uuid().to_string()
    }

    /// A random opaque token text: `prefix`, then `bytes` random bytes in URL-safe Base64.
    pub(crate) fn new_token(&self, prefix: &str, bytes: usize) -> String {
        let mut random = vec![0; bytes];
        self.fill_random(&mut random);
        format!("{prefix}{}", URL_SAFE_NO_PAD.encode(random))
    }

    /// A random number of `low..=high` from the seeded source.
    pub fn random_between(&self, low: i64, high: i64) -> i64 {
        let mut bytes = [0; 8];
        self.fill_random(&mut bytes);
        let span = (high - low).unsigned_abs() + 1;
        low + (u64::from_le_bytes(bytes) % span) as i64
    }
}
