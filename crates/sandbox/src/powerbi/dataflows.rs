//! Dataflows of the first generation.

use http::StatusCode;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use crate::powerbi::answer::Answer;
use crate::powerbi::call::Call;
use crate::powerbi::fields::Fields;
use crate::powerbi::odata;
use crate::powerbi::odata::object;
use crate::powerbi::refresh::word;
use crate::powerbi::refusal::Refusal;
use crate::powerbi::rights;
use crate::world::World;
use crate::world::access::Role;
use crate::world::content::Dataflow;
use crate::world::content::Transaction;
use crate::world::ids::Kind;
use crate::world::time;

/// How long a refresh takes.
const TAKES_MS: i64 = 6_000;
const NOTIFY: [&str; 3] = ["NoNotification", "MailOnFailure", "MailOnCompletion"];
const SCHEDULE_FIELDS: [&str; 5] = ["days", "times", "enabled", "localTimeZoneId", "notifyOption"];

pub(super) fn list(call: &Call) -> Result<Answer, Refusal> {
    let mut world = call.world();
    let (home, _) = call.home(&mut world)?;
    let items: Vec<_> = world
        .dataflows
        .iter()
        .filter(|flow| flow.workspace == home)
        .map(shape)
        .collect();
    Ok(odata::list(call, "dataflows", items))
}

/// One dataflow as the API shows it.
pub(super) fn shape(flow: &Dataflow) -> Map<String, Value> {
    let address = format!(
        "https://sandbox.dfs.core.windows.test/powerbi/{}/{}/model.json",
        flow.workspace, flow.id
    );
    object([
        ("objectId", flow.id.to_string().into()),
        ("name", flow.name.clone().into()),
        ("description", flow.description.clone().into()),
        ("modelUrl", address.into()),
        ("configuredBy", flow.configured_by.clone().into()),
    ])
}

/// The definition comes as a file, not as an `OData` object.
pub(super) fn get(call: &Call) -> Result<Answer, Refusal> {
    let mut world = call.world();
    Ok(file(rights::dataflow(call, &mut world, Role::Viewer)?))
}

/// The definition as a file.
pub(super) fn file(flow: &Dataflow) -> Answer {
    let mut definition = flow.definition.clone();
    if let Value::Object(fields) = &mut definition {
        fields.insert("name".to_owned(), flow.name.clone().into());
        fields.insert("description".to_owned(), flow.description.clone().into());
    }
    Answer::file(definition.to_string(), "application/octet-stream", "model.json")
}

pub(super) fn update(call: &Call) -> Result<Answer, Refusal> {
    let fields = call.fields()?;
    let mut world = call.world();
    let flow = rights::dataflow(call, &mut world, Role::Contributor)?;
    let mut changed = flow.clone();
    if let Some(name) = fields.find_text("name")? {
        name.clone_into(&mut changed.name);
    }
    if let Some(description) = fields.find_text("description")? {
        description.clone_into(&mut changed.description);
    }
    if let Some(allowed) = fields.find_bool("allowNativeQueries")? {
        changed.settings.insert("allowNativeQueries".to_owned(), allowed.into());
    }
    if let Some(behaviour) = fields.find_text("computeEngineBehavior")? {
        let behaviour = word(
            "computeEngineBehavior",
            &["computeOptimized", "computeOn", "computeDisabled"],
            behaviour,
        )?;
        changed
            .settings
            .insert("computeEngineBehavior".to_owned(), behaviour.into());
    }
    let is_taken =
        |known: &Dataflow| known.id != changed.id && known.workspace == changed.workspace && known.name == changed.name;
    if changed.name.trim().is_empty() || world.dataflows.iter().any(is_taken) {
        return Err(Refusal::coded(
            "DataflowNameNotUnique",
            "a dataflow needs a name that no other one in the workspace has",
        ));
    }
    *rights::dataflow(call, &mut world, Role::Contributor)? = changed;
    Ok(Answer::empty())
}

pub(super) fn delete(call: &Call) -> Result<Answer, Refusal> {
    let mut world = call.world();
    let id = rights::dataflow(call, &mut world, Role::Contributor)?.id;
    world.dataflows.retain(|flow| flow.id != id);
    Ok(Answer::empty())
}

pub(super) fn datasources(call: &Call) -> Result<Answer, Refusal> {
    let mut world = call.world();
    let flow = rights::dataflow(call, &mut world, Role::Contributor)?;
    Ok(odata::list(call, "datasources", [source_shape(flow)]))
}

/// The data source of a dataflow as the API shows it.
pub(super) fn source_shape(flow: &Dataflow) -> Map<String, Value> {
    object([
        ("datasourceType", "Web".into()),
        ("connectionDetails", json!({"url": flow.source.url})),
        ("datasourceId", flow.source.id.to_string().into()),
        ("gatewayId", flow.source.gateway.to_string().into()),
    ])
}

pub(super) fn upstream(call: &Call) -> Result<Answer, Refusal> {
    let mut world = call.world();
    let flow = rights::dataflow(call, &mut world, Role::Viewer)?.clone();
    Ok(odata::list(call, "upstreamDataflows", upstream_shapes(&world, &flow)))
}

/// The dataflows that feed one.
pub(super) fn upstream_shapes(world: &World, flow: &Dataflow) -> Vec<Map<String, Value>> {
    let feeds = world.dataflows.iter().filter(|known| flow.upstream.contains(&known.id));
    feeds
        .map(|feed| {
            object([
                ("targetDataflowId", feed.id.to_string().into()),
                ("groupId", feed.workspace.to_string().into()),
            ])
        })
        .collect()
}

pub(super) fn update_schedule(call: &Call) -> Result<Answer, Refusal> {
    let value: Fields = call
        .fields()?
        .find_object("value")?
        .ok_or_else(|| Refusal::bad("value is required"))?;
    if let Some(unknown) = value
        .names()
        .find(|name| !SCHEDULE_FIELDS.iter().any(|known| known.eq_ignore_ascii_case(name)))
    {
        return Err(Refusal::bad(format!("{unknown} is not a field of a schedule")));
    }
    let mut world = call.world();
    let flow = rights::dataflow(call, &mut world, Role::Contributor)?;
    for name in SCHEDULE_FIELDS {
        if let Some(given) = value.find(name) {
            flow.schedule[name] = given.clone();
        }
    }
    Ok(Answer::empty())
}

pub(super) fn refresh(call: &Call) -> Result<Answer, Refusal> {
    let fields = call.fields()?;
    word("notifyOption", &NOTIFY, fields.text("notifyOption")?)?;
    if let Some(kind) = call.query("processType") {
        word("processType", &["default", "processFull"], kind)?;
    }
    let mut world = call.world();
    let number = world.fresh.id(Kind::Transaction);
    let now_ms = call.now_ms;
    let flow = rights::dataflow(call, &mut world, Role::Contributor)?;
    if flow
        .transactions
        .iter()
        .any(|transaction| transaction.is_running(now_ms))
    {
        return Err(Refusal::coded(
            "DataflowRefreshAlreadyRunning",
            "a refresh of the dataflow is running already",
        ));
    }
    let id = format!("{}@{number}$2", time::with_ticks(now_ms));
    let transaction = Transaction {
        id,
        refresh_type: "OnDemand",
        started_ms: now_ms,
        ends_ms: now_ms + TAKES_MS,
        cancelled_ms: None,
    };
    flow.transactions.insert(0, transaction);
    Ok(Answer::empty())
}

pub(super) fn transactions(call: &Call) -> Result<Answer, Refusal> {
    let mut world = call.world();
    let flow = rights::dataflow(call, &mut world, Role::Contributor)?;
    let item = |transaction: &Transaction| {
        let (status, ended_ms) = transaction.status(call.now_ms);
        object([
            ("id", transaction.id.clone().into()),
            ("refreshType", transaction.refresh_type.into()),
            ("startTime", time::with_ms(transaction.started_ms).into()),
            ("endTime", ended_ms.map(time::with_ms).into()),
            ("status", status.into()),
        ])
    };
    let items: Vec<_> = flow.transactions.iter().map(item).collect();
    Ok(odata::list(call, "transactions", items))
}

pub(super) fn cancel(call: &Call) -> Result<Answer, Refusal> {
    let mut world = call.world();
    let home = call.home_as(&mut world, Role::Contributor)?;
    let id = call.text("transaction").to_owned();
    let all = world
        .dataflows
        .iter_mut()
        .filter(|flow| flow.workspace == home)
        .flat_map(|flow| &mut flow.transactions);
    let status = match all.into_iter().find(|transaction| transaction.id == id) {
        None => {
            return Err(Refusal::Coded {
                status: StatusCode::NOT_FOUND,
                code: "DataflowTransactionNotFound",
                message: None,
            });
        }
        Some(transaction) if transaction.is_running(call.now_ms) => {
            transaction.cancelled_ms = Some(call.now_ms);
            "SuccessfullyMarked"
        }
        Some(_) => "AlreadyConcluded",
    };
    Ok(Answer::json(&json!({"transactionId": id, "status": status})))
}
