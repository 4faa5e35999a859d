//! The delegated permissions of the Power BI Service, and which of them an operation needs.

mod expression;
#[cfg(test)]
mod tests;

use std::sync::LazyLock;

use serde::Deserialize;

pub use crate::scopes::expression::Scopes;

/// One delegated permission of the Power BI Service.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scope {
    /// E.g. `Dataset.Read.All`.
    pub name: String,
    /// The permission's id in a registration's manifest.
    pub id: String,
    pub summary: String,
    /// Whether only an administrator can consent to it.
    #[serde(default)]
    pub admin_consent: bool,
}

/// A ready set of permissions for one kind of use.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Preset {
    pub id: String,
    pub name: String,
    pub summary: String,
    pub scopes: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Data {
    scope: Vec<Scope>,
    preset: Vec<Preset>,
    wanted: Vec<String>,
}

static DATA: LazyLock<Data> =
    LazyLock::new(|| toml::from_str(include_str!("../../scopes.toml")).expect("scopes.toml is read by a test"));
static WANTED: LazyLock<Vec<&'static str>> = LazyLock::new(|| DATA.wanted.iter().map(String::as_str).collect());

/// Every permission an operation can need.
pub fn all() -> &'static [Scope] {
    &DATA.scope
}

/// The permission of this name.
pub fn find(name: &str) -> Option<&'static Scope> {
    DATA.scope.iter().find(|scope| scope.name == name)
}

/// The ten permissions a registration should list.
pub fn wanted() -> &'static [&'static str] {
    &WANTED
}

/// Ready sets, from the smallest up.
pub fn presets() -> &'static [Preset] {
    &DATA.preset
}
