//! Steps three and five of the funnel: the entry before anything is sent, and the one that says how it ended.

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Value, json};

use super::decide::{Permitted, basis};
use super::outcome::{Answer, Content};
use super::{CallError, Request};
use crate::app::App;
use crate::audit::{self, Audit, Entry, Standing, Unavailable, mask};
use crate::caller::Caller;
use crate::clock::{Clock, Timestamp};
use crate::store::connections::Connection;

/// An entry that is open: it is closed with the outcome, or as cancelled when the caller goes away.
pub(super) struct Opened {
    audit: Audit,
    clock: Clock,
    caller: Caller,
    operation: &'static str,
    changes: bool,
    counts_rows: bool,
    opened_at: Timestamp,
    seq: i64,
    closed: bool,
}

/// Stores the entry of a call that is about to be sent.
pub(super) async fn open(
    app: &App,
    caller: &Caller,
    connection: &Connection,
    request: &Request,
    permitted: &Permitted,
) -> Result<Opened, CallError> {
    let mut details = about(app, request);
    details["connection"] = json!(connection.id);
    details["account"] =
        json!({ "tid": connection.tenant_id, "oid": connection.object_id, "name": connection.account_username });
    details["basis"] = basis(permitted);
    // Whoever closes what this process left open finds it by this.
    details["replica"] = json!(*app.replica);
    let (audit, clock, caller) = (app.audit.clone(), app.clock.clone(), caller.clone());
    let operation = request.operation;
    // In a task of its own: when its caller leaves meanwhile, the entry that is being written is closed as cancelled.
    let stored = tokio::spawn(async move {
        let opened_at = clock.now();
        let seq = audit.append(Entry::of("call.opened", &caller, details)).await?;
        audit.open_calls().note(seq, Standing::Sent);
        Ok(Opened {
            audit,
            clock,
            caller,
            operation: &operation.id,
            changes: operation.effect != catalogue::Effect::Read,
            counts_rows: operation.id.contains("execute_queries"),
            opened_at,
            seq,
            closed: false,
        })
    });
    stored
        .await
        .map_err(|_| CallError::Internal("the call stopped unexpectedly".into()))?
        .map_err(CallError::Audit)
}

/// Stores the entry of a call that was refused here; of the same refusal again within a minute, the number.
pub(super) async fn refused(app: &App, caller: &Caller, request: &Request, error: &CallError) -> Result<(), CallError> {
    let problem = error.problem();
    let mut details = about(app, request);
    details["decision"] = json!(problem.code);
    details["reason"] = json!(problem.detail);
    let why = format!(
        "{} of {} by {}: {}",
        problem.code,
        request.operation.id,
        audit::through(&caller.through),
        rule(error)
    );
    app.audit
        .append_or_count(&why, Entry::of("call.refused", caller, details), app.clock.now())
        .await
        .map_err(CallError::Audit)
}

/// What tells one refusal from another of the same operation and kind. Every new request for approval is one of its own.
fn rule(error: &CallError) -> String {
    match error {
        CallError::Denied { policies, .. } => policies.join("\n"),
        CallError::ApprovalNeeded { id, .. } => id.to_string(),
        CallError::SpeaksForOthers { whom } => whom.join("\n"),
        _ => String::new(),
    }
}

/// Stores that a known caller's request was turned away before it was any call: malformed, too large, for nothing there is.
pub async fn turned_away(app: &App, caller: &Caller, code: &str, reason: &str) -> Result<(), CallError> {
    let details = json!({ "decision": code, "reason": reason });
    let entry = Entry::of("request.refused", caller, details);
    app.audit
        .append_or_count(code, entry, app.clock.now())
        .await
        .map_err(CallError::Audit)
}

fn about(app: &App, request: &Request) -> Value {
    let masked = mask(&request.operation.mask(&request.arguments), &app.settings.masked_fields);
    let (arguments, hash) = audit::arguments(&masked);
    let mut details = json!({
        "operation": request.operation.id,
        "effect": request.operation.effect.as_str(),
        "tool": request.tool,
        "method": request.operation.method.as_str(),
        "workspace": request.workspace(),
        "item": request.item(),
        "objects": request.bound.objects.iter().map(|it| json!({ "kind": it.kind.as_str(), "id": it.id, "place": it.place })).collect::<Vec<_>>(),
        "destructive": request.bound.destructive,
        "arguments": arguments,
        "arguments_sha256": hash,
    });
    if !request.bound.speaks_for.is_empty() {
        // As whom the call would see or act, when not as its caller.
        details["speaks_for"] = json!(request.bound.speaks_for);
    }
    details
}

impl Opened {
    /// Stores how the call ended, and only then gives the answer.
    pub(super) async fn close(mut self, sent: Result<Answer, CallError>) -> Result<Answer, CallError> {
        let details = match &sent {
            Ok(answer) => self.of_answer(answer),
            Err(error) => self.ended(json!({ "outcome": "failed", "error": error.problem().code })),
        };
        self.closed = true;
        let entry = Entry::of("call.closed", &self.caller, details);
        let stored = self.audit.append(entry.clone()).await;
        if let Err(unavailable) = stored {
            // Stored as soon as the log takes entries again.
            self.audit.open_calls().note(self.seq, Standing::Ended(Box::new(entry)));
            return Err(self.without_record(sent, unavailable));
        }
        let mut answer = match sent {
            Ok(answer) => answer,
            Err(error) => {
                self.audit.open_calls().close(self.seq);
                return Err(error);
            }
        };
        answer.trace.clone_from(&self.caller.trace);
        let Content::Stream(stream) = &mut answer.content else {
            self.audit.open_calls().close(self.seq);
            return Ok(answer);
        };
        self.audit.open_calls().note(self.seq, Standing::Streaming);
        let (audit, caller, opened, operation) = (self.audit.clone(), self.caller.clone(), self.seq, self.operation);
        stream.tell(move |bytes, whole| {
            let details = json!({ "opened": opened, "operation": operation, "bytes": bytes, "whole": whole });
            close_later(audit, opened, Entry::of("call.streamed", &caller, details));
        });
        Ok(answer)
    }

    /// What a caller is told whose call has ended while the log refuses to say so. Invariant: nobody is told to repeat a
    /// change that was done.
    fn without_record(&self, sent: Result<Answer, CallError>, unavailable: Unavailable) -> CallError {
        match sent {
            Ok(answer) if self.changes && answer.failure.is_none() => CallError::DoneWithoutRecord {
                status: answer.status.as_u16(),
                request_id: answer.request_id,
            },
            Ok(_) => CallError::AnswerWithoutRecord(unavailable),
            // Its own words say what may have happened.
            Err(error) => error,
        }
    }

    fn of_answer(&self, answer: &Answer) -> Value {
        let failure = answer.failure.as_ref();
        let mut details = self.ended(json!({
            "outcome": if failure.is_some() { "refused_by_power_bi" } else { "answered" },
            "status": answer.status.as_u16(),
            "request_id": answer.request_id,
            "error": failure.and_then(|it| it.code.clone()),
        }));
        match &answer.content {
            Content::Whole(bytes) => {
                details["bytes"] = json!(bytes.len());
                details["rows"] = json!(if self.counts_rows { rows(bytes) } else { None });
            }
            Content::Stream(_) => details["outcome"] = json!("streaming"),
        }
        details
    }

    fn ended(&self, mut details: Value) -> Value {
        details["opened"] = json!(self.seq);
        details["operation"] = json!(self.operation);
        details["duration_ms"] = json!(self.clock.now().since_ms(self.opened_at));
        details
    }
}

impl Drop for Opened {
    fn drop(&mut self) {
        if !self.closed {
            let details = self.ended(json!({ "outcome": "cancelled" }));
            close_later(
                self.audit.clone(),
                self.seq,
                Entry::of("call.closed", &self.caller, details),
            );
        }
    }
}

fn close_later(audit: Audit, opened: i64, entry: Entry) {
    // Outside a runtime there is nobody left to answer, and the log's own writer is gone too.
    if let Ok(runtime) = tokio::runtime::Handle::try_current() {
        runtime.spawn(async move {
            match audit.append(entry.clone()).await {
                Ok(_) => audit.open_calls().close(opened),
                Err(_) => audit.open_calls().note(opened, Standing::Ended(Box::new(entry))),
            }
        });
    }
}

/// How many rows a query's answer holds, without building them.
fn rows(body: &[u8]) -> Option<usize> {
    #[derive(Deserialize)]
    struct Results {
        results: Vec<Tables>,
    }
    #[derive(Deserialize)]
    struct Tables {
        #[serde(default)]
        tables: Vec<Rows>,
    }
    #[derive(Deserialize)]
    struct Rows {
        #[serde(default)]
        rows: Vec<IgnoredAny>,
    }
    let read: Results = serde_json::from_slice(body).ok()?;
    Some(
        read.results
            .iter()
            .flat_map(|it| &it.tables)
            .map(|it| it.rows.len())
            .sum(),
    )
}
