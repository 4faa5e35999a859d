//! A usable access token for one permitted call: kept, or refreshed once however many callers and replicas ask.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use catalogue::clouds::Clouds;
use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::watch;

use super::error::EntraError;
use super::lease;
use super::pace::{Pace, Turn};
use super::refused::refused;
use super::stored::{Unusable, binding_of, registration_of};
use super::{Entra, TokenAnswer};
use crate::caller::ConnectionId;
use crate::clock::{Clock, Timestamp};
use crate::policy::Permit;
use crate::store::connections::{Connection, State};
use crate::store::integrations::Integration;
use crate::store::{self, Db, connections, integrations, refresh};
use crate::vault::{KeyId, OpenError, Place, Vault};

/// Not served closer than this to its end.
const MARGIN_MS: i64 = 5 * 60 * 1000;
/// A call whose token holds for some minutes yet waits this long for its refresh, which goes on without it.
const WAIT_AHEAD: Duration = Duration::from_secs(2);
const PATIENCE: Duration = Duration::from_secs(25);
/// A call that has no usable token queues this long for its refresh; one that still has one does not queue.
const QUEUE: Duration = Duration::from_secs(20);
/// A refresh ahead of need leaves the rest of the queue to calls that wait.
const QUEUE_AHEAD: Duration = Duration::from_secs(2);
/// A token this close to its end is not served in place of one that could not be renewed.
const LAST_USE_MS: i64 = 30 * 1000;
/// How long renewed tokens are kept in memory for a database that does not answer.
const LONGEST_STORE: Duration = Duration::from_secs(120);
const FULL: &str = "very many sign-ins are being renewed at this moment, and this one's turn comes later";

/// Why there is no access token.
#[derive(Clone, Debug, thiserror::Error)]
pub enum AccessError {
    #[error("the connection is {state}: {reason}")]
    NotConnected { state: &'static str, reason: String },
    #[error("Microsoft refuses the integration itself: {0}")]
    IntegrationBroken(String),
    #[error("Microsoft's sign-in service does not answer: {reason}")]
    Unavailable { reason: String, retry_after_s: u64 },
    #[error("{0}")]
    Unusable(#[from] Unusable),
    #[error(
        "the stored token does not open for the integration as it is now; the connection is set aside until it is made anew"
    )]
    Sealed,
    #[error("this process does not hold vault key {0}; give it the key")]
    UnknownKey(KeyId),
    #[error("{0}")]
    Store(String),
}

impl From<store::Error> for AccessError {
    fn from(error: store::Error) -> Self {
        Self::Store(error.to_string())
    }
}

impl From<OpenError> for AccessError {
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::UnknownKey(id) => Self::UnknownKey(id),
            OpenError::Refused => Self::Sealed,
        }
    }
}

/// What a refresh needs of the gateway. Cheap to clone.
#[derive(Clone)]
pub struct Means {
    pub db: Db,
    pub clock: Clock,
    pub vault: Vault,
    pub clouds: Clouds,
    pub entra: Entra,
    pub access: Arc<Access>,
    /// Names this process; the lease's owner.
    pub replica: Arc<str>,
}

/// An access token and the generation it belongs to.
#[derive(Clone, Debug)]
pub struct AccessToken {
    pub secret: SecretString,
    pub generation: i64,
}

/// One refresh at a time per connection within this process, and so many in a minute per integration within all.
pub struct Access {
    turns: Mutex<HashMap<ConnectionId, Arc<tokio::sync::Mutex<()>>>>,
    pub(super) pace: Pace,
    /// How many refreshes of this process are under way.
    running: watch::Sender<usize>,
}

impl Access {
    /// `refreshes_per_minute` is the most for one integration.
    pub fn new(refreshes_per_minute: u32) -> Self {
        Self {
            turns: Mutex::default(),
            pace: Pace::new(refreshes_per_minute),
            running: watch::Sender::new(0),
        }
    }

    /// Waits until the refreshes under way have stored what they brought, but no longer than `patience`; how many are left.
    pub async fn ended(&self, patience: Duration) -> usize {
        let mut running = self.running.subscribe();
        let all = running.wait_for(|it| *it == 0);
        // Nobody else closes the channel: `self` holds its other end.
        let _ = tokio::time::timeout(patience, all).await;
        *self.running.borrow()
    }

    fn turn(&self, id: &ConnectionId) -> Arc<tokio::sync::Mutex<()>> {
        let mut turns = self.turns.lock().expect("no code panics while holding the turns");
        // A turn that only this map holds is nobody's; forgetting it keeps the map small.
        if 1024 < turns.len() {
            turns.retain(|_, turn| 1 < Arc::strong_count(turn));
        }
        turns.entry(id.clone()).or_default().clone()
    }
}

/// Where a connection's token is sealed.
pub fn token_place<'a>(column: &'a str, row: &'a str, environment: &'a str) -> Place<'a> {
    Place {
        table: "connections",
        column,
        row,
        environment,
    }
}

/// When to refresh: at 80 % of the lifetime or ten minutes before its end, a little earlier at random.
pub fn refresh_after(clock: &Clock, answer: &TokenAnswer) -> Timestamp {
    let lifetime_ms = answer.expires_in_s * 1000;
    let suggested = answer.refresh_in_s.map_or(i64::MAX, |it| it * 1000);
    let due = (lifetime_ms * 8 / 10)
        .min((lifetime_ms - 10 * 60 * 1000).max(lifetime_ms / 2))
        .min(suggested);
    let jitter = i64::try_from(clock.random().below(60_000)).unwrap_or(0).min(due / 4);
    clock.now().plus_ms(due - jitter)
}

/// The access token of `connection` for the call that `permit` allows.
///
/// Invariant: without a permit there is no token, and the permit must be for the connection's own person.
/// It opens for `integration` as given alone, so send it where that says.
pub async fn access_token(
    means: &Means,
    permit: &Permit,
    integration: &Integration,
    connection: &Connection,
) -> Result<AccessToken, AccessError> {
    if permit.person() != &connection.person_id || permit.environment() != &connection.environment_id {
        return Err(AccessError::NotConnected {
            state: "refused",
            reason: "the permit is another person's".into(),
        });
    }
    current_token(means, integration, connection).await
}

/// Refreshes a connection that no call waits for; false when the queue has no room for that now.
pub async fn refresh_ahead(means: &Means, connection: &Connection) -> Result<bool, AccessError> {
    let integration = integrations::find(&means.db, &connection.integration_id).await?;
    let integration = integration.ok_or(AccessError::Sealed)?;
    let done = refreshed(means, &integration, connection, QUEUE_AHEAD).await?;
    Ok(matches!(done, Refreshed::Token(_)))
}

/// Makes the access token of this generation due, after Power BI refused it as expired.
pub async fn expire(means: &Means, connection: &Connection, generation: i64) -> Result<(), AccessError> {
    Ok(refresh::expire(&means.db, &connection.id, generation, means.clock.now()).await?)
}

async fn current_token(
    means: &Means,
    integration: &Integration,
    connection: &Connection,
) -> Result<AccessToken, AccessError> {
    usable(connection)?;
    if has_left(means, connection, MARGIN_MS) {
        return opened(means, integration, connection);
    }
    let refresh = if has_left(means, connection, LAST_USE_MS) {
        let refresh = refreshed(means, integration, connection, Duration::ZERO);
        match tokio::time::timeout(WAIT_AHEAD, refresh).await {
            Ok(done) => done?,
            Err(_) => return opened(means, integration, connection),
        }
    } else {
        refreshed(means, integration, connection, QUEUE).await?
    };
    match refresh {
        Refreshed::Token(token) => Ok(token),
        Refreshed::Queued { wait_ms } => still_good(means, integration, connection, FULL.into(), wait_ms),
    }
}

fn has_left(means: &Means, connection: &Connection, ms: i64) -> bool {
    ms < connection.access_expires_at.since_ms(means.clock.now())
}

enum Refreshed {
    Token(AccessToken),
    /// Its turn would come later than the caller would wait.
    Queued {
        wait_ms: i64,
    },
}

fn usable(connection: &Connection) -> Result<(), AccessError> {
    let reason = || {
        connection
            .reason
            .clone()
            .unwrap_or_else(|| "it was disconnected".into())
    };
    match connection.state() {
        State::Connected | State::Degraded => Ok(()),
        state @ (State::NeedsReconnect | State::Revoked) => Err(AccessError::NotConnected {
            state: state.as_str(),
            reason: reason(),
        }),
    }
}

fn opened(means: &Means, integration: &Integration, connection: &Connection) -> Result<AccessToken, AccessError> {
    let sealed = connection.access_sealed.as_deref().ok_or(AccessError::Sealed)?;
    let place = token_place("access_sealed", &connection.id.0, &connection.environment_id.0);
    let binding = binding_of(&means.clouds, integration)?;
    let secret = means.vault.open_bound(place, binding, sealed)?;
    Ok(AccessToken {
        secret,
        generation: connection.generation,
    })
}

/// Waits for its turn in this process, then in the integration's queue, then for the lease among replicas; whoever gets it
/// refreshes, all others read the result.
async fn refreshed(
    means: &Means,
    integration: &Integration,
    stale: &Connection,
    queue: Duration,
) -> Result<Refreshed, AccessError> {
    let turn = means.access.turn(&stale.id);
    let work = async {
        let _mine = turn.lock().await;
        loop {
            let row = connections::find(&means.db, &stale.id)
                .await?
                .ok_or(AccessError::Sealed)?;
            usable(&row)?;
            let now = means.clock.now();
            if row.generation != stale.generation && has_left(means, &row, MARGIN_MS) {
                return opened(means, integration, &row).map(Refreshed::Token);
            }
            if lease::is_held(&row, now) {
                if row.lease_owner.is_none() {
                    let (reason, wait_ms) = (row.reason.clone().unwrap_or_default(), row.lease_until.since_ms(now));
                    return still_good(means, integration, &row, reason, wait_ms).map(Refreshed::Token);
                }
                if has_left(means, &row, LAST_USE_MS) {
                    return opened(means, integration, &row).map(Refreshed::Token);
                }
                pause(&means.clock).await;
                continue;
            }
            let pace = means.access.pace;
            if let Turn::After { ms } = pace.turn(&means.db, &row.integration_id, now, queue).await? {
                return Ok(Refreshed::Queued { wait_ms: ms });
            }
            if let Some(token) = refresh_to_the_end(means, row).await? {
                return Ok(Refreshed::Token(token));
            }
            pause(&means.clock).await;
        }
    };
    tokio::time::timeout(PATIENCE, work).await.unwrap_or_else(|_| {
        Err(AccessError::Unavailable {
            reason: "another replica is still refreshing".into(),
            retry_after_s: 5,
        })
    })
}

/// Another replica is refreshing; looking again soon is all there is to do.
async fn pause(clock: &Clock) {
    tokio::time::sleep(Duration::from_millis(50 + clock.random().below(150))).await;
}

/// Takes the lease and refreshes, whether or not whoever asked is still there: an answer of Microsoft that nobody stored
/// would be lost, and the lease held for nothing. `None` when another replica has the lease.
async fn refresh_to_the_end(means: &Means, row: Connection) -> Result<Option<AccessToken>, AccessError> {
    let means = means.clone();
    let running = Running::begin(&means.access.running);
    let work = async move {
        let _running = running;
        match lease::take(&means, &row).await? {
            true => lease::held_during(&means, &row, refresh_now(&means, &row))
                .await
                .map(Some),
            false => Ok(None),
        }
    };
    let done = tokio::spawn(work).await;
    done.unwrap_or_else(|error| Err(AccessError::Store(format!("the refresh ended early: {error}"))))
}

/// One refresh under way, counted until it is over.
struct Running(watch::Sender<usize>);

impl Running {
    fn begin(count: &watch::Sender<usize>) -> Self {
        count.send_modify(|it| *it += 1);
        Self(count.clone())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.send_modify(|it| *it -= 1);
    }
}

/// One provider call, under the lease and outside any transaction; the token is used only after it is stored.
async fn refresh_now(means: &Means, row: &Connection) -> Result<AccessToken, AccessError> {
    let integration = integrations::find(&means.db, &row.integration_id)
        .await?
        .ok_or(AccessError::Sealed)?;
    let now = means.clock.now();
    if integration.state == "broken" && integration.retry_at.is_some_and(|at| now < at) {
        refresh::release_unchanged(&means.db, &row.id, &means.replica).await?;
        let reason = integration.state_reason.clone().unwrap_or_default();
        return still_good(means, &integration, row, reason, 0).map_err(|_| broken(&integration));
    }
    let answer = match ask(means, &integration, row).await {
        Ok(answer) => answer,
        Err(Asked::Local(error)) => {
            refresh::release_unchanged(&means.db, &row.id, &means.replica).await?;
            return Err(error);
        }
        Err(Asked::Microsoft(error)) => return refused(means, &integration, row, &error).await,
    };
    // First of all: nothing may come between what Microsoft gave and its place in the database.
    let token = store_tokens(means, &integration, row, &answer).await?;
    if let Err(error) = integrations::save_ok(&means.db, &integration.id).await {
        tracing::warn!(integration = %integration.id, %error, "that Microsoft takes the registration again could not be stored");
    }
    Ok(token)
}

enum Asked {
    Local(AccessError),
    Microsoft(EntraError),
}

async fn ask(means: &Means, integration: &Integration, row: &Connection) -> Result<TokenAnswer, Asked> {
    let registration =
        registration_of(&means.vault, &means.clouds, integration).map_err(|error| Asked::Local(error.into()))?;
    let sealed = row.refresh_sealed.as_deref().ok_or(Asked::Local(AccessError::Sealed))?;
    let place = token_place("refresh_sealed", &row.id.0, &row.environment_id.0);
    let binding = binding_of(&means.clouds, integration).map_err(|error| Asked::Local(error.into()))?;
    let token = means
        .vault
        .open_bound(place, binding, sealed)
        .map_err(|error| Asked::Local(error.into()))?;
    means
        .entra
        .refresh(&registration, &token, &row.tenant_id, row.claims.as_deref())
        .await
        .map_err(Asked::Microsoft)
}

async fn store_tokens(
    means: &Means,
    integration: &Integration,
    row: &Connection,
    answer: &TokenAnswer,
) -> Result<AccessToken, AccessError> {
    let binding = binding_of(&means.clouds, integration)?;
    let seal = |column, secret: &SecretString| {
        let place = token_place(column, &row.id.0, &row.environment_id.0);
        means.vault.seal_bound(place, binding, secret.expose_secret())
    };
    let access_sealed = seal("access_sealed", &answer.access_token);
    let refresh_sealed = answer.refresh_token.as_ref().map(|it| seal("refresh_sealed", it));
    let now = means.clock.now();
    let scopes = if answer.scopes.is_empty() {
        row.scopes.clone()
    } else {
        answer.scopes.join(" ")
    };
    let stored = refresh::Refreshed {
        access_sealed: &access_sealed,
        refresh_sealed: refresh_sealed.as_deref(),
        access_expires_at: now.plus_seconds(answer.expires_in_s),
        refresh_after: refresh_after(&means.clock, answer),
        scopes: &scopes,
        now,
    };
    if commit(means, row, &stored).await? {
        return Ok(AccessToken {
            secret: answer.access_token.clone(),
            generation: row.generation + 1,
        });
    }
    theirs(means, integration, row).await
}

/// Stores new tokens, again and again while the database does not answer: what Microsoft gave is not given up for that.
async fn commit(means: &Means, row: &Connection, tokens: &refresh::Refreshed<'_>) -> Result<bool, AccessError> {
    let began = tokio::time::Instant::now();
    loop {
        match refresh::commit(&means.db, &row.id, row.generation, tokens).await {
            Ok(is_stored) => return Ok(is_stored),
            Err(error) if LONGEST_STORE <= began.elapsed() => return Err(error.into()),
            Err(error) => {
                tracing::warn!(connection = %row.id, %error, "renewed tokens could not be stored yet");
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        }
    }
}

/// Somebody refreshed, reconnected or disconnected meanwhile: what they stored counts, and ours is dropped.
pub(super) async fn theirs(
    means: &Means,
    integration: &Integration,
    row: &Connection,
) -> Result<AccessToken, AccessError> {
    let theirs = connections::find(&means.db, &row.id).await?;
    let theirs = theirs.ok_or(AccessError::Sealed)?;
    usable(&theirs)?;
    opened(means, integration, &theirs)
}

/// A token that could not be renewed is served to its very end.
pub(super) fn still_good(
    means: &Means,
    integration: &Integration,
    row: &Connection,
    reason: String,
    wait_ms: i64,
) -> Result<AccessToken, AccessError> {
    if has_left(means, row, LAST_USE_MS) {
        return opened(means, integration, row);
    }
    Err(AccessError::Unavailable {
        reason,
        retry_after_s: u64::try_from(wait_ms / 1000).unwrap_or(1).max(1),
    })
}

fn broken(integration: &Integration) -> AccessError {
    AccessError::IntegrationBroken(
        integration
            .state_reason
            .clone()
            .unwrap_or_else(|| "its credential is refused".into()),
    )
}
