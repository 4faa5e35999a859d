//! Operations for administrators of the organisation.

use crate::powerbi::admin::Gate;
use crate::powerbi::admin::access;
use crate::powerbi::admin::activity;
use crate::powerbi::admin::artifacts;
use crate::powerbi::admin::capacities;
use crate::powerbi::admin::groups;
use crate::powerbi::admin::keys;
use crate::powerbi::admin::labels;
use crate::powerbi::admin::members;
use crate::powerbi::admin::pipelines;
use crate::powerbi::admin::profiles;
use crate::powerbi::admin::reach;
use crate::powerbi::admin::scans;
use crate::powerbi::admin::sharing;
use crate::powerbi::admin::subscriptions;
use crate::powerbi::admin::unused;
use crate::powerbi::operations::Operation;
use crate::powerbi::operations::Run;
use crate::powerbi::operations::on;
use crate::powerbi::scopes;

/// Most operations may be asked for so often in an hour.
const USUAL: usize = 200;

const fn read(path: &'static str, run: Run) -> Operation {
    on("GET", path, scopes::TENANT_READ, run).behind(Gate::read(USUAL))
}

const fn limited(path: &'static str, gate: Gate, run: Run) -> Operation {
    on("GET", path, scopes::TENANT_READ, run).behind(gate)
}

const fn write(method: &'static str, path: &'static str, run: Run) -> Operation {
    on(method, path, scopes::TENANT_WRITE, run).behind(Gate::people(USUAL))
}

/// A change for which the permission to read is enough, as the service has it.
const fn light_write(method: &'static str, path: &'static str, per_hour: usize, run: Run) -> Operation {
    on(method, path, scopes::TENANT_READ, run).behind(Gate::people(per_hour))
}

/// The operations, plain words before `{}`.
pub(super) const OPERATIONS: &[Operation] = &[
    // Workspaces and their members
    limited("admin/groups", Gate::shared(50, 15), groups::list),
    read("admin/groups/{workspace}", groups::get),
    write("PATCH", "admin/groups/{workspace}", groups::update),
    write("POST", "admin/groups/{workspace}/restore", groups::restore),
    read("admin/groups/{workspace}/users", members::list),
    write("POST", "admin/groups/{workspace}/users", members::add),
    write("DELETE", "admin/groups/{workspace}/users/{user}", members::remove),
    // Items of a workspace
    read("admin/groups/{workspace}/dashboards", artifacts::dashboards),
    read("admin/groups/{workspace}/reports", artifacts::reports),
    read("admin/groups/{workspace}/datasets", artifacts::models),
    read(
        "admin/groups/{workspace}/datasets/upstreamDataflows",
        artifacts::upstream_of_models,
    ),
    read("admin/groups/{workspace}/dataflows", artifacts::dataflows),
    read(
        "admin/groups/{workspace}/dataflows/{dataflow}/upstreamDataflows",
        artifacts::upstream_of_dataflow,
    ),
    read("admin/groups/{workspace}/unused", unused::list),
    // Items of the organisation
    read("admin/apps", artifacts::apps),
    read("admin/apps/{app}/users", access::of_app),
    limited("admin/dashboards", Gate::shared(50, 5), artifacts::dashboards),
    read(
        "admin/dashboards/{dashboard}/subscriptions",
        subscriptions::of_dashboard,
    ),
    read("admin/dashboards/{dashboard}/tiles", artifacts::tiles),
    read("admin/dashboards/{dashboard}/users", access::of_dashboard),
    read("admin/dataflows", artifacts::dataflows),
    limited(
        "admin/dataflows/{dataflow}/datasources",
        Gate::read(0),
        artifacts::dataflow_sources,
    ),
    read("admin/dataflows/{dataflow}/export", artifacts::dataflow_export),
    read("admin/dataflows/{dataflow}/users", access::of_dataflow),
    limited("admin/datasets", Gate::shared(50, 5), artifacts::models),
    limited(
        "admin/datasets/{dataset}/datasources",
        Gate::read(300),
        artifacts::model_sources,
    ),
    read("admin/datasets/{dataset}/users", access::of_model),
    read("admin/imports", artifacts::imports),
    limited("admin/reports", Gate::shared(50, 5), artifacts::reports),
    read("admin/reports/{report}/subscriptions", subscriptions::of_report),
    read("admin/reports/{report}/users", access::of_report),
    // Capacities and their keys
    read("admin/capacities", capacities::list),
    light_write("POST", "admin/capacities/AssignWorkspaces", USUAL, capacities::assign),
    light_write(
        "POST",
        "admin/capacities/UnassignWorkspaces",
        USUAL,
        capacities::unassign,
    ),
    read("admin/capacities/refreshables", capacities::refreshables),
    light_write("PATCH", "admin/capacities/{capacity}", USUAL, capacities::update),
    read("admin/capacities/{capacity}/refreshables", capacities::refreshables),
    read(
        "admin/capacities/{capacity}/refreshables/{refreshable}",
        capacities::refreshable,
    ),
    limited(
        "admin/capacities/{capacity}/users",
        Gate::people(USUAL),
        access::of_capacity,
    ),
    read("admin/tenantKeys", keys::list),
    light_write("POST", "admin/tenantKeys", 600, keys::add),
    light_write(
        "POST",
        "admin/tenantKeys/{tenant_key}/Default.Rotate",
        600,
        keys::rotate,
    ),
    // Profiles of service principals
    read("admin/profiles", profiles::list),
    write("DELETE", "admin/profiles/{profile}", profiles::delete),
    // Deployment pipelines
    read("admin/pipelines", pipelines::list),
    read("admin/pipelines/{pipeline}/users", pipelines::list_users),
    write("POST", "admin/pipelines/{pipeline}/users", pipelines::add_user),
    write(
        "DELETE",
        "admin/pipelines/{pipeline}/users/{identifier}",
        pipelines::delete_user,
    ),
    // What people did, and what they can reach
    read("admin/activityevents", activity::list),
    read("admin/users/{user}/artifactAccess", reach::list),
    read("admin/users/{user}/subscriptions", subscriptions::of_person),
    read(
        "admin/widelySharedArtifacts/linksSharedToWholeOrganization",
        sharing::with_the_organisation,
    ),
    read("admin/widelySharedArtifacts/publishedToWeb", sharing::with_the_web),
    // Labels
    on(
        "POST",
        "admin/informationprotection/setLabels",
        scopes::TENANT_WRITE,
        labels::set,
    )
    .behind(Gate::people(25)),
    on(
        "POST",
        "admin/informationprotection/removeLabels",
        scopes::TENANT_WRITE,
        labels::remove,
    )
    .behind(Gate::people(25)),
    // The scanner
    on("POST", "admin/workspaces/getInfo", scopes::TENANT_READ, scans::start)
        .behind(Gate::read(500))
        .heavy(),
    limited("admin/workspaces/scanStatus/{scan}", Gate::read(10_000), scans::status),
    limited("admin/workspaces/scanResult/{scan}", Gate::read(500), scans::result),
    limited("admin/workspaces/modified", Gate::read(30), scans::modified),
];
