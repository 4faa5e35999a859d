//! What the engine prepares of a model on its first query.

/// Prepared forms of a model.
#[derive(Default)]
pub(crate) struct Compiled {}
