//! Template apps: packages that others install, with parameters to fill in.

use uuid::Uuid;

/// One template app.
#[derive(Clone, Debug)]
pub struct TemplateApp {
    /// Id.
    pub id: Uuid,
    /// Directory that owns it.
    pub tid: String,
    /// What a ticket must name besides the id.
    pub package_key: String,
    /// Parameters every ticket must set.
    pub parameters: Vec<String>,
}
