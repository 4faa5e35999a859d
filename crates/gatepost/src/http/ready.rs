//! `/readyz`: whether this gateway should be sent calls.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use http::StatusCode;
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};

use crate::app::App;
use crate::store::{ready, sealed};

/// Longest time a probe takes: who probes gives up after a few seconds.
const PATIENCE: Duration = Duration::from_secs(3);
/// Probes in between get the same answer, so that nobody can keep the database busy with them.
const KEPT: Duration = Duration::from_secs(1);

/// Says whether calls are welcome. Cheap to clone.
#[derive(Clone)]
pub(super) struct Readiness(Arc<Parts>);

struct Parts {
    app: App,
    is_stopping: AtomicBool,
    last: Mutex<Option<(Instant, Answer)>>,
}

/// A status and one line for people.
pub(super) type Answer = (StatusCode, &'static str);

const READY: Answer = (StatusCode::OK, "ok\n");

impl Readiness {
    pub(super) fn of(app: App) -> Self {
        Self(Arc::new(Parts {
            app,
            is_stopping: AtomicBool::new(false),
            last: Mutex::default(),
        }))
    }

    /// From now on: not ready.
    pub(super) fn stop(&self) {
        self.0.is_stopping.store(true, Ordering::Relaxed);
    }

    pub(super) async fn probe(&self) -> Answer {
        if self.0.is_stopping.load(Ordering::Relaxed) {
            return not("the gateway is stopping\n");
        }
        let late = not("the database does not answer\n");
        timeout(PATIENCE, self.kept()).await.unwrap_or(late)
    }

    async fn kept(&self) -> Answer {
        let mut last = self.0.last.lock().await;
        if let Some((at, answer)) = *last
            && at.elapsed() < KEPT
        {
            return answer;
        }
        let answer = timeout(PATIENCE, self.look()).await;
        let answer = answer.unwrap_or(not("the database does not answer\n"));
        *last = Some((Instant::now(), answer));
        answer
    }

    async fn look(&self) -> Answer {
        let app = &self.0.app;
        let found = match ready::look(&app.db, app.clock.now()).await {
            Ok(found) => found,
            Err(error) => {
                tracing::warn!(%error, "not ready");
                return not("the database cannot be read and written\n");
            }
        };
        if !found.has_head {
            tracing::error!("not ready: the audit log has entries and no head");
            return not("the audit log has lost its head\n");
        }
        let ring = app.vault.keyring();
        let missing = found.keys.iter().filter(|id| ring.ids().all(|it| it.0 != **id));
        for id in missing {
            // A key that is known somewhere and seals nothing yet is not missed.
            if sealed::is_named(&app.db, id).await.unwrap_or(true) {
                tracing::error!(key = %id, "not ready: a vault key with which stored values are sealed is not here");
                return not("a vault key is missing\n");
            }
        }
        READY
    }
}

fn not(why: &'static str) -> Answer {
    (StatusCode::SERVICE_UNAVAILABLE, why)
}
