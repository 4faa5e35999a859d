//! Making semantic models over the API: push models, streaming ones, and live connections to Analysis Services.

use std::sync::Arc;

use http::StatusCode;
use serde_json::json;
use uuid::Uuid;

use crate::powerbi::answer::Answer;
use crate::powerbi::call::Call;
use crate::powerbi::connections;
use crate::powerbi::fields::Fields;
use crate::powerbi::import_items::blank_model;
use crate::powerbi::imports;
use crate::powerbi::odata;
use crate::powerbi::odata::object;
use crate::powerbi::profiles;
use crate::powerbi::refresh::word;
use crate::powerbi::refusal::Refusal;
use crate::powerbi::sources;
use crate::world::World;
use crate::world::access::Role;
use crate::world::ids::Kind;
use crate::world::model::Kept;
use crate::world::model::Model;
use crate::world::model::Source;
use crate::world::model::Storage;
use crate::world::push;
use crate::world::push::Arrivals;
use crate::world::push::PushColumn;
use crate::world::push::PushTable;

const MODES: [&str; 5] = ["Push", "Streaming", "PushStreaming", "AsAzure", "AsOnPrem"];
const RETENTION: [&str; 2] = ["None", "basicFIFO"];
/// From 2027-11-01 on the service makes no new models that take rows.
const CLOSED_FROM_MS: i64 = 1_825_027_200_000;

/// What the new model is made of.
struct Content {
    storage: Storage,
    data: Arc<crate::data::Model>,
    sources: Vec<Source>,
}

pub(super) fn create(call: &Call) -> Result<Answer, Refusal> {
    let fields = call.fields()?;
    let name = fields.text("name")?.to_owned();
    let mode = word(
        "defaultMode",
        &MODES,
        fields.find_text("defaultMode")?.unwrap_or("Push"),
    )?;
    let retention = call.query("defaultRetentionPolicy").unwrap_or("None");
    let retention = word("defaultRetentionPolicy", &RETENTION, retention)?;
    let mut world = call.world();
    profiles::refuse(call, &world)?;
    let content = match mode {
        "AsAzure" | "AsOnPrem" => live(call, &mut world, &fields, &name, mode)?,
        _ => {
            refuse_if_closed(call, &world, mode)?;
            taking_rows(&fields, &name, mode, retention)?
        }
    };
    let home = call.home_as(&mut world, Role::Contributor)?;
    let model = Model {
        id: world.fresh.id(Kind::Model),
        storage: content.storage,
        data: content.data,
        sources: content.sources,
        ..blank_model(call, home, &name)
    };
    let item = object([
        ("id", model.id.to_string().into()),
        ("name", name.into()),
        ("defaultRetentionPolicy", retention.into()),
        ("upstreamDatasets", json!([])),
        ("users", json!([])),
    ]);
    world.models.push(model);
    Ok(odata::entity(call, "datasets", item).status(StatusCode::CREATED))
}

/// The service makes such models up to a day; some tenants report that streaming ones are refused already.
fn refuse_if_closed(call: &Call, world: &World, mode: &str) -> Result<(), Refusal> {
    if call.now_ms >= CLOSED_FROM_MS {
        return Err(Refusal::coded(
            "FeatureDeprecatedError",
            "push and streaming semantic models can no longer be made",
        ));
    }
    if mode != "Push" && !world.settings.streaming_models {
        return Err(Refusal::coded(
            "FeatureDeprecatedError",
            "streaming semantic models can no longer be made",
        ));
    }
    Ok(())
}

/// A model with a table for pushed rows, or with many where none of them streams.
fn taking_rows(fields: &Fields, name: &str, mode: &str, retention: &str) -> Result<Content, Refusal> {
    let streams = mode != "Push";
    let declared = fields.objects("tables")?;
    if streams {
        declared.iter().try_for_each(refuse_properties)?;
    }
    let tables = declared.iter().map(table).collect::<Result<Vec<_>, Refusal>>()?;
    let most = if streams { 1 } else { push::TABLES };
    if tables.is_empty() || tables.len() > most {
        return Err(Refusal::bad(format!(
            "tables must hold 1 to {most} tables in the mode {mode}"
        )));
    }
    let kept = match (mode, retention) {
        ("Streaming", _) => Kept::Nothing,
        (_, "basicFIFO") => Kept::Newest,
        _ => Kept::All,
    };
    let data = match kept {
        Kept::Nothing => imports::no_rows(name),
        Kept::All | Kept::Newest => push::data_of(name, &tables),
    };
    Ok(Content {
        storage: Storage::Push {
            kept,
            tables,
            arrivals: Arrivals::default(),
        },
        data,
        sources: Vec::new(),
    })
}

/// Columns that stream have a name and a type, and nothing else.
fn refuse_properties(table: &Fields) -> Result<(), Refusal> {
    let is_known = |name: &str| {
        ["name", "dataType"]
            .iter()
            .any(|known| known.eq_ignore_ascii_case(name))
    };
    let columns = table.objects("columns")?;
    let unknown = columns.iter().flat_map(Fields::names).find(|name| !is_known(name));
    match unknown {
        Some(unknown) => Err(Refusal::bad(format!(
            "a column of a streaming semantic model has a name and a dataType alone, not {unknown:?}"
        ))),
        None => Ok(()),
    }
}

/// A table as declared in a request.
pub(super) fn table(fields: &Fields) -> Result<PushTable, Refusal> {
    let name = fields.text("name")?.to_owned();
    let column = |column: &Fields| {
        let kind = column.text("dataType")?;
        let kind =
            push::column_kind(kind).ok_or_else(|| Refusal::bad(format!("{kind:?} is not a data type of a column")))?;
        Ok(PushColumn {
            name: column.text("name")?.to_owned(),
            kind,
        })
    };
    let columns = fields
        .objects("columns")?
        .iter()
        .map(column)
        .collect::<Result<Vec<_>, Refusal>>()?;
    if columns.is_empty() || columns.len() > push::TABLES {
        return Err(Refusal::bad(format!(
            "table {name:?} must have 1 to {} columns",
            push::TABLES
        )));
    }
    Ok(PushTable {
        name,
        columns,
        rows: Vec::new(),
    })
}

/// A model whose tables and rows stay in Analysis Services.
fn live(call: &Call, world: &mut World, fields: &Fields, name: &str, mode: &str) -> Result<Content, Refusal> {
    if !fields.list("tables")?.is_empty() {
        return Err(Refusal::bad(format!(
            "a semantic model of the mode {mode} has its tables in Analysis Services; tables must be empty"
        )));
    }
    let declared = fields.objects("datasources")?;
    let [declared] = declared.as_slice() else {
        return Err(Refusal::bad(format!(
            "a semantic model of the mode {mode} needs exactly one of datasources"
        )));
    };
    Ok(Content {
        storage: Storage::Live,
        data: imports::no_rows(name),
        sources: vec![live_source(call, world, declared, mode == "AsAzure")?],
    })
}

/// The server and the database that are asked live, and the gateway on the way to them.
fn live_source(call: &Call, world: &mut World, declared: &Fields, in_azure: bool) -> Result<Source, Refusal> {
    const KIND: &str = "AnalysisServices";
    word(
        "datasourceType",
        &[KIND],
        declared.find_text("datasourceType")?.unwrap_or(KIND),
    )?;
    let details = match declared.find_object("connectionDetails")? {
        Some(details) => json!({"server": details.text("server")?, "database": details.text("database")?}),
        None => connections::details_of(declared.text("connectionString")?)?,
    };
    let is_azure = details["server"]
        .as_str()
        .is_some_and(|server| server.to_ascii_lowercase().starts_with("asazure://"));
    if is_azure != in_azure {
        return Err(Refusal::bad(
            "the server must begin with asazure:// in the mode AsAzure, and in no other",
        ));
    }
    let gateway = match declared.find_text("gatewayId")?.filter(|id| !id.is_empty()) {
        Some(id) => sources::online_gateway(call, world, id)?.id,
        None => Uuid::nil(),
    };
    Ok(Source {
        id: world.fresh.id(Kind::Datasource),
        gateway,
        kind: KIND,
        details,
        on_premises: !in_azure,
    })
}
