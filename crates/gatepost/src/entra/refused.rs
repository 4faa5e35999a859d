//! What becomes of a connection whose refresh Microsoft refused.

use super::access::{AccessError, AccessToken, Means, still_good, theirs};
use super::error::{Class, EntraError};
use crate::clock::Clock;
use crate::store::connections::{Connection, State};
use crate::store::integrations::{self, Integration};
use crate::store::refresh;

const HOUR_MS: i64 = 60 * 60 * 1000;
/// Failures in a row after which an answer that nobody understands is an administrator's matter.
const MOST_UNKNOWN: i64 = 3;
const LONGEST_BACKOFF_MS: i64 = 5 * 60 * 1000;

/// Stores what the refusal means, and gives what can be used all the same.
pub(super) async fn refused(
    means: &Means,
    integration: &Integration,
    row: &Connection,
    error: &EntraError,
) -> Result<AccessToken, AccessError> {
    tracing::warn!(connection = %row.id, error = %error, trace_id = error.trace_id.as_deref().unwrap_or_default(), "a refresh failed");
    match error.class {
        Class::GrantDead => grant_is_dead(means, integration, row, error).await,
        Class::IntegrationBroken | Class::Configuration => {
            registration_is_refused(means, integration, row, error).await
        }
        Class::Throttled { .. } | Class::Transient | Class::Unknown => later(means, integration, row, error).await,
    }
}

/// The person has to act, unless somebody has new tokens already.
async fn grant_is_dead(
    means: &Means,
    integration: &Integration,
    row: &Connection,
    error: &EntraError,
) -> Result<AccessToken, AccessError> {
    let (reason, code) = (in_words(error), code(error));
    let claims = error.claims.as_deref();
    if refresh::save_dead(&means.db, &row.id, row.generation, &reason, &code, claims).await? {
        let state = State::NeedsReconnect.as_str();
        return Err(AccessError::NotConnected { state, reason });
    }
    theirs(means, integration, row).await
}

/// No connection is at fault: the next try is an hour away, or follows an edit of the registration.
async fn registration_is_refused(
    means: &Means,
    integration: &Integration,
    row: &Connection,
    error: &EntraError,
) -> Result<AccessToken, AccessError> {
    let (reason, code) = (in_words(error), code(error));
    let again = means.clock.now().plus_ms(HOUR_MS);
    integrations::save_broken(&means.db, &integration.id, &code, &reason, again).await?;
    refresh::release_unchanged(&means.db, &row.id, &means.replica).await?;
    still_good(means, integration, row, String::new(), 0).map_err(|_| AccessError::IntegrationBroken(reason))
}

/// Nothing is said about the grant: it is tried again, later and later.
async fn later(
    means: &Means,
    integration: &Integration,
    row: &Connection,
    error: &EntraError,
) -> Result<AccessToken, AccessError> {
    let is_set_aside = error.class == Class::Unknown && MOST_UNKNOWN <= row.failures + 1;
    let wait_ms = match error.class {
        Class::Throttled { retry_after_s } => (i64::try_from(retry_after_s).unwrap_or(300) * 1000).min(HOUR_MS),
        _ if is_set_aside => HOUR_MS,
        _ => backoff_ms(&means.clock, row.failures),
    };
    let reason = if is_set_aside {
        in_words(error)
    } else {
        error.explanation().cause
    };
    let now = means.clock.now();
    if error.is_throttling_of_all() {
        let pace = means.access.pace;
        pace.pause(&means.db, &integration.id, now, wait_ms).await?;
    }
    refresh::release(
        &means.db,
        &row.id,
        row.generation,
        &means.replica,
        now.plus_ms(wait_ms),
        &reason,
        &code(error),
    )
    .await?;
    still_good(means, integration, row, reason, wait_ms)
}

fn in_words(error: &EntraError) -> String {
    let explanation = error.explanation();
    format!("{}. {}", explanation.cause, explanation.tell)
}

fn code(error: &EntraError) -> String {
    let number = error.codes.first();
    number.map_or_else(|| error.error.clone(), |it| format!("AADSTS{it}"))
}

/// 1 s, 2 s, 4 s … up to five minutes, with up to half of it more.
fn backoff_ms(clock: &Clock, failures: i64) -> i64 {
    let base = (1000_i64 << failures.clamp(0, 8)).min(LONGEST_BACKOFF_MS);
    base + i64::try_from(clock.random().below(u64::try_from(base / 2).unwrap_or(1))).unwrap_or(0)
}
