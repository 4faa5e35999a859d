//! Older and rarer ways to look at connections and to change them: bound gateway sources, connection strings, and
//! gateways of paginated reports.

use serde_json::Map;
use serde_json::Value;
use serde_json::json;
use uuid::Uuid;

use crate::powerbi::answer::Answer;
use crate::powerbi::call::Call;
use crate::powerbi::odata;
use crate::powerbi::odata::object;
use crate::powerbi::refusal::Refusal;
use crate::powerbi::reports::id_field;
use crate::powerbi::rights;
use crate::powerbi::rights::Need;
use crate::powerbi::sources;
use crate::world::World;
use crate::world::model::Source;
use crate::world::model::Storage;
use crate::world::report::ReportKind;

/// The sources of a model that go through a gateway, as that gateway knows them.
pub(super) fn bound_datasources(call: &Call) -> Result<Answer, Refusal> {
    let world = call.world();
    let (model, _) = rights::model(call, &world, Need::Write)?;
    let items: Vec<_> = model
        .sources
        .iter()
        .filter_map(|source| bound(&world, source))
        .collect();
    Ok(odata::list(call, "gatewayDatasources", items))
}

fn bound(world: &World, source: &Source) -> Option<Map<String, Value>> {
    let gateway = world.gateways.iter().find(|gateway| gateway.id == source.gateway)?;
    let known = gateway.sources.iter().find(|known| known.id == source.id);
    Some(object([
        ("id", source.id.to_string().into()),
        ("gatewayId", gateway.id.to_string().into()),
        ("datasourceName", known.map(|known| known.name.clone()).into()),
        ("datasourceType", source.kind.into()),
        // A text here, as everywhere on gateways; an object on data sources of models.
        ("connectionDetails", source.details.to_string().into()),
        (
            "credentialType",
            known.map(|known| known.credential_type.clone()).into(),
        ),
    ]))
}

/// Points every source of a `DirectQuery` model at one server and database.
pub(super) fn set_all(call: &Call) -> Result<Answer, Refusal> {
    let fields = call.fields()?;
    let details = details_of(fields.text("connectionString")?)?;
    let mut world = call.world();
    let model = rights::owned(call, &mut world)?;
    let is_sql = model.sources.iter().all(|source| source.kind == "Sql");
    if !matches!(model.storage, Storage::DirectQuery) || !is_sql {
        return Err(Refusal::bad(
            "only the connections of a DirectQuery semantic model over SQL can be set this way",
        ));
    }
    for source in &mut model.sources {
        source.details = details.clone();
    }
    Ok(Answer::empty())
}

/// Server and database out of a connection string.
pub(super) fn details_of(text: &str) -> Result<Value, Refusal> {
    let value = |names: &[&str]| {
        text.split(';').find_map(|pair| {
            let (name, value) = pair.split_once('=')?;
            let is_named = names.iter().any(|known| name.trim().eq_ignore_ascii_case(known));
            Some(value.trim()).filter(|value| is_named && !value.is_empty())
        })
    };
    let server = value(&["data source", "server", "address"]);
    let database = value(&["initial catalog", "database"]);
    match (server, database) {
        (Some(server), Some(database)) => Ok(json!({"server": server, "database": database})),
        _ => Err(Refusal::bad(
            "connectionString must name a data source and an initial catalog",
        )),
    }
}

/// Binds the data source of a paginated report to one that a gateway knows.
pub(super) fn bind_report(call: &Call) -> Result<Answer, Refusal> {
    let fields = call.fields()?;
    let bindings = fields.objects("bindDetails")?;
    let mut world = call.world();
    let gateway = sources::online_gateway(call, &world, fields.text("gatewayObjectId")?)?;
    let mut wanted: Option<Uuid> = None;
    for binding in &bindings {
        if binding.text("dataSourceName")? != "DataSource1" {
            return Err(Refusal::bad("the report has one data source, named DataSource1"));
        }
        let id = id_field(binding, "dataSourceObjectId")?
            .ok_or_else(|| Refusal::bad("dataSourceObjectId is required for each binding"))?;
        if !gateway.sources.iter().any(|source| source.id == id) {
            return Err(Refusal::bad(format!("the gateway has no data source {id}")));
        }
        wanted = Some(id);
    }
    let wanted = wanted.ok_or_else(|| Refusal::bad("bindDetails must hold at least one binding"))?;
    let ReportKind::Paginated { source, .. } = &mut rights::report_mut(call, &mut world, Need::Write)?.kind else {
        return Err(Refusal::bad("only a paginated report has data sources of its own"));
    };
    (source.gateway, source.id) = (gateway.id, wanted);
    Ok(Answer::empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_string_names_server_and_database() {
        let details = details_of("Data Source=a.test; initial catalog = Shop ;encrypt=True").unwrap();
        assert_eq!(details, json!({"server": "a.test", "database": "Shop"}));
        assert!(details_of("data source=a.test").is_err());
        assert!(details_of("initial catalog=;data source=a").is_err());
    }
}
