//! Operations on semantic models: settings, queries, refreshes, pushed rows.

use crate::powerbi::connections;
use crate::powerbi::datasets;
use crate::powerbi::dax_queries;
use crate::powerbi::operations::Operation;
use crate::powerbi::operations::delete;
use crate::powerbi::operations::get;
use crate::powerbi::operations::patch;
use crate::powerbi::operations::post;
use crate::powerbi::operations::put;
use crate::powerbi::push;
use crate::powerbi::push_models;
use crate::powerbi::queries;
use crate::powerbi::refresh;
use crate::powerbi::refresh_detail;
use crate::powerbi::schedules;
use crate::powerbi::scopes;
use crate::powerbi::sharing;
use crate::powerbi::sources;

/// The operations, plain words before `{}`.
pub(super) const OPERATIONS: &[Operation] = &[
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
    post(
        "~/datasets/{dataset}/executeDaxQueries",
        scopes::DATASET_READ,
        dax_queries::execute,
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
    get(
        "~/datasets/{dataset}/Default.GetBoundGatewayDatasources",
        scopes::DATASET_READ,
        connections::bound_datasources,
    ),
    post(
        "~/datasets/{dataset}/Default.SetAllConnections",
        scopes::DATASET_WRITE,
        connections::set_all,
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
    // Push models
    post("~/datasets", scopes::DATASET_WRITE, push_models::create),
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
];
