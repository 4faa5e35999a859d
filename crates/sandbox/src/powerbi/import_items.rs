//! What an uploaded file will become: a model and a report, a paginated report, or a dataflow.

use bytes::Bytes;
use http::StatusCode;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;
use uuid::Uuid;

use crate::powerbi::call::Call;
use crate::powerbi::imports;
use crate::powerbi::imports::Conflict;
use crate::powerbi::imports::FileKind;
use crate::powerbi::package;
use crate::powerbi::refusal::Refusal;
use crate::powerbi::rights;
use crate::spool::Spool;
use crate::world::World;
use crate::world::content::Dataflow;
use crate::world::content::DataflowSource;
use crate::world::content::Pending;
use crate::world::ids::Kind;
use crate::world::ids::seeded;
use crate::world::model::DirectQuerySchedule;
use crate::world::model::Model;
use crate::world::model::RefreshBehaviour;
use crate::world::model::ScaleOut;
use crate::world::model::Schedule;
use crate::world::model::Storage;
use crate::world::report::ExportBehaviour;
use crate::world::report::RdlSource;
use crate::world::report::Report;
use crate::world::report::ReportKind;

/// How long a refresh of an imported model takes.
const REFRESH_MS: i64 = 4_000;
/// The largest rdl file.
const RDL_BYTES: u64 = 20 * 1024 * 1024;
/// The largest definition of a dataflow.
const DATAFLOW_BYTES: u64 = 20 * 1024 * 1024;
/// Of a larger pbix, only what the sandbox understands of it stays, and its size.
const KEPT_BYTES: u64 = 8 * 1024 * 1024;

/// Reads a file into the items it will make; `None` if it cannot be read and the import is going to fail.
pub(super) fn read(
    call: &Call,
    world: &mut World,
    home: Uuid,
    name: &str,
    kind: FileKind,
    conflict: Conflict,
    file: &Spool,
) -> Result<Option<Pending>, Refusal> {
    match kind {
        FileKind::Pbix | FileKind::Xlsx => pbix(call, world, home, name, kind, conflict, file),
        FileKind::Rdl => rdl(call, world, home, name, conflict, file),
        FileKind::ModelJson => dataflow(call, world, home, conflict, file),
    }
}

fn pbix(
    call: &Call,
    world: &mut World,
    home: Uuid,
    name: &str,
    kind: FileKind,
    conflict: Conflict,
    file: &Spool,
) -> Result<Option<Pending>, Refusal> {
    let replaced = replaced_model(world, home, name, conflict)?;
    let Some(package) = package::read_pbix(file) else {
        return Ok(None);
    };
    let kept = (file.bytes() <= KEPT_BYTES)
        .then(|| contents(file, KEPT_BYTES))
        .transpose()?;
    let twin = replaced.and_then(|id| world.report_of(id, name));
    let source = package
        .model
        .and_then(|id| world.model(id))
        .filter(|model| world.model_rights(&call.who, model).explore);
    let data = source.map_or_else(|| imports::no_rows(name), |model| model.data.clone());
    let model = Model {
        id: replaced.unwrap_or_else(|| world.fresh.id(Kind::Model)),
        data,
        ..blank_model(call, home, name)
    };
    let model = in_place_of(world, replaced, model);
    let model = Model {
        has_roles: !model.data.roles.is_empty(),
        ..model
    };
    let report = (kind == FileKind::Pbix).then(|| Report {
        id: twin.unwrap_or_else(|| world.fresh.id(Kind::Report)),
        model: Some(model.id),
        padding_bytes: if kept.is_some() { 0 } else { file.bytes() },
        file: kept,
        ..blank_report(call, home, name, package::interactive(package.pages))
    });
    Ok(Some(Pending {
        model: Some(Box::new(model)),
        report: report.map(Box::new),
        ..Pending::default()
    }))
}

/// The model of that name whose place a new one takes.
pub(super) fn replaced_model(
    world: &World,
    home: Uuid,
    name: &str,
    conflict: Conflict,
) -> Result<Option<Uuid>, Refusal> {
    let models: Vec<Uuid> = world
        .models
        .iter()
        .filter(|model| model.workspace == home && model.name == name)
        .map(|model| model.id)
        .collect();
    replaced(conflict, &models)
}

/// A new model in the place of another: what people set up around that one stays when its content is replaced.
pub(super) fn in_place_of(world: &World, replaced: Option<Uuid>, model: Model) -> Model {
    match replaced.and_then(|id| world.model(id)) {
        Some(old) => Model {
            grants: old.grants.clone(),
            schedule: old.schedule.clone(),
            refreshes: old.refreshes.clone(),
            created_ms: old.created_ms,
            ..model
        },
        None => model,
    }
}

fn rdl(
    call: &Call,
    world: &mut World,
    home: Uuid,
    name: &str,
    conflict: Conflict,
    file: &Spool,
) -> Result<Option<Pending>, Refusal> {
    if file.bytes() > RDL_BYTES {
        return Err(Refusal::bad("an rdl file may have at most 20 MB"));
    }
    let file = contents(file, RDL_BYTES)?;
    let same = |report: &&Report| {
        report.workspace == home && report.name == name && matches!(report.kind, ReportKind::Paginated { .. })
    };
    let known: Vec<Uuid> = world.reports.iter().filter(same).map(|report| report.id).collect();
    let replaced = replaced(conflict, &known)?;
    let Some((table, parameters, model)) = package::read_rdl(&file) else {
        return Ok(None);
    };
    let model = model.filter(|id| {
        world
            .model(*id)
            .is_some_and(|model| world.model_rights(&call.who, model).read)
    });
    let source = RdlSource {
        id: world.fresh.id(Kind::Datasource),
        gateway: Uuid::nil(),
        server: "powerbi://api.powerbi.test/v1.0/myorg".to_owned(),
        database: model
            .and_then(|id| world.model(id))
            .map(|model| model.name.clone())
            .unwrap_or_default(),
    };
    let kind = ReportKind::Paginated {
        table,
        parameters,
        source,
    };
    let id = replaced.unwrap_or_else(|| world.fresh.id(Kind::Report));
    let report = Report {
        id,
        model,
        file: Some(file),
        ..blank_report(call, home, name, kind)
    };
    Ok(Some(Pending {
        report: Some(Box::new(report)),
        ..Pending::default()
    }))
}

fn dataflow(
    call: &Call,
    world: &mut World,
    home: Uuid,
    conflict: Conflict,
    file: &Spool,
) -> Result<Option<Pending>, Refusal> {
    let Ok(definition @ Value::Object(_)) = serde_json::from_slice::<Value>(&contents(file, DATAFLOW_BYTES)?) else {
        return Ok(None);
    };
    let Some(wanted) = definition["name"].as_str().filter(|name| !name.is_empty()) else {
        return Ok(None);
    };
    let is_taken = |name: &str| {
        world
            .dataflows
            .iter()
            .any(|flow| flow.workspace == home && flow.name == name)
    };
    let name = match conflict {
        Conflict::Abort if is_taken(wanted) => return Err(duplicate("DuplicatePackageFoundError")),
        _ if is_taken(wanted) => (2..)
            .map(|number| format!("{wanted} ({number})"))
            .find(|name| !is_taken(name))
            .unwrap_or_default(),
        _ => wanted.to_owned(),
    };
    let flow = Dataflow {
        id: world.fresh.id(Kind::Dataflow),
        workspace: home,
        name,
        description: definition["description"].as_str().unwrap_or_default().to_owned(),
        configured_by: rights::owner_name(call),
        source: DataflowSource {
            id: world.fresh.id(Kind::Datasource),
            gateway: seeded(Kind::Gateway, 0),
            url: String::new(),
        },
        definition,
        schedule: json!({"days": [], "times": [], "enabled": false, "localTimeZoneId": "UTC", "notifyOption": "NoNotification"}),
        transactions: Vec::new(),
        upstream: Vec::new(),
        settings: Map::new(),
    };
    Ok(Some(Pending {
        dataflow: Some(Box::new(flow)),
        ..Pending::default()
    }))
}

/// The bytes of a file, in memory.
fn contents(file: &Spool, most: u64) -> Result<Bytes, Refusal> {
    file.read(most)
        .map_err(|error| Refusal::bad(format!("the file could not be read: {error}")))
}

/// Which of the items of the same name is replaced, by what the request says of conflicts.
pub(super) fn replaced(conflict: Conflict, known: &[Uuid]) -> Result<Option<Uuid>, Refusal> {
    match (conflict, known) {
        (Conflict::Abort, [_, ..]) => Err(duplicate("DuplicatePackageFoundError")),
        (Conflict::Overwrite, []) => Err(Refusal::Coded {
            status: StatusCode::NOT_FOUND,
            code: "DuplicatePackageNotFoundError",
            message: None,
        }),
        (Conflict::Overwrite | Conflict::CreateOrOverwrite, [_, _, ..]) => {
            Err(duplicate("MoreThanOneDuplicatePackageFoundError"))
        }
        (Conflict::Overwrite | Conflict::CreateOrOverwrite, [one]) => Ok(Some(*one)),
        _ => Ok(None),
    }
}

fn duplicate(code: &'static str) -> Refusal {
    Refusal::Coded {
        status: StatusCode::CONFLICT,
        code,
        message: None,
    }
}

/// An empty import model of the caller.
pub(super) fn blank_model(call: &Call, home: Uuid, name: &str) -> Model {
    Model {
        id: Uuid::nil(),
        workspace: home,
        name: name.to_owned(),
        description: None,
        storage: Storage::Import,
        data: imports::no_rows(name),
        configured_by: rights::owner_name(call),
        created_ms: call.now_ms,
        has_roles: false,
        parameters: Vec::new(),
        sources: Vec::new(),
        schedule: Schedule::default(),
        direct_query_schedule: DirectQuerySchedule::default(),
        refreshes: Vec::new(),
        refresh_behaviour: RefreshBehaviour::Completes { takes_ms: REFRESH_MS },
        grants: Vec::new(),
        target_storage_mode: "Abf".to_owned(),
        scale_out: ScaleOut {
            auto_sync: true,
            max_replicas: 0,
            synced_ms: None,
        },
        upstream_dataflows: Vec::new(),
    }
}

fn blank_report(call: &Call, home: Uuid, name: &str, kind: ReportKind) -> Report {
    Report {
        id: Uuid::nil(),
        workspace: home,
        name: name.to_owned(),
        description: None,
        kind,
        model: None,
        owner: call.who.oid.clone(),
        grants: Vec::new(),
        exports: ExportBehaviour::Works,
        file: None,
        padding_bytes: 0,
        rebound: false,
    }
}
