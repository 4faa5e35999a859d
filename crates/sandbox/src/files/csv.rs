//! Comma-separated values: the tables of all pages, a blank line between them.

use crate::files::Document;

/// The rows of every table under a line of column names, as RFC 4180 writes them.
pub(super) fn write(document: &Document) -> String {
    // The mark at the front tells spreadsheet programs that this is UTF-8.
    let mut text = String::from("\u{feff}");
    for (place, (_, rows)) in document.pages.iter().flat_map(|page| &page.tables).enumerate() {
        if place > 0 {
            text.push_str("\r\n");
        }
        line(&mut text, rows.columns.iter().map(String::as_str));
        for row in &rows.rows {
            let cells: Vec<String> = row.iter().map(crate::dax::Cell::to_text).collect();
            line(&mut text, cells.iter().map(String::as_str));
        }
    }
    text
}

fn line<'a>(text: &mut String, fields: impl Iterator<Item = &'a str>) {
    for (place, field) in fields.enumerate() {
        if place > 0 {
            text.push(',');
        }
        if field.contains([',', '"', '\r', '\n']) {
            text.push('"');
            text.push_str(&field.replace('"', "\"\""));
            text.push('"');
        } else {
            text.push_str(field);
        }
    }
    text.push_str("\r\n");
}
