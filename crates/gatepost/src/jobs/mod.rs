//! A handful of periodic tasks, each run by whichever replica comes first.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::future::ready;
use serde_json::json;

use crate::app::{App, differences};
use crate::audit::Entry;
use crate::call;
use crate::entra;
use crate::store::{
    self, approvals, audit_hours, audit_indexes, clients, flows, invitations, jobs, mcp_tasks, openid, rates, refresh,
    sessions, sign_in_failures, tokens, waiting_forms,
};
use crate::vault::KeyId;

const TICK: Duration = Duration::from_secs(30);
const SWEEP_SECONDS: i64 = 10 * 60;
const COUNT_SECONDS: i64 = 25;
/// Steps of one run: a million entries.
const COUNT_STEPS: usize = 200;
const INDEX_SECONDS: i64 = 10 * 60;
const KEEP_ALIVE_SECONDS: i64 = 15 * 60;
/// Refreshes per run, so that a start after a long stop does not send them all at once.
const KEEP_ALIVE_BATCH: i64 = 50;
/// Tokens are refreshed ahead for connections used this lately; the others wait for their next call.
const IN_USE_SECONDS: i64 = 60 * 60;
const AHEAD_SECONDS: i64 = 25;
const AHEAD_AT_ONCE: usize = 8;
/// Codes and tokens stay this long after their end, so that a reuse is still noticed.
const KEPT_AFTER_END_SECONDS: i64 = 24 * 3600;
/// Failed attempts at secrets older than this are forgotten.
const FAILURES_KEPT_SECONDS: i64 = 24 * 3600;

/// Runs the tasks until the process ends.
pub async fn run(app: App) {
    let mut tick = tokio::time::interval(TICK);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut told = Vec::new();
    loop {
        tick.tick().await;
        tell_of_other_settings(&app, &mut told).await;
        if let Err(error) = due(&app).await {
            tracing::warn!(error = %error, "a periodic task failed and runs again later");
        }
    }
}

/// Says once how a gateway that started meanwhile differs from this one.
async fn tell_of_other_settings(app: &App, told: &mut Vec<String>) {
    // A database that does not answer is said by the tasks that need it.
    let now = differences(&app.db, &app.settings).await.unwrap_or_default();
    for line in now.iter().filter(|it| !told.contains(it)) {
        tracing::warn!("{line}");
    }
    *told = now;
}

/// Runs every task that is due now.
pub async fn due(app: &App) -> store::Result<()> {
    app.vault.look_for_keys();
    for (id, _) in store::settings::vault_keys(&app.db).await? {
        app.vault.begin_to_use(&KeyId(id));
    }
    // A log that cannot be written keeps no other task from running.
    if let Err(error) = call::look_after(app).await {
        tracing::warn!(%error, "calls that were left open are looked after later");
    }
    let now = app.clock.now();
    if jobs::take(&app.db, "sweep", now, now.plus_seconds(SWEEP_SECONDS)).await? {
        sweep(app).await;
    }
    if jobs::take(&app.db, "refresh_ahead", now, now.plus_seconds(AHEAD_SECONDS)).await? {
        refresh_ahead(app).await?;
    }
    if jobs::take(&app.db, "audit_hours", now, now.plus_seconds(COUNT_SECONDS)).await? {
        count_older(app).await?;
    }
    if jobs::take(&app.db, "audit_indexes", now, now.plus_seconds(INDEX_SECONDS)).await? {
        tokio::spawn(index(app.clone()));
    }
    let days = app.settings.keep_alive_days;
    if 0 < days && jobs::take(&app.db, "keep_alive", now, now.plus_seconds(KEEP_ALIVE_SECONDS)).await? {
        keep_alive(app, days).await?;
    }
    Ok(())
}

/// Counts entries that a release which kept no hours has written, a step at a time; the rest is for the next run.
async fn count_older(app: &App) -> store::Result<()> {
    for _ in 0..COUNT_STEPS {
        if !audit_hours::catch_up(&app.db, app.clock.now()).await? {
            break;
        }
    }
    Ok(())
}

/// Makes the indexes of a long log, which takes as long as it takes and holds up neither calls nor the other tasks.
async fn index(app: App) {
    match audit_indexes::build(&app.db).await {
        Ok(0) => {}
        Ok(made) => tracing::info!(made, "the audit log has its indexes now"),
        Err(error) => tracing::warn!(%error, "the audit log's indexes cannot be made now, and are tried again later"),
    }
}

/// Removes what is over.
async fn sweep(app: &App) {
    let (db, now) = (&app.db, app.clock.now());
    let ended = now.plus_seconds(-KEPT_AFTER_END_SECONDS);
    let done = [
        // Gateways of the release before may still run and ask.
        ("plans", app.seal_plans().await.map(drop)),
        ("sign-ins at Microsoft", flows::delete_expired(db, now).await.map(drop)),
        ("requests for approval", approvals::expire(db, now).await.map(drop)),
        ("counted hours", audit_hours::delete_old(db, now).await.map(drop)),
        (
            "sign-ins at a provider",
            openid::delete_expired_flows(db, now).await.map(drop),
        ),
        ("sessions", sessions::delete_expired(db, now).await.map(drop)),
        ("clients", clients::delete_expired(db, now).await.map(drop)),
        ("rate budgets", rates::delete_expired(db, now).await.map(drop)),
        ("forms", waiting_forms::delete_expired(db, now).await.map(drop)),
        ("invitations", invitations::delete_expired(db, ended).await.map(drop)),
        ("tasks", mcp_tasks::delete_expired(db, now).await.map(drop)),
        (
            "failed attempts",
            sign_in_failures::forget(db, now.plus_seconds(-FAILURES_KEPT_SECONDS))
                .await
                .map(drop),
        ),
        ("tokens", tokens::delete_expired(db, ended).await.map(drop)),
    ];
    // One that fails keeps no other from being done.
    for (what, result) in done {
        if let Err(error) = result {
            tracing::warn!(what, %error, "what is over is removed later");
        }
    }
}

/// Refreshes tokens of connections in use before they end, so that no call has to wait for it and an outage of Microsoft
/// has time to pass. A failure is remembered with the connection and harms nothing yet. One run takes what half a minute
/// allows; the rest is for the next.
async fn refresh_ahead(app: &App) -> store::Result<()> {
    let now = app.clock.now();
    let most = i64::from(app.settings.token_refreshes_per_minute.div_ceil(2));
    let due = refresh::due(&app.db, now, now.plus_seconds(-IN_USE_SECONDS), most).await?;
    let is_full = &AtomicBool::new(false);
    // None is dropped halfway: what is under way ends, and nothing new begins.
    futures_util::stream::iter(due)
        .take_while(|_| ready(!is_full.load(Ordering::Relaxed)))
        .for_each_concurrent(AHEAD_AT_ONCE, |connection| async move {
            match entra::refresh_ahead(&app.means(), &connection).await {
                Ok(true) => {}
                Ok(false) => is_full.store(true, Ordering::Relaxed),
                Err(error) => {
                    tracing::warn!(connection = %connection.id, %error, "a token could not be refreshed ahead")
                }
            }
        })
        .await;
    Ok(())
}

/// Refreshes idle connections, because Microsoft forgets a refresh token after 90 days without use.
async fn keep_alive(app: &App, days: i64) -> store::Result<()> {
    let now = app.clock.now();
    for connection in refresh::idle(&app.db, now.plus_seconds(-days * 24 * 3600), now, KEEP_ALIVE_BATCH).await? {
        let outcome = match entra::refresh_ahead(&app.means(), &connection).await {
            Ok(true) => "refreshed".to_owned(),
            // The queue is full; those that are left stay due.
            Ok(false) => return Ok(()),
            Err(error) => error.to_string(),
        };
        let details = json!({ "connection": connection.id, "outcome": outcome });
        let entry = Entry {
            kind: "connection.kept_alive",
            environment: Some(connection.environment_id),
            person: Some(connection.person_id),
            trace: app.clock.new_id(),
            details,
        };
        if let Err(error) = app.audit.append(entry).await {
            tracing::error!(error = %error, "a kept-alive connection is not on record");
        }
    }
    Ok(())
}
