//! What a running tool has: who asks, and the one way to Power BI.

use std::sync::Arc;

use catalogue::Catalogue;
use serde_json::{Map, Value};

use super::fault::{Again, Fault};
use super::progress::Progress;
use super::tool::Tool;
use crate::app::App;
use crate::call::{self, Answer, CallError, Request};
use crate::caller::Caller;
use crate::policy::{Policies, may_ever};
use crate::powerbi::PowerBiFailure;

/// The largest answer a tool reads: executeQueries stops at 15 MB.
pub(super) const MOST_BYTES: usize = 24 * 1024 * 1024;

/// What a running tool has.
pub(super) struct Context<'a> {
    pub app: &'a App,
    pub caller: &'a Caller,
    pub tool: &'static Tool,
    /// Those in force when the tool was called; each call decides anew.
    pub policies: Arc<Policies>,
    pub progress: &'a Progress,
}

impl Context<'_> {
    /// Calls one operation.
    ///
    /// Invariant: a tool emits only what its manifest lists.
    pub(super) async fn call(&self, id: &'static str, arguments: Map<String, Value>) -> Result<Answer, Fault> {
        if !self.tool.may_emit(id) {
            let why = format!("{} does not list {id}", self.tool.name);
            return Err(CallError::Internal(why).into());
        }
        let request = Request::of_tool(self.app, self.tool.name, id, arguments)?;
        let what = request.operation.summary.as_str();
        let mut answer = call::call(self.app, self.caller, request).await?;
        match answer.failure.take() {
            Some(failure) => Err(self.refused(what, failure).await),
            None => Ok(answer),
        }
    }

    async fn refused(&self, what: &'static str, failure: PowerBiFailure) -> Fault {
        let mut again = None;
        if !failure.lacks.is_empty()
            && let Ok(connection) = call::connection_of(self.app, self.caller).await
        {
            again = Some(Again {
                link: self.app.settings.url("/connections"),
                since: connection.connected_at,
            });
        }
        let failure = Box::new(failure);
        Fault::Refused { what, failure, again }
    }

    /// Calls one operation and reads its whole answer.
    pub(super) async fn bytes(&self, id: &'static str, arguments: Map<String, Value>) -> Result<bytes::Bytes, Fault> {
        let answer = self.call(id, arguments).await?;
        answer.content.bytes(MOST_BYTES).await.map_err(Fault::Answer)
    }

    /// Calls one operation and reads its answer as JSON.
    pub(super) async fn json(&self, id: &'static str, arguments: Map<String, Value>) -> Result<Value, Fault> {
        let bytes = self.bytes(id, arguments).await?;
        serde_json::from_slice(&bytes).map_err(|_| Fault::Unreadable)
    }

    /// Calls an operation that answers a list and gives its entries.
    pub(super) async fn list(&self, id: &'static str, arguments: Map<String, Value>) -> Result<Vec<Value>, Fault> {
        match self.json(id, arguments).await?["value"].take() {
            Value::Array(entries) => Ok(entries),
            _ => Err(Fault::Unreadable),
        }
    }

    /// Whether the policies may ever allow this operation to the caller.
    pub(super) fn may(&self, id: &str) -> bool {
        let operation = Catalogue::builtin().operation(id);
        operation.is_some_and(|it| may_ever(&self.policies, self.caller, it))
    }
}
