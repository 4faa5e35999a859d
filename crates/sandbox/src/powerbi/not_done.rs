//! The operations of the API that the sandbox does not do, so that it can say so instead of feigning.

/// Method and path below `/v1.0/myorg/`.
pub(super) const OPERATIONS: &[(&str, &str)] = &[
    ("GET", "admin/profiles"),
    ("DELETE", "admin/profiles/{profile}"),
    ("GET", "capacities/{capacity}/Workloads"),
    ("GET", "capacities/{capacity}/Workloads/{workload_name}"),
    ("PATCH", "capacities/{capacity}/Workloads/{workload_name}"),
    ("POST", "groups/{group}/dataflows/{gen1_dataflow}/saveAsNativeArtifact"),
    ("GET", "~/datasets/{dataset}/Default.GetBoundGatewayDatasources"),
    ("POST", "~/datasets/{dataset}/Default.SetAllConnections"),
    ("POST", "~/datasets/{dataset}/executeDaxQueries"),
    (
        "POST",
        "groups/{group}/dashboards/{dashboard}/tiles/{tile}/GenerateToken",
    ),
    ("POST", "groups/{group}/reports/GenerateToken"),
    (
        "POST",
        "groups/{group}/scorecards({scorecard})/goals({goal})/goalValues({timestamp})/notes",
    ),
    (
        "DELETE",
        "groups/{group}/scorecards({scorecard})/goals({goal})/goalValues({timestamp})/notes({note})",
    ),
    (
        "PATCH",
        "groups/{group}/scorecards({scorecard})/goals({goal})/goalValues({timestamp})/notes({note})",
    ),
    ("GET", "groups/{group}/scorecards({scorecard})/goals({goal})/goalValues"),
    (
        "POST",
        "groups/{group}/scorecards({scorecard})/goals({goal})/goalValues",
    ),
    (
        "DELETE",
        "groups/{group}/scorecards({scorecard})/goals({goal})/goalValues({timestamp})",
    ),
    (
        "GET",
        "groups/{group}/scorecards({scorecard})/goals({goal})/goalValues({timestamp})",
    ),
    (
        "PATCH",
        "groups/{group}/scorecards({scorecard})/goals({goal})/goalValues({timestamp})",
    ),
    ("GET", "groups/{group}/scorecards({scorecard})/goals"),
    ("POST", "groups/{group}/scorecards({scorecard})/goals"),
    ("DELETE", "groups/{group}/scorecards({scorecard})/goals({goal})"),
    ("GET", "groups/{group}/scorecards({scorecard})/goals({goal})"),
    ("PATCH", "groups/{group}/scorecards({scorecard})/goals({goal})"),
    (
        "POST",
        "groups/{group}/scorecards({scorecard})/goals({goal})/DeleteGoalCurrentValueConnection()",
    ),
    (
        "POST",
        "groups/{group}/scorecards({scorecard})/goals({goal})/DeleteGoalTargetValueConnection()",
    ),
    (
        "GET",
        "groups/{group}/scorecards({scorecard})/goals({goal})/GetRefreshHistory()",
    ),
    (
        "POST",
        "groups/{group}/scorecards({scorecard})/goals({goal})/RefreshGoalCurrentValue()",
    ),
    (
        "POST",
        "groups/{group}/scorecards({scorecard})/goals({goal})/RefreshGoalTargetValue()",
    ),
    (
        "DELETE",
        "groups/{group}/scorecards({scorecard})/goals({goal})/statusRules",
    ),
    (
        "GET",
        "groups/{group}/scorecards({scorecard})/goals({goal})/statusRules",
    ),
    (
        "POST",
        "groups/{group}/scorecards({scorecard})/goals({goal})/statusRules",
    ),
    ("POST", "~/imports/createTemporaryUploadLocation"),
    ("GET", "profiles"),
    ("POST", "profiles"),
    ("DELETE", "profiles/{profile}"),
    ("GET", "profiles/{profile}"),
    ("PUT", "profiles/{profile}"),
    ("POST", "~/reports/{report}/Default.BindToGateway"),
    ("GET", "groups/{group}/scorecards"),
    ("POST", "groups/{group}/scorecards"),
    ("DELETE", "groups/{group}/scorecards({scorecard})"),
    ("GET", "groups/{group}/scorecards({scorecard})"),
    ("PATCH", "groups/{group}/scorecards({scorecard})"),
    ("POST", "groups/{group}/scorecards({scorecard})/MoveGoals()"),
    (
        "GET",
        "groups/{group}/scorecards/GetScorecardByReportId(reportId={report})",
    ),
    ("POST", "CreateTemplateAppInstallTicket"),
];
