//! Which redirect addresses a client may register, and which registered one a request names.

use url::{Host, Url};

const LONGEST: usize = 1024;
/// Private-use schemes of known clients that do not follow the reverse-domain form (RFC 8252 §7.1).
const KNOWN_SCHEMES: [&str; 4] = ["cursor", "vscode", "vscode-insiders", "windsurf"];

/// Whether a client may register this address, or why not. Only the normal form is taken (WHATWG URL §4.5): what is
/// compared, shown and sent is then one text, and `http://127.1/` cannot pass for something else than it is.
pub fn check(address: &str) -> Result<(), String> {
    let fail = |why: &str| {
        Err(format!(
            "redirect address {}: {why}",
            address.chars().take(80).collect::<String>().escape_debug()
        ))
    };
    if LONGEST < address.len()
        || !address.is_ascii()
        || address
            .bytes()
            .any(|b| b <= b' ' || b == b'\\' || b == b'*' || b == 0x7f)
    {
        return fail("expected a plain address without spaces, wildcards or backslashes");
    }
    let Ok(url) = Url::parse(address) else {
        return fail("expected an absolute address");
    };
    if url.fragment().is_some() || address.contains('#') {
        return fail("expected no fragment");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return fail("expected no user name in it");
    }
    if has_dot_segments(address) {
        return fail("expected no dot segments");
    }
    if !is_normal(&url, address) {
        return fail(&format!("expected its normal form, {}", url.as_str().escape_debug()));
    }
    match url.scheme() {
        "https" if url.host_str().is_some_and(|it| !it.is_empty() && !it.ends_with('.')) => Ok(()),
        "http" if is_loopback(&url) => Ok(()),
        "http" => fail("expected https, or http on localhost"),
        "https" => fail("expected a host"),
        scheme if scheme.contains('.') || KNOWN_SCHEMES.contains(&scheme) => Ok(()),
        _ => fail("expected https, http on localhost, or an application's own scheme such as com.example.app"),
    }
}

/// Whether an address is spelled as it is read; the one slash of an empty path may be left out.
fn is_normal(url: &Url, address: &str) -> bool {
    let is_bare = url.path() == "/" && url.query().is_none();
    url.as_str() == address || is_bare && url.as_str().strip_suffix('/') == Some(address)
}

/// Whether the request's address is `registered`: the same text, or for loopback addresses the same but for the port
/// (RFC 8252 §7.3; `localhost` is treated alike because common clients use it). What is registered without a path may be
/// asked for with or without its one slash.
pub fn matches(registered: &str, asked: &str) -> bool {
    if registered == asked {
        return true;
    }
    if has_no_path(registered) && asked.strip_suffix('/') == Some(registered) {
        return true;
    }
    match (loopback_parts(registered), loopback_parts(asked)) {
        (Some(known), Some(given)) => {
            let is_same = known == given || known == (given.0, "") && given.1 == "/";
            is_same && Url::parse(asked).is_ok_and(|it| it.fragment().is_none())
        }
        _ => false,
    }
}

/// Whether a web address ends with its host.
fn has_no_path(address: &str) -> bool {
    let rest = address.split_once("://").map_or("", |(_, rest)| rest);
    address.starts_with("http") && !rest.is_empty() && !rest.contains(['/', '?', '#'])
}

/// Host name and the rest behind the port, of an http loopback address in its plain form.
fn loopback_parts(address: &str) -> Option<(&str, &str)> {
    let rest = address.strip_prefix("http://")?;
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let (host, port) = match authority.strip_prefix("[::1]") {
        Some(port) => ("[::1]", port),
        None => authority.find(':').map_or((authority, ""), |at| authority.split_at(at)),
    };
    let plain_port = port.is_empty()
        || port
            .strip_prefix(':')
            .is_some_and(|it| !it.is_empty() && it.len() <= 5 && it.bytes().all(|b| b.is_ascii_digit()));
    (["localhost", "127.0.0.1", "[::1]"].contains(&host) && plain_port).then_some((host, path))
}

/// Whether an address leads to the person's own machine.
pub fn is_local(address: &str) -> bool {
    // As a browser reads it: what registered before only normal forms were taken may be spelled in any way.
    let Ok(url) = Url::parse(address) else { return false };
    url.scheme() == "http"
        && match url.host() {
            Some(Host::Domain(host)) => host.trim_end_matches('.') == "localhost" || host.ends_with(".localhost"),
            Some(Host::Ipv4(ip)) => ip.is_loopback() || ip.is_unspecified(),
            Some(Host::Ipv6(ip)) => {
                ip.is_loopback() || ip.is_unspecified() || ip.to_ipv4_mapped().is_some_and(|it| it.is_loopback())
            }
            None => false,
        }
}

/// Whether an address leads to whatever application of the person's device claims its scheme.
pub fn is_own_scheme(address: &str) -> bool {
    Url::parse(address).is_ok_and(|it| !matches!(it.scheme(), "http" | "https"))
}

/// What to show of an address: its host, or its scheme when it is an application's own. What stands where a host would
/// in such an address is the application's own business and says nothing of who it is.
pub fn shown(address: &str) -> String {
    match Url::parse(address) {
        Ok(url) => match (url.scheme(), url.host_str()) {
            ("http" | "https", Some(host)) => host.to_owned(),
            (scheme, _) => format!("the application on this device that opens {scheme}: addresses"),
        },
        Err(_) => "an unknown address".into(),
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(host)) => host == "localhost",
        Some(Host::Ipv4(ip)) => ip == std::net::Ipv4Addr::LOCALHOST && url.as_str().contains("127.0.0.1"),
        Some(Host::Ipv6(ip)) => ip == std::net::Ipv6Addr::LOCALHOST,
        None => false,
    }
}

/// `Url` resolves dot segments silently; a registered text must not hold any, plain or encoded.
fn has_dot_segments(address: &str) -> bool {
    let path = address
        .split(['?', '#'])
        .next()
        .unwrap_or_default()
        .to_ascii_lowercase()
        .replace("%2e", ".")
        .replace("%2f", "/")
        .replace("%5c", "/");
    path.split('/').any(|segment| segment == "." || segment == "..")
}
