//! The operations the sandbox does. The first whose path matches is meant, so plain words come before `{}`.

use crate::powerbi::answer::Answer;
use crate::powerbi::apps;
use crate::powerbi::call::Call;
use crate::powerbi::capacities;
use crate::powerbi::dashboards;
use crate::powerbi::dataflows;
use crate::powerbi::datasets;
use crate::powerbi::deployments;
use crate::powerbi::embed;
use crate::powerbi::exports;
use crate::powerbi::gateways;
use crate::powerbi::imports;
use crate::powerbi::pipelines;
use crate::powerbi::push;
use crate::powerbi::queries;
use crate::powerbi::refresh;
use crate::powerbi::refresh_detail;
use crate::powerbi::refusal::Refusal;
use crate::powerbi::report_content;
use crate::powerbi::reports;
use crate::powerbi::schedules;
use crate::powerbi::scopes;
use crate::powerbi::sharing;
use crate::powerbi::sources;
use crate::powerbi::storage;
use crate::powerbi::tiles;
use crate::powerbi::workspaces;

/// What an operation does with a call.
type Run = fn(&Call) -> Result<Answer, Refusal>;

/// One operation.
pub(super) struct Operation {
    /// HTTP method.
    pub(super) method: &'static str,
    /// Path below `/v1.0/myorg/`; `~/` stands for "in a workspace or without one".
    pub(super) path: &'static str,
    /// Delegated permissions needed.
    pub(super) scopes: &'static str,
    /// The work itself.
    pub(super) run: Run,
    /// Works so long that it must not hold up other calls.
    pub(super) is_heavy: bool,
    /// Takes uploads.
    pub(super) takes_files: bool,
}

impl Operation {
    const fn heavy(mut self) -> Operation {
        self.is_heavy = true;
        self
    }

    const fn with_files(mut self) -> Operation {
        self.takes_files = true;
        self
    }
}

const fn on(method: &'static str, path: &'static str, scopes: &'static str, run: Run) -> Operation {
    Operation {
        method,
        path,
        scopes,
        run,
        is_heavy: false,
        takes_files: false,
    }
}

const fn get(path: &'static str, scopes: &'static str, run: Run) -> Operation {
    on("GET", path, scopes, run)
}

const fn post(path: &'static str, scopes: &'static str, run: Run) -> Operation {
    on("POST", path, scopes, run)
}

const fn patch(path: &'static str, scopes: &'static str, run: Run) -> Operation {
    on("PATCH", path, scopes, run)
}

const fn put(path: &'static str, scopes: &'static str, run: Run) -> Operation {
    on("PUT", path, scopes, run)
}

const fn delete(path: &'static str, scopes: &'static str, run: Run) -> Operation {
    on("DELETE", path, scopes, run)
}

/// All of them.
pub(super) const OPERATIONS: &[Operation] = &[
    // Workspaces
    get("groups", scopes::WORKSPACE_READ, workspaces::list),
    post("groups", scopes::WORKSPACE_WRITE, workspaces::create),
    get("groups/{group}", scopes::WORKSPACE_READ, workspaces::get),
    patch("groups/{group}", scopes::WORKSPACE_WRITE, workspaces::update),
    delete("groups/{group}", scopes::WORKSPACE_WRITE, workspaces::delete),
    get("groups/{group}/users", scopes::WORKSPACE_READ, workspaces::users),
    post("groups/{group}/users", scopes::WORKSPACE_WRITE, workspaces::add_user),
    put("groups/{group}/users", scopes::WORKSPACE_WRITE, workspaces::update_user),
    delete(
        "groups/{group}/users/{user}",
        scopes::WORKSPACE_WRITE,
        workspaces::delete_user,
    ),
    // Capacities and the caller
    post("~/AssignToCapacity", scopes::CAPACITY_MOVE, capacities::assign),
    get(
        "~/CapacityAssignmentStatus",
        scopes::CAPACITY_STATUS,
        capacities::assignment_status,
    ),
    get("capacities", scopes::CAPACITY_READ, capacities::list),
    get(
        "capacities/refreshables",
        scopes::CAPACITY_READ,
        capacities::refreshables,
    ),
    get(
        "capacities/{capacity}/refreshables",
        scopes::CAPACITY_READ,
        capacities::refreshables,
    ),
    get(
        "capacities/{capacity}/refreshables/{refreshable}",
        scopes::CAPACITY_READ,
        capacities::refreshable_of,
    ),
    get("availableFeatures", scopes::NONE, capacities::available_features),
    get(
        "availableFeatures(featureName='{feature}')",
        scopes::NONE,
        capacities::available_feature,
    ),
    post(
        "RefreshUserPermissions",
        scopes::WORKSPACE_READ,
        capacities::refresh_user_permissions,
    ),
    // Semantic models
    get("~/datasets", scopes::DATASET_READ, datasets::list),
    get(
        "groups/{group}/datasets/upstreamDataflows",
        scopes::DATAFLOW_READ,
        datasets::upstream_dataflows,
    ),
    get("~/datasets/{dataset}", scopes::DATASET_READ, datasets::get),
    patch("~/datasets/{dataset}", scopes::DATASET_WRITE, datasets::update),
    delete("~/datasets/{dataset}", scopes::DATASET_WRITE, datasets::delete),
    post(
        "~/datasets/{dataset}/executeQueries",
        scopes::DATASET_READ,
        queries::execute,
    )
    .heavy(),
    get("~/datasets/{dataset}/users", scopes::DATASET_READ, sharing::list),
    post("~/datasets/{dataset}/users", scopes::DATASET_WRITE, sharing::add),
    put("~/datasets/{dataset}/users", scopes::DATASET_WRITE, sharing::set),
    get(
        "~/datasets/{dataset}/parameters",
        scopes::DATASET_READ,
        sources::parameters,
    ),
    post(
        "~/datasets/{dataset}/Default.UpdateParameters",
        scopes::DATASET_WRITE,
        sources::update_parameters,
    ),
    get(
        "~/datasets/{dataset}/datasources",
        scopes::DATASET_READ,
        sources::datasources,
    ),
    post(
        "~/datasets/{dataset}/Default.UpdateDatasources",
        scopes::DATASET_WRITE,
        sources::update_datasources,
    ),
    get(
        "~/datasets/{dataset}/Default.DiscoverGateways",
        scopes::DATASET_READ,
        sources::discover_gateways,
    ),
    post(
        "~/datasets/{dataset}/Default.BindToGateway",
        scopes::DATASET_WRITE,
        sources::bind_to_gateway,
    ),
    post(
        "groups/{group}/datasets/{dataset}/Default.TakeOver",
        scopes::DATASET_WRITE,
        datasets::take_over,
    ),
    post(
        "~/datasets/{dataset}/queryScaleOut/sync",
        scopes::DATASET_WRITE,
        datasets::sync,
    ),
    get(
        "~/datasets/{dataset}/queryScaleOut/syncStatus",
        scopes::DATASET_READ,
        datasets::sync_status,
    ),
    // Refresh
    post("~/datasets/{dataset}/refreshes", scopes::DATASET_WRITE, refresh::start),
    get("~/datasets/{dataset}/refreshes", scopes::DATASET_READ, refresh::history),
    get(
        "~/datasets/{dataset}/refreshes/{refresh}",
        scopes::DATASET_READ,
        refresh_detail::get,
    ),
    delete(
        "~/datasets/{dataset}/refreshes/{refresh}",
        scopes::DATASET_WRITE,
        refresh::cancel,
    ),
    get(
        "~/datasets/{dataset}/refreshSchedule",
        scopes::DATASET_READ,
        schedules::get,
    ),
    patch(
        "~/datasets/{dataset}/refreshSchedule",
        scopes::DATASET_WRITE,
        schedules::update,
    ),
    get(
        "~/datasets/{dataset}/directQueryRefreshSchedule",
        scopes::DATASET_READ,
        schedules::get_direct_query,
    ),
    patch(
        "~/datasets/{dataset}/directQueryRefreshSchedule",
        scopes::DATASET_WRITE,
        schedules::update_direct_query,
    ),
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
    // Push models
    post("~/datasets", scopes::DATASET_WRITE, push::create),
    get("~/datasets/{dataset}/tables", scopes::DATASET_READ, push::tables),
    put(
        "~/datasets/{dataset}/tables/{table}",
        scopes::DATASET_WRITE,
        push::put_table,
    ),
    post(
        "~/datasets/{dataset}/tables/{table}/rows",
        scopes::DATASET_WRITE,
        push::add_rows,
    )
    .heavy(),
    delete(
        "~/datasets/{dataset}/tables/{table}/rows",
        scopes::DATASET_WRITE,
        push::clear_rows,
    ),
    // Gateways
    get("gateways", scopes::DATASET_READ, gateways::list),
    get("gateways/{gateway}", scopes::DATASET_READ, gateways::get),
    get(
        "gateways/{gateway}/datasources",
        scopes::DATASET_READ,
        gateways::datasources,
    ),
    post(
        "gateways/{gateway}/datasources",
        scopes::DATASET_WRITE,
        gateways::create,
    ),
    get(
        "gateways/{gateway}/datasources/{datasource}",
        scopes::DATASET_READ,
        gateways::datasource,
    ),
    patch(
        "gateways/{gateway}/datasources/{datasource}",
        scopes::DATASET_WRITE,
        gateways::update,
    ),
    delete(
        "gateways/{gateway}/datasources/{datasource}",
        scopes::DATASET_WRITE,
        gateways::delete,
    ),
    get(
        "gateways/{gateway}/datasources/{datasource}/status",
        scopes::DATASET_WRITE,
        gateways::status,
    ),
    get(
        "gateways/{gateway}/datasources/{datasource}/users",
        scopes::DATASET_READ,
        gateways::users,
    ),
    post(
        "gateways/{gateway}/datasources/{datasource}/users",
        scopes::DATASET_WRITE,
        gateways::add_user,
    ),
    delete(
        "gateways/{gateway}/datasources/{datasource}/users/{user}",
        scopes::DATASET_WRITE,
        gateways::delete_user,
    ),
    // Deployment pipelines
    get("pipelines", scopes::PIPELINE_READ, pipelines::list),
    post("pipelines", scopes::PIPELINE_WRITE, pipelines::create),
    get("pipelines/{pipeline}", scopes::PIPELINE_READ, pipelines::get),
    patch("pipelines/{pipeline}", scopes::PIPELINE_WRITE, pipelines::update),
    delete("pipelines/{pipeline}", scopes::PIPELINE_WRITE, pipelines::delete),
    get("pipelines/{pipeline}/stages", scopes::PIPELINE_READ, pipelines::stages),
    get(
        "pipelines/{pipeline}/stages/{stage}/artifacts",
        scopes::PIPELINE_READ,
        pipelines::artifacts,
    ),
    post(
        "pipelines/{pipeline}/stages/{stage}/assignWorkspace",
        scopes::PIPELINE_ASSIGN,
        pipelines::assign,
    ),
    post(
        "pipelines/{pipeline}/stages/{stage}/unassignWorkspace",
        scopes::PIPELINE_WRITE,
        pipelines::unassign,
    ),
    get("pipelines/{pipeline}/users", scopes::PIPELINE_READ, pipelines::users),
    post(
        "pipelines/{pipeline}/users",
        scopes::PIPELINE_WRITE,
        pipelines::add_user,
    ),
    delete(
        "pipelines/{pipeline}/users/{user}",
        scopes::PIPELINE_WRITE,
        pipelines::delete_user,
    ),
    post(
        "pipelines/{pipeline}/deployAll",
        scopes::PIPELINE_DEPLOY,
        deployments::deploy_all,
    ),
    post(
        "pipelines/{pipeline}/deploy",
        scopes::PIPELINE_DEPLOY,
        deployments::deploy_some,
    ),
    get(
        "pipelines/{pipeline}/operations",
        scopes::PIPELINE_READ,
        deployments::list,
    ),
    get(
        "pipelines/{pipeline}/operations/{operation}",
        scopes::PIPELINE_READ,
        deployments::get,
    ),
    // Embed tokens and dataflow storage
    post("GenerateToken", scopes::DATASET_READ, embed::generate),
    post(
        "groups/{group}/reports/{report}/GenerateToken",
        scopes::REPORT_EXPORT,
        embed::for_report,
    ),
    post(
        "groups/{group}/datasets/{dataset}/GenerateToken",
        scopes::DATASET_READ,
        embed::for_model,
    ),
    post(
        "groups/{group}/dashboards/{dashboard}/GenerateToken",
        scopes::DASHBOARD_READ,
        embed::for_dashboard,
    ),
    get("dataflowStorageAccounts", scopes::STORAGE_READ, storage::list),
    post(
        "groups/{group}/AssignToDataflowStorage",
        scopes::STORAGE_ASSIGN,
        storage::assign,
    ),
    // Imports
    post("~/imports", scopes::DATASET_WRITE, imports::start)
        .with_files()
        .heavy(),
    get("~/imports", scopes::DATASET_READ, imports::list),
    get("~/imports/{import}", scopes::DATASET_READ, imports::get),
];
