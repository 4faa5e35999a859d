//! What was last seen of each access, so that everything which runs under it shares one look.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// A look this fresh is everybody's: a thousand calls of one client make one look.
pub const FRESH: Duration = Duration::from_millis(400);
const MOST_KNOWN: usize = 1024;

/// What a look found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    /// Whether person, way in and connection are still what they were.
    pub stands: bool,
    /// The version of the environment's policies.
    pub policies: i64,
}

type Known = Arc<tokio::sync::Mutex<Option<(Instant, Look)>>>;

/// The last looks, by what was looked at.
#[derive(Default)]
pub struct Looks(Mutex<HashMap<String, Known>>);

impl Looks {
    /// What was seen of `what` in a look that was begun at `since` or later, else what `look` sees now; whoever asks meanwhile
    /// waits for the same look.
    pub async fn shared<E>(
        &self,
        what: String,
        since: Instant,
        look: impl Future<Output = Result<Look, E>>,
    ) -> Result<Look, E> {
        let known = self.known(what);
        let mut known = known.lock().await;
        if let Some((at, look)) = *known
            && since <= at
        {
            return Ok(look);
        }
        // Whatever changes while the look is under way counts from its beginning on.
        let at = Instant::now();
        let look = look.await?;
        *known = Some((at, look));
        Ok(look)
    }

    fn known(&self, what: String) -> Known {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if MOST_KNOWN < all.len() {
            all.retain(|_, it| 1 < Arc::strong_count(it));
        }
        all.entry(what).or_default().clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_look_that_began_before_is_nobodys_who_needs_a_later_one() {
        let looks = Looks::default();
        let at_first = Instant::now();
        let seen = async |since, stands| {
            let look = async move { Ok::<_, ()>(Look { stands, policies: 1 }) };
            looks.shared("ada".into(), since, look).await.unwrap().stands
        };
        assert!(seen(at_first, true).await);
        assert!(seen(at_first, false).await, "the look of a moment ago is shared");
        assert!(!seen(Instant::now(), false).await);
    }
}
