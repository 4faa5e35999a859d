//! The address at which a client describes itself: https, a name of the public internet, nothing that reads in two ways.

use url::{Host, Url};

const LONGEST: usize = 512;
/// Names that never leave a machine or a house (RFC 6761, RFC 8375, ICANN's `internal`).
const NOT_PUBLIC: [&str; 6] = ["localhost", "local", "internal", "arpa", "lan", "home"];

/// A checked address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Location {
    pub url: Url,
    pub host: String,
}

/// Takes an address in its one normal form; whatever else it is, nothing is asked of anybody.
pub(super) fn parse(text: &str) -> Option<Location> {
    if LONGEST < text.len() || !text.is_ascii() || text.contains(['#', '?', '@', '\\']) {
        return None;
    }
    let url = Url::parse(text).ok()?;
    // What the parser had to change (letters, dots, escapes, a number for a host) is not the address that was meant.
    let is_normal = url.as_str() == text && !text.to_ascii_lowercase().contains("%2e") && !url.path().contains("//");
    let Some(Host::Domain(host)) = url.host() else {
        return None;
    };
    let host = host.to_owned();
    let last = host.rsplit('.').next().unwrap_or_default();
    let is_name = host.contains('.') && !last.is_empty() && !NOT_PUBLIC.contains(&last);
    let fits = url.scheme() == "https" && url.port().is_none() && url.path().len() > 1 && is_normal && is_name;
    fits.then_some(Location { url, host })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// PRX-07
    #[test]
    fn an_address_has_one_reading_and_leads_to_a_public_name() {
        for good in [
            "https://claude.ai/oauth/mcp-oauth-client-metadata",
            "https://a.example/x",
            "https://xn--bcher-kva.example/c.json",
        ] {
            assert!(parse(good).is_some(), "{good}");
        }
        for bad in [
            "http://a.example/x",
            "https://a.example",
            "https://a.example/",
            "https://a.example:443/x",
            "https://a.example:6379/x",
            "https://user@a.example/x",
            "https://a.example/x?y",
            "https://a.example/x#y",
            "https://A.example/x",
            "https://a.example/../x",
            "https://a.example/%2e%2e/x",
            "https://a.example/x/./y",
            "https://a.example//x",
            "https://a.example\\x",
            "https://a.example./x",
            "https://localhost/x",
            "https://localhost./x",
            "https://x.localhost/x",
            "https://printer.local/x",
            "https://db.internal/x",
            "https://intranet/x",
            "https://127.0.0.1/x",
            "https://2130706433/x",
            "https://0x7f.1/x",
            "https://0177.0.0.1/x",
            "https://127.1/x",
            "https://[::1]/x",
            "https://[::ffff:127.0.0.1]/x",
            "https://[64:ff9b::7f00:1]/x",
            "https:a.example/x",
            "https:///a.example/x",
            "https://bücher.example/x",
            "https://a.example/x y",
            "",
            "ftp://a.example/x",
        ] {
            assert!(parse(bad).is_none(), "{bad}");
        }
        assert!(parse(&format!("https://a.example/{}", "x".repeat(600))).is_none());
    }
}
