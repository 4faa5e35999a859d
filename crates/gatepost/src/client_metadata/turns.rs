//! Turns at fetching: what one network names, however slow it is, takes no turn of anybody else's.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::network::Network;

/// Fetches at the same time, in all and for one network that asks. Each is small and ends within seconds.
const AT_ONCE: usize = 128;
const OF_ONE_NETWORK: usize = 32;
/// Networks remembered although nothing of theirs is under way.
const MOST_IDLE: usize = 256;

/// Who may fetch now.
pub(super) struct Turns {
    all: Arc<Semaphore>,
    networks: Mutex<HashMap<Option<Network>, Arc<Semaphore>>>,
}

impl Default for Turns {
    fn default() -> Self {
        Self {
            all: Arc::new(Semaphore::new(AT_ONCE)),
            networks: Mutex::default(),
        }
    }
}

impl Turns {
    /// A turn for somebody at `address`, once there is one. The network's comes first, so that whoever waits there keeps
    /// nobody else waiting.
    pub(super) async fn take(&self, address: Option<IpAddr>) -> [OwnedSemaphorePermit; 2] {
        let of_network = taken(self.line(address.map(Network::of))).await;
        let of_all = taken(self.all.clone()).await;
        [of_network, of_all]
    }

    fn line(&self, network: Option<Network>) -> Arc<Semaphore> {
        let mut networks = self.networks.lock().unwrap_or_else(PoisonError::into_inner);
        // Whoever holds or awaits a turn holds the line too.
        if MOST_IDLE < networks.len() {
            networks.retain(|_, line| 1 < Arc::strong_count(line));
        }
        let empty = || Arc::new(Semaphore::new(OF_ONE_NETWORK));
        networks.entry(network).or_insert_with(empty).clone()
    }
}

async fn taken(line: Arc<Semaphore>) -> OwnedSemaphorePermit {
    line.acquire_owned().await.expect("no line is ever closed")
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    #[tokio::test]
    async fn a_network_that_has_all_its_turns_keeps_no_other_waiting() {
        let turns = Turns::default();
        let (one, other) = (IpAddr::from([192, 0, 2, 1]), IpAddr::from([192, 0, 2, 2]));
        let mut held = Vec::new();
        for _ in 0..OF_ONE_NETWORK {
            held.push(turns.take(Some(one)).await);
        }
        assert!(
            turns.take(Some(one)).now_or_never().is_none(),
            "the next of the same waits"
        );
        assert!(
            turns.take(Some(other)).now_or_never().is_some(),
            "another network does not"
        );
        held.pop();
        assert!(turns.take(Some(one)).now_or_never().is_some(), "until a turn is free");
    }
}
