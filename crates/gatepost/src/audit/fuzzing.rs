//! What the fuzz targets call of this module; built for them alone.

use serde_json::Value;

use super::{form, outside};
use crate::store::audit::Row;

/// One line of the checkpoint file, read and written again.
pub fn anchor(line: &str) -> Option<String> {
    outside::parse(line).map(|it| outside::line(&it))
}

/// A stored entry as the check of the log reads it.
pub fn entry(row: &Row) -> Result<Value, String> {
    form::read(row).map(|(_, entry)| entry)
}
