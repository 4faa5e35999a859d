//! What is done to workspaces, pipelines, gateways and profiles.

use crate::powerbi::activity::names::About;
use crate::powerbi::activity::names::Named;
use crate::powerbi::activity::names::changed;
use crate::powerbi::activity::names::made;
use crate::powerbi::activity::names::seen;
use crate::world::activity::SubjectKind;

/// What is done to places.
pub(super) const NAMES: &[Named] = &[
    // Workspaces
    seen("GET", "groups", "GetWorkspaces", About::Nothing),
    made("groups", "CreateGroup", SubjectKind::Workspace),
    changed("PATCH", "groups/{group}", "UpdateFolder", SubjectKind::Workspace),
    changed("DELETE", "groups/{group}", "DeleteGroup", SubjectKind::Workspace),
    seen(
        "GET",
        "groups/{group}/users",
        "GetGroupUsers",
        About::Path(SubjectKind::Workspace),
    ),
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
    // Capacities
    changed(
        "PATCH",
        "capacities/{capacity}/Workloads/{workload}",
        "UpdateCapacityResourceGovernanceSettings",
        SubjectKind::Capacity,
    ),
    // Profiles and template apps
    seen("GET", "profiles", "GetServicePrincipalProfiles", About::Nothing),
    seen(
        "GET",
        "profiles/{profile}",
        "GetServicePrincipalProfile",
        About::Nothing,
    ),
    seen(
        "PUT",
        "profiles/{profile}",
        "UpdateServicePrincipalProfile",
        About::Nothing,
    ),
    seen("POST", "profiles", "CreateServicePrincipalProfile", About::Nothing),
    seen(
        "DELETE",
        "profiles/{profile}",
        "DeleteServicePrincipalProfile",
        About::Nothing,
    ),
    seen(
        "POST",
        "CreateTemplateAppInstallTicket",
        "CreateTemplateAppInstallTicket",
        About::Nothing,
    ),
];
