//! Operations on workspaces, capacities, gateways and deployment pipelines.

use crate::powerbi::capacities;
use crate::powerbi::deployments;
use crate::powerbi::embed;
use crate::powerbi::gateways;
use crate::powerbi::install_tickets;
use crate::powerbi::operations::Operation;
use crate::powerbi::operations::delete;
use crate::powerbi::operations::get;
use crate::powerbi::operations::patch;
use crate::powerbi::operations::post;
use crate::powerbi::operations::put;
use crate::powerbi::pipelines;
use crate::powerbi::profiles;
use crate::powerbi::scopes;
use crate::powerbi::storage;
use crate::powerbi::workloads;
use crate::powerbi::workspaces;

/// The operations, plain words before `{}`.
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
    get(
        "capacities/{capacity}/Workloads",
        scopes::CAPACITY_READ,
        workloads::list,
    ),
    get(
        "capacities/{capacity}/Workloads/{workload}",
        scopes::CAPACITY_READ,
        workloads::get,
    ),
    patch(
        "capacities/{capacity}/Workloads/{workload}",
        scopes::CAPACITY_WRITE,
        workloads::update,
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
    // Profiles and template apps
    get("profiles", scopes::NONE, profiles::list),
    post("profiles", scopes::NONE, profiles::create),
    get("profiles/{profile}", scopes::NONE, profiles::get),
    put("profiles/{profile}", scopes::NONE, profiles::update),
    delete("profiles/{profile}", scopes::NONE, profiles::delete),
    post("CreateTemplateAppInstallTicket", scopes::NONE, install_tickets::create),
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
    post(
        "groups/{group}/dashboards/{dashboard}/tiles/{tile}/GenerateToken",
        scopes::TILE_EMBED,
        embed::for_tile,
    ),
    post(
        "groups/{group}/reports/GenerateToken",
        scopes::REPORT_CREATE,
        embed::for_new_report,
    ),
    get("dataflowStorageAccounts", scopes::STORAGE_READ, storage::list),
    post(
        "groups/{group}/AssignToDataflowStorage",
        scopes::STORAGE_ASSIGN,
        storage::assign,
    ),
];
