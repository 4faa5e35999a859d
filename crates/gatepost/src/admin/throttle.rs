//! Slows down guessing: each failure makes the next attempt wait longer, without locking the right person out.

use std::net::IpAddr;

use crate::app::App;
use crate::session;
use crate::store::{self, sign_in_failures as failures};

/// Failures older than this are forgotten.
const MEMORY_S: i64 = 24 * 3600;

/// What failures are counted by.
///
/// Invariant: an account as a whole waits seconds at most, so strangers cannot lock its owner out; one address, and
/// one address at one account, wait up to a quarter of an hour.
pub struct Subjects([(String, Waits); 3]);

#[derive(Clone, Copy)]
struct Waits {
    /// So many failures cost nothing.
    free: i64,
    most_s: i64,
}

impl Subjects {
    pub fn of(email: &str, address: Option<IpAddr>) -> Self {
        let address = session::network_of(address);
        let account: String = session::hash(&email.to_lowercase())
            .iter()
            .take(16)
            .map(|it| format!("{it:02x}"))
            .collect();
        Self([
            (format!("account:{account}"), Waits { free: 10, most_s: 5 }),
            (format!("address:{address}"), Waits { free: 20, most_s: 900 }),
            (format!("both:{account}:{address}"), Waits { free: 4, most_s: 900 }),
        ])
    }

    /// How many seconds this attempt must wait; `None` when it need not.
    pub async fn wait_s(&self, app: &App) -> store::Result<Option<i64>> {
        let now = app.clock.now();
        let mut longest = None;
        for (subject, _) in &self.0 {
            if let Some(until) = failures::wait_until(&app.db, subject, now).await? {
                longest = longest.max(Some((until.since_ms(now) + 999) / 1000));
            }
        }
        Ok(longest)
    }

    /// Counts a failure against each subject.
    pub async fn failed(&self, app: &App) -> store::Result<()> {
        let now = app.clock.now();
        failures::forget(&app.db, now.plus_seconds(-MEMORY_S)).await?;
        for (subject, waits) in &self.0 {
            let count = failures::record(&app.db, subject).await?;
            failures::save_wait(&app.db, subject, now.plus_seconds(wait_after(count, *waits))).await?;
        }
        Ok(())
    }

    /// Forgets the failures of this person at this address; those of the address at other accounts stay.
    pub async fn succeeded(&self, app: &App) -> store::Result<()> {
        let [(account, _), _, (both, _)] = &self.0;
        failures::clear(&app.db, account).await?;
        failures::clear(&app.db, both).await
    }
}

/// 1 s after the last free failure, then twice as long each time.
fn wait_after(count: i64, waits: Waits) -> i64 {
    match count - waits.free {
        ..=0 => 0,
        more => (1_i64 << (more - 1).min(20)).min(waits.most_s),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_their_bound_and_the_first_failures_are_free() {
        let waits = Waits { free: 4, most_s: 900 };
        let all: Vec<_> = (1..=16).map(|count| wait_after(count, waits)).collect();
        assert_eq!(all, [0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900]);
        assert_eq!(wait_after(i64::MAX, waits), 900);
    }
}
