//! The files that are part of the program.

/// Name and text of each file.
pub(crate) const BUILTIN_FILES: &[(&str, &str)] = &[
    ("rates", include_str!("../../operations/rates.toml")),
    ("answers", include_str!("../../operations/answers.toml")),
    ("admin", include_str!("../../operations/admin.toml")),
    ("apps", include_str!("../../operations/apps.toml")),
    (
        "available_features",
        include_str!("../../operations/available_features.toml"),
    ),
    ("capacities", include_str!("../../operations/capacities.toml")),
    ("dashboards", include_str!("../../operations/dashboards.toml")),
    (
        "dataflow_storage_accounts",
        include_str!("../../operations/dataflow_storage_accounts.toml"),
    ),
    ("dataflows", include_str!("../../operations/dataflows.toml")),
    ("datasets", include_str!("../../operations/datasets.toml")),
    ("embed_token", include_str!("../../operations/embed_token.toml")),
    ("gateways", include_str!("../../operations/gateways.toml")),
    ("goal_notes", include_str!("../../operations/goal_notes.toml")),
    (
        "goal_status_rules",
        include_str!("../../operations/goal_status_rules.toml"),
    ),
    ("goal_values", include_str!("../../operations/goal_values.toml")),
    ("goals", include_str!("../../operations/goals.toml")),
    ("groups", include_str!("../../operations/groups.toml")),
    ("imports", include_str!("../../operations/imports.toml")),
    ("pipelines", include_str!("../../operations/pipelines.toml")),
    ("profiles", include_str!("../../operations/profiles.toml")),
    ("push_datasets", include_str!("../../operations/push_datasets.toml")),
    ("reports", include_str!("../../operations/reports.toml")),
    ("scorecards", include_str!("../../operations/scorecards.toml")),
    ("template_apps", include_str!("../../operations/template_apps.toml")),
    ("users", include_str!("../../operations/users.toml")),
];
