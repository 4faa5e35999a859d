//! Whose request it is: the peer's address, or what a proxy of ours says it saw.

use std::net::{IpAddr, SocketAddr};

use http::{HeaderMap, HeaderName};
use ipnet::IpNet;

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The client's address. Only a proxy of ours is believed, and only for the last hop before it that is not one.
pub(super) fn client_of(peer: SocketAddr, headers: &HeaderMap, proxies: &[IpNet]) -> SocketAddr {
    let is_proxy = |it: IpAddr| is_among(proxies, it);
    if !is_proxy(peer.ip()) {
        return peer;
    }
    let mut nearest = peer.ip();
    let lines: Vec<_> = headers.get_all(FORWARDED_FOR).iter().collect();
    let hops = lines
        .iter()
        .rev()
        .flat_map(|line| line.to_str().unwrap_or_default().rsplit(','));
    for hop in hops {
        // Whatever stands before something unreadable was written by nobody we know.
        let Some(address) = address_of(hop.trim()) else { break };
        nearest = address;
        if !is_proxy(address) {
            break;
        }
    }
    SocketAddr::new(nearest, peer.port())
}

/// Whether an address lies in one of the networks, an IPv4 address in IPv6 clothes counting as what it is.
pub(super) fn is_among(networks: &[IpNet], address: IpAddr) -> bool {
    let address = address.to_canonical();
    networks.iter().any(|network| network.contains(&address))
}

/// An address, with or without a port.
fn address_of(text: &str) -> Option<IpAddr> {
    let bare = text.trim_matches(['[', ']']).parse::<IpAddr>().ok();
    bare.or_else(|| text.parse::<SocketAddr>().ok().map(|it| it.ip()))
        .map(|it| it.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(peer: &str, forwarded: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for line in forwarded {
            headers.append(FORWARDED_FOR, line.parse().unwrap());
        }
        let proxies = ["10.0.0.1/32".parse().unwrap(), "10.0.0.2/31".parse().unwrap()];
        client_of(SocketAddr::new(peer.parse().unwrap(), 1), &headers, &proxies)
            .ip()
            .to_string()
    }

    #[test]
    fn a_stranger_is_not_believed() {
        assert_eq!(client("192.0.2.7", &["198.51.100.1"]), "192.0.2.7");
        assert_eq!(client("127.0.0.1", &["198.51.100.1"]), "127.0.0.1");
    }

    #[test]
    fn a_proxy_of_ours_is_believed_for_its_own_hop_only() {
        assert_eq!(client("10.0.0.1", &["198.51.100.1"]), "198.51.100.1");
        assert_eq!(client("::ffff:10.0.0.1", &["198.51.100.1:4711"]), "198.51.100.1");
        assert_eq!(
            client("10.0.0.1", &["203.0.113.9, 198.51.100.1"]),
            "198.51.100.1",
            "the rest may be made up"
        );
        assert_eq!(
            client("10.0.0.1", &["203.0.113.9", "198.51.100.1, 10.0.0.2"]),
            "198.51.100.1"
        );
        assert_eq!(client("10.0.0.1", &["[2001:db8::1]"]), "2001:db8::1");
    }

    #[test]
    fn nonsense_leaves_the_nearest_address_that_could_be_read() {
        assert_eq!(
            client("10.0.0.1", &[]),
            "::ffff:10.0.0.1".parse::<IpAddr>().unwrap().to_canonical().to_string()
        );
        assert_eq!(client("10.0.0.1", &["198.51.100.1, unknown"]), "10.0.0.1");
        assert_eq!(client("10.0.0.1", &["unknown, 10.0.0.2"]), "10.0.0.2");
    }
}
