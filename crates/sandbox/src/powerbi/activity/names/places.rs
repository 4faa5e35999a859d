//! What is done to workspaces, pipelines, gateways, and by administrators.

use crate::powerbi::activity::names::About;
use crate::powerbi::activity::names::Named;
use crate::powerbi::activity::names::changed;
use crate::powerbi::activity::names::made;
use crate::powerbi::activity::names::seen;
use crate::world::activity::SubjectKind;

const DATAFLOW: About = About::Path(SubjectKind::Dataflow);

/// What is done to places.
pub(super) const NAMES: &[Named] = &[
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
