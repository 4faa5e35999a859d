//! Real files in the formats the export operations give, from one document.

mod csv;
mod document;
mod docx;
mod font;
mod layout;
mod mhtml;
mod package;
mod pdf;
mod picture;
mod pptx;
#[cfg(test)]
mod tests;
mod xlsx;
mod xml;

pub use crate::files::document::Document;
pub use crate::files::document::FileError;
pub use crate::files::document::Format;
pub use crate::files::document::Page;
pub use crate::files::document::Rendered;

/// Writes the document in a format; several pages as PNG become a zip of images.
pub fn render(format: Format, document: &Document) -> Result<Rendered, FileError> {
    if document.pages.is_empty() {
        return Err(FileError::Empty);
    }
    let failed = |reason: String| FileError::Write { format, reason };
    let (bytes, content_type, extension) = match format {
        Format::Pdf | Format::AccessiblePdf => (pdf::write(document), "application/pdf", ".pdf"),
        Format::Png if document.pages.len() > 1 => {
            (picture::write_all(document).map_err(failed)?, "application/zip", ".zip")
        }
        Format::Png => (picture::write(document, 0).map_err(failed)?, "image/png", ".png"),
        Format::Pptx => (
            pptx::write(document).map_err(failed)?,
            "application/vnd.openxmlformats-officedocument.presentationml.presentation",
            ".pptx",
        ),
        Format::Xlsx => (
            xlsx::write(document).map_err(failed)?,
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            ".xlsx",
        ),
        Format::Docx => (
            docx::write(document).map_err(failed)?,
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            ".docx",
        ),
        Format::Csv => (csv::write(document).into_bytes(), "text/csv; charset=utf-8", ".csv"),
        Format::Xml => (xml::write(document).into_bytes(), "text/xml; charset=utf-8", ".xml"),
        Format::Mhtml => (mhtml::write(document).into_bytes(), "multipart/related", ".mhtml"),
    };
    Ok(Rendered {
        bytes,
        content_type,
        extension,
    })
}
