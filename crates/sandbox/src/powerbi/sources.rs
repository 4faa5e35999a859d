//! Parameters, data sources and gateways of semantic models.

use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use crate::powerbi::answer::Answer;
use crate::powerbi::call::Call;
use crate::powerbi::odata;
use crate::powerbi::odata::object;
use crate::powerbi::refusal::Refusal;
use crate::powerbi::rights;
use crate::powerbi::rights::Need;
use crate::world::World;
use crate::world::infrastructure::Gateway;
use crate::world::model::Model;
use crate::world::model::Parameter;
use crate::world::model::Source;
use crate::world::model::Storage;

/// Parameters one call may change.
const MOST_UPDATES: usize = 100;

pub(super) fn parameters(call: &Call) -> Result<Answer, Refusal> {
    let world = call.world();
    let (model, _) = rights::model(call, &world, Need::Write)?;
    refuse_without_parameters(model)?;
    let items: Vec<_> = model.parameters.iter().map(parameter_shape).collect();
    Ok(odata::list(call, "parameters", items))
}

fn refuse_without_parameters(model: &Model) -> Result<(), Refusal> {
    match model.storage {
        Storage::DirectQuery => Err(Refusal::bad(
            "parameters of a DirectQuery semantic model over SQL cannot be read or changed",
        )),
        _ => Ok(()),
    }
}

fn parameter_shape(parameter: &Parameter) -> Map<String, Value> {
    let suggested = if parameter.suggested.is_empty() {
        Value::Null
    } else {
        json!(parameter.suggested)
    };
    object([
        ("name", parameter.name.clone().into()),
        ("type", parameter.kind.into()),
        ("isRequired", parameter.required.into()),
        ("currentValue", parameter.value.clone().into()),
        ("suggestedValues", suggested),
    ])
}

pub(super) fn update_parameters(call: &Call) -> Result<Answer, Refusal> {
    let updates = call.fields()?.objects("updateDetails")?;
    if updates.is_empty() || updates.len() > MOST_UPDATES {
        return Err(Refusal::bad(format!(
            "updateDetails must hold 1 to {MOST_UPDATES} changes"
        )));
    }
    let mut world = call.world();
    let model = rights::owned(call, &mut world)?;
    refuse_without_parameters(model)?;
    // All or nothing: the changes are made on a copy.
    let mut changed = model.parameters.clone();
    for update in updates {
        let name = update.text("name")?;
        let value = update.find_text("newValue")?.unwrap_or_default();
        let parameter = changed.iter_mut().find(|parameter| parameter.name == name);
        let parameter =
            parameter.ok_or_else(|| Refusal::bad(format!("the semantic model has no parameter {name:?}")))?;
        let fits = match parameter.kind {
            "Number" => value.parse::<f64>().is_ok(),
            "Logical" => ["true", "false"].iter().any(|word| word.eq_ignore_ascii_case(value)),
            _ => !parameter.required || !value.is_empty(),
        };
        if !fits {
            return Err(Refusal::bad(format!(
                "{value:?} is not a value for the {} parameter {name}",
                parameter.kind
            )));
        }
        value.clone_into(&mut parameter.value);
    }
    model.parameters = changed;
    Ok(Answer::empty())
}

pub(super) fn datasources(call: &Call) -> Result<Answer, Refusal> {
    let world = call.world();
    let (model, _) = rights::model(call, &world, Need::Write)?;
    let items = model.sources.iter().map(source_shape);
    Ok(odata::list(call, "datasources", items))
}

/// One data source of a model as the API shows it.
pub(super) fn source_shape(source: &Source) -> Map<String, Value> {
    object([
        ("datasourceType", source.kind.into()),
        ("connectionDetails", source.details.clone()),
        ("datasourceId", source.id.to_string().into()),
        ("gatewayId", source.gateway.to_string().into()),
    ])
}

/// Repoints sources: each change names the connection it replaces.
pub(super) fn update_datasources(call: &Call) -> Result<Answer, Refusal> {
    let updates = call.fields()?.objects("updateDetails")?;
    if updates.is_empty() {
        return Err(Refusal::bad("updateDetails must hold at least one change"));
    }
    let mut world = call.world();
    let model = rights::owned(call, &mut world)?;
    let mut changed = model.sources.clone();
    for update in updates {
        let selector = update
            .find_object("datasourceSelector")?
            .ok_or_else(|| Refusal::bad("datasourceSelector is required"))?;
        let old = selector.find("connectionDetails").cloned().unwrap_or_default();
        let new = update
            .find_object("connectionDetails")?
            .ok_or_else(|| Refusal::bad("connectionDetails is required"))?;
        let source = changed.iter_mut().find(|source| source.details == old);
        source
            .ok_or_else(|| Refusal::bad("no data source of the semantic model has that connection"))?
            .details = Value::Object(new.into_map());
    }
    model.sources = changed;
    Ok(Answer::empty())
}

pub(super) fn discover_gateways(call: &Call) -> Result<Answer, Refusal> {
    let world = call.world();
    let (model, _) = rights::model(call, &world, Need::Write)?;
    let fits = |gateway: &&Gateway| {
        let has_all = model
            .sources
            .iter()
            .all(|source| gateway.sources.iter().any(|known| known.details == source.details));
        gateway.tid == call.who.tid && !model.sources.is_empty() && has_all
    };
    let items: Vec<_> = world.gateways.iter().filter(fits).map(gateway_shape).collect();
    Ok(odata::list(call, "gateways", items))
}

/// One gateway as the API shows it.
pub(super) fn gateway_shape(gateway: &Gateway) -> Map<String, Value> {
    object([
        ("id", gateway.id.to_string().into()),
        ("name", gateway.name.clone().into()),
        ("type", "Resource".into()),
        (
            "publicKey",
            json!({"exponent": "AQAB", "modulus": "o6j2oLh7jP2qdpCAbk8wEWmJ1Q=="}),
        ),
    ])
}

pub(super) fn bind_to_gateway(call: &Call) -> Result<Answer, Refusal> {
    let fields = call.fields()?;
    let wanted = fields.text("gatewayObjectId")?.to_owned();
    let sources = fields.find_texts("datasourceObjectIds")?.unwrap_or_default();
    let mut world = call.world();
    let gateway = online_gateway(call, &world, &wanted)?;
    let known = |id: &String| {
        gateway
            .sources
            .iter()
            .any(|source| source.id.to_string().eq_ignore_ascii_case(id))
    };
    if let Some(unknown) = sources.iter().find(|id| !known(id)) {
        return Err(Refusal::bad(format!("the gateway has no data source {unknown}")));
    }
    let model = rights::model_mut(call, &mut world, Need::Write)?;
    for source in &mut model.sources {
        source.gateway = gateway.id;
        let twin = gateway.sources.iter().find(|known| known.details == source.details);
        source.id = twin.map_or(source.id, |twin| twin.id);
    }
    Ok(Answer::empty())
}

/// The gateway of that id in the caller's directory, if it can be reached.
pub(super) fn online_gateway(call: &Call, world: &World, id: &str) -> Result<Gateway, Refusal> {
    let mut own = world.gateways.iter().filter(|gateway| gateway.tid == call.who.tid);
    let gateway = own.find(|gateway| gateway.id.to_string().eq_ignore_ascii_case(id));
    let gateway = gateway.ok_or(Refusal::Coded {
        status: http::StatusCode::NOT_FOUND,
        code: "DMTS_GatewayNotFoundError",
        message: None,
    })?;
    if !gateway.online {
        return Err(Refusal::code("DM_GWPipeline_Client_GatewayUnreachable"));
    }
    Ok(gateway.clone())
}
