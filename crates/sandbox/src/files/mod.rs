//! Real files in the formats the export operations give, from one document.

mod document;

pub use crate::files::document::Document;
pub use crate::files::document::FileError;
pub use crate::files::document::Format;
pub use crate::files::document::Page;
pub use crate::files::document::Rendered;

/// Writes the document in a format; several pages as PNG become a zip of images.
pub fn render(format: Format, _document: &Document) -> Result<Rendered, FileError> {
    Err(FileError::Write {
        format,
        reason: "is being built".to_owned(),
    })
}
