//! Requests of the legacy era that their sender may cancel while they run, on whichever replica runs them.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::LazyLock;
use std::sync::Mutex;
use std::sync::PoisonError;

use serde_json::Value;
use tokio::sync::Notify;

use crate::app::App;
use crate::caller::Caller;
use crate::mcp::rpc::Message;
use crate::mcp::session;

/// Whose request it is, and which.
///
/// Invariant: nobody names a request of another person, client or environment.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Key {
    gateway: Arc<str>,
    environment: String,
    person: String,
    client: String,
    /// As JSON: `1` and `"1"` are two requests.
    id: String,
}

impl Key {
    pub(super) fn of(app: &App, caller: &Caller, id: &Value) -> Self {
        Self {
            gateway: app.replica.clone(),
            environment: caller.environment.0.clone(),
            person: caller.person.0.clone(),
            client: session::client(caller),
            id: id.to_string(),
        }
    }
}

static RUNNING: LazyLock<Mutex<HashMap<Key, Arc<Notify>>>> = LazyLock::new(Mutex::default);

/// A request that runs, until it is dropped.
pub(super) struct Running {
    key: Key,
    cancelled: Arc<Notify>,
}

impl Running {
    pub(super) fn new(key: Key) -> Self {
        let cancelled = Arc::new(Notify::new());
        with(|all| drop(all.insert(key.clone(), cancelled.clone())));
        Self { key, cancelled }
    }

    /// Ends when the request is cancelled.
    pub(super) async fn cancelled(&self) {
        self.cancelled.notified().await;
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // A later request may have taken the same id.
        with(|all| {
            if all.get(&self.key).is_some_and(|it| Arc::ptr_eq(it, &self.cancelled)) {
                all.remove(&self.key);
            }
        });
    }
}

/// Cancels the request that a notification names, if its sender has one of that id under way here.
pub(super) fn hear(app: &App, caller: &Caller, message: &Message) {
    if message.method != "notifications/cancelled" {
        return;
    }
    if let Some(id) = message
        .params
        .get("requestId")
        .filter(|it| it.is_string() || it.is_number())
    {
        let key = Key::of(app, caller, id);
        let found = with(|all| all.get(&key).cloned());
        if let Some(cancelled) = found {
            cancelled.notify_one();
        }
    }
}

fn with<T>(look: impl FnOnce(&mut HashMap<Key, Arc<Notify>>) -> T) -> T {
    // Nothing panics while it holds the map.
    look(&mut RUNNING.lock().unwrap_or_else(PoisonError::into_inner))
}
