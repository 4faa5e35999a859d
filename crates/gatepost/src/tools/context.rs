//! What a running tool has: who asks, and the one way to Power BI.

use std::sync::Arc;

use catalogue::Catalogue;
use serde_json::{Map, Value};

use super::fault::{Again, Fault};
use super::progress::Progress;
use super::tool::Tool;
use crate::app::App;
use crate::call::{self, Answer, CallError, File, Request, Standing};
use crate::caller::Caller;
use crate::policy::{Policies, may_ever};
use crate::powerbi::PowerBiFailure;

/// What a running tool has.
pub(super) struct Context<'a> {
    pub app: &'a App,
    pub caller: &'a Caller,
    pub tool: &'static Tool,
    /// Those in force when the tool was called; each call decides anew.
    pub policies: Arc<Policies>,
    pub progress: &'a Progress,
    /// A tool may run for minutes: a lock or a revocation counts for its next call.
    standing: Standing,
}

impl<'a> Context<'a> {
    /// What a tool has whose caller was let in just now.
    pub(super) fn new(
        app: &'a App,
        caller: &'a Caller,
        tool: &'static Tool,
        policies: Arc<Policies>,
        progress: &'a Progress,
    ) -> Self {
        let standing = Standing::of(app, caller);
        Self {
            app,
            caller,
            tool,
            policies,
            progress,
            standing,
        }
    }

    /// Calls one operation.
    ///
    /// Invariant: a tool emits only what its manifest lists.
    pub(super) async fn call(&self, id: &'static str, arguments: Map<String, Value>) -> Result<Answer, Fault> {
        self.may_emit(id)?;
        self.send(Request::of_tool(self.app, self.tool.name, id, arguments)?)
            .await
    }

    /// Sends a file with an operation and reads the answer as JSON.
    pub(super) async fn upload(
        &self,
        id: &'static str,
        arguments: Map<String, Value>,
        file: File,
    ) -> Result<Value, Fault> {
        self.may_emit(id)?;
        let request = Request::of_upload(self.app, self.tool.name, id, arguments, &file)?;
        let answer = self.send(request).await?;
        Ok(self.read(answer).await?.value)
    }

    fn may_emit(&self, id: &'static str) -> Result<(), CallError> {
        if self.tool.may_emit(id) {
            return Ok(());
        }
        Err(CallError::Internal(format!("{} does not list {id}", self.tool.name)))
    }

    async fn send(&self, request: Request) -> Result<Answer, Fault> {
        self.standing.check().await?;
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
        self.whole(answer).await
    }

    /// Calls one operation and reads its answer as JSON.
    pub(super) async fn json(&self, id: &'static str, arguments: Map<String, Value>) -> Result<Value, Fault> {
        let answer = self.call(id, arguments).await?;
        Ok(self.read(answer).await?.value)
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
