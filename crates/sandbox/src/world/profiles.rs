//! Profiles of service principals: several identities behind one registration.

use uuid::Uuid;

/// One profile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// Id.
    pub id: Uuid,
    /// Directory it belongs to.
    pub tid: String,
    /// Object id of the service principal it belongs to.
    pub principal: String,
    /// Display name.
    pub name: String,
}
