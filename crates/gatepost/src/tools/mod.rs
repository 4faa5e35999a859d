//! The workflow tools for agents: what people ask of Power BI, each in one call, written on `call` alone.

mod answer;
mod arguments;
mod cancel_refresh;
mod context;
mod deploy_stage;
mod describe_item;
mod describe_model;
mod export_report;
mod fault;
mod find_items;
#[cfg(fuzzing)]
pub mod fuzzing;
mod import_file;
mod items;
mod link;
mod manage_access;
mod memory;
mod names;
mod operations;
mod outcome;
mod progress;
mod refresh_model;
mod refresh_overview;
mod refresh_status;
mod refreshes;
mod rows;
mod run_dax;
mod search_values;
#[cfg(test)]
mod tests;
mod text;
mod tool;
mod whoami;

pub use link::Download;
pub use memory::Listed;
pub use names::{Named, can_use, names, operations_like};
pub use outcome::{Challenge, Outcome, Way};
pub use progress::{Progress, Step};
pub use text::short;
pub use tool::{Emits, Hints, Tool};

use std::sync::Arc;

use bytes::{BufMut as _, Bytes, BytesMut};
use serde_json::{Map, Value, json};

use crate::app::App;
use crate::audit::Entry;
use crate::call::CallError;
use crate::caller::Caller;
use crate::policy::{Policies, may_ever};
use crate::tools::context::Context;
use crate::tools::memory::{Eyes, memory};

static ALL: [Tool; 18] = [
    whoami::TOOL,
    find_items::TOOL,
    describe_item::TOOL,
    describe_model::TOOL,
    search_values::TOOL,
    run_dax::TOOL,
    refresh_status::TOOL,
    refresh_overview::TOOL,
    refresh_model::TOOL,
    cancel_refresh::TOOL,
    export_report::TOOL,
    import_file::TOOL,
    deploy_stage::TOOL,
    manage_access::TOOL,
    operations::FIND,
    operations::DESCRIBE,
    operations::CALL_READ,
    operations::CALL_WRITE,
];

const LONGEST_NAME: usize = 128;

/// Every tool, in the order in which agents see them.
pub fn all() -> &'static [Tool] {
    &ALL
}

/// The tools this caller can use, as a JSON array of MCP tool objects; written once per policies and caller.
pub async fn list(app: &App, caller: &Caller) -> Result<Bytes, CallError> {
    let policies = policies_of(app, caller).await?;
    let key = (Listed::Tools, Eyes::of(app, caller, &policies));
    Ok(memory().list_or(key, || written(caller, &policies)))
}

/// Another list as it was written for this caller under the present policies; if there is none yet, as `write` gives it.
pub async fn kept(
    app: &App,
    caller: &Caller,
    which: Listed,
    write: impl Future<Output = Bytes>,
) -> Result<Bytes, CallError> {
    let policies = policies_of(app, caller).await?;
    let key = (which, Eyes::of(app, caller, &policies));
    if let Some(list) = memory().list(&key) {
        return Ok(list);
    }
    let list = write.await;
    memory().keep_list(key, list.clone());
    Ok(list)
}

fn written(caller: &Caller, policies: &Policies) -> Bytes {
    let mut list = BytesMut::from(&b"["[..]);
    for (tool, ready) in ALL.iter().zip(tool::ready()) {
        if may_use(caller, policies, tool) && caller.scopes.allows(tool.scope()) {
            if list.len() > 1 {
                list.put_u8(b',');
            }
            list.put_slice(&ready.listed);
        }
    }
    list.put_u8(b']');
    list.freeze()
}

/// Runs the tool `name`. Dropping the future cancels what only reads; what changes something runs to its end.
pub async fn call(
    app: &App,
    caller: &Caller,
    name: &str,
    arguments: Map<String, Value>,
    progress: &Progress,
) -> Outcome {
    let policies = match policies_of(app, caller).await {
        Ok(policies) => policies,
        Err(error) => return Outcome::refused(&error, &caller.trace),
    };
    // Invariant: a tool that is hidden from the caller and one that does not exist are the same.
    let known = ALL.iter().zip(tool::ready()).find(|(tool, _)| tool.name == name);
    let Some((tool, ready)) = known.filter(|(tool, _)| may_use(caller, &policies, tool)) else {
        return recorded(app, caller, name, "tool_unknown", Outcome::unknown(name)).await;
    };
    if !caller.scopes.allows(tool.scope()) {
        let error = CallError::Scope { needed: tool.scope() };
        let outcome = Outcome::refused(&error, &caller.trace);
        return recorded(app, caller, tool.name, "insufficient_scope", outcome).await;
    }
    let arguments = Value::Object(arguments);
    if let Some(problems) = arguments::problems(ready, &arguments) {
        return Outcome::invalid(problems);
    }
    let Value::Object(arguments) = arguments else {
        return Outcome::invalid("expected an object of arguments".into());
    };
    let context = Context::new(app, caller, tool, policies, progress);
    Outcome::of((tool.run)(&context, &arguments).await, &caller.trace)
}

/// Whether the policies may ever let this caller do what the tool is for.
fn may_use(caller: &Caller, policies: &Policies, tool: &Tool) -> bool {
    let mut needed = tool.needed().peekable();
    needed.peek().is_none() || needed.any(|operation| may_ever(policies, caller, operation))
}

async fn policies_of(app: &App, caller: &Caller) -> Result<Arc<Policies>, CallError> {
    Ok(app.policies.of(&app.db, &caller.environment).await?)
}

/// A refusal before any Power BI call is on record too.
async fn recorded(app: &App, caller: &Caller, tool: &str, decision: &str, outcome: Outcome) -> Outcome {
    let tool: String = tool.chars().take(LONGEST_NAME).collect();
    let entry = Entry::of("call.refused", caller, json!({ "tool": tool, "decision": decision }));
    match app.audit.append(entry).await {
        Ok(_) => outcome,
        Err(error) => Outcome::refused(&CallError::Audit(error), &caller.trace),
    }
}
