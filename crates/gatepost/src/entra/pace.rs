//! How fast tokens are refreshed: one queue for an integration over all replicas, so that many tokens that end together
//! do not become a rush on Microsoft's sign-in service.

use std::time::Duration;

use crate::caller::IntegrationId;
use crate::clock::Timestamp;
use crate::store::{self, Db, refresh};

const MINUTE_MS: i64 = 60_000;
/// A pause that Microsoft asks for stops the whole integration for this long at most.
const LONGEST_PAUSE_MS: i64 = 5 * MINUTE_MS;

/// The configured rate as a generic cell rate algorithm (ITU-T I.371): one refresh each `gap_ms`, some of them early.
///
/// Invariant: no minute holds more refreshes than configured. `early_ms` lets a tenth of them leave at once, and the gap
/// is wide enough for the rest of the minute to hold only the other nine tenths.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    gap_ms: i64,
    early_ms: i64,
}

/// Whether a refresh may be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// Now; it has been waited for.
    Now,
    /// The queue is longer than the caller would wait.
    After { ms: i64 },
}

impl Pace {
    /// `per_minute` is at least 2.
    pub(super) fn new(per_minute: u32) -> Self {
        let per_minute = i64::from(per_minute.max(2));
        let early = (per_minute / 10).max(1);
        let later = per_minute - early;
        let gap_ms = (MINUTE_MS + later - 1) / later;
        Self {
            gap_ms,
            early_ms: (early - 1) * gap_ms,
        }
    }

    /// Queues for one refresh, unless that would take longer than `patience`, and waits for its moment.
    pub(super) async fn turn(
        self,
        db: &Db,
        integration: &IntegrationId,
        now: Timestamp,
        patience: Duration,
    ) -> store::Result<Turn> {
        let patience_ms = i64::try_from(patience.as_millis()).unwrap_or(0);
        let latest = now.plus_ms(patience_ms + self.early_ms);
        let horizon = now.plus_ms(2 * LONGEST_PAUSE_MS);
        let slot = refresh::reserve(db, integration, now, self.gap_ms, latest, horizon).await?;
        let Some(slot) = slot else {
            let slot = refresh::slot(db, integration).await?;
            return Ok(Turn::After {
                ms: (slot.since_ms(now) - self.early_ms).max(1),
            });
        };
        let wait_ms = slot.since_ms(now) - self.early_ms;
        if let Ok(wait_ms @ 1..) = u64::try_from(wait_ms) {
            tokio::time::sleep(Duration::from_millis(wait_ms)).await;
        }
        Ok(Turn::Now)
    }

    /// Stops the integration's refreshes for the pause that Microsoft asked for.
    pub(super) async fn pause(
        self,
        db: &Db,
        integration: &IntegrationId,
        now: Timestamp,
        pause_ms: i64,
    ) -> store::Result<()> {
        let until = now.plus_ms(pause_ms.min(LONGEST_PAUSE_MS) + self.early_ms);
        refresh::pause(db, integration, until).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_minute_holds_more_than_configured() {
        for per_minute in [2, 3, 10, 11, 59, 60, 100, 1200, 7_001, 12_000] {
            let pace = Pace::new(per_minute);
            let (mut slot, mut sent) = (0, Vec::new());
            // Everybody asks at once, and goes on asking for three minutes.
            while let Some(at) = Some(slot - pace.early_ms).filter(|it| *it < 3 * MINUTE_MS) {
                sent.push(at.max(0));
                slot += pace.gap_ms;
            }
            let most = sent.iter().map(|from| {
                let minute = *from..from + MINUTE_MS;
                sent.iter().filter(|it| minute.contains(it)).count()
            });
            let most = most.max().unwrap();
            assert!(most <= per_minute as usize, "{per_minute}: {most}");
            assert!(
                per_minute < 60 || per_minute as usize * 8 / 10 <= most,
                "{per_minute}: only {most}"
            );
        }
    }
}
