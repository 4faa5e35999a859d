//! What strangers ask for, counted by network: a flood gets a short answer, leaves no trace, and stops nobody elsewhere.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use ipnet::IpNet;

use crate::clock::Timestamp;
use crate::network::Network;

/// Networks counted at once; when there are more, those that asked least are forgotten.
const MOST_NETWORKS: usize = 4096;

/// How much there may be in one span of time.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    pub span_ms: i64,
    /// Of one network.
    pub each: u32,
    /// Of all networks; beyond it only those that asked for fewer than `least` themselves.
    pub all: u32,
    pub least: u32,
}

/// How many requests of one kind came from each network in the present span.
pub struct Strangers {
    bounds: Bounds,
    /// Networks that are not counted.
    known: Vec<IpNet>,
    counted: Mutex<Counted>,
}

#[derive(Default)]
struct Counted {
    span: i64,
    all: u32,
    networks: HashMap<Option<Network>, u32>,
}

impl Strangers {
    /// Nothing counted yet. `known` networks never are.
    pub fn new(bounds: Bounds, known: Vec<IpNet>) -> Self {
        Self {
            bounds,
            known,
            counted: Mutex::default(),
        }
    }

    /// Counts one more.
    pub fn count(&self, address: Option<IpAddr>, now: Timestamp) {
        if self.is_known(address) {
            return;
        }
        let mut counted = self.counted(now);
        counted.make_room();
        counted.all = counted.all.saturating_add(1);
        let count = counted.networks.entry(address.map(Network::of)).or_default();
        *count = count.saturating_add(1);
    }

    /// For how many seconds further requests from there are a flood; `None` when they are not.
    pub fn busy_s(&self, address: Option<IpAddr>, now: Timestamp) -> Option<u64> {
        if self.is_known(address) {
            return None;
        }
        let counted = self.counted(now);
        let Bounds {
            span_ms,
            each,
            all,
            least,
        } = self.bounds;
        let own = counted.networks.get(&address.map(Network::of)).copied().unwrap_or(0);
        let is_busy = each <= own || (all <= counted.all && least <= own);
        let rest_ms = span_ms - now.0.rem_euclid(span_ms);
        is_busy.then(|| u64::try_from(rest_ms).unwrap_or(0).div_ceil(1000))
    }

    fn is_known(&self, address: Option<IpAddr>) -> bool {
        let address = address.map(|it| it.to_canonical());
        address.is_some_and(|it| self.known.iter().any(|network| network.contains(&it)))
    }

    fn counted(&self, now: Timestamp) -> MutexGuard<'_, Counted> {
        let mut counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        let span = now.0.div_euclid(self.bounds.span_ms);
        if counted.span != span {
            *counted = Counted {
                span,
                ..Counted::default()
            };
        }
        counted
    }
}

impl Counted {
    /// Forgets those that asked least, so that whoever asks much stays counted however many others come.
    fn make_room(&mut self) {
        let mut least = 1;
        while MOST_NETWORKS <= self.networks.len() {
            self.networks.retain(|_, count| least < *count);
            least *= 2;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE_MS: i64 = 60_000;
    const NOW: Timestamp = Timestamp(MINUTE_MS);

    fn strangers(all: u32, least: u32) -> Strangers {
        let bounds = Bounds {
            span_ms: MINUTE_MS,
            each: 60,
            all,
            least,
        };
        Strangers::new(bounds, vec!["203.0.113.0/24".parse().unwrap()])
    }

    fn address(at: u32) -> Option<IpAddr> {
        Some(IpAddr::from(at.to_be_bytes()))
    }

    #[test]
    fn one_network_has_its_share_and_a_new_minute_forgets() {
        let it = strangers(1000, 5);
        (0..60).for_each(|_| it.count(address(1), NOW));
        assert_eq!(
            (it.busy_s(address(1), NOW), it.busy_s(address(2), NOW)),
            (Some(60), None)
        );
        assert_eq!(it.busy_s(address(1), Timestamp(2 * MINUTE_MS)), None);
    }

    #[test]
    fn memory_is_bounded_and_a_full_table_refuses_nobody_new() {
        let it = strangers(u32::MAX, 5);
        (0..60).for_each(|_| it.count(address(7), NOW));
        for at in 1000..100_000 {
            it.count(address(at), NOW);
        }
        assert!(it.counted.lock().unwrap().networks.len() <= MOST_NETWORKS);
        assert_eq!(it.busy_s(address(999_999), NOW), None, "somebody new");
        assert_eq!(it.busy_s(address(7), NOW), Some(60), "who asked most is not forgotten");
    }

    #[test]
    fn when_all_is_taken_those_who_asked_little_still_get_some() {
        let it = strangers(100, 5);
        for at in 0..20 {
            (0..5).for_each(|_| it.count(address(at), NOW));
        }
        assert!(it.busy_s(address(3), NOW).is_some(), "has had its share");
        assert_eq!(it.busy_s(address(500), NOW), None);
        let nobody = strangers(100, 0);
        (0..100).for_each(|at| nobody.count(address(at), NOW));
        assert!(nobody.busy_s(address(500), NOW).is_some());
    }

    #[test]
    fn a_known_network_is_not_counted() {
        let it = strangers(100, 0);
        let office = Some("203.0.113.9".parse().unwrap());
        (0..10_000).for_each(|_| it.count(office, NOW));
        assert_eq!((it.busy_s(office, NOW), it.busy_s(address(1), NOW)), (None, None));
    }
}
