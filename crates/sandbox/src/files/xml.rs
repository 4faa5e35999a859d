//! XML data: report, pages, tables, rows and cells as elements.

use crate::dax::Cell;
use crate::files::Document;
use crate::files::package::XML_HEAD;
use crate::files::package::escape;

/// The document as one XML text.
pub(super) fn write(document: &Document) -> String {
    let mut text = format!(
        "{XML_HEAD}\n<Report Name=\"{}\" Description=\"{}\">\n",
        escape(&document.title),
        escape(&document.subtitle)
    );
    for page in &document.pages {
        text.push_str(&format!("  <Page Name=\"{}\">\n", escape(&page.name)));
        for (caption, rows) in &page.tables {
            text.push_str(&format!("    <Table Name=\"{}\">\n", escape(caption)));
            for row in &rows.rows {
                text.push_str("      <Row>");
                for (name, cell) in rows.columns.iter().zip(row).filter(|(_, cell)| **cell != Cell::Null) {
                    text.push_str(&format!(
                        "<Cell Name=\"{}\">{}</Cell>",
                        escape(name),
                        escape(&cell.to_text())
                    ));
                }
                text.push_str("</Row>\n");
            }
            text.push_str("    </Table>\n");
        }
        text.push_str("  </Page>\n");
    }
    text.push_str("</Report>\n");
    text
}
