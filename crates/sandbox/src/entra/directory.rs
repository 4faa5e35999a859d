//! What the pretend Entra ID knows: tenants, people and signing keys.

use crate::entra::keys::Keys;
use crate::people::Person;
use crate::people::Tenant;

/// Tenants, people and keys.
pub struct Directory {
    pub(crate) tenants: Vec<Tenant>,
    pub(crate) people: Vec<Person>,
    pub(crate) keys: Keys,
}

impl Directory {
    /// The seeded directory.
    pub(crate) fn seeded() -> Directory {
        Directory {
            tenants: crate::people::tenants(),
            people: crate::people::people(),
            keys: Keys::seeded(),
        }
    }
}
