//! What Power BI can do, as data and pure code: no async, no network.

mod bind;
mod body;
mod catalogue;
pub mod clouds;
mod datetime;
pub mod entra_errors;
mod load;
mod operation;
mod parameter;
pub mod powerbi_errors;
pub mod scopes;
mod segment;
mod template;

pub use crate::bind::BindProblem;
pub use crate::bind::Bound;
pub use crate::catalogue::Catalogue;
pub use crate::catalogue::Found;
pub use crate::load::Problem;
pub use crate::operation::Answer;
pub use crate::operation::Effect;
pub use crate::operation::ItemKind;
pub use crate::operation::LongRunning;
pub use crate::operation::Method;
pub use crate::operation::Operation;
pub use crate::operation::Paging;
pub use crate::operation::Per;
pub use crate::operation::Principals;
pub use crate::operation::Rate;
pub use crate::operation::Status;
pub use crate::operation::Window;
pub use crate::parameter::Kind;
pub use crate::parameter::Parameter;
pub use crate::parameter::Place;
pub use crate::scopes::Scopes;
pub use crate::template::Template;
