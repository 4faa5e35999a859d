//! Waiting for what comes soon: never without an end, so that what does not come is a failed test and no hanging one.

use std::time::{Duration, Instant};

/// Far more than a busy machine takes.
const PATIENCE: Duration = Duration::from_secs(90);
const PAUSE: Duration = Duration::from_millis(20);

/// What `look` finds, as soon as it finds something.
pub(crate) async fn eventually<T>(what: &str, look: impl AsyncFn() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(begun.elapsed() < PATIENCE, "{what}: not after {PATIENCE:?}");
        tokio::time::sleep(PAUSE).await;
    }
}

/// Waits until something is so.
pub(crate) async fn until(what: &str, is_so: impl AsyncFn() -> bool) {
    eventually(what, async || is_so().await.then_some(())).await;
}
