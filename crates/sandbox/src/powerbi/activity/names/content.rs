//! What is done to reports, dashboards, models and dataflows. The words are the service's own, odd ones included.

use crate::powerbi::activity::names::About;
use crate::powerbi::activity::names::Named;
use crate::powerbi::activity::names::changed;
use crate::powerbi::activity::names::made;
use crate::powerbi::activity::names::seen;
use crate::world::activity::SubjectKind;

const REPORT: About = About::Path(SubjectKind::Report);
const DASHBOARD: About = About::Path(SubjectKind::Dashboard);
const MODEL: About = About::Path(SubjectKind::Model);
const DATAFLOW: About = About::Path(SubjectKind::Dataflow);
const WORKSPACE: About = About::Path(SubjectKind::Workspace);

/// Opening something over the API counts as viewing it: the sandbox has no other door.
pub(super) const NAMES: &[Named] = &[
    // Reports
    seen("GET", "~/reports/{report}", "ViewReport", REPORT),
    seen("GET", "apps/{app}/reports/{report}", "ViewReport", REPORT),
    seen("POST", "~/reports/{report}/ExportTo", "ExportReport", REPORT),
    seen("GET", "~/reports/{report}/Export", "DownloadReport", REPORT),
    made("~/reports/{report}/Clone", "CopyReport", SubjectKind::Report),
    changed("POST", "~/reports/{report}/Rebind", "RebindReport", SubjectKind::Report),
    changed(
        "POST",
        "~/reports/{report}/UpdateReportContent",
        "UpdateReportContent",
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
        "groups/{group}/reports/{report}/Default.BindToGateway",
        "BindToGateway",
        SubjectKind::Report,
    ),
    changed(
        "POST",
        "reports/{report}/Default.BindToGateway",
        "BindToGateway",
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
        "CloneTile",
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
    seen("GET", "~/datasets/{dataset}/refreshes", "GetRefreshHistory", MODEL),
    seen(
        "POST",
        "~/datasets/{dataset}/queryScaleOut/sync",
        "SyncDatasetQueryScaleOutReplicas",
        MODEL,
    ),
    seen(
        "GET",
        "~/datasets/{dataset}/queryScaleOut/syncStatus",
        "GetDatasetQueryScaleOutSyncStatus",
        MODEL,
    ),
    seen(
        "POST",
        "~/datasets/{dataset}/tables/{table}/rows",
        "PostDatasetRows",
        MODEL,
    ),
    seen(
        "DELETE",
        "~/datasets/{dataset}/tables/{table}/rows",
        "DeleteDatasetRows",
        MODEL,
    ),
    changed(
        "PUT",
        "~/datasets/{dataset}/tables/{table}",
        "PutTable",
        SubjectKind::Model,
    ),
    changed(
        "POST",
        "~/datasets/{dataset}/Default.SetAllConnections",
        "SetAllConnections",
        SubjectKind::Model,
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
        "SetDQRefreshScheduleOfDateset",
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
        WORKSPACE,
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
    // The dataflow made is an item of Fabric.
    seen(
        "POST",
        "groups/{group}/dataflows/{dataflow}/saveAsNativeArtifact",
        "CreateArtifact",
        DATAFLOW,
    ),
    // Imports and embedding
    made("~/imports", "Import", SubjectKind::Import),
    seen(
        "POST",
        "~/imports/createTemporaryUploadLocation",
        "CreateTemporaryUploadLocation",
        WORKSPACE,
    ),
    seen(
        "POST",
        "GenerateToken",
        "GenerateMultiResourceEmbedToken",
        About::Nothing,
    ),
    seen(
        "POST",
        "groups/{group}/reports/GenerateToken",
        "GenerateEmbedToken",
        WORKSPACE,
    ),
    seen(
        "POST",
        "groups/{group}/dashboards/{dashboard}/tiles/{tile}/GenerateToken",
        "GenerateEmbedToken",
        DASHBOARD,
    ),
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
];
