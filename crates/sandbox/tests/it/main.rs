//! One integration binary for the whole sandbox, driven over HTTP.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod arrow_reader;
mod dax_models;
mod entra_admin;
mod entra_clients;
mod entra_consent;
mod entra_faults;
mod entra_harness;
mod entra_refresh;
mod entra_refusals;
mod entra_sign_in;
mod entra_tokens;
mod powerbi_access;
mod powerbi_admin_activity;
mod powerbi_admin_capacities;
mod powerbi_admin_items;
mod powerbi_admin_labels;
mod powerbi_admin_people;
mod powerbi_admin_rights;
mod powerbi_admin_scans;
mod powerbi_admin_workspaces;
mod powerbi_arrow;
mod powerbi_connections;
mod powerbi_content;
mod powerbi_coverage;
mod powerbi_exports;
mod powerbi_faults;
mod powerbi_goals;
mod powerbi_profiles;
mod powerbi_queries;
mod powerbi_refresh;
mod powerbi_reports;
mod powerbi_support;
mod powerbi_uploads;
mod powerbi_workspaces;
