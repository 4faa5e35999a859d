//! Which host names this gateway answers for, so that a foreign name pointed at it gets nothing (DNS rebinding).

/// The names this gateway answers for.
#[derive(Clone, Debug)]
pub struct Hosts(Vec<String>);

impl Hosts {
    /// The host of the public URL, further names, and this machine itself.
    pub fn new(public_url: &url::Url, further: &[String]) -> Self {
        let public = public_url.host_str().map(str::to_ascii_lowercase);
        let further = further.iter().filter_map(|it| name_of(it));
        let here = ["localhost", "127.0.0.1", "[::1]"].map(str::to_owned);
        Self(public.into_iter().chain(further).chain(here).collect())
    }

    pub(super) fn allows(&self, name: &str) -> bool {
        self.0.iter().any(|it| it == name)
    }
}

/// The host name of a `Host` value in lower case, without port and without a final dot; nothing if it is malformed.
pub(super) fn name_of(host: &str) -> Option<String> {
    let (name, port) = match host.rfind(':') {
        Some(at) if !host[at..].contains(']') => (&host[..at], Some(&host[at + 1..])),
        _ => (host, None),
    };
    let is_port =
        |it: &str| (1..=5).contains(&it.len()) && it.bytes().all(|b| b.is_ascii_digit()) && it.parse::<u16>().is_ok();
    let is_ipv6 = name
        .strip_prefix('[')
        .and_then(|it| it.strip_suffix(']'))
        .is_some_and(|it| it.parse::<std::net::Ipv6Addr>().is_ok());
    let is_name = (1..=253).contains(&name.len())
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'.' || b == b'_')
        && !name.starts_with(['.', '-'])
        && !name.contains("..");
    let is_well_formed = (is_ipv6 || is_name) && port.is_none_or(is_port);
    is_well_formed.then(|| name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase())
}
