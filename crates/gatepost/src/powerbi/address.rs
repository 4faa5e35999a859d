//! Where a call goes: the host of the cloud and a checked path, never a host that a request or an answer names.

use catalogue::clouds::Cloud;
use http::Uri;
use http::uri::{Authority, Parts, PathAndQuery, Scheme};

const LONGEST_TARGET: usize = 16 * 1024;

/// The whole address of a call, or nothing if the path is not one this gateway would build.
pub(super) fn of(cloud: &Cloud, path_and_query: &str) -> Option<Uri> {
    let base: Uri = cloud.api.parse().ok()?;
    let (scheme, authority) = (base.scheme()?.clone(), base.authority()?.clone());
    if !may_carry_a_token(&scheme, &authority) || !is_plain(path_and_query) {
        return None;
    }
    let mut parts = Parts::default();
    parts.scheme = Some(scheme);
    parts.authority = Some(authority);
    parts.path_and_query = Some(path_and_query.parse::<PathAndQuery>().ok()?);
    Uri::from_parts(parts).ok()
}

/// The path and query of an address that an answer names, if it is one of this cloud's own.
pub(super) fn path_of(cloud: &Cloud, location: &str) -> Option<String> {
    let uri: Uri = location.parse().ok()?;
    let host = uri.host()?.to_ascii_lowercase();
    let own: Uri = cloud.api.parse().ok()?;
    let is_own = uri.authority() == own.authority() && uri.scheme() == own.scheme();
    let is_regional = uri.scheme() == Some(&Scheme::HTTPS)
        && cloud.api_hosts.iter().any(|it| {
            if it.starts_with('.') {
                host.ends_with(it)
            } else {
                host == *it
            }
        });
    let path = uri.path_and_query()?.as_str();
    ((is_own || is_regional) && is_plain(path)).then(|| path.to_owned())
}

/// Invariant: a token travels over TLS, or stays on this machine.
fn may_carry_a_token(scheme: &Scheme, authority: &Authority) -> bool {
    let host = authority.host();
    let is_here = host == "localhost"
        || host
            .trim_matches(['[', ']'])
            .parse::<std::net::IpAddr>()
            .is_ok_and(|it| it.is_loopback());
    *scheme == Scheme::HTTPS || (*scheme == Scheme::HTTP && is_here)
}

/// Whether the path begins at the API's root and no part of it climbs, hides a slash or holds an odd character.
fn is_plain(path_and_query: &str) -> bool {
    let path = path_and_query.split('?').next().unwrap_or_default();
    // Some ids are base64 and may hold a slash; written `%2F` it must not hide a climb either.
    let unhidden = path.to_ascii_lowercase().replace("%2e", ".").replace("%2f", "/");
    let is_dots = |it: &str| matches!(it, "." | "..");
    path_and_query.len() <= LONGEST_TARGET
        && path_and_query
            .bytes()
            .all(|b| b.is_ascii_graphic() && b != b'\\' && b != b'#')
        && path.starts_with("/v1.0/")
        && !path.contains("//")
        && !unhidden.split('/').any(is_dots)
        && !["%5c", "%00"].iter().any(|it| unhidden.contains(it))
}
