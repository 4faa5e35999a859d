//! One value that holds everything a face needs; made once at start and shared.

mod agree;
mod folder;
mod plans;
mod policies;
mod start;

pub use agree::differences;
pub use folder::{FolderLock, for_the_owner, lock, make_private, readable_by_others};
pub use plans::kept as kept_plan;
pub use policies::PolicyError;
pub use start::{PUBLIC_KEY, SIGNER, SIGNER_PLACE, StartError, keyring, keyring_to_read};

use std::sync::Arc;

use catalogue::Catalogue;
use catalogue::clouds::Clouds;

use crate::audit::{Audit, Signer};
use crate::client_metadata::Documents;
use crate::clock::Clock;
use crate::config::Settings;
use crate::entra::{Access, Entra};
use crate::memory::Memory;
use crate::openid::OpenId;
use crate::powerbi::{Budgets, PowerBi};
use crate::session::{self, Looks, PerMinute, Strangers};
use crate::store::Db;
use crate::vault::Vault;

/// The running gateway. Cheap to clone.
#[derive(Clone)]
pub struct App(Arc<Parts>);

/// What [`App`] holds.
pub struct Parts {
    pub settings: Settings,
    pub clock: Clock,
    pub db: Db,
    pub vault: Vault,
    pub catalogue: &'static Catalogue,
    /// Microsoft's clouds and those of the settings.
    pub clouds: Clouds,
    pub audit: Audit,
    pub signer: Arc<Signer>,
    pub entra: Entra,
    pub access: Arc<Access>,
    pub power_bi: PowerBi,
    pub budgets: Budgets,
    /// What requests under way may hold.
    pub memory: Memory,
    /// What was last seen of the access under which things run.
    pub looks: Looks,
    pub openid: OpenId,
    /// Callbacks that belong to no sign-in under way.
    pub strays: Strangers,
    /// Sign-ins begun by people who are not known yet.
    pub departures: Strangers,
    /// Clients that made themselves known.
    pub registrations: Strangers,
    /// Wrong secrets that only we could have made: clients' secrets, invitations, the set-up link.
    pub guesses: PerMinute,
    /// What clients published of themselves.
    pub documents: Documents,
    pub policies: policies::Compiled,
    /// Names this process among replicas.
    pub replica: Arc<str>,
}

impl std::ops::Deref for App {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

impl App {
    pub(crate) fn of(parts: Parts) -> Self {
        Self(Arc::new(parts))
    }

    /// How long browser sessions last.
    pub fn session_lifetime(&self) -> session::Lifetime {
        session::Lifetime {
            idle_minutes: self.settings.session_idle_minutes,
            hours: self.settings.session_hours,
        }
    }

    /// Writes what is still to be written and closes the database; before a process ends.
    pub async fn close(&self) {
        self.audit.flush().await;
        self.db.close().await;
    }
}
