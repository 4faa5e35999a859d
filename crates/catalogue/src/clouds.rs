//! The Microsoft clouds: where people sign in and where Power BI answers.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use serde::Deserialize;
use serde::Serialize;

/// One Microsoft cloud, or something that behaves like one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cloud {
    pub id: String,
    pub name: String,
    /// Where people sign in, e.g. `https://login.microsoftonline.com`.
    pub login: String,
    /// What tokens are for, e.g. `https://analysis.windows.net/powerbi/api`.
    pub resource: String,
    /// Where the REST API answers, e.g. `https://api.powerbi.com`.
    pub api: String,
    /// Where people use Power BI, e.g. `https://app.powerbi.com`.
    pub portal: String,
    /// The id of the Power BI Service among the directory's applications.
    pub power_bi_app_id: String,
    /// Other hosts of the same API, which answers may name: `.` before them means any host below.
    #[serde(default)]
    pub api_hosts: Vec<String>,
}

/// The Power BI Service's application id outside the government community cloud.
const POWER_BI_APP_ID: &str = "00000009-0000-0000-c000-000000000000";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Data {
    cloud: Vec<Cloud>,
}

static DATA: LazyLock<Data> =
    LazyLock::new(|| toml::from_str(include_str!("../clouds.toml")).expect("clouds.toml is read by a test"));

/// The five clouds that are open.
pub fn all() -> &'static [Cloud] {
    &DATA.cloud
}

/// The cloud of this id.
pub fn find(id: &str) -> Option<&'static Cloud> {
    all().iter().find(|cloud| cloud.id == id)
}

/// The clouds that one gateway may use: Microsoft's five, and those its operator's settings name. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Clouds(Arc<BTreeMap<String, Cloud>>);

impl Clouds {
    /// The five, and these besides.
    ///
    /// Invariant: an entry never takes the place of one of the five.
    pub fn with(entries: impl IntoIterator<Item = Cloud>) -> Self {
        let entries = entries.into_iter().filter(|it| find(&it.id).is_none());
        Self(Arc::new(entries.map(|it| (it.id.clone(), it)).collect()))
    }

    /// The cloud of this id.
    pub fn find(&self, id: &str) -> Option<&Cloud> {
        find(id).or_else(|| self.0.get(id))
    }

    /// Every cloud, the five first.
    pub fn iter(&self) -> impl Iterator<Item = &Cloud> {
        all().iter().chain(self.0.values())
    }
}

impl Cloud {
    /// A cloud at other addresses, or which of them cannot be used.
    ///
    /// Invariant: secrets and tokens go to these addresses, so they are https, or http on this
    /// machine, and sign-in and API addresses are bare origins.
    pub fn custom(login: &str, resource: &str, api: &str, portal: &str) -> Result<Self, String> {
        let named = |name: &'static str| move |why: &str| format!("{name} address: {why}");
        Ok(Self {
            id: "custom".to_owned(),
            name: "Custom".to_owned(),
            login: origin(login).map_err(named("sign-in"))?,
            resource: address(resource).map_err(named("resource"))?,
            api: origin(api).map_err(named("API"))?,
            portal: address(portal).map_err(named("portal"))?,
            power_bi_app_id: POWER_BI_APP_ID.to_owned(),
            api_hosts: Vec::new(),
        })
    }
}

/// Scheme, host and port only.
fn origin(text: &str) -> Result<String, &'static str> {
    let address = address(text)?;
    let host = &address[address.find("://").map_or(0, |at| at + 3)..];
    match host.contains('/') {
        true => Err("expected no path"),
        false => Ok(address),
    }
}

/// An address we may send people and tokens to, without a slash at the end.
fn address(text: &str) -> Result<String, &'static str> {
    let text = text.trim_end_matches('/');
    let (scheme, rest) = text.split_once("://").ok_or("expected https://")?;
    if text
        .chars()
        .any(|c| !c.is_ascii_graphic() || matches!(c, '\\' | '?' | '#' | '%'))
    {
        return Err("expected no query, fragment, escape, backslash or space");
    }
    let authority = rest.split('/').next().unwrap_or_default();
    if authority.contains('@') {
        return Err("expected no user name in it");
    }
    let host = host(authority)?;
    let is_here = ["localhost", "127.0.0.1", "[::1]"].contains(&host.as_str());
    match scheme.to_ascii_lowercase().as_str() {
        "https" => {}
        "http" if is_here => {}
        _ => return Err("expected https, or http on localhost, 127.0.0.1 or [::1]"),
    }
    if rest.split('/').any(|part| part == "." || part == "..") || rest.contains("//") {
        return Err("expected a plain path");
    }
    Ok(format!("{}://{rest}", scheme.to_ascii_lowercase()))
}

/// The host of an authority in lower case, if host and port have the right shape.
fn host(authority: &str) -> Result<String, &'static str> {
    let (host, port) = match authority.rfind(':') {
        Some(at) if !authority[at..].contains(']') => (&authority[..at], Some(&authority[at + 1..])),
        _ => (authority, None),
    };
    if port.is_some_and(|port| port.parse::<u16>().is_err() || port.starts_with('+')) {
        return Err("expected a port from 0 to 65535");
    }
    let is_ipv6 = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'))
        .is_some_and(|host| host.parse::<std::net::Ipv6Addr>().is_ok());
    let is_name = !host.is_empty()
        && !host.starts_with(['.', '-'])
        && host
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'.' || b == b'-');
    match is_ipv6 || is_name {
        true => Ok(host.to_ascii_lowercase()),
        false => Err("expected a host name"),
    }
}
