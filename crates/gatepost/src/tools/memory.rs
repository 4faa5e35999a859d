//! What tools remember for a few minutes of what they read, each person's apart from everybody else's.

use std::path::PathBuf;
use std::sync::{Arc, LazyLock};

use bytes::Bytes;
use quick_cache::sync::Cache;
use tokio::sync::Mutex;

use super::context::Context;
use super::describe_model::Model;
use super::items::Known;
use crate::app::App;
use crate::call::{self, CallError};
use crate::caller::{Caller, Through};
use crate::clock::Timestamp;
use crate::policy::Policies;

/// How long what was read is used again.
pub(super) const FRESH_MS: i64 = 3 * 60 * 1000;
const VIEWERS: usize = 500;
const MODELS: usize = 500;
/// Each kind of list for as many callers as there may be viewers.
const LISTS: usize = 4 * VIEWERS;

/// Whose view of Power BI something is.
///
/// Invariant: everything that can change what a policy or Power BI shows is part of it, so that nothing read for one
/// person, client, connection or policy version is shown under another.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Viewer {
    eyes: Eyes,
    address: Option<std::net::IpAddr>,
    connection: String,
}

/// What hangs on nothing but who asks and what the policies say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Listed {
    Tools,
    Prompts,
    /// Of resources.
    Templates,
    /// What is possible, by effect.
    Effects,
}

/// What decides which tools a caller sees; no call of Power BI's has a part in it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Eyes {
    gateway: (PathBuf, String),
    environment: String,
    person: String,
    role: &'static str,
    groups: Vec<String>,
    through: String,
    scopes: String,
    policy_version: i64,
}

impl Eyes {
    pub(super) fn of(app: &App, caller: &Caller, policies: &Policies) -> Self {
        Self {
            gateway: (app.settings.data.clone(), app.settings.public_url.clone()),
            environment: caller.environment.0.clone(),
            person: caller.person.0.clone(),
            role: caller.role.as_str(),
            groups: caller.groups.iter().map(|it| it.0.clone()).collect(),
            through: match &caller.through {
                Through::Portal => "portal".into(),
                Through::Client { client, grant, .. } => format!("client {client} {grant}"),
                Through::ApiKey { key, .. } => format!("key {key}"),
                Through::Job { name } => format!("job {name}"),
            },
            scopes: caller.scopes.to_string(),
            policy_version: policies.version(),
        }
    }
}

impl Viewer {
    /// The viewer behind a call; there is none without a connection.
    pub(super) async fn of(context: &Context<'_>) -> Result<Self, CallError> {
        let (app, caller) = (context.app, context.caller);
        let connection = call::connection_of(app, caller).await?;
        Ok(Self {
            eyes: Eyes::of(app, caller, &context.policies),
            address: caller.address,
            connection: format!("{} {} {}", connection.id, connection.tenant_id, connection.object_id),
        })
    }
}

/// What the tools of this process remember; `Viewer` keeps apart what must not meet.
pub(super) struct Memory {
    items: Cache<Viewer, Arc<Mutex<Known>>>,
    models: Cache<(Viewer, String), Arc<(Timestamp, Model)>>,
    lists: Cache<(Listed, Eyes), Bytes>,
}

static MEMORY: LazyLock<Memory> = LazyLock::new(|| Memory {
    items: Cache::new(VIEWERS),
    models: Cache::new(MODELS),
    lists: Cache::new(LISTS),
});

/// The memory of this process.
pub(super) fn memory() -> &'static Memory {
    &MEMORY
}

impl Memory {
    /// The items known to a viewer. One caller at a time fills them; the others wait and find them filled.
    pub(super) fn items(&self, viewer: &Viewer) -> Arc<Mutex<Known>> {
        if let Some(known) = self.items.get(viewer) {
            return known;
        }
        let fresh = Arc::new(Mutex::new(Known::default()));
        self.items.insert(viewer.clone(), fresh.clone());
        self.items.get(viewer).unwrap_or(fresh)
    }

    /// A list as it was written for a caller.
    pub(super) fn list(&self, key: &(Listed, Eyes)) -> Option<Bytes> {
        self.lists.get(key)
    }

    /// A list as it was written for a caller; if there is none yet, as `write` gives it now.
    pub(super) fn list_or(&self, key: (Listed, Eyes), write: impl FnOnce() -> Bytes) -> Bytes {
        self.list(&key).unwrap_or_else(|| {
            let list = write();
            self.keep_list(key, list.clone());
            list
        })
    }

    /// Keeps a list. A change of policies has another key, so nothing here grows stale.
    pub(super) fn keep_list(&self, key: (Listed, Eyes), list: Bytes) {
        self.lists.insert(key, list);
    }

    /// What a viewer was told of a model not long ago.
    pub(super) fn model(&self, viewer: &Viewer, model: &str, now: Timestamp) -> Option<Arc<(Timestamp, Model)>> {
        let found = self.models.get(&(viewer.clone(), model.to_owned()))?;
        (now.since_ms(found.0) < FRESH_MS).then_some(found)
    }

    /// Keeps what a viewer was told of a model.
    pub(super) fn keep_model(
        &self,
        viewer: &Viewer,
        model: &str,
        now: Timestamp,
        told: Model,
    ) -> Arc<(Timestamp, Model)> {
        let told = Arc::new((now, told));
        self.models.insert((viewer.clone(), model.to_owned()), told.clone());
        told
    }
}
