//! Downloading a report with its definition, as pbix or rdl.

use crate::powerbi::answer::Answer;
use crate::powerbi::call::Call;
use crate::powerbi::package;
use crate::powerbi::refusal::Refusal;
use crate::powerbi::rights;
use crate::powerbi::rights::Need;
use crate::world::report::ReportKind;

pub(super) fn download(call: &Call) -> Result<Answer, Refusal> {
    let live = match call.query("downloadType") {
        None | Some("IncludeModel") => false,
        Some("LiveConnect") => true,
        Some(_) => return Err(Refusal::bad("downloadType must be IncludeModel or LiveConnect")),
    };
    let world = call.world();
    let (report, _) = rights::report(call, &world, Need::Write)?;
    if report.rebound {
        return Err(Refusal::coded(
            "ExportData_DisabledForRebound",
            "a report that was rebound to another semantic model cannot be downloaded",
        ));
    }
    let model = report.model.and_then(|id| world.model(id));
    if let ReportKind::Paginated { .. } = report.kind {
        let bytes = report.file.clone().unwrap_or_else(|| package::write_rdl(report));
        return Ok(Answer::file(
            bytes,
            "application/octet-stream",
            &format!("{}.rdl", report.name),
        ));
    }
    let bytes = match &report.file {
        Some(file) => file.clone(),
        None => package::write_pbix(report, model.filter(|_| !live)),
    };
    Ok(Answer::file(bytes, "application/zip", &format!("{}.pbix", report.name)))
}
