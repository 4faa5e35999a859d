//! Imports of workbooks that lie on the pretend `OneDrive` for Business.

use std::sync::Arc;

use http::StatusCode;
use percent_encoding::percent_decode_str;
use url::Url;
use uuid::Uuid;

use crate::data;
use crate::people::Person;
use crate::powerbi::answer::Answer;
use crate::powerbi::call::Call;
use crate::powerbi::fields::Fields;
use crate::powerbi::import_items;
use crate::powerbi::imports;
use crate::powerbi::imports::Conflict;
use crate::powerbi::imports::FileKind;
use crate::powerbi::refresh::word;
use crate::powerbi::refusal::Refusal;
use crate::world::World;
use crate::world::access::Role;
use crate::world::content::ConnectedWorkbook;
use crate::world::content::ImportOrigin;
use crate::world::content::Pending;
use crate::world::ids::Kind;
use crate::world::model::Model;
use crate::world::onedrive;
use crate::world::onedrive::Workbook;

const CONNECTIONS: [&str; 2] = ["import", "connect"];

/// Begins an import. The name of the file is that of what comes of it: `datasetDisplayName` does not count here.
pub(super) fn start(call: &Call, fields: &Fields) -> Result<Answer, Refusal> {
    if fields.find("fileUrl").is_some() {
        return Err(Refusal::bad("expected filePath or fileUrl, not both"));
    }
    let connection = fields.find_text("connectionType")?.unwrap_or("import");
    let connection = word("connectionType", &CONNECTIONS, connection)?;
    let conflict = imports::conflict_of(call, FileKind::Xlsx)?;
    let workbook = workbook(call, fields.text("filePath")?)?;
    let mut world = call.world();
    let home = call.home_as(&mut world, Role::Contributor)?;
    let origin = ImportOrigin::OneDrive { connection };
    let pending = match connection {
        "connect" => Some(connected(&mut world, home, workbook, conflict)?),
        _ => model(call, &mut world, home, workbook, conflict)?,
    };
    let failure = pending.is_none().then_some("ImportFileNotReadable");
    let name = workbook.name().to_owned();
    Ok(imports::begin(call, &mut world, home, name, origin, pending, failure))
}

/// The model a workbook's tables make; `None` if it has no tables.
fn model(
    call: &Call,
    world: &mut World,
    home: Uuid,
    workbook: &Workbook,
    conflict: Conflict,
) -> Result<Option<Pending>, Refusal> {
    let name = workbook.name();
    let replaced = import_items::replaced_model(world, home, name, conflict)?;
    let tables = (workbook.tables)();
    if tables.is_empty() {
        return Ok(None);
    }
    let model = Model {
        id: replaced.unwrap_or_else(|| world.fresh.id(Kind::Model)),
        data: Arc::new(data::Model::new(name, tables)),
        ..import_items::blank_model(call, home, name)
    };
    Ok(Some(Pending {
        model: Some(Box::new(import_items::in_place_of(world, replaced, model))),
        ..Pending::default()
    }))
}

/// The workbook itself, shown as it is. Only the administrators' lists of the API have a place for it.
fn connected(world: &mut World, home: Uuid, workbook: &Workbook, conflict: Conflict) -> Result<Pending, Refusal> {
    let name = workbook.name();
    let known: Vec<Uuid> = world
        .workbooks
        .iter()
        .filter(|known| known.workspace == home && known.name == name)
        .map(|known| known.id)
        .collect();
    let replaced = import_items::replaced(conflict, &known)?;
    Ok(Pending {
        workbook: Some(ConnectedWorkbook {
            id: replaced.unwrap_or_else(|| world.fresh.id(Kind::Workbook)),
            workspace: home,
            name: name.to_owned(),
        }),
        ..Pending::default()
    })
}

/// The workbook a path means: below the caller's own drive, or a whole address.
fn workbook(call: &Call, path: &str) -> Result<&'static Workbook, Refusal> {
    let owner = owner(call)?;
    let decoded = percent_decode_str(path).decode_utf8();
    let decoded = decoded.map_err(|_| Refusal::bad("filePath must be UTF-8"))?;
    refuse_other_files(&decoded)?;
    let (drive, below) = match Url::parse(path) {
        Ok(address) => on_drive(call, &address)?,
        Err(_) => (onedrive::site(&owner.upn), decoded.trim_start_matches('/').to_owned()),
    };
    if below.split('/').any(|part| ["", ".", ".."].contains(&part)) {
        return Err(Refusal::bad("filePath must lead straight to a file"));
    }
    let is_own = drive.eq_ignore_ascii_case(&onedrive::site(&owner.upn));
    let inside = match below.split_once('/') {
        Some((library, rest)) if library.eq_ignore_ascii_case(onedrive::LIBRARY) => rest,
        _ => &below,
    };
    onedrive::find(inside)
        .filter(|workbook| is_own || workbook.is_shared())
        .ok_or_else(no_file)
}

/// Whoever asks, if they have a drive: people do, in their own organisation.
fn owner(call: &Call) -> Result<Person, Refusal> {
    let person = call.sandbox.directory().find_by_oid(&call.who.oid).cloned();
    let person = person.filter(|person| person.tid == call.who.tid && !call.who.app_only);
    person.ok_or_else(|| Refusal::bad("the caller has no OneDrive for Business"))
}

fn refuse_other_files(path: &str) -> Result<(), Refusal> {
    let extension = path.rsplit_once('.').map_or("", |(_, extension)| extension);
    match extension {
        _ if extension.eq_ignore_ascii_case("xlsx") => Ok(()),
        _ if extension.eq_ignore_ascii_case("pbix") => Err(Refusal::bad(
            "a pbix cannot be imported from OneDrive; send it, or name an upload location as fileUrl",
        )),
        _ => Err(Refusal::bad("filePath must lead to an xlsx")),
    }
}

/// The drive an address leads to, by its part of the address, and the path on that drive.
fn on_drive(call: &Call, address: &Url) -> Result<(String, String), Refusal> {
    let directory = call.sandbox.directory();
    let tenant = directory.tenants.iter().find(|tenant| tenant.tid == call.who.tid);
    let domain = tenant.and_then(|tenant| tenant.domains.first());
    let host = domain.map(|domain| onedrive::host(domain));
    if address.scheme() != "https" || address.host_str() != host.as_deref() {
        return Err(Refusal::bad(
            "filePath must be an address on the OneDrive of the caller's organisation",
        ));
    }
    let decode = |part: &str| percent_decode_str(part).decode_utf8_lossy().into_owned();
    let mut parts = address.path_segments().into_iter().flatten().map(decode);
    let (Some("personal"), Some(site)) = (parts.next().as_deref(), parts.next()) else {
        return Err(no_file());
    };
    let mut colleagues = directory.people.iter().filter(|person| person.tid == call.who.tid);
    let is_known = colleagues.any(|person| onedrive::site(&person.upn).eq_ignore_ascii_case(&site));
    if !is_known {
        return Err(no_file());
    }
    Ok((site, parts.collect::<Vec<_>>().join("/")))
}

/// Not there, or not for the caller to read.
fn no_file() -> Refusal {
    Refusal::Coded {
        status: StatusCode::NOT_FOUND,
        code: "PowerBIEntityNotFound",
        message: Some("OneDrive for Business has no such file for the caller".to_owned()),
    }
}
