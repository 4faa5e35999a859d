//! Operations on scorecards, goals, check-ins and status rules.

use crate::powerbi::check_ins;
use crate::powerbi::goal_refresh;
use crate::powerbi::goals;
use crate::powerbi::operations::Operation;
use crate::powerbi::operations::delete;
use crate::powerbi::operations::get;
use crate::powerbi::operations::patch;
use crate::powerbi::operations::post;
use crate::powerbi::scopes;
use crate::powerbi::scorecards;
use crate::powerbi::status_rules;

/// The operations, plain words before `{}`.
pub(super) const OPERATIONS: &[Operation] = &[
    // Scorecards
    get("groups/{group}/scorecards", scopes::DATASET_READ, scorecards::list),
    post("groups/{group}/scorecards", scopes::DATASET_WRITE, scorecards::create),
    get(
        "groups/{group}/scorecards/GetScorecardByReportId(reportId={report})",
        scopes::DATASET_READ,
        scorecards::get_by_report,
    ),
    get(
        "groups/{group}/scorecards({scorecard})",
        scopes::DATASET_READ,
        scorecards::get,
    ),
    patch(
        "groups/{group}/scorecards({scorecard})",
        scopes::DATASET_WRITE,
        scorecards::update,
    ),
    delete(
        "groups/{group}/scorecards({scorecard})",
        scopes::DATASET_WRITE,
        scorecards::delete,
    ),
    post(
        "groups/{group}/scorecards({scorecard})/MoveGoals()",
        scopes::DATASET_WRITE,
        scorecards::move_goals,
    ),
    // Goals
    get(
        "groups/{group}/scorecards({scorecard})/goals",
        scopes::DATASET_READ,
        goals::list,
    ),
    post(
        "groups/{group}/scorecards({scorecard})/goals",
        scopes::DATASET_WRITE,
        goals::create,
    ),
    get(
        "groups/{group}/scorecards({scorecard})/goals({goal})",
        scopes::DATASET_READ,
        goals::get,
    ),
    patch(
        "groups/{group}/scorecards({scorecard})/goals({goal})",
        scopes::DATASET_WRITE,
        goals::update,
    ),
    delete(
        "groups/{group}/scorecards({scorecard})/goals({goal})",
        scopes::DATASET_WRITE,
        goals::delete,
    ),
    // Values from semantic models
    get(
        "groups/{group}/scorecards({scorecard})/goals({goal})/GetRefreshHistory()",
        scopes::DATASET_READ,
        goal_refresh::history,
    ),
    post(
        "groups/{group}/scorecards({scorecard})/goals({goal})/RefreshGoalCurrentValue()",
        scopes::DATASET_WRITE,
        goal_refresh::refresh_current,
    )
    .heavy(),
    post(
        "groups/{group}/scorecards({scorecard})/goals({goal})/RefreshGoalTargetValue()",
        scopes::DATASET_WRITE,
        goal_refresh::refresh_target,
    )
    .heavy(),
    post(
        "groups/{group}/scorecards({scorecard})/goals({goal})/DeleteGoalCurrentValueConnection()",
        scopes::DATASET_WRITE,
        goal_refresh::disconnect_current,
    ),
    post(
        "groups/{group}/scorecards({scorecard})/goals({goal})/DeleteGoalTargetValueConnection()",
        scopes::DATASET_WRITE,
        goal_refresh::disconnect_target,
    ),
    // Check-ins
    get(
        "groups/{group}/scorecards({scorecard})/goals({goal})/goalValues",
        scopes::DATASET_READ,
        check_ins::list,
    ),
    post(
        "groups/{group}/scorecards({scorecard})/goals({goal})/goalValues",
        scopes::DATASET_WRITE,
        check_ins::create,
    ),
    get(
        "groups/{group}/scorecards({scorecard})/goals({goal})/goalValues({timestamp})",
        scopes::DATASET_READ,
        check_ins::get,
    ),
    patch(
        "groups/{group}/scorecards({scorecard})/goals({goal})/goalValues({timestamp})",
        scopes::DATASET_WRITE,
        check_ins::update,
    ),
    delete(
        "groups/{group}/scorecards({scorecard})/goals({goal})/goalValues({timestamp})",
        scopes::DATASET_WRITE,
        check_ins::delete,
    ),
    post(
        "groups/{group}/scorecards({scorecard})/goals({goal})/goalValues({timestamp})/notes",
        scopes::DATASET_WRITE,
        check_ins::create_note,
    ),
    patch(
        "groups/{group}/scorecards({scorecard})/goals({goal})/goalValues({timestamp})/notes({note})",
        scopes::DATASET_WRITE,
        check_ins::update_note,
    ),
    delete(
        "groups/{group}/scorecards({scorecard})/goals({goal})/goalValues({timestamp})/notes({note})",
        scopes::DATASET_WRITE,
        check_ins::delete_note,
    ),
    // Status rules
    get(
        "groups/{group}/scorecards({scorecard})/goals({goal})/statusRules",
        scopes::DATASET_READ,
        status_rules::get,
    ),
    post(
        "groups/{group}/scorecards({scorecard})/goals({goal})/statusRules",
        scopes::DATASET_WRITE,
        status_rules::set,
    ),
    delete(
        "groups/{group}/scorecards({scorecard})/goals({goal})/statusRules",
        scopes::DATASET_WRITE,
        status_rules::delete,
    ),
];
