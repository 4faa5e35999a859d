//! Reports that more than the named people can open.

use serde_json::Value;

use crate::powerbi::admin;
use crate::powerbi::admin::access;
use crate::powerbi::admin::artifacts;
use crate::powerbi::admin::pages;
use crate::powerbi::admin::pages::List;
use crate::powerbi::admin::reach;
use crate::powerbi::answer::Answer;
use crate::powerbi::call::Call;
use crate::powerbi::refusal::Refusal;
use crate::world::report::ReportKind;
use crate::world::tenancy::Reach;

pub(in crate::powerbi) fn with_the_organisation(call: &Call) -> Result<Answer, Refusal> {
    list(
        call,
        Reach::Organisation,
        "Link",
        "/admin/widelySharedArtifacts/linksSharedToWholeOrganization",
    )
}

pub(in crate::powerbi) fn with_the_web(call: &Call) -> Result<Answer, Refusal> {
    list(
        call,
        Reach::Web,
        "PublishToWeb",
        "/admin/widelySharedArtifacts/publishedToWeb",
    )
}

fn list(call: &Call, reach: Reach, word: &str, path: &str) -> Result<Answer, Refusal> {
    let world = call.world();
    let shared = world.tenancy.shared.iter().filter(|shared| shared.reach == reach);
    let items = shared.filter_map(|shared| {
        let report = world.report(shared.report)?;
        if !artifacts::is_here(call, &world, report.workspace) {
            return None;
        }
        let kind = match report.kind {
            ReportKind::Interactive { .. } => "Report",
            ReportKind::Paginated { .. } => "PaginatedReport",
        };
        let mut item = reach::entry(report.id, &report.name, kind, shared.right);
        item.insert("shareType".to_owned(), word.into());
        item.insert("sharer".to_owned(), Value::Object(access::principal(&shared.sharer)));
        Some(item)
    });
    let list = List {
        path,
        field: "artifactAccessEntities",
        context: Some(admin::context("artifactAccessEntities")),
    };
    pages::cut(call, list, "", items.collect())
}
