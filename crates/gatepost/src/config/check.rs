//! What settings may be, checked once at start.

use std::path::Path;

use ipnet::IpNet;
use url::{Host, Url};

use super::{Settings, network};
use crate::store::check_address;

/// What is wrong with the settings and how to mend it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Problem(pub String);

impl Settings {
    pub(super) fn check(&self) -> Result<(), Problem> {
        check_public_url(&self.public_url)?;
        if self.listen.parse::<std::net::SocketAddr>().is_err() {
            return Err(Problem(format!(
                "listen is `{}`; expected an address and a port such as 127.0.0.1:8420 or [::]:8420",
                self.listen
            )));
        }
        if !self.database_url.is_empty() {
            check_address(&self.database_url).map_err(|problem| Problem(problem.to_string()))?;
        }
        if let Some(odd) = self.trusted_proxies.iter().find(|it| network(it).is_none()) {
            return Err(Problem(format!(
                "trusted_proxies holds `{odd}`; expected an address or a network such as 10.0.0.0/8"
            )));
        }
        if let Some(odd) = self.known_networks.iter().find(|it| network(it).is_none()) {
            return Err(Problem(format!(
                "known_networks holds `{odd}`; expected an address or a network such as 203.0.113.0/24"
            )));
        }
        if self.memory_mib < self.memory_per_person_mib {
            return Err(Problem(format!(
                "memory_per_person_mib is {}; expected at most memory_mib, which is {}",
                self.memory_per_person_mib, self.memory_mib
            )));
        }
        if let Some(wide) = self
            .trusted_proxies
            .iter()
            .find(|it| network(it).is_some_and(|it| is_everybody(&it)))
        {
            return Err(Problem(format!(
                "trusted_proxies holds `{wide}`, which is more than any network of your own: everybody in it could say whose request theirs is; name your proxies' addresses"
            )));
        }
        for (name, value, least, most) in [
            ("session_idle_minutes", self.session_idle_minutes, 5, 60 * 24 * 30),
            ("session_hours", self.session_hours, 1, 24 * 90),
            ("access_token_minutes", self.access_token_minutes, 5, 24 * 60),
            ("refresh_token_days", self.refresh_token_days, 1, 365),
            ("code_seconds", self.code_seconds, 10, 600),
            ("registrations_per_hour", self.registrations_per_hour, 1, 1_000_000),
            ("unused_client_days", self.unused_client_days, 1, 90),
            ("approval_hours", self.approval_hours, 1, 24 * 30),
            ("keep_alive_days", self.keep_alive_days, 0, 80),
            (
                "token_refreshes_per_minute",
                i64::from(self.token_refreshes_per_minute),
                10,
                12_000,
            ),
            (
                "power_bi_timeout_seconds",
                to_i64(self.power_bi_timeout_seconds),
                1,
                3600,
            ),
            ("memory_mib", size(self.memory_mib), 64, 1024 * 1024),
            (
                "memory_per_person_mib",
                size(self.memory_per_person_mib),
                64,
                1024 * 1024,
            ),
            ("sign_ins_per_minute", i64::from(self.sign_ins_per_minute), 1, 1_000_000),
            ("header_seconds", to_i64(self.header_seconds), 1, 120),
            ("idle_seconds", to_i64(self.idle_seconds), 5, 3600),
            ("unready_seconds", to_i64(self.unready_seconds), 0, 120),
        ] {
            if !(least..=most).contains(&value) {
                return Err(Problem(format!("{name} is {value}; expected {least} to {most}")));
            }
        }
        self.clouds().map(drop)
    }
}

impl Settings {
    /// What is odd about the public address of a gateway that listens on `port`, with what would mend it.
    pub fn doubts(&self, port: u16) -> Option<String> {
        let url = Url::parse(&self.public_url).ok()?;
        let here = url.host() == Some(Host::Domain("localhost"));
        let said = url.port_or_known_default()?;
        (here && said != port).then(|| {
            format!(
                "the public address {} leads to port {said} of this machine, but this gateway listens on port {port}: unless \
                 something passes on from there what browsers and Microsoft send, set public_url to http://localhost:{port}",
                self.public_url
            )
        })
    }

    /// Whether nobody but this machine can reach the gateway, as far as its settings say.
    pub fn is_on_this_machine(&self) -> bool {
        let listens = self.listen.parse::<std::net::SocketAddr>();
        let url = Url::parse(&self.public_url);
        listens.is_ok_and(|it| it.ip().is_loopback())
            && url.is_ok_and(|it| it.scheme() == "http" && it.host() == Some(Host::Domain("localhost")))
    }
}

fn size(value: usize) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// Refuses a configuration file that everybody may change, and one with a secret that everybody may read.
#[cfg(unix)]
pub(super) fn check_file(path: &Path) -> Result<(), Problem> {
    use std::os::unix::fs::MetadataExt as _;
    // What cannot be read is said by whoever reads it next.
    let Ok(metadata) = std::fs::metadata(path) else {
        return Ok(());
    };
    let refused = |why: &str| Err(Problem(format!("{why} {0}; run `chmod 600 {0}`", path.display())));
    if metadata.mode() & 0o002 != 0 {
        return refused("everybody may change the configuration file");
    }
    if metadata.mode() & 0o004 != 0 && has_secret(&std::fs::read_to_string(path).unwrap_or_default()) {
        return refused("everybody may read the configuration file, and it holds a secret:");
    }
    Ok(())
}

#[cfg(not(unix))]
pub(super) fn check_file(_path: &Path) -> Result<(), Problem> {
    Ok(())
}

/// Whether a configuration sets the vault's keys, or a database address with a password.
fn has_secret(text: &str) -> bool {
    let Ok(values) = text.parse::<toml::Table>() else {
        return false;
    };
    let has_password = |url: &str| {
        let authority = url.split_once("://").map_or(url, |(_, rest)| rest);
        let user = authority.rsplit_once('@').map_or("", |(user, _)| user);
        user.contains(':') || url.contains("password=")
    };
    values.contains_key("vault_keys")
        || values
            .get("database_url")
            .and_then(toml::Value::as_str)
            .is_some_and(has_password)
}

/// Wider than the largest private networks, `10.0.0.0/8` (RFC 1918) and `fc00::/7` (RFC 4193).
fn is_everybody(network: &IpNet) -> bool {
    match network {
        IpNet::V4(it) => it.prefix_len() < 8,
        IpNet::V6(it) => it.prefix_len() < 7,
    }
}

fn to_i64(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// Whether Microsoft would take a redirect address below `public_url`.
///
/// Entra accepts https, and http only for the host `localhost` (Microsoft: "Redirect URI restrictions").
pub fn check_public_url(public_url: &str) -> Result<(), Problem> {
    // Before a host there may stand a password.
    let shown = if public_url.contains('@') {
        "(not shown)"
    } else {
        public_url
    };
    let fail = |why: &str| Err(Problem(format!("public_url is `{shown}`; {why}")));
    let Ok(url) = Url::parse(public_url) else {
        return fail("expected an address such as https://gatepost.example.com");
    };
    match (url.scheme(), url.host()) {
        ("https", Some(Host::Domain(_))) => {}
        ("http", Some(Host::Domain("localhost"))) => {}
        ("http", Some(Host::Domain(_))) => {
            return fail(
                "Microsoft sends people back over https only (http is accepted for localhost alone); put a TLS proxy in front and use its https address",
            );
        }
        ("http" | "https", Some(_)) => {
            return fail(
                "Microsoft does not accept an IP address here; use a host name, or localhost for trying things out",
            );
        }
        _ => return fail("expected an address that begins with https://"),
    }
    let plain = url.path() == "/"
        && url.query().is_none()
        && url.fragment().is_none()
        && url.username().is_empty()
        && url.password().is_none();
    if !plain || public_url.ends_with('/') {
        return fail("expected scheme, host and port only, without a path and without a slash at the end");
    }
    if public_url != url.origin().ascii_serialization() {
        return fail(&format!(
            "write it in its plain form: {}",
            url.origin().ascii_serialization()
        ));
    }
    Ok(())
}
