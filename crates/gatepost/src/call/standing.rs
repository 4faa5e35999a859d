//! Whether what somebody began may still go on: looked at again while it runs, in one place for everything that runs long.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use catalogue::{Object, Operation};
use serde_json::Value;

use super::{CallError, Request};
use crate::app::App;
use crate::caller::{Caller, ConnectionId, Through};
use crate::clock::Timestamp;
use crate::memory::Held;
use crate::policy::{self, Decision, Question};
use crate::session::{FRESH, Look};
use crate::store::connections::{self, State};
use crate::store::{self, api_keys, clients, environments, grants, people, sessions};

/// How often what runs long is looked at: with what a look takes, an end is noticed within a second.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// The access under which something runs. Cheap to clone.
#[derive(Clone)]
pub struct Standing(Arc<Parts>);

struct Parts {
    app: App,
    caller: Caller,
    /// SHA-256 of the session's cookie, for what runs in a browser.
    session: Option<Vec<u8>>,
    call: Option<Call>,
    /// When the access was last seen to hold.
    seen: Mutex<Instant>,
}

/// What was decided when the call was let through, to be decided again when the policies have changed.
struct Call {
    connection: ConnectionId,
    operation: &'static Operation,
    workspace: Option<String>,
    item: Option<String>,
    objects: Vec<Object>,
    speaks_for: Vec<String>,
    arguments: Value,
    tool: Option<&'static str>,
    decided_at: Timestamp,
    is_approved: bool,
    /// The version of the policies that last allowed it.
    version: Mutex<i64>,
    _held: Option<Held>,
}

impl Standing {
    /// The access of a caller who was let in just now.
    pub fn of(app: &App, caller: &Caller) -> Self {
        Self::with(app, caller, None, None)
    }

    /// That of a person in a browser, which ends with the session too.
    pub fn of_session(app: &App, caller: &Caller, session: Vec<u8>) -> Self {
        Self::with(app, caller, Some(session), None)
    }

    /// That of one call which the policies of `version` allowed. Takes the arguments out of the request.
    pub(super) fn of_call(
        app: &App,
        caller: &Caller,
        request: &mut Request,
        connection: &ConnectionId,
        is_approved: bool,
        version: i64,
    ) -> Self {
        let call = Call {
            connection: connection.clone(),
            operation: request.operation,
            workspace: request.workspace().map(str::to_owned),
            item: request.item().map(str::to_owned),
            objects: std::mem::take(&mut request.bound.objects),
            speaks_for: request.bound.speaks_for.clone(),
            arguments: request.arguments.take(),
            tool: request.tool,
            decided_at: app.clock.now(),
            is_approved,
            version: Mutex::new(version),
            _held: request.held.take(),
        };
        Self::with(app, caller, None, Some(call))
    }

    fn with(app: &App, caller: &Caller, session: Option<Vec<u8>>, call: Option<Call>) -> Self {
        Self(Arc::new(Parts {
            app: app.clone(),
            caller: caller.clone(),
            session,
            call,
            seen: Mutex::new(Instant::now()),
        }))
    }

    /// Ends once the access is over.
    pub async fn ended(self) {
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            match self.look().await {
                Ok(true) => {}
                Ok(false) => return,
                Err(error) => tracing::warn!(%error, "whether a caller may go on could not be looked up"),
            }
        }
    }

    /// Refuses to go on when the access is over; what was seen a moment ago is not looked at again.
    pub async fn check(&self) -> Result<(), CallError> {
        let seen = *self.0.seen.lock().unwrap_or_else(PoisonError::into_inner);
        match seen.elapsed() < FRESH || self.look().await? {
            true => Ok(()),
            false => Err(CallError::TakenBack),
        }
    }

    /// The same, by a look that begins now: for whoever waited in a line, which moves on when others lose the same access.
    pub(super) async fn check_anew(&self) -> Result<(), CallError> {
        match self.look_since(Instant::now()).await? {
            true => Ok(()),
            false => Err(CallError::TakenBack),
        }
    }

    /// What `work` comes to, unless the access ends first; looks once more before the answer is given.
    pub async fn during<T>(&self, work: impl Future<Output = T>) -> Result<T, CallError> {
        let done = tokio::select! {
            done = work => done,
            () = self.clone().ended() => return Err(CallError::TakenBack),
        };
        self.check().await?;
        Ok(done)
    }

    async fn look(&self) -> Result<bool, store::Error> {
        let now = Instant::now();
        self.look_since(now.checked_sub(FRESH).unwrap_or(now)).await
    }

    async fn look_since(&self, since: Instant) -> Result<bool, store::Error> {
        let Parts { app, caller, call, .. } = &*self.0;
        let look = app.looks.shared(subject(&self.0), since, seen(&self.0)).await?;
        let stands = look.stands
            && match call {
                None => true,
                Some(call) => allows(app, caller, call, look.policies).await,
            };
        if stands {
            *self.0.seen.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
        }
        Ok(stands)
    }
}

/// Whether the policies of today still allow the call.
async fn allows(app: &App, caller: &Caller, call: &Call, version: i64) -> bool {
    if *call.version.lock().unwrap_or_else(PoisonError::into_inner) == version {
        return true;
    }
    // What cannot be decided is not allowed.
    let Ok(policies) = app.policies.of(&app.db, &caller.environment).await else {
        return false;
    };
    let question = Question {
        caller,
        operation: call.operation,
        workspace: call.workspace.as_deref(),
        item: call.item.as_deref(),
        objects: &call.objects,
        arguments: &call.arguments,
        tool: call.tool,
        speaks_for: &call.speaks_for,
        now: call.decided_at,
        approved: call.is_approved,
    };
    let is_allowed = matches!(policy::decide(&policies, &question), Decision::Allow(_));
    if is_allowed {
        *call.version.lock().unwrap_or_else(PoisonError::into_inner) = policies.version();
    }
    is_allowed
}

/// What one look is about: everything that runs under the same access shares it.
fn subject(parts: &Parts) -> String {
    let Parts {
        caller, session, call, ..
    } = parts;
    let through = match &caller.through {
        Through::Client { client, grant, .. } => format!("{client} {grant}"),
        Through::ApiKey { key, .. } => key.to_string(),
        Through::Portal => "portal".to_owned(),
        Through::Job { name } => format!("job {name}"),
    };
    let connection = call.as_ref().map(|it| &it.connection);
    format!(
        "{} {} {through} {connection:?} {session:?}",
        caller.environment, caller.person
    )
}

async fn seen(parts: &Parts) -> Result<Look, store::Error> {
    let policies = environments::policy_version(&parts.app.db, &parts.caller.environment).await?;
    Ok(Look {
        stands: policies.is_some() && stands(parts).await?,
        policies: policies.unwrap_or_default(),
    })
}

/// Whether person, way in and connection are still what they were when the caller was let in.
async fn stands(parts: &Parts) -> Result<bool, store::Error> {
    let Parts {
        app,
        caller,
        session,
        call,
        ..
    } = parts;
    let person = people::find(&app.db, &caller.person).await?;
    let Some(person) = person.filter(|it| it.locked_at.is_none()) else {
        return Ok(false);
    };
    if let Some(session) = session {
        let is_signed_in = sessions::find(&app.db, session).await?.is_some();
        // What a page shows goes by the role.
        if !is_signed_in || person.role() != caller.role {
            return Ok(false);
        }
    }
    if let Some(call) = call {
        let connection = connections::find(&app.db, &call.connection).await?;
        if connection.is_none_or(|it| it.state() == State::Revoked) {
            return Ok(false);
        }
    }
    is_open(app, caller).await
}

/// Whether what the caller came through is still open.
async fn is_open(app: &App, caller: &Caller) -> Result<bool, store::Error> {
    match &caller.through {
        Through::Client { client, grant, .. } => {
            let grant = grants::find(&app.db, grant).await?;
            let is_locked = clients::is_locked(&app.db, &caller.environment, client).await?;
            Ok(!is_locked && grant.is_some_and(|it| it.grant.revoked_at.is_none()))
        }
        Through::ApiKey { key, .. } => api_keys::is_usable(&app.db, key, app.clock.now()).await,
        Through::Portal | Through::Job { .. } => Ok(true),
    }
}
