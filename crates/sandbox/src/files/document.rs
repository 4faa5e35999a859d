//! What is exported, and the formats it can be exported in.

use thiserror::Error;

use crate::dax::ResultSet;

/// One report as it is exported.
#[derive(Clone, Debug, Default)]
pub struct Document {
    /// The report's name.
    pub title: String,
    /// Who exported it and when, and that it comes from the sandbox.
    pub subtitle: String,
    /// The pages.
    pub pages: Vec<Page>,
}

/// One page of a report.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// The name of the page.
    pub name: String,
    /// Tables with their captions.
    pub tables: Vec<(String, ResultSet)>,
    /// The bars of one chart: label and value.
    pub bars: Vec<(String, f64)>,
}

/// A file format of the export operations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Portable document.
    Pdf,
    /// The same as `Pdf`; the sandbox's documents are plain text and tables.
    AccessiblePdf,
    /// Pictures, in a zip when there are several pages.
    Png,
    /// Slides.
    Pptx,
    /// A workbook with a sheet per table.
    Xlsx,
    /// A Word document.
    Docx,
    /// Comma-separated values.
    Csv,
    /// XML data.
    Xml,
    /// A web page in one file.
    Mhtml,
}

impl Format {
    /// The format the API means by a word; `IMAGE` gives PNG.
    pub fn named(word: &str) -> Option<Self> {
        Some(match word.to_ascii_uppercase().as_str() {
            "PDF" => Self::Pdf,
            "ACCESSIBLEPDF" => Self::AccessiblePdf,
            "PNG" | "IMAGE" => Self::Png,
            "PPTX" => Self::Pptx,
            "XLSX" => Self::Xlsx,
            "DOCX" => Self::Docx,
            "CSV" => Self::Csv,
            "XML" => Self::Xml,
            "MHTML" => Self::Mhtml,
            _ => return None,
        })
    }
}

/// A finished file.
#[derive(Clone, Debug)]
pub struct Rendered {
    /// The file itself.
    pub bytes: Vec<u8>,
    /// Its media type.
    pub content_type: &'static str,
    /// Its extension with the dot, e.g. `.pdf`.
    pub extension: &'static str,
}

/// Why there is no file.
#[derive(Debug, Error)]
pub enum FileError {
    /// There is nothing to write.
    #[error("a document needs at least one page")]
    Empty,
    /// The format's writer gave up.
    #[error("the file could not be written as {format:?}: {reason}")]
    Write {
        /// The format asked for.
        format: Format,
        /// What the writer said.
        reason: String,
    },
}
