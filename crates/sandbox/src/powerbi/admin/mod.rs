//! The administrators' API: who may use it and how often, and the form of its lists.

pub(super) mod access;
pub(super) mod activity;
pub(super) mod artifacts;
pub(super) mod capacities;
mod expand;
pub(super) mod groups;
pub(super) mod keys;
pub(super) mod labels;
pub(super) mod members;
mod origin;
mod pages;
pub(super) mod pipelines;
pub(super) mod profiles;
pub(super) mod reach;
mod scan_items;
pub(super) mod scans;
pub(super) mod sharing;
pub(super) mod subscriptions;
pub(super) mod unused;

use serde_json::Map;
use serde_json::Value;

use crate::entra::Bearer;
use crate::powerbi::answer::Answer;
use crate::powerbi::call::Call;
use crate::powerbi::odata;
use crate::powerbi::odata::object;
use crate::powerbi::operations::Operation;
use crate::powerbi::refusal::Refusal;
use crate::world::time::HOUR_MS;
use crate::world::time::MINUTE_MS;

/// Who may ask for an operation, and how often.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Gate {
    principals: bool,
    per_hour: usize,
    per_minute: usize,
    shared: bool,
}

impl Gate {
    /// A read: service principals may ask too.
    pub(super) const fn read(per_hour: usize) -> Gate {
        Gate {
            principals: true,
            per_hour,
            per_minute: 0,
            shared: false,
        }
    }

    /// Something only people may do.
    pub(super) const fn people(per_hour: usize) -> Gate {
        Gate {
            principals: false,
            ..Gate::read(per_hour)
        }
    }

    /// A read of the whole organisation, whose limit all its administrators share.
    pub(super) const fn shared(per_hour: usize, per_minute: usize) -> Gate {
        Gate {
            per_minute,
            shared: true,
            ..Gate::read(per_hour)
        }
    }
}

/// Lets administrators through, as long as they do not ask too often.
pub(super) fn admit(call: &Call, bearer: &Bearer, operation: &Operation, gate: &Gate) -> Result<(), Refusal> {
    if call.who.app_only {
        admit_principal(call, bearer, gate)?;
    } else if !is_administrator(call) {
        return Err(Refusal::no_right());
    }
    count(call, operation, gate)
}

/// An administrator of the directory asked, not of the one a guest comes from.
fn is_administrator(call: &Call) -> bool {
    let directory = call.sandbox.directory();
    let person = directory.find_by_oid(&call.who.oid);
    person.is_some_and(|person| person.is_admin && person.tid == call.who.tid && person.oid == call.who.oid)
}

/// A service principal reads if the organisation lets it, and if it holds no permission an administrator consents to.
fn admit_principal(call: &Call, bearer: &Bearer, gate: &Gate) -> Result<(), Refusal> {
    if !gate.principals || !call.world().settings.principals_read_admin {
        return Err(Refusal::no_application());
    }
    let directory = call.sandbox.directory();
    let application = directory.find_application(&bearer.app_id);
    let registered = application
        .map(|known| known.permissions.as_slice())
        .unwrap_or_default();
    let needs_consent = |name: &String| {
        let name = name.rsplit_once('/').map_or(name.as_str(), |(_, name)| name);
        name.starts_with("Tenant.")
    };
    if registered.iter().chain(&bearer.scopes).any(needs_consent) {
        return Err(Refusal::no_right());
    }
    Ok(())
}

fn count(call: &Call, operation: &Operation, gate: &Gate) -> Result<(), Refusal> {
    if gate.per_hour == 0 {
        return Ok(());
    }
    let now_ms = call.now_ms;
    let whose = if gate.shared { &call.who.tid } else { &call.who.oid };
    let mut world = call.world();
    let moments = world
        .tenancy
        .asked
        .entry((whose.clone(), operation.method, operation.path))
        .or_default();
    moments.retain(|at_ms| (now_ms - HOUR_MS + 1..=now_ms).contains(at_ms));
    let minute = moments.iter().filter(|at_ms| **at_ms > now_ms - MINUTE_MS).count();
    // The call that opened the full window says when it closes.
    let over = if moments.len() >= gate.per_hour {
        moments.get(moments.len() - gate.per_hour).map(|first| first + HOUR_MS)
    } else if gate.per_minute > 0 && minute >= gate.per_minute {
        moments
            .get(moments.len() - gate.per_minute)
            .map(|first| first + MINUTE_MS)
    } else {
        None
    };
    if let Some(free_ms) = over {
        return Err(too_often((free_ms - now_ms).max(0) / 1000 + 1));
    }
    moments.push_back(now_ms);
    Ok(())
}

/// The refusal of a call that came too soon.
fn too_often(seconds: i64) -> Refusal {
    let message = format!(
        "You have exceeded the amount of requests allowed in the current time frame and further requests will fail. Retry in {seconds} seconds."
    );
    Refusal::Later { seconds, message }
}

fn context(set: &str) -> String {
    format!("{}/v1.0/myorg/admin/$metadata#{set}", odata::REGION)
}

/// A list of all there is.
fn list(set: &str, items: impl IntoIterator<Item = Map<String, Value>>) -> Answer {
    let items: Vec<Value> = items.into_iter().map(Value::Object).collect();
    Answer::json(&Value::Object(object([
        ("@odata.context", context(set).into()),
        ("value", items.into()),
    ])))
}

/// What `$filter`, `$skip` and `$top` leave of a list.
fn page(call: &Call, set: &str, items: Vec<Map<String, Value>>) -> Result<Answer, Refusal> {
    Ok(list(set, odata::slice(call, odata::filtered(call, items)?)?))
}

/// `$top`, where it must be there; at most `most`.
fn required_top(call: &Call, most: usize) -> Result<(), Refusal> {
    match call.query_number("$top")? {
        Some(top) if (1..=most).contains(&top) => Ok(()),
        Some(_) if most < usize::MAX => Err(Refusal::bad(format!("$top must be between 1 and {most}"))),
        Some(_) => Err(Refusal::bad("$top must be at least 1")),
        None => Err(Refusal::bad("$top is required")),
    }
}

/// Does `$expand` name this?
fn expands(call: &Call, what: &str) -> bool {
    let expand = call.query("$expand").unwrap_or_default();
    expand.split(',').any(|word| word.trim().eq_ignore_ascii_case(what))
}

/// A truth value from behind the question mark.
fn flag(call: &Call, name: &str) -> Result<bool, Refusal> {
    match call.query(name) {
        None => Ok(false),
        Some(text) if text.eq_ignore_ascii_case("true") => Ok(true),
        Some(text) if text.eq_ignore_ascii_case("false") => Ok(false),
        Some(_) => Err(Refusal::bad(format!("{name} must be true or false"))),
    }
}
