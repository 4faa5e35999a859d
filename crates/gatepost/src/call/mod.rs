//! The funnel: every Power BI call is bound, decided, recorded, sent and recorded again, in this order.

mod authenticate;
mod decide;
mod ends;
mod error;
#[cfg(fuzzing)]
pub mod fuzzing;
mod intake;
mod outcome;
mod record;
mod repeat;
mod request;
mod send;
mod standing;
mod taken;
mod unwanted;

pub use authenticate::{ACCESS_PREFIX, AuthFailure, Door, KEY_PREFIX, authenticate, caller_of_session, door, door_of};
pub use ends::{leave, look_after, say_alive};
pub use error::{CallError, Problem, database};
pub use intake::{BodyProblem, Place, enter, read_body, read_json};
pub use outcome::{Answer, Content};
pub use record::turned_away;
pub use request::{File, Incoming, Request};
pub use standing::Standing;
pub use unwanted::read_away;

use self::decide::Permitted;
use crate::app::App;
use crate::caller::Caller;
use crate::powerbi::{Budget, Identity, Turn};
use crate::store::connections::{self, Connection, State};

/// Longer waits are told to the caller at once instead of being waited for.
const LONGEST_WAIT_MS: i64 = 5_000;

/// Makes one Power BI call for `caller`.
///
/// Invariant: this is the only way to Power BI; nothing is sent without a permit and a stored entry.
pub async fn call(app: &App, caller: &Caller, request: Request) -> Result<Answer, CallError> {
    let standing = Standing::of(app, caller);
    let place = standing.during(enter(app, &caller.person)).await??;
    call_from(app, caller, request, standing, place).await
}

/// Makes one Power BI call for `caller`, who was let in with `standing` and has a place in the line: [`call`] in other
/// respects.
///
/// Invariant: when the access ends, the call ends within a second, and no answer is given after it.
pub async fn call_from(
    app: &App,
    caller: &Caller,
    request: Request,
    standing: Standing,
    place: Place,
) -> Result<Answer, CallError> {
    let stands = match place.was_waited_for {
        true => standing.check_anew().await,
        false => standing.check().await,
    };
    if let Err(error) = stands {
        record::refused(app, caller, &request, &error).await?;
        return Err(error);
    }
    let work = Box::pin(steps(app.clone(), caller.clone(), request, standing));
    let Prepared { run, standing, is_read } = work.await?;
    // A caller who goes away cancels a read; what changes something runs to its end so that its outcome is recorded.
    if is_read {
        return standing.during(run).await?;
    }
    let run = async {
        let done = tokio::spawn(run).await;
        done.unwrap_or_else(|_| Err(CallError::Internal("the call stopped unexpectedly".into())))
    };
    standing.during(run).await?
}

type Running = std::pin::Pin<Box<dyn Future<Output = Result<Answer, CallError>> + Send>>;

/// A call that was let through and is on record.
struct Prepared {
    run: Running,
    standing: Standing,
    is_read: bool,
}

async fn steps(app: App, caller: Caller, mut request: Request, let_in: Standing) -> Result<Prepared, CallError> {
    let connection = match connection_of(&app, &caller).await {
        Ok(connection) => connection,
        Err(error) => {
            record::refused(&app, &caller, &request, &error).await?;
            return Err(error);
        }
    };
    let permitted = match decide::decide(&app, &caller, &connection, &request).await {
        Ok(permitted) => permitted,
        Err(error) => {
            record::refused(&app, &caller, &request, &error).await?;
            return Err(error);
        }
    };
    let budget = budget_of(&app, &connection, &request);
    let turn = match wait_for_turn(&app, &budget).await {
        // Whoever waited may have lost the access meanwhile.
        Ok(true) => let_in.check_anew().await,
        Ok(false) => let_in.check().await,
        Err(error) => Err(error),
    };
    if let Err(error) = turn {
        permitted.approval.settle().await;
        record::refused(&app, &caller, &request, &error).await?;
        return Err(error);
    }
    let is_read = request.operation.effect == catalogue::Effect::Read;
    let opened = match record::open(&app, &caller, &connection, &request, &permitted).await {
        Ok(opened) => opened,
        Err(error) => {
            permitted.approval.settle().await;
            return Err(error);
        }
    };
    let is_approved = permitted.plan_hash.is_some();
    let Permitted {
        permit, mut approval, ..
    } = permitted;
    let standing = Standing::of_call(
        &app,
        &caller,
        &mut request,
        &connection.id,
        is_approved,
        permit.version(),
    );
    request.body = request.body.until(Box::pin(standing.clone().ended()));
    let ended = standing.clone();
    let run: Running = Box::pin(async move {
        let sent = send::send(&app, &permit, &connection, &budget, request, &mut approval, &ended).await;
        approval.settle().await;
        let mut answer = opened.close(sent).await?;
        answer.content.end_with(Box::pin(ended.ended()));
        Ok(answer)
    });
    Ok(Prepared { run, standing, is_read })
}

fn budget_of(app: &App, connection: &Connection, request: &Request) -> Budget {
    let who = Identity {
        tenant: &connection.tenant_id,
        object: &connection.object_id,
    };
    let values = &request.bound.path_values;
    let dataset = values
        .iter()
        .find(|(name, _)| name == "datasetId")
        .map(|(_, value)| value.as_str());
    Budget::of(request.operation, who, dataset, app.settings.list_calls_per_minute)
}

/// Waits a short while for the rate budget, and tells whether it had to; a longer wait is told at once.
async fn wait_for_turn(app: &App, budget: &Budget) -> Result<bool, CallError> {
    let mut patience_ms = LONGEST_WAIT_MS;
    loop {
        let Turn::After { ms } = app.budgets.take(&app.db, app.clock.now(), budget).await? else {
            return Ok(patience_ms < LONGEST_WAIT_MS);
        };
        if patience_ms < ms {
            let retry_after_s = u64::try_from(ms).unwrap_or(0).div_ceil(1000).max(1);
            let limit = budget.in_words();
            return Err(CallError::RateLimited { retry_after_s, limit });
        }
        patience_ms -= ms;
        app.clock.pause(u64::try_from(ms).unwrap_or(0)).await;
    }
}

/// The connection a call of this person uses: the first that works, else the first, whose fault is then told.
pub async fn connection_of(app: &App, caller: &Caller) -> Result<Connection, CallError> {
    let all = connections::of_person(&app.db, &caller.person).await?;
    let works = |it: &&Connection| matches!(it.state(), State::Connected | State::Degraded);
    let chosen = all
        .iter()
        .find(works)
        .or_else(|| all.iter().find(|it| it.state() == State::NeedsReconnect))
        .cloned();
    chosen.ok_or_else(|| CallError::NotConnected {
        link: app.settings.url("/connections"),
        reason: "no Microsoft account is connected yet".into(),
    })
}
