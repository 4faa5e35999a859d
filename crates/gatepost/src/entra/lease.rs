//! The lease of one refresh: seconds long, and held on while the call to Microsoft is out.

use std::time::Duration;

use super::access::Means;
use crate::clock::Timestamp;
use crate::store::connections::Connection;
use crate::store::{self, refresh};

/// Whoever holds a lease and dies is overtaken after this long.
const LEASE_MS: i64 = 4000;
const RENEWED_EACH: Duration = Duration::from_secs(1);
/// No lease and no wait after a failure is ever this far ahead.
const HORIZON_MS: i64 = 2 * 60 * 60 * 1000;

/// Whether nobody may refresh yet: somebody does, or the last failure asked to wait.
pub(super) fn is_held(row: &Connection, now: Timestamp) -> bool {
    now < row.lease_until && row.lease_until.since_ms(now) <= HORIZON_MS
}

/// Takes the lease; false when another replica has it.
pub(super) async fn take(means: &Means, row: &Connection) -> store::Result<bool> {
    let now = means.clock.now();
    let (until, horizon) = (now.plus_ms(LEASE_MS), now.plus_ms(HORIZON_MS));
    refresh::take(&means.db, &row.id, row.generation, &means.replica, now, until, horizon).await
}

/// Does `work` and renews the lease meanwhile. A lease that is lost all the same does no harm: what is stored is fenced by the
/// generation.
pub(super) async fn held_during<T>(means: &Means, row: &Connection, work: impl Future<Output = T>) -> T {
    let renewing = async {
        loop {
            tokio::time::sleep(RENEWED_EACH).await;
            let until = means.clock.now().plus_ms(LEASE_MS);
            if let Err(error) = refresh::renew(&means.db, &row.id, row.generation, &means.replica, until).await {
                tracing::warn!(connection = %row.id, %error, "the lease of a refresh could not be renewed");
            }
        }
    };
    tokio::select! {
        done = work => done,
        never = renewing => never,
    }
}
