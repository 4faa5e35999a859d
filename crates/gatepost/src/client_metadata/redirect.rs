//! Which redirect addresses a client may register, and which registered one a request names.

use url::{Host, Url};

const LONGEST: usize = 1024;
/// Private-use schemes of known clients that do not follow the reverse-domain form (RFC 8252 §7.1).
const KNOWN_SCHEMES: [&str; 4] = ["cursor", "vscode", "vscode-insiders", "windsurf"];

/// Whether a client may register this address, or why not.
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
    match url.scheme() {
        "https" if url.host_str().is_some_and(|it| !it.is_empty() && !it.ends_with('.')) => Ok(()),
        "http" if is_loopback(&url) => Ok(()),
        "http" => fail("expected https, or http on localhost"),
        "https" => fail("expected a host"),
        scheme if scheme.contains('.') || KNOWN_SCHEMES.contains(&scheme) => Ok(()),
        _ => fail("expected https, http on localhost, or an application's own scheme such as com.example.app"),
    }
}

/// Whether the request's address is `registered`: the same text, or for loopback addresses the same but for the port
/// (RFC 8252 §7.3; `localhost` is treated alike because common clients use it).
pub fn matches(registered: &str, asked: &str) -> bool {
    if registered == asked {
        return true;
    }
    match (loopback_parts(registered), loopback_parts(asked)) {
        (Some(known), Some(given)) => known == given && check(asked).is_ok(),
        _ => false,
    }
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
    loopback_parts(address).is_some()
}

/// What to show of an address: its host, or its scheme when it is an application's own.
pub fn shown(address: &str) -> String {
    match Url::parse(address) {
        Ok(url) => url
            .host_str()
            .map_or_else(|| format!("the application of {}:", url.scheme()), str::to_owned),
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
