//! How many connections there may be, in all and of one address.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use ipnet::IpNet;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::Limits;
use super::peer::is_among;
use crate::network::Network;

/// Open connections of each network.
type Counts = Arc<Mutex<HashMap<Network, usize>>>;

/// Counts connections.
pub(super) struct Slots {
    all: Arc<Semaphore>,
    by_address: Counts,
    per_address: usize,
    proxies: Vec<IpNet>,
}

/// A connection's place, given back when dropped.
pub(super) struct Slot {
    _permit: OwnedSemaphorePermit,
    counted: Option<(Network, Counts)>,
}

impl Slots {
    pub(super) fn new(limits: &Limits) -> Self {
        Self {
            all: Arc::new(Semaphore::new(limits.connections)),
            by_address: Arc::default(),
            per_address: limits.connections_per_address,
            proxies: limits.proxies.clone(),
        }
    }

    /// Waits for a place among all connections.
    pub(super) async fn any(&self) -> OwnedSemaphorePermit {
        Arc::clone(&self.all)
            .acquire_owned()
            .await
            .expect("the semaphore is never closed")
    }

    /// The place of a connection of `address`, unless that has too many.
    pub(super) fn of(&self, permit: OwnedSemaphorePermit, address: IpAddr) -> Option<Slot> {
        let address = address.to_canonical();
        if is_among(&self.proxies, address) {
            return Some(Slot {
                _permit: permit,
                counted: None,
            });
        }
        let network = Network::of(address);
        let mut counts = self.by_address.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(network).or_insert(0);
        if self.per_address <= *count {
            return None;
        }
        *count += 1;
        Some(Slot {
            _permit: permit,
            counted: Some((network, Arc::clone(&self.by_address))),
        })
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let Some((network, counts)) = &self.counted else { return };
        let mut counts = counts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(network) {
            *count -= 1;
            if *count == 0 {
                counts.remove(network);
            }
        }
    }
}
