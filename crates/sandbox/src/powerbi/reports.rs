//! Reports: lists, one, pages, copies, and the model they read.

use serde_json::Map;
use serde_json::Value;
use serde_json::json;
use uuid::Uuid;

use crate::powerbi::answer::Answer;
use crate::powerbi::call::Call;
use crate::powerbi::fields::Fields;
use crate::powerbi::odata;
use crate::powerbi::odata::object;
use crate::powerbi::refusal::Refusal;
use crate::powerbi::rights;
use crate::powerbi::rights::Need;
use crate::world::World;
use crate::world::access::Role;
use crate::world::ids::Kind;
use crate::world::report::Page;
use crate::world::report::Report;
use crate::world::report::ReportKind;

pub(super) fn list(call: &Call) -> Result<Answer, Refusal> {
    let mut world = call.world();
    let (home, _) = call.home(&mut world)?;
    let items: Vec<_> = world
        .reports
        .iter()
        .filter(|report| report.workspace == home)
        .map(|report| shape(call, report))
        .collect();
    Ok(odata::list(call, "reports", items))
}

pub(super) fn get(call: &Call) -> Result<Answer, Refusal> {
    let world = call.world();
    let (report, _) = rights::report(call, &world, Need::Read)?;
    Ok(odata::entity(call, "reports", shape(call, report)))
}

/// One report as the API shows it.
pub(super) fn shape(call: &Call, report: &Report) -> Map<String, Value> {
    let (kind, format, path) = match report.kind {
        ReportKind::Interactive { .. } => ("PowerBIReport", "PBIR", "reports"),
        ReportKind::Paginated { .. } => ("PaginatedReport", "RDL", "rdlreports"),
    };
    // Paginated reports bring their own data sources, so the service names no model.
    let model = report
        .model
        .filter(|_| kind == "PowerBIReport")
        .map(|id| id.to_string());
    let embed = if kind == "PowerBIReport" {
        "reportEmbed"
    } else {
        "rdlEmbed"
    };
    let embed = call.portal_url(&format!("/{embed}?reportId={}&groupId={}", report.id, report.workspace));
    object([
        ("id", report.id.to_string().into()),
        ("reportType", kind.into()),
        ("name", report.name.clone().into()),
        ("description", report.description.clone().into()),
        ("format", format.into()),
        (
            "webUrl",
            call.portal_url(&format!("/groups/{}/{path}/{}", report.workspace, report.id))
                .into(),
        ),
        ("embedUrl", embed.into()),
        ("datasetId", model.into()),
        ("isOwnedByMe", (report.owner == call.who.oid).into()),
        ("users", json!([])),
        ("subscriptions", json!([])),
    ])
}

pub(super) fn pages(call: &Call) -> Result<Answer, Refusal> {
    let world = call.world();
    let (report, _) = rights::report(call, &world, Need::Read)?;
    let items: Vec<_> = pages_of(report)?
        .iter()
        .zip(0..)
        .map(|(page, order)| page_shape(page, order))
        .collect();
    Ok(odata::list(call, "pages", items))
}

pub(super) fn page(call: &Call) -> Result<Answer, Refusal> {
    let world = call.world();
    let (report, _) = rights::report(call, &world, Need::Read)?;
    let found = pages_of(report)?
        .iter()
        .zip(0..)
        .find(|(page, _)| page.name == call.text("page"));
    let (page, order) = found.ok_or_else(Refusal::not_found)?;
    Ok(odata::entity(call, "pages", page_shape(page, order)))
}

fn pages_of(report: &Report) -> Result<&[Page], Refusal> {
    match &report.kind {
        ReportKind::Interactive { pages } => Ok(pages),
        ReportKind::Paginated { .. } => Err(Refusal::bad("a paginated report has no pages that could be listed")),
    }
}

fn page_shape(page: &Page, order: i64) -> Map<String, Value> {
    object([
        ("name", page.name.clone().into()),
        ("displayName", page.title.clone().into()),
        ("order", order.into()),
    ])
}

pub(super) fn delete(call: &Call) -> Result<Answer, Refusal> {
    let mut world = call.world();
    let id = rights::report(call, &world, Need::Write)?.0.id;
    world.reports.retain(|report| report.id != id);
    for dashboard in &mut world.dashboards {
        dashboard.tiles.retain(|tile| tile.report != Some(id));
    }
    for app in &mut world.apps {
        app.reports.retain(|report| *report != id);
    }
    Ok(Answer::empty())
}

pub(super) fn clone(call: &Call) -> Result<Answer, Refusal> {
    let fields = call.fields()?;
    let name = fields.text("name")?.to_owned();
    let mut world = call.world();
    let source = rights::report(call, &world, Need::Read)?.0.clone();
    let target = target_workspace(call, &mut world, &fields, source.workspace)?;
    let model = match id_field(&fields, "targetModelId")? {
        Some(id) => Some(buildable_model(call, &world, id)?),
        None => source.model,
    };
    let id = world.fresh.id(Kind::Report);
    let copy = Report {
        id,
        workspace: target,
        name,
        model,
        owner: call.who.oid.clone(),
        grants: Vec::new(),
        file: None,
        padding_bytes: 0,
        rebound: model != source.model,
        ..source
    };
    let item = shape(call, &copy);
    world.reports.push(copy);
    Ok(odata::entity(call, "reports", item))
}

/// Where a copy goes: the workspace named, or the one it came from; the all-zero id means My workspace.
pub(super) fn target_workspace(call: &Call, world: &mut World, fields: &Fields, source: Uuid) -> Result<Uuid, Refusal> {
    let target = match id_field(fields, "targetWorkspaceId")? {
        Some(id) if id.is_nil() && !call.who.app_only => world.personal_workspace(&call.who),
        Some(id) => id,
        None => source,
    };
    match world.workspace(target).and_then(|workspace| workspace.role(&call.who)) {
        Some(role) if role >= Role::Contributor => Ok(target),
        Some(_) => Err(Refusal::no_right()),
        None => Err(Refusal::no_workspace()),
    }
}

/// An id in a body, if there.
pub(super) fn id_field(fields: &Fields, name: &str) -> Result<Option<Uuid>, Refusal> {
    let id = |text: &str| Uuid::try_parse(text).map_err(|_| Refusal::bad(format!("{name} must be a GUID")));
    fields
        .find_text(name)?
        .filter(|text| !text.is_empty())
        .map(id)
        .transpose()
}

/// A model the caller may build on.
pub(super) fn buildable_model(call: &Call, world: &World, id: Uuid) -> Result<Uuid, Refusal> {
    let model = world.model(id).ok_or_else(Refusal::not_found)?;
    rights::judge(world.model_rights(&call.who, model), Need::Build)?;
    if model.only_streams() {
        return Err(Refusal::bad("no report can be built on a streaming semantic model"));
    }
    Ok(id)
}

pub(super) fn rebind(call: &Call) -> Result<Answer, Refusal> {
    let fields = call.fields()?;
    let id = id_field(&fields, "datasetId")?.ok_or_else(|| Refusal::bad("datasetId is required"))?;
    let mut world = call.world();
    let (report, _) = rights::report(call, &world, Need::Write)?;
    if matches!(report.kind, ReportKind::Paginated { .. }) {
        return Err(Refusal::bad(
            "a paginated report cannot be rebound; update its data sources",
        ));
    }
    let model = buildable_model(call, &world, id)?;
    let report = rights::report_mut(call, &mut world, Need::Write)?;
    report.rebound |= report.model != Some(model);
    report.model = Some(model);
    Ok(Answer::empty())
}

pub(super) fn update_content(call: &Call) -> Result<Answer, Refusal> {
    let fields = call.fields()?;
    if fields.find_text("sourceType")? != Some("ExistingReport") {
        return Err(Refusal::bad("sourceType must be ExistingReport"));
    }
    let source = fields
        .find_object("sourceReport")?
        .ok_or_else(|| Refusal::bad("sourceReport is required"))?;
    let id = id_field(&source, "sourceReportId")?.ok_or_else(|| Refusal::bad("sourceReportId is required"))?;
    let home = id_field(&source, "sourceWorkspaceId")?;
    let mut world = call.world();
    let from = world
        .report(id)
        .filter(|report| home.is_none_or(|home| home == report.workspace))
        .ok_or_else(Refusal::not_found)?
        .clone();
    rights::judge(world.report_rights(&call.who, &from), Need::Read)?;
    let report = rights::report_mut(call, &mut world, Need::Write)?;
    report.rebound |= report.model != from.model;
    (report.kind, report.model, report.exports) = (from.kind, from.model, from.exports);
    (report.file, report.padding_bytes) = (from.file, from.padding_bytes);
    let item = shape(call, report);
    Ok(odata::entity(call, "reports", item))
}

pub(super) fn datasources(call: &Call) -> Result<Answer, Refusal> {
    let world = call.world();
    let (report, _) = rights::report(call, &world, Need::Write)?;
    let ReportKind::Paginated { source, .. } = &report.kind else {
        return Err(Refusal::bad("only a paginated report has data sources of its own"));
    };
    let item = object([
        ("name", "DataSource1".into()),
        ("datasourceType", "AnalysisServices".into()),
        ("datasourceId", source.id.to_string().into()),
        ("gatewayId", source.gateway.to_string().into()),
        (
            "connectionDetails",
            json!({"server": source.server, "database": source.database}),
        ),
    ]);
    Ok(odata::list(call, "datasources", [item]))
}

pub(super) fn update_datasources(call: &Call) -> Result<Answer, Refusal> {
    let updates = call.fields()?.objects("updateDetails")?;
    let mut world = call.world();
    let ReportKind::Paginated { source, .. } = &mut rights::report_mut(call, &mut world, Need::Write)?.kind else {
        return Err(Refusal::bad("only a paginated report has data sources of its own"));
    };
    let mut changed = source.clone();
    for update in &updates {
        if update.text("datasourceName")? != "DataSource1" {
            return Err(Refusal::bad("the report has one data source, named DataSource1"));
        }
        let details = update
            .find_object("connectionDetails")?
            .ok_or_else(|| Refusal::bad("connectionDetails is required"))?;
        details.text("server")?.clone_into(&mut changed.server);
        details.text("database")?.clone_into(&mut changed.database);
    }
    *source = changed;
    Ok(Answer::empty())
}

pub(super) fn take_over(call: &Call) -> Result<Answer, Refusal> {
    let mut world = call.world();
    let report = rights::report_mut(call, &mut world, Need::Write)?;
    if !matches!(report.kind, ReportKind::Paginated { .. }) {
        return Err(Refusal::bad("only a paginated report can be taken over"));
    }
    report.owner.clone_from(&call.who.oid);
    Ok(Answer::empty())
}
