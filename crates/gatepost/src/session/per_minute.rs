//! What nobody in particular asks for, counted by address: a flood of it gets a short answer and leaves no trace.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Mutex;

use crate::clock::Timestamp;
use crate::network::Network;

const MINUTE_MS: i64 = 60_000;
/// Networks remembered at once; when all are taken, further ones count as busy until the minute is over.
const MOST_NETWORKS: usize = 4096;

/// How many requests of one kind came from each network in the present minute.
pub struct PerMinute {
    most: u32,
    counted: Mutex<Counted>,
}

#[derive(Default)]
struct Counted {
    minute: i64,
    networks: HashMap<String, u32>,
}

impl PerMinute {
    /// More than `most` in a minute are a flood.
    pub fn new(most: u32) -> Self {
        Self {
            most,
            counted: Mutex::default(),
        }
    }

    /// Counts one more.
    pub fn count(&self, address: Option<IpAddr>, now: Timestamp) {
        let mut counted = self.counted.lock().expect("no code panics while holding the counts");
        counted.turn(now);
        let network = network_of(address);
        if counted.networks.len() < MOST_NETWORKS || counted.networks.contains_key(&network) {
            let count = counted.networks.entry(network).or_default();
            *count = count.saturating_add(1);
        }
    }

    /// Counts one more that is still to be judged, or says for how many seconds none is. `whose` tells apart what comes
    /// from one network for different owners. When the memory is full, further ones pass uncounted.
    pub fn admit(&self, address: Option<IpAddr>, whose: &str, now: Timestamp) -> Result<(), u64> {
        let mut counted = self.counted.lock().expect("no code panics while holding the counts");
        counted.turn(now);
        let key = key(address, whose);
        let is_full = MOST_NETWORKS <= counted.networks.len();
        match counted.networks.get_mut(&key) {
            Some(count) if self.most <= *count => return Err(rest_of_minute_s(now)),
            Some(count) => *count += 1,
            None if is_full => {}
            None => drop(counted.networks.insert(key, 1)),
        }
        Ok(())
    }

    /// Takes back what [`Self::admit`] counted.
    pub fn take_back(&self, address: Option<IpAddr>, whose: &str) {
        let mut counted = self.counted.lock().expect("no code panics while holding the counts");
        if let Some(count) = counted.networks.get_mut(&key(address, whose)) {
            *count = count.saturating_sub(1);
        }
    }

    /// For how many seconds further requests from there are a flood; `None` when they are not.
    pub fn busy_s(&self, address: Option<IpAddr>, now: Timestamp) -> Option<u64> {
        let mut counted = self.counted.lock().expect("no code panics while holding the counts");
        counted.turn(now);
        let is_busy = match counted.networks.get(&network_of(address)) {
            Some(count) => self.most <= *count,
            None => MOST_NETWORKS <= counted.networks.len(),
        };
        is_busy.then(|| rest_of_minute_s(now))
    }
}

fn rest_of_minute_s(now: Timestamp) -> u64 {
    let rest_ms = MINUTE_MS - now.0.rem_euclid(MINUTE_MS);
    u64::try_from(rest_ms).unwrap_or(0).div_ceil(1000)
}

fn key(address: Option<IpAddr>, whose: &str) -> String {
    format!("{} {whose}", network_of(address))
}

impl Counted {
    fn turn(&mut self, now: Timestamp) {
        let minute = now.0.div_euclid(MINUTE_MS);
        if self.minute != minute {
            self.minute = minute;
            self.networks.clear();
        }
    }
}

/// The network of an address, as a text to count by.
pub fn network_of(address: Option<IpAddr>) -> String {
    address.map_or_else(|| "unknown".to_owned(), |it| Network::of(it).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_of_an_ipv6_network_are_one() {
        let of = |text: &str| network_of(Some(text.parse().unwrap()));
        assert_eq!(of("2001:db8:1:2::1"), of("2001:db8:1:2:ffff::9"));
        assert_ne!(of("2001:db8:1:2::1"), of("2001:db8:1:3::1"));
        assert_eq!(of("::ffff:10.0.0.1"), of("10.0.0.1"));
    }

    #[test]
    fn memory_is_bounded_and_a_new_minute_forgets() {
        let strays = PerMinute::new(60);
        let (now, later) = (Timestamp(MINUTE_MS), Timestamp(2 * MINUTE_MS));
        let address = |at: u32| Some(IpAddr::from(at.to_be_bytes()));
        for at in 0..100_000 {
            strays.count(address(at), now);
        }
        assert_eq!(strays.counted.lock().unwrap().networks.len(), MOST_NETWORKS);
        assert_eq!(
            (strays.busy_s(address(1), now), strays.busy_s(address(99_999), now)),
            (None, Some(60))
        );
        assert_eq!(strays.busy_s(address(99_999), later), None);
    }
}
