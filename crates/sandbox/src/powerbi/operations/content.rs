//! Operations on reports, dashboards, apps, dataflows and imports.

use crate::powerbi::apps;
use crate::powerbi::connections;
use crate::powerbi::dashboards;
use crate::powerbi::dataflows;
use crate::powerbi::exports;
use crate::powerbi::imports;
use crate::powerbi::native_dataflows;
use crate::powerbi::operations::Operation;
use crate::powerbi::operations::delete;
use crate::powerbi::operations::get;
use crate::powerbi::operations::patch;
use crate::powerbi::operations::post;
use crate::powerbi::report_content;
use crate::powerbi::reports;
use crate::powerbi::scopes;
use crate::powerbi::tiles;
use crate::powerbi::upload_places;

/// The operations, plain words before `{}`.
pub(super) const OPERATIONS: &[Operation] = &[
    // Reports
    get("~/reports", scopes::REPORT_READ, reports::list),
    get("~/reports/{report}", scopes::REPORT_READ, reports::get),
    delete("~/reports/{report}", scopes::REPORT_WRITE, reports::delete),
    get("~/reports/{report}/pages", scopes::REPORT_READ, reports::pages),
    get("~/reports/{report}/pages/{page}", scopes::REPORT_READ, reports::page),
    post("~/reports/{report}/Clone", scopes::CONTENT_CREATE, reports::clone),
    post("~/reports/{report}/Rebind", scopes::REPORT_WRITE, reports::rebind),
    post(
        "~/reports/{report}/UpdateReportContent",
        scopes::REPORT_WRITE,
        reports::update_content,
    ),
    get(
        "~/reports/{report}/datasources",
        scopes::REPORT_READ,
        reports::datasources,
    ),
    post(
        "~/reports/{report}/Default.UpdateDatasources",
        scopes::REPORT_WRITE,
        reports::update_datasources,
    ),
    post(
        "groups/{group}/reports/{report}/Default.TakeOver",
        scopes::REPORT_WRITE,
        reports::take_over,
    ),
    get(
        "~/reports/{report}/Export",
        scopes::REPORT_DOWNLOAD,
        report_content::download,
    ),
    post("~/reports/{report}/ExportTo", scopes::REPORT_EXPORT, exports::start).heavy(),
    get(
        "~/reports/{report}/exports/{export}",
        scopes::REPORT_READ,
        exports::status,
    ),
    get(
        "~/reports/{report}/exports/{export}/file",
        scopes::REPORT_READ,
        exports::file,
    ),
    // The two forms ask for different permissions.
    post(
        "groups/{group}/reports/{report}/Default.BindToGateway",
        scopes::WORKSPACE_READ,
        connections::bind_report,
    ),
    post(
        "reports/{report}/Default.BindToGateway",
        scopes::REPORT_READ,
        connections::bind_report,
    ),
    // Dashboards
    get("~/dashboards", scopes::DASHBOARD_READ, dashboards::list),
    post("~/dashboards", scopes::CONTENT_CREATE, dashboards::create),
    get("~/dashboards/{dashboard}", scopes::DASHBOARD_READ, dashboards::get),
    delete("~/dashboards/{dashboard}", scopes::DASHBOARD_WRITE, dashboards::delete),
    get("~/dashboards/{dashboard}/tiles", scopes::DASHBOARD_READ, tiles::list),
    get(
        "~/dashboards/{dashboard}/tiles/{tile}",
        scopes::DASHBOARD_READ,
        tiles::get,
    ),
    post(
        "~/dashboards/{dashboard}/tiles/{tile}/Clone",
        scopes::DASHBOARD_WRITE,
        tiles::clone,
    ),
    // Apps
    get("apps", scopes::APP_READ, apps::list),
    get("apps/{app}", scopes::APP_READ, apps::get),
    get("apps/{app}/reports", scopes::REPORT_READ, apps::reports),
    get("apps/{app}/reports/{report}", scopes::REPORT_READ, apps::report),
    get("apps/{app}/dashboards", scopes::DASHBOARD_READ, apps::dashboards),
    get(
        "apps/{app}/dashboards/{dashboard}",
        scopes::DASHBOARD_READ,
        apps::dashboard,
    ),
    get(
        "apps/{app}/dashboards/{dashboard}/tiles",
        scopes::DASHBOARD_READ,
        apps::tiles,
    ),
    get(
        "apps/{app}/dashboards/{dashboard}/tiles/{tile}",
        scopes::DASHBOARD_READ,
        apps::tile,
    ),
    // Dataflows
    post(
        "groups/{group}/dataflows/transactions/{transaction}/cancel",
        scopes::DATAFLOW_WRITE,
        dataflows::cancel,
    ),
    get("groups/{group}/dataflows", scopes::DATAFLOW_READ, dataflows::list),
    get(
        "groups/{group}/dataflows/{dataflow}",
        scopes::DATAFLOW_READ,
        dataflows::get,
    ),
    patch(
        "groups/{group}/dataflows/{dataflow}",
        scopes::DATAFLOW_WRITE,
        dataflows::update,
    ),
    delete(
        "groups/{group}/dataflows/{dataflow}",
        scopes::DATAFLOW_WRITE,
        dataflows::delete,
    ),
    get(
        "groups/{group}/dataflows/{dataflow}/datasources",
        scopes::DATAFLOW_READ,
        dataflows::datasources,
    ),
    patch(
        "groups/{group}/dataflows/{dataflow}/refreshSchedule",
        scopes::DATAFLOW_WRITE,
        dataflows::update_schedule,
    ),
    post(
        "groups/{group}/dataflows/{dataflow}/refreshes",
        scopes::DATAFLOW_WRITE,
        dataflows::refresh,
    ),
    get(
        "groups/{group}/dataflows/{dataflow}/transactions",
        scopes::DATAFLOW_READ,
        dataflows::transactions,
    ),
    get(
        "groups/{group}/dataflows/{dataflow}/upstreamDataflows",
        scopes::DATAFLOW_READ,
        dataflows::upstream,
    ),
    post(
        "groups/{group}/dataflows/{dataflow}/saveAsNativeArtifact",
        scopes::DATAFLOW_WRITE,
        native_dataflows::save,
    ),
    // Imports
    post("~/imports", scopes::DATASET_WRITE, imports::start)
        .with_files()
        .heavy(),
    post(
        "~/imports/createTemporaryUploadLocation",
        scopes::DATASET_WRITE,
        upload_places::create,
    ),
    get("~/imports", scopes::DATASET_READ, imports::list),
    get("~/imports/{import}", scopes::DATASET_READ, imports::get),
];
