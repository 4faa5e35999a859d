//! What administrators do.

use crate::powerbi::activity::names::About;
use crate::powerbi::activity::names::Named;
use crate::powerbi::activity::names::changed;
use crate::powerbi::activity::names::each;
use crate::powerbi::activity::names::made;
use crate::powerbi::activity::names::seen;
use crate::world::activity::SubjectKind;

const DATAFLOW: About = About::Path(SubjectKind::Dataflow);

/// An administrator's look. It is about nothing in particular: an audit is no use of what it looks at.
const fn looked(path: &'static str, activity: &'static str) -> Named {
    seen("GET", path, activity, About::Nothing)
}

/// The rows.
pub(super) const NAMES: &[Named] = &[
    looked("admin/apps", "GetAppsAsAdmin"),
    looked("admin/apps/{app}/users", "GetAppUsersAsAdmin"),
    looked("admin/capacities/refreshables", "GetRefreshablesAsAdmin"),
    looked(
        "admin/capacities/{capacity}/refreshables",
        "GetRefreshablesForCapacityAsAdmin",
    ),
    looked(
        "admin/capacities/{capacity}/refreshables/{refreshable}",
        "GetRefreshablesForRefreshIdAsAdmin",
    ),
    looked("admin/capacities/{capacity}/users", "GetCapacityUsersAsAdmin"),
    looked("admin/dashboards", "GetDashboardsAsAdmin"),
    looked("admin/dashboards/{dashboard}/tiles", "GetDashboardTilesAsAdmin"),
    looked("admin/dashboards/{dashboard}/users", "GetDashboardUsersAsAdmin"),
    looked("admin/dataflows", "GetDataflowsAsAdmin"),
    looked(
        "admin/dataflows/{dataflow}/datasources",
        "GetDataflowDatasourcesAsAdmin",
    ),
    looked("admin/dataflows/{dataflow}/users", "GetDataflowUsersAsAdmin"),
    looked("admin/datasets", "GetDatasetsAsAdmin"),
    looked("admin/datasets/{dataset}/datasources", "GetDatasetDatasourcesAsAdmin"),
    looked("admin/datasets/{dataset}/users", "GetDatasetUsersAsAdmin"),
    looked("admin/groups/{workspace}/users", "GetGroupUsersAsAdmin"),
    looked("admin/groups/{workspace}/dashboards", "GetDashboardsInGroupAsAdmin"),
    looked("admin/groups/{workspace}/dataflows", "GetDataflowsInGroupAsAdmin"),
    looked("admin/groups/{workspace}/datasets", "GetDatasetsInGroupAsAdmin"),
    looked(
        "admin/groups/{workspace}/datasets/upstreamDataflows",
        "GetDatasetToDataflowsLinksAsAdmin",
    ),
    looked(
        "admin/groups/{workspace}/dataflows/{dataflow}/upstreamDataflows",
        "GetDataflowUpstreamDataflowsAsAdmin",
    ),
    looked("admin/groups/{workspace}/unused", "GetUnusedArtifacts"),
    looked("admin/imports", "GetImportsAsAdmin"),
    looked("admin/reports", "GetReportsAsAdmin"),
    looked("admin/groups/{workspace}/reports", "GetReportsInGroupAsAdmin"),
    looked("admin/reports/{report}/users", "GetReportUsersAsAdmin"),
    looked(
        "admin/reports/{report}/subscriptions",
        "GetSubscriptionUsersByReportIdAsAdmin",
    ),
    looked(
        "admin/dashboards/{dashboard}/subscriptions",
        "GetSubscriptionUsersByDashboardIdAsAdmin",
    ),
    looked("admin/profiles", "GetServicePrincipalProfilesAsAdmin"),
    looked(
        "admin/widelySharedArtifacts/publishedToWeb",
        "GetPublishToWebArtifactsAsAdmin",
    ),
    looked("admin/tenantKeys", "GetTenantKeysAsAdmin"),
    looked("admin/users/{user}/subscriptions", "GetSubscriptionsForUserAsAdmin"),
    looked(
        "admin/widelySharedArtifacts/linksSharedToWholeOrganization",
        "GetArtifactLinkSharedToWholeOrgAsAdmin",
    ),
    looked("admin/workspaces/modified", "GetModifiedWorkspacesAPI"),
    seen(
        "POST",
        "admin/workspaces/getInfo",
        "GetWorkspacesInfoAPI",
        About::Nothing,
    ),
    seen(
        "DELETE",
        "admin/profiles/{profile}",
        "DeleteServicePrincipalProfileAsAdmin",
        About::Nothing,
    ),
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
        "SetCapacityTenantKey",
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
    each("admin/capacities/AssignWorkspaces", "MigrateWorkspaceIntoCapacity"),
    each("admin/capacities/UnassignWorkspaces", "RemoveWorkspacesFromCapacity"),
    // What had a label before is written down as changed.
    each("admin/informationprotection/setLabels", "SensitivityLabelApplied"),
    each("admin/informationprotection/removeLabels", "SensitivityLabelRemoved"),
    made("admin/tenantKeys", "AddTenantKey", SubjectKind::Key),
    changed(
        "POST",
        "admin/tenantKeys/{tenant_key}/Default.Rotate",
        "RotateTenantKey",
        SubjectKind::Key,
    ),
];
