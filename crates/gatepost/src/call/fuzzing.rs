//! What the fuzz targets call of this module; built for them alone.

use bytes::Bytes;

use super::File;

/// A file as the only part of a form.
pub fn form(file: &File, boundary: &str) -> Bytes {
    file.as_form(boundary)
}
