//! What Power BI calls the things callers do.

use crate::world::activity::SubjectKind;

/// One operation that is written down.
pub(super) struct Named {
    method: &'static str,
    path: &'static str,
    /// The word of the activity log.
    pub(super) activity: &'static str,
    /// What it is about.
    pub(super) about: About,
    /// It changes what it is about.
    pub(super) changes: bool,
}

/// Where to look for what an event is about.
#[derive(Clone, Copy)]
pub(super) enum About {
    /// A thing in the path.
    Path(SubjectKind),
    /// The thing the operation made.
    Made(SubjectKind),
    /// Nothing in particular.
    Nothing,
}

const fn seen(method: &'static str, path: &'static str, activity: &'static str, about: About) -> Named {
    Named {
        method,
        path,
        activity,
        about,
        changes: false,
    }
}

const fn changed(method: &'static str, path: &'static str, activity: &'static str, kind: SubjectKind) -> Named {
    Named {
        method,
        path,
        activity,
        about: About::Path(kind),
        changes: true,
    }
}

const fn made(path: &'static str, activity: &'static str, kind: SubjectKind) -> Named {
    Named {
        method: "POST",
        path,
        activity,
        about: About::Made(kind),
        changes: true,
    }
}

/// The row of an operation, if it is written down at all.
pub(super) fn find(method: &str, path: &str) -> Option<&'static Named> {
    NAMES.iter().find(|named| named.method == method && named.path == path)
}

/// The name of the path parameter that holds a thing's id.
pub(super) fn parameter(kind: SubjectKind) -> &'static str {
    match kind {
        SubjectKind::Report => "report",
        SubjectKind::Dashboard => "dashboard",
        SubjectKind::Model => "dataset",
        SubjectKind::Dataflow => "dataflow",
        SubjectKind::App => "app",
        SubjectKind::Workspace => "group",
        SubjectKind::Import => "import",
        SubjectKind::Pipeline => "pipeline",
        SubjectKind::Gateway => "gateway",
        SubjectKind::Capacity => "capacity",
        SubjectKind::Key => "tenant_key",
    }
}

const REPORT: About = About::Path(SubjectKind::Report);
const DASHBOARD: About = About::Path(SubjectKind::Dashboard);
const MODEL: About = About::Path(SubjectKind::Model);
const DATAFLOW: About = About::Path(SubjectKind::Dataflow);

/// Opening something over the API counts as viewing it: the sandbox has no other door.
const NAMES: &[Named] = &[
    // Reports
    seen("GET", "~/reports/{report}", "ViewReport", REPORT),
    seen("GET", "apps/{app}/reports/{report}", "ViewReport", REPORT),
    seen("POST", "~/reports/{report}/ExportTo", "ExportReport", REPORT),
    seen("GET", "~/reports/{report}/Export", "DownloadReport", REPORT),
    made("~/reports/{report}/Clone", "CreateReport", SubjectKind::Report),
    changed("POST", "~/reports/{report}/Rebind", "EditReport", SubjectKind::Report),
    changed(
        "POST",
        "~/reports/{report}/UpdateReportContent",
        "EditReport",
        SubjectKind::Report,
    ),
    changed(
        "POST",
        "~/reports/{report}/Default.UpdateDatasources",
        "UpdateDatasources",
        SubjectKind::Report,
    ),
    changed(
        "POST",
        "groups/{group}/reports/{report}/Default.TakeOver",
        "TakeOverDatasource",
        SubjectKind::Report,
    ),
    changed("DELETE", "~/reports/{report}", "DeleteReport", SubjectKind::Report),
    // Dashboards
    seen("GET", "~/dashboards/{dashboard}", "ViewDashboard", DASHBOARD),
    seen("GET", "apps/{app}/dashboards/{dashboard}", "ViewDashboard", DASHBOARD),
    seen("GET", "~/dashboards/{dashboard}/tiles/{tile}", "ViewTile", DASHBOARD),
    made("~/dashboards", "CreateDashboard", SubjectKind::Dashboard),
    changed(
        "POST",
        "~/dashboards/{dashboard}/tiles/{tile}/Clone",
        "AddTile",
        SubjectKind::Dashboard,
    ),
    changed(
        "DELETE",
        "~/dashboards/{dashboard}",
        "DeleteDashboard",
        SubjectKind::Dashboard,
    ),
    // Semantic models
    seen(
        "POST",
        "~/datasets/{dataset}/executeQueries",
        "AnalyzedByExternalApplication",
        MODEL,
    ),
    seen(
        "POST",
        "~/datasets/{dataset}/executeDaxQueries",
        "AnalyzedByExternalApplication",
        MODEL,
    ),
    seen("GET", "~/datasets/{dataset}/datasources", "GetDatasources", MODEL),
    seen("POST", "~/datasets/{dataset}/refreshes", "RefreshDataset", MODEL),
    seen(
        "DELETE",
        "~/datasets/{dataset}/refreshes/{refresh}",
        "CancelDatasetRefresh",
        MODEL,
    ),
    made("~/datasets", "CreateDataset", SubjectKind::Model),
    changed("PATCH", "~/datasets/{dataset}", "UpdateDataset", SubjectKind::Model),
    changed("DELETE", "~/datasets/{dataset}", "DeleteDataset", SubjectKind::Model),
    changed("POST", "~/datasets/{dataset}/users", "ShareDataset", SubjectKind::Model),
    changed("PUT", "~/datasets/{dataset}/users", "ShareDataset", SubjectKind::Model),
    changed(
        "POST",
        "~/datasets/{dataset}/Default.UpdateParameters",
        "UpdateDatasetParameters",
        SubjectKind::Model,
    ),
    changed(
        "POST",
        "~/datasets/{dataset}/Default.UpdateDatasources",
        "UpdateDatasources",
        SubjectKind::Model,
    ),
    changed(
        "POST",
        "~/datasets/{dataset}/Default.BindToGateway",
        "BindToGateway",
        SubjectKind::Model,
    ),
    changed(
        "POST",
        "groups/{group}/datasets/{dataset}/Default.TakeOver",
        "TakeOverDataset",
        SubjectKind::Model,
    ),
    changed(
        "PATCH",
        "~/datasets/{dataset}/refreshSchedule",
        "SetScheduledRefresh",
        SubjectKind::Model,
    ),
    changed(
        "PATCH",
        "~/datasets/{dataset}/directQueryRefreshSchedule",
        "SetScheduledRefresh",
        SubjectKind::Model,
    ),
    // Dataflows
    seen("GET", "groups/{group}/dataflows/{dataflow}", "ExportDataflow", DATAFLOW),
    seen(
        "POST",
        "groups/{group}/dataflows/{dataflow}/refreshes",
        "RequestDataflowRefresh",
        DATAFLOW,
    ),
    seen(
        "POST",
        "groups/{group}/dataflows/transactions/{transaction}/cancel",
        "CancelDataflowRefresh",
        About::Path(SubjectKind::Workspace),
    ),
    changed(
        "PATCH",
        "groups/{group}/dataflows/{dataflow}",
        "UpdateDataflow",
        SubjectKind::Dataflow,
    ),
    changed(
        "PATCH",
        "groups/{group}/dataflows/{dataflow}/refreshSchedule",
        "SetScheduledRefreshOnDataflow",
        SubjectKind::Dataflow,
    ),
    changed(
        "DELETE",
        "groups/{group}/dataflows/{dataflow}",
        "DeleteDataflow",
        SubjectKind::Dataflow,
    ),
    // Imports and embedding
    made("~/imports", "Import", SubjectKind::Import),
    seen("POST", "GenerateToken", "GenerateEmbedToken", About::Nothing),
    seen(
        "POST",
        "groups/{group}/reports/{report}/GenerateToken",
        "GenerateEmbedToken",
        REPORT,
    ),
    seen(
        "POST",
        "groups/{group}/datasets/{dataset}/GenerateToken",
        "GenerateEmbedToken",
        MODEL,
    ),
    seen(
        "POST",
        "groups/{group}/dashboards/{dashboard}/GenerateToken",
        "GenerateEmbedToken",
        DASHBOARD,
    ),
    // Workspaces
    seen("GET", "groups", "GetWorkspaces", About::Nothing),
    made("groups", "CreateGroup", SubjectKind::Workspace),
    changed("PATCH", "groups/{group}", "UpdateFolder", SubjectKind::Workspace),
    changed("DELETE", "groups/{group}", "DeleteGroup", SubjectKind::Workspace),
    changed(
        "POST",
        "groups/{group}/users",
        "AddGroupMembers",
        SubjectKind::Workspace,
    ),
    changed(
        "PUT",
        "groups/{group}/users",
        "UpdateFolderAccess",
        SubjectKind::Workspace,
    ),
    changed(
        "DELETE",
        "groups/{group}/users/{user}",
        "DeleteGroupMembers",
        SubjectKind::Workspace,
    ),
    changed(
        "POST",
        "~/AssignToCapacity",
        "MigrateWorkspaceIntoCapacity",
        SubjectKind::Workspace,
    ),
    changed(
        "POST",
        "groups/{group}/AssignToDataflowStorage",
        "SetDataflowStorageLocationForWorkspace",
        SubjectKind::Workspace,
    ),
    // Deployment pipelines
    made("pipelines", "CreateAlmPipeline", SubjectKind::Pipeline),
    changed(
        "PATCH",
        "pipelines/{pipeline}",
        "UpdateAlmPipeline",
        SubjectKind::Pipeline,
    ),
    changed(
        "DELETE",
        "pipelines/{pipeline}",
        "DeleteAlmPipeline",
        SubjectKind::Pipeline,
    ),
    changed(
        "POST",
        "pipelines/{pipeline}/stages/{stage}/assignWorkspace",
        "AssignWorkspaceToAlmPipeline",
        SubjectKind::Pipeline,
    ),
    changed(
        "POST",
        "pipelines/{pipeline}/stages/{stage}/unassignWorkspace",
        "UnassignWorkspaceFromAlmPipeline",
        SubjectKind::Pipeline,
    ),
    changed(
        "POST",
        "pipelines/{pipeline}/users",
        "UpdateAlmPipelineAccess",
        SubjectKind::Pipeline,
    ),
    changed(
        "DELETE",
        "pipelines/{pipeline}/users/{user}",
        "DeleteAlmPipelineAccess",
        SubjectKind::Pipeline,
    ),
    changed(
        "POST",
        "pipelines/{pipeline}/deployAll",
        "DeployAlmPipeline",
        SubjectKind::Pipeline,
    ),
    changed(
        "POST",
        "pipelines/{pipeline}/deploy",
        "DeployAlmPipeline",
        SubjectKind::Pipeline,
    ),
    // Gateways
    changed(
        "POST",
        "gateways/{gateway}/datasources",
        "AddDatasourceToGateway",
        SubjectKind::Gateway,
    ),
    changed(
        "PATCH",
        "gateways/{gateway}/datasources/{datasource}",
        "UpdateDatasourceCredentials",
        SubjectKind::Gateway,
    ),
    changed(
        "DELETE",
        "gateways/{gateway}/datasources/{datasource}",
        "RemoveDatasourceFromGateway",
        SubjectKind::Gateway,
    ),
    changed(
        "POST",
        "gateways/{gateway}/datasources/{datasource}/users",
        "ChangeGatewayDatasourceUsers",
        SubjectKind::Gateway,
    ),
    changed(
        "DELETE",
        "gateways/{gateway}/datasources/{datasource}/users/{user}",
        "ChangeGatewayDatasourceUsers",
        SubjectKind::Gateway,
    ),
    // Administration
    seen("GET", "admin/activityevents", "ExportActivityEvents", About::Nothing),
    seen("GET", "admin/groups", "GetGroupsAsAdmin", About::Nothing),
    seen("GET", "admin/pipelines", "GetAlmPipelinesAsAdmin", About::Nothing),
    seen(
        "GET",
        "admin/pipelines/{pipeline}/users",
        "GetAlmPipelineUsersAsAdmin",
        About::Path(SubjectKind::Pipeline),
    ),
    seen(
        "GET",
        "admin/users/{user}/artifactAccess",
        "AdminGetArtifactsByuserId",
        About::Nothing,
    ),
    seen(
        "GET",
        "admin/workspaces/scanResult/{scan}",
        "GetWorkspacesInfoResult",
        About::Nothing,
    ),
    seen("GET", "admin/dataflows/{dataflow}/export", "ExportDataflow", DATAFLOW),
    changed(
        "PATCH",
        "admin/groups/{workspace}",
        "UpdateFolder",
        SubjectKind::Workspace,
    ),
    changed(
        "POST",
        "admin/groups/{workspace}/restore",
        "RestoreWorkspace",
        SubjectKind::Workspace,
    ),
    changed(
        "POST",
        "admin/groups/{workspace}/users",
        "AddGroupMembers",
        SubjectKind::Workspace,
    ),
    changed(
        "DELETE",
        "admin/groups/{workspace}/users/{user}",
        "DeleteGroupMembers",
        SubjectKind::Workspace,
    ),
    changed(
        "PATCH",
        "admin/capacities/{capacity}",
        "UpdateCapacityTenantKey",
        SubjectKind::Capacity,
    ),
    changed(
        "POST",
        "admin/pipelines/{pipeline}/users",
        "UpdateAlmPipelineAccessAsAdmin",
        SubjectKind::Pipeline,
    ),
    changed(
        "DELETE",
        "admin/pipelines/{pipeline}/users/{identifier}",
        "DeleteAlmPipelineAccessAsAdmin",
        SubjectKind::Pipeline,
    ),
    made("admin/tenantKeys", "AddTenantKey", SubjectKind::Key),
    changed(
        "POST",
        "admin/tenantKeys/{tenant_key}/Default.Rotate",
        "RotateTenantKey",
        SubjectKind::Key,
    ),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::powerbi::not_done;
    use crate::powerbi::operations;

    #[test]
    fn every_row_names_an_operation_of_the_api() {
        for named in NAMES {
            let done = operations::all().any(|known| known.method == named.method && known.path == named.path);
            let undone = not_done::OPERATIONS.contains(&(named.method, named.path));
            assert!(done || undone, "{} {}", named.method, named.path);
        }
    }
}
