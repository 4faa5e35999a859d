//! Pretend Microsoft Entra ID: sign-in pages, consent, tokens, and the errors people really meet.

pub mod bearer;
mod directory;
mod keys;

pub use crate::entra::bearer::AuthFailure;
pub use crate::entra::bearer::Bearer;
pub use crate::entra::bearer::check;
pub use crate::entra::directory::Directory;
