//! The funnel: every Power BI call is bound, decided, recorded, sent and recorded again, in this order.

mod authenticate;
mod decide;
mod error;
mod outcome;
mod record;
mod request;
mod send;

pub use authenticate::{ACCESS_PREFIX, AuthFailure, Door, KEY_PREFIX, authenticate, caller_of_session, door, door_of};
pub use error::{CallError, Problem};
pub use outcome::{Answer, Content};
pub use record::turned_away;
pub use request::{Incoming, Request};

use crate::app::App;
use crate::caller::Caller;
use crate::store::connections::{self, Connection, State};

/// Makes one Power BI call for `caller`.
///
/// Invariant: this is the only way to Power BI; nothing is sent without a permit and a stored entry.
pub async fn call(app: &App, caller: &Caller, request: Request) -> Result<Answer, CallError> {
    let work = Box::pin(steps(app.clone(), caller.clone(), request));
    // A caller who goes away cancels a read; what changes something runs to its end so that its outcome is recorded.
    match work.await {
        Ok(Prepared::Read(run)) => run.await,
        Ok(Prepared::Change(run)) => tokio::spawn(run)
            .await
            .unwrap_or_else(|_| Err(CallError::Internal("the call stopped unexpectedly".into()))),
        Err(error) => Err(error),
    }
}

type Running = std::pin::Pin<Box<dyn Future<Output = Result<Answer, CallError>> + Send>>;

enum Prepared {
    Read(Running),
    Change(Running),
}

async fn steps(app: App, caller: Caller, request: Request) -> Result<Prepared, CallError> {
    let connection = match connection_of(&app, &caller).await {
        Ok(connection) => connection,
        Err(error) => {
            record::refused(&app, &caller, &request, &error).await?;
            return Err(error);
        }
    };
    let permit = match decide::decide(&app, &caller, &connection, &request).await {
        Ok(permit) => permit,
        Err(error) => {
            record::refused(&app, &caller, &request, &error).await?;
            return Err(error);
        }
    };
    let is_read = request.operation.effect == catalogue::Effect::Read;
    let opened = record::open(&app, &caller, &connection, &request, &permit).await?;
    let run: Running = Box::pin(async move {
        let sent = send::send(&app, &permit.permit, &connection, request).await;
        opened.close(sent).await
    });
    Ok(if is_read {
        Prepared::Read(run)
    } else {
        Prepared::Change(run)
    })
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
