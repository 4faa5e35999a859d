//! Uploads: what comes in as a file becomes items a moment later.

use std::sync::Arc;

use http::StatusCode;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;
use uuid::Uuid;

use crate::powerbi::answer::Answer;
use crate::powerbi::call::Call;
use crate::powerbi::import_items;
use crate::powerbi::odata;
use crate::powerbi::odata::object;
use crate::powerbi::onedrive_imports;
use crate::powerbi::refusal::Refusal;
use crate::powerbi::upload_places;
use crate::spool::Spool;
use crate::world::World;
use crate::world::access::Role;
use crate::world::content::Import;
use crate::world::content::ImportOrigin;
use crate::world::content::Pending;
use crate::world::ids::Kind;
use crate::world::time;

/// The largest file for workspaces that are not on a capacity.
const SHARED_BYTES: u64 = 1024 * 1024 * 1024;
/// How long publishing takes.
const TAKES_MS: i64 = 3_000;
const CONFLICT_MODES: [&str; 5] = [
    "Ignore",
    "Abort",
    "Overwrite",
    "CreateOrOverwrite",
    "GenerateUniqueName",
];

/// What sort of file was sent, by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FileKind {
    /// A report with its model.
    Pbix,
    /// A workbook that becomes a model.
    Xlsx,
    /// A paginated report.
    Rdl,
    /// A dataflow.
    ModelJson,
}

/// What to do when the name is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Conflict {
    /// Make a second item of the same name.
    Ignore,
    /// Refuse.
    Abort,
    /// Replace what must be there.
    Overwrite,
    /// Replace or make.
    CreateOrOverwrite,
    /// Make under another name.
    GenerateUniqueName,
}

pub(super) fn start(call: &Call) -> Result<Answer, Refusal> {
    if call.file.is_none() {
        let fields = call.fields()?;
        if fields.find("filePath").is_some() {
            return onedrive_imports::start(call, &fields);
        }
    }
    let display_name = call.query("datasetDisplayName").filter(|name| !name.is_empty());
    let display_name =
        display_name.ok_or_else(|| Refusal::bad("datasetDisplayName is required, with the file's extension"))?;
    let (name, kind) = kind_of(display_name)?;
    let conflict = conflict_of(call, kind)?;
    let skip_report = switch(call, "skipReport")?;
    // There are no labels to override and no folders to choose; what is said of them must still make sense.
    switch(call, "overrideReportLabel")?;
    switch(call, "overrideModelLabel")?;
    if let Some(folder) = call.query("subfolderObjectId") {
        Uuid::try_parse(folder).map_err(|_| Refusal::bad("subfolderObjectId must be a GUID"))?;
    }
    let mut world = call.world();
    let home = call.home_as(&mut world, Role::Contributor)?;
    if call.who.app_only && kind == FileKind::ModelJson {
        return Err(Refusal::no_application());
    }
    let file = file(call, &world, home)?;
    let (pending, failure) = match import_items::read(call, &mut world, home, &name, kind, conflict, &file)? {
        Some(mut pending) => {
            pending.report = pending.report.filter(|_| !skip_report);
            (Some(pending), None)
        }
        None => (None, Some("ImportFileNotReadable")),
    };
    let origin = ImportOrigin::Upload;
    Ok(begin(call, &mut world, home, name, origin, pending, failure))
}

/// Takes an import down as begun.
pub(super) fn begin(
    call: &Call,
    world: &mut World,
    home: Uuid,
    name: String,
    origin: ImportOrigin,
    pending: Option<Pending>,
    failure: Option<&'static str>,
) -> Answer {
    let import = Import {
        id: world.fresh.id(Kind::Import),
        workspace: home,
        name,
        origin,
        started_ms: call.now_ms,
        ends_ms: call.now_ms + TAKES_MS,
        failure,
        pending,
        models: Vec::new(),
        reports: Vec::new(),
        dataflows: Vec::new(),
    };
    let id = import.id;
    world.imports.insert(0, import);
    odata::entity(call, "imports", object([("id", id.to_string().into())])).status(StatusCode::ACCEPTED)
}

/// A parameter that is true, false or left out, which counts as false.
fn switch(call: &Call, name: &str) -> Result<bool, Refusal> {
    match call.query(name) {
        Some(text) if text.eq_ignore_ascii_case("true") => Ok(true),
        Some(text) if text.eq_ignore_ascii_case("false") => Ok(false),
        None => Ok(false),
        Some(_) => Err(Refusal::bad(format!("{name} must be true or false"))),
    }
}

fn kind_of(display_name: &str) -> Result<(String, FileKind), Refusal> {
    if display_name.eq_ignore_ascii_case("model.json") {
        return Ok(("model".to_owned(), FileKind::ModelJson));
    }
    let known = [
        (".pbix", FileKind::Pbix),
        (".xlsx", FileKind::Xlsx),
        (".rdl", FileKind::Rdl),
    ];
    for (extension, kind) in known {
        let cut = display_name
            .len()
            .checked_sub(extension.len())
            .filter(|cut| *cut > 0 && display_name.is_char_boundary(*cut));
        if let Some(cut) = cut.filter(|cut| display_name[*cut..].eq_ignore_ascii_case(extension)) {
            return Ok((display_name[..cut].to_owned(), kind));
        }
    }
    Err(Refusal::coded(
        "RequestedFileIsEncryptedOrCorrupted",
        "datasetDisplayName must end in .pbix, .xlsx or .rdl, or be model.json",
    ))
}

pub(super) fn conflict_of(call: &Call, kind: FileKind) -> Result<Conflict, Refusal> {
    let word = call
        .query("nameConflict")
        .unwrap_or(if kind == FileKind::Rdl { "Abort" } else { "Ignore" });
    let word = CONFLICT_MODES
        .iter()
        .find(|mode| mode.eq_ignore_ascii_case(word))
        .copied();
    let conflict =
        match word.ok_or_else(|| Refusal::bad(format!("nameConflict must be one of {}", CONFLICT_MODES.join(", "))))? {
            "Abort" => Conflict::Abort,
            "Overwrite" => Conflict::Overwrite,
            "CreateOrOverwrite" => Conflict::CreateOrOverwrite,
            "GenerateUniqueName" => Conflict::GenerateUniqueName,
            _ => Conflict::Ignore,
        };
    match (kind, conflict) {
        (FileKind::Rdl, Conflict::Abort | Conflict::Overwrite) => Ok(conflict),
        (FileKind::Rdl, _) => Err(Refusal::bad("an rdl file takes only nameConflict Abort or Overwrite")),
        // Left out, a dataflow is imported under a name of its own.
        (FileKind::ModelJson, Conflict::Ignore) if call.query("nameConflict").is_none() => {
            Ok(Conflict::GenerateUniqueName)
        }
        (FileKind::ModelJson, Conflict::Abort | Conflict::GenerateUniqueName) => Ok(conflict),
        (FileKind::ModelJson, _) => Err(Refusal::bad(
            "model.json takes only nameConflict Abort or GenerateUniqueName",
        )),
        (FileKind::Pbix | FileKind::Xlsx, Conflict::GenerateUniqueName) => {
            Err(Refusal::bad("nameConflict GenerateUniqueName is for model.json alone"))
        }
        _ => Ok(conflict),
    }
}

/// The file to import: it came along, or was uploaded before to a place whose address came along.
fn file(call: &Call, world: &World, home: Uuid) -> Result<Spool, Refusal> {
    if let Some(file) = &call.file {
        return Ok(file.clone());
    }
    let fields = call.fields()?;
    let url = fields
        .find_text("fileUrl")?
        .ok_or_else(|| Refusal::bad("expected a file, fileUrl or filePath"))?;
    let file = upload_places::file_at(call, world, url)?;
    if file.bytes() > SHARED_BYTES && world.capacity_of(home, call.now_ms).is_none() {
        return Err(Refusal::bad(
            "a file of more than 1 GB can only go to a workspace on a capacity",
        ));
    }
    Ok(file)
}

/// Puts the items of finished imports into the world; every call looks at a settled world.
pub(super) fn settle(world: &mut World, now_ms: i64) {
    for place in 0..world.imports.len() {
        if world.imports[place].ends_ms > now_ms {
            continue;
        }
        let Some(pending) = world.imports[place].pending.take() else {
            continue;
        };
        let Pending {
            model,
            report,
            dataflow,
            workbook,
        } = pending;
        let import = &mut world.imports[place];
        import.models.extend(model.as_ref().map(|model| model.id));
        import.reports.extend(report.as_ref().map(|report| report.id));
        import.dataflows.extend(dataflow.as_ref().map(|dataflow| dataflow.id));
        if let Some(model) = model {
            put(&mut world.models, *model, |model| model.id);
        }
        if let Some(report) = report {
            put(&mut world.reports, *report, |report| report.id);
        }
        if let Some(dataflow) = dataflow {
            put(&mut world.dataflows, *dataflow, |dataflow| dataflow.id);
        }
        if let Some(workbook) = workbook {
            put(&mut world.workbooks, workbook, |workbook| workbook.id);
        }
    }
}

fn put<T>(items: &mut Vec<T>, item: T, id: impl Fn(&T) -> Uuid) {
    match items.iter_mut().find(|known| id(known) == id(&item)) {
        Some(known) => *known = item,
        None => items.push(item),
    }
}

pub(super) fn list(call: &Call) -> Result<Answer, Refusal> {
    let mut world = call.world();
    let (home, _) = call.home(&mut world)?;
    let items: Vec<_> = world
        .imports
        .iter()
        .filter(|import| import.workspace == home)
        .map(|import| shape(call, &world, import))
        .collect();
    Ok(odata::list(call, "imports", items))
}

pub(super) fn get(call: &Call) -> Result<Answer, Refusal> {
    let id = call.id("import")?;
    let mut world = call.world();
    let (home, _) = call.home(&mut world)?;
    let import = world
        .imports
        .iter()
        .find(|import| import.id == id && import.workspace == home)
        .ok_or_else(Refusal::not_found)?;
    Ok(odata::entity(call, "imports", shape(call, &world, import)))
}

/// One import as the API shows it.
pub(super) fn shape(call: &Call, world: &World, import: &Import) -> Map<String, Value> {
    let has_ended = import.ends_ms <= call.now_ms;
    let state = match import.failure {
        _ if !has_ended => "Publishing",
        Some(_) => "Failed",
        None => "Succeeded",
    };
    let home = import.workspace;
    let model = |id: &Uuid| {
        let model = world.model(*id)?;
        Some(json!({"id": id, "name": model.name, "webUrl": call.portal_url(&format!("/groups/{home}/datasets/{id}"))}))
    };
    let report = |id: &Uuid| {
        let report = world.report(*id)?;
        let web = call.portal_url(&format!("/groups/{home}/reports/{id}"));
        let embed = call.portal_url(&format!("/reportEmbed?reportId={id}&groupId={home}"));
        Some(json!({"id": id, "name": report.name, "webUrl": web, "embedUrl": embed}))
    };
    let flow = |id: &Uuid| {
        world
            .dataflows
            .iter()
            .find(|flow| flow.id == *id)
            .map(|flow| json!({"objectId": id, "name": flow.name}))
    };
    let flows: Vec<Value> = import.dataflows.iter().filter_map(flow).collect();
    let error = import
        .failure
        .filter(|_| has_ended)
        .map(|code| json!({"code": code, "details": []}));
    let (connection, source) = match import.origin {
        ImportOrigin::Upload => ("import", "Upload"),
        ImportOrigin::OneDrive { connection } => (connection, "OneDriveSharePoint"),
    };
    object([
        ("id", import.id.to_string().into()),
        ("importState", state.into()),
        ("createdDateTime", time::with_ms(import.started_ms).into()),
        ("updatedDateTime", time::with_ms(import.ends_ms.min(call.now_ms)).into()),
        ("name", import.name.clone().into()),
        ("connectionType", connection.into()),
        ("source", source.into()),
        ("error", error.into()),
        (
            "datasets",
            import.models.iter().filter_map(model).collect::<Vec<_>>().into(),
        ),
        (
            "reports",
            import.reports.iter().filter_map(report).collect::<Vec<_>>().into(),
        ),
        ("dataflows", if flows.is_empty() { Value::Null } else { flows.into() }),
    ])
}

/// A model without tables, for files whose rows the sandbox cannot read.
pub(super) fn no_rows(name: &str) -> Arc<crate::data::Model> {
    Arc::new(crate::data::Model::new(name, Vec::new()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_names_decide_the_kind() {
        assert_eq!(kind_of("Größe.PBIX").unwrap(), ("Größe".to_owned(), FileKind::Pbix));
        assert_eq!(kind_of("model.json").unwrap().1, FileKind::ModelJson);
        assert!(kind_of(".pbix").is_err());
        assert!(kind_of("Sales").is_err());
    }
}
