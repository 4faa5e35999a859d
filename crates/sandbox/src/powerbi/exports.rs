//! Export jobs: starting one, following it, fetching its file.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::StatusCode;
use serde_json::Value;

use crate::powerbi::answer::Answer;
use crate::powerbi::call::Call;
use crate::powerbi::export_file;
use crate::powerbi::odata;
use crate::powerbi::odata::object;
use crate::powerbi::refusal::Refusal;
use crate::powerbi::rights;
use crate::powerbi::rights::Need;
use crate::world::World;
use crate::world::ids::Kind;
use crate::world::report::Export;
use crate::world::report::ExportBehaviour;
use crate::world::report::ExportFailure;
use crate::world::report::ExportState;
use crate::world::report::Report;
use crate::world::time;

/// Jobs one capacity works on at the same time.
const PER_CAPACITY: usize = 500;
/// How long a job takes, and how much longer for each page.
const BASE_MS: i64 = 2_000;
const PAGE_MS: i64 = 500;
/// What an unfinished job says of when its file will be gone.
const NEVER: &str = "0001-01-01T00:00:00Z";

pub(super) fn start(call: &Call) -> Result<Answer, Refusal> {
    let (plan, capacity) = {
        let world = call.world();
        let (report, _) = rights::report(call, &world, Need::Read)?;
        let capacity = world
            .capacity_of(report.workspace, call.now_ms)
            .map(|capacity| capacity.id);
        if capacity.is_none() {
            let message = "exporting to a file needs a workspace on Premium, Embedded or Fabric capacity".to_owned();
            return Err(Refusal::Coded {
                status: StatusCode::FORBIDDEN,
                code: "FeatureNotAvailable",
                message: Some(message),
            });
        }
        let running = |export: &&Export| {
            export.capacity == capacity
                && matches!(
                    export.state(call.now_ms),
                    ExportState::NotStarted | ExportState::Running { .. }
                )
        };
        if world.exports.iter().filter(running).count() >= PER_CAPACITY {
            return Err(Refusal::Later {
                seconds: 30,
                message: format!("the capacity works on {PER_CAPACITY} exports already"),
            });
        }
        (export_file::plan(call, &world, report)?, capacity)
    };
    // Rendering asks the model, which takes long; nobody else waits for it.
    let rendered = plan.render(call)?;
    let mut world = call.world();
    let report = rights::report(call, &world, Need::Read)?.0.clone();
    let failure = failure(&mut world, &report);
    let number = world.fresh.id(Kind::Transaction);
    // The ids of the service are Base64 with all its signs; ours hold at least one of each.
    let id = format!(
        "{}/+{}==",
        STANDARD.encode(&number.as_bytes()[..6]),
        STANDARD.encode(&number.as_bytes()[7..])
    );
    let export = Export {
        id,
        report: report.id,
        report_name: report.name,
        asked_by: call.who.oid.clone(),
        started_ms: call.now_ms,
        takes_ms: BASE_MS + PAGE_MS * rendered.pages,
        failure,
        content_type: rendered.file.content_type,
        extension: rendered.file.extension,
        file: rendered.file.bytes.into(),
        capacity,
    };
    let item = shape(call, &export);
    world
        .exports
        .retain(|export| export.state(call.now_ms) != ExportState::Expired);
    world.exports.push(export);
    Ok(odata::entity(call, "exports", item).status(StatusCode::ACCEPTED))
}

fn failure(world: &mut World, report: &Report) -> Option<ExportFailure> {
    let begun = world.exports_begun.entry(report.id).or_default();
    *begun += 1;
    match report.exports {
        ExportBehaviour::Works => None,
        ExportBehaviour::FailsOnce if *begun > 1 => None,
        ExportBehaviour::FailsOnce => Some(ExportFailure::Transient),
        ExportBehaviour::FailsAlways => Some(ExportFailure::Permanent),
    }
}

pub(super) fn status(call: &Call) -> Result<Answer, Refusal> {
    let world = call.world();
    let export = find(call, &world)?;
    let answer = odata::entity(call, "exports", shape(call, export));
    Ok(match export.state(call.now_ms) {
        ExportState::NotStarted | ExportState::Running { .. } => answer.status(StatusCode::ACCEPTED).retry_after(1),
        // Worth another try: the service says so with this header alone.
        ExportState::Failed {
            why: ExportFailure::Transient,
            ..
        } => answer.retry_after(1),
        _ => answer,
    })
}

pub(super) fn file(call: &Call) -> Result<Answer, Refusal> {
    let world = call.world();
    let export = find(call, &world)?;
    match export.state(call.now_ms) {
        ExportState::Succeeded { .. } => {
            let name = format!("{}{}", export.report_name, export.extension);
            Ok(Answer::file(export.file.clone(), export.content_type, &name))
        }
        ExportState::Failed { .. } => Err(Refusal::not_found()),
        _ => Err(Refusal::bad("the export has not succeeded yet")),
    }
}

/// The job in the path; only whoever started it may follow it.
fn find<'w>(call: &Call, world: &'w World) -> Result<&'w Export, Refusal> {
    let (report, _) = rights::report(call, world, Need::Read)?;
    let is_meant = |export: &&Export| {
        export.id == call.text("export") && export.report == report.id && export.asked_by == call.who.oid
    };
    let export = world.exports.iter().find(is_meant).ok_or_else(Refusal::not_found)?;
    match export.state(call.now_ms) {
        ExportState::Expired => Err(Refusal::not_found()),
        _ => Ok(export),
    }
}

fn shape(call: &Call, export: &Export) -> serde_json::Map<String, Value> {
    let (status, percent, last_ms) = match export.state(call.now_ms) {
        ExportState::NotStarted => ("NotStarted", 0, export.started_ms),
        ExportState::Running { percent } => ("Running", percent, call.now_ms),
        ExportState::Succeeded { at_ms } => ("Succeeded", 100, at_ms),
        ExportState::Failed { at_ms, .. } => ("Failed", 70, at_ms),
        ExportState::Expired => ("Undefined", 100, export.started_ms + export.takes_ms),
    };
    let done_ms = (status == "Succeeded").then_some(last_ms);
    let encoded = percent_encoding::utf8_percent_encode(&export.id, percent_encoding::NON_ALPHANUMERIC);
    let location = || {
        call.own_url(&format!(
            "{}/reports/{}/exports/{encoded}/file",
            call.group_path(),
            export.report
        ))
    };
    object([
        ("id", export.id.clone().into()),
        ("createdDateTime", time::in_seconds(export.started_ms).into()),
        ("lastActionDateTime", time::in_seconds(last_ms).into()),
        ("reportId", export.report.to_string().into()),
        ("reportName", export.report_name.clone().into()),
        ("status", status.into()),
        ("percentComplete", percent.into()),
        ("resourceLocation", done_ms.map(|_| location()).into()),
        ("resourceFileExtension", done_ms.map(|_| export.extension).into()),
        (
            "expirationTime",
            done_ms
                .map_or(NEVER.to_owned(), |at_ms| time::in_seconds(at_ms + Export::KEPT_MS))
                .into(),
        ),
    ])
}
