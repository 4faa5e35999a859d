//! Fetching descriptions: the name is resolved once, every address checked, and only a checked address connected to.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use super::described::{self, Described};
use super::is_public;
use super::location::{self, Location};
use super::turns::Turns;
use crate::clock::{Clock, Timestamp};
use quick_cache::sync::Cache;
use reqwest::header::{ACCEPT, ACCEPT_ENCODING, AGE, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap};
use reqwest::{Certificate, Client, Response};

/// For everything from resolving on; waiting for a turn is not part of it.
const TIMEOUT: Duration = Duration::from_secs(5);
const LARGEST_BYTES: usize = 10 * 1024;
/// How long others wait for their turn.
const PATIENCE: Duration = Duration::from_secs(10);
const MOST_KEPT: usize = 500;
/// How long a description is good for, whatever its server says.
const KEPT_S: std::ops::RangeInclusive<i64> = 60..=24 * 3600;
const KEPT_UNTOLD_S: i64 = 3600;
/// A failure is told again for this long without asking anybody, so that nobody can make us knock again and again.
const FAILURE_KEPT_S: i64 = 30;

/// Instead of the system's resolver.
pub type Names = Arc<dyn Fn(&str) -> Vec<SocketAddr> + Send + Sync>;

/// How this process reaches the web. Only tests have another one than the default; no setting leads here.
#[derive(Clone, Default)]
pub struct Reach {
    pub names: Option<Names>,
    pub stand_in: Option<StandIn>,
}

/// An address that counts as public although it is not, and the authority that signed its certificate.
#[derive(Clone)]
pub struct StandIn {
    pub address: SocketAddr,
    pub authority_pem: Vec<u8>,
}

/// Why there is no description.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// One text for every reason, so that nobody learns through us what answers where.
    #[error("the client's description could not be read at the address it gives as its `client_id`")]
    Unavailable,
    /// Nobody was asked: it says nothing of the client and is not kept.
    #[error("too many descriptions of clients are being read for your network at the moment; try again in a minute")]
    Busy,
    #[error("the client's description is not acceptable: {0}")]
    Unacceptable(&'static str),
}

/// The descriptions read so far.
pub struct Documents {
    clock: Clock,
    reach: Reach,
    turns: Turns,
    kept: Cache<String, Kept>,
}

#[derive(Clone)]
struct Kept {
    outcome: Result<Arc<Described>, Unreadable>,
    until: Timestamp,
}

impl Documents {
    /// Nothing read yet.
    pub fn new(clock: Clock, reach: Reach) -> Self {
        Self {
            clock,
            reach,
            turns: Turns::default(),
            kept: Cache::new(MOST_KEPT),
        }
    }

    /// The description at `id`, read now or a while ago; `address` is that of whoever names it.
    pub async fn find(&self, id: &str, address: Option<IpAddr>) -> Result<Arc<Described>, Unreadable> {
        let location = location::parse(id).ok_or(Unreadable::Unavailable)?;
        if let Some(kept) = self.fresh(id) {
            return kept;
        }
        let turn = tokio::time::timeout(PATIENCE, self.turns.take(address)).await;
        let _turn = turn.map_err(|_| Unreadable::Busy)?;
        // Somebody may have read it while this call waited for its turn.
        if let Some(kept) = self.fresh(id) {
            return kept;
        }
        let fetched = tokio::time::timeout(TIMEOUT, self.fetch(id, &location)).await;
        let (outcome, seconds) = match fetched {
            Ok(Ok((described, seconds))) => (Ok(Arc::new(described)), seconds),
            Ok(Err(unreadable)) => (Err(unreadable), FAILURE_KEPT_S),
            Err(_) => (Err(Unreadable::Unavailable), FAILURE_KEPT_S),
        };
        let kept = Kept {
            outcome: outcome.clone(),
            until: self.clock.now().plus_seconds(seconds),
        };
        self.kept.insert(id.to_owned(), kept);
        outcome
    }

    fn fresh(&self, id: &str) -> Option<Result<Arc<Described>, Unreadable>> {
        let kept = self.kept.get(id)?;
        (self.clock.now() < kept.until).then_some(kept.outcome)
    }

    async fn fetch(&self, id: &str, location: &Location) -> Result<(Described, i64), Unreadable> {
        let addresses = self.checked_addresses(&location.host).await?;
        let client = self.client(&location.host, &addresses)?;
        let request = client
            .get(location.url.clone())
            .header(ACCEPT, "application/json")
            .header(ACCEPT_ENCODING, "identity");
        let answer = request.send().await.map_err(|_| Unreadable::Unavailable)?;
        if answer.status() != 200 || !is_plain_json(answer.headers()) {
            return Err(Unreadable::Unavailable);
        }
        let seconds = kept_for(answer.headers());
        let body = bounded(answer).await?;
        let described = described::read(id, &body).map_err(Unreadable::Unacceptable)?;
        Ok((described, seconds))
    }

    /// Invariant: one address that is not public refuses the name as a whole.
    async fn checked_addresses(&self, host: &str) -> Result<Vec<SocketAddr>, Unreadable> {
        let found: Vec<SocketAddr> = match &self.reach.names {
            Some(names) => names(host),
            None => {
                let found = tokio::net::lookup_host((host, 443)).await;
                found.map_err(|_| Unreadable::Unavailable)?.collect()
            }
        };
        let stand_in = self.reach.stand_in.as_ref().map(|it| it.address);
        let all_public = found.iter().all(|it| is_public(it.ip()) || stand_in == Some(*it));
        match all_public && !found.is_empty() {
            true => Ok(found),
            false => Err(Unreadable::Unavailable),
        }
    }

    /// A client for one request: it knows the checked addresses only, and no connection of it is used again.
    fn client(&self, host: &str, addresses: &[SocketAddr]) -> Result<Client, Unreadable> {
        let mut builder = Client::builder()
            .user_agent(concat!("gatepost/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            .resolve_to_addrs(host, addresses)
            .https_only(true)
            .no_proxy()
            .referer(false)
            .timeout(TIMEOUT)
            .pool_max_idle_per_host(0);
        if let Some(stand_in) = &self.reach.stand_in {
            let authority = Certificate::from_pem(&stand_in.authority_pem).map_err(|_| Unreadable::Unavailable)?;
            builder = builder.tls_certs_only([authority]);
        }
        builder.build().map_err(|_| Unreadable::Unavailable)
    }
}

/// One media type, and nothing packed: a small body must not become a large one.
fn is_plain_json(headers: &HeaderMap) -> bool {
    let mut kinds = headers.get_all(CONTENT_TYPE).iter();
    let kind = kinds.next().and_then(|it| it.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    kind.eq_ignore_ascii_case("application/json") && kinds.next().is_none() && !headers.contains_key(CONTENT_ENCODING)
}

async fn bounded(mut answer: Response) -> Result<Vec<u8>, Unreadable> {
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(|_| Unreadable::Unavailable)? {
        if LARGEST_BYTES < body.len() + chunk.len() {
            return Err(Unreadable::Unavailable);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// For how long the server lets its answer be used again (RFC 9111 §5.2), within bounds.
fn kept_for(headers: &HeaderMap) -> i64 {
    let text = |name| headers.get(name).and_then(|it| it.to_str().ok()).unwrap_or_default();
    let directives: Vec<String> = text(CACHE_CONTROL)
        .split(',')
        .map(|it| it.trim().to_ascii_lowercase())
        .collect();
    let age: i64 = text(AGE).trim().parse().unwrap_or(0);
    let told = directives
        .iter()
        .find_map(|it| it.strip_prefix("max-age=")?.parse::<i64>().ok());
    let is_not_kept = directives.iter().any(|it| it == "no-store" || it == "no-cache");
    let seconds = match told {
        _ if is_not_kept => 0,
        Some(seconds) => seconds.saturating_sub(age.max(0)),
        None => KEPT_UNTOLD_S,
    };
    seconds.clamp(*KEPT_S.start(), *KEPT_S.end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_description_is_kept_as_long_as_told_within_bounds() {
        let kept = |pairs: &[(&'static str, &'static str)]| {
            let pair = |(name, value): &(&'static str, &'static str)| (name.parse().unwrap(), value.parse().unwrap());
            kept_for(&pairs.iter().map(pair).collect())
        };
        assert_eq!(kept(&[]), 3600);
        assert_eq!(kept(&[("cache-control", "public, max-age=600")]), 600);
        assert_eq!(kept(&[("cache-control", "max-age=600"), ("age", "400")]), 200);
        assert_eq!(kept(&[("cache-control", "max-age=0")]), 60);
        assert_eq!(kept(&[("cache-control", "no-store, max-age=600")]), 60);
        assert_eq!(kept(&[("cache-control", "max-age=99999999999")]), 24 * 3600);
        assert_eq!(kept(&[("cache-control", "max-age=-5"), ("age", "x")]), 60);
    }
}
