//! Every operation of the Power BI REST API for agents: finding one, reading what it takes, and calling it.

mod call;
mod describe;
mod find;
#[cfg(test)]
mod tests;

pub(super) use call::{CALL_READ, CALL_WRITE};
pub(super) use describe::DESCRIBE;
pub(super) use find::{FIND, ranked};

use catalogue::{Catalogue, Effect, Operation};

use super::context::Context;
use super::fault::Fault;
use super::text::short;

/// The operation of this id, if the policies may ever allow it to the caller.
///
/// Invariant: one that the policies hide and one that does not exist are the same.
fn known(context: &Context<'_>, id: &str) -> Result<&'static Operation, Fault> {
    let found = Catalogue::builtin()
        .operation(id)
        .or_else(|| by_microsoft_id(id))
        .filter(|it| context.may(&it.id));
    found.ok_or_else(|| {
        let near: Vec<_> = find::ranked(context, id, |_| true)
            .into_iter()
            .take(5)
            .map(|it| it.id.as_str())
            .collect();
        let near = match near[..] {
            [] => String::new(),
            _ => format!(" Nearest: {}.", near.join(", ")),
        };
        Fault::NotFound(format!(
            "There is no operation {} for you.{near} find_operations lists what there is.",
            short(id, 80).escape_debug()
        ))
    })
}

/// Models know Microsoft's own names, such as `Datasets_RefreshDataset`, from its documentation.
fn by_microsoft_id(id: &str) -> Option<&'static Operation> {
    let mut all = Catalogue::builtin().operations().iter();
    all.find(|it| it.microsoft_id.eq_ignore_ascii_case(id))
}

const READ: &str = "call_read_operation";
const WRITE: &str = "call_write_operation";

/// The tool that calls an operation.
fn caller_of(operation: &Operation) -> &'static str {
    match operation.effect {
        Effect::Read => READ,
        _ => WRITE,
    }
}
