//! A Word document: headings, and a table with a heading row for each table.

use crate::dax::ResultSet;
use crate::files::Document;
use crate::files::package::content_types;
use crate::files::package::core_properties;
use crate::files::package::escape;
use crate::files::package::links;
use crate::files::package::part;
use crate::files::package::zipped;

/// Width of the text on a page, in twentieths of a point.
const TEXT_WIDTH: usize = 9_638;

/// The document as a package that Word and others open.
pub(super) fn write(document: &Document) -> Result<Vec<u8>, String> {
    let mut body = paragraph("Title", &document.title) + &paragraph("Normal", &document.subtitle);
    for page in &document.pages {
        body += &paragraph("Heading1", &page.name);
        for (caption, rows) in &page.tables {
            body += &paragraph("Heading2", caption);
            body += &table(rows);
            // Word merges tables that have no paragraph between them.
            body += &paragraph("Normal", "");
        }
    }
    let space = "http://schemas.openxmlformats.org/wordprocessingml/2006/main";
    let page = r#"<w:sectPr><w:pgSz w:w="11906" w:h="16838"/><w:pgMar w:top="1134" w:right="1134" w:bottom="1134" w:left="1134" w:header="708" w:footer="708" w:gutter="0"/></w:sectPr>"#;
    zipped(&[
        content_types(&[
            (
                "word/document.xml".to_owned(),
                "officedocument.wordprocessingml.document.main",
            ),
            ("word/styles.xml".to_owned(), "officedocument.wordprocessingml.styles"),
            ("docProps/core.xml".to_owned(), "package.core-properties"),
        ]),
        links(
            "_rels/.rels",
            &[
                ("officeDocument", "word/document.xml".to_owned()),
                ("core-properties", "docProps/core.xml".to_owned()),
            ],
        ),
        links("word/_rels/document.xml.rels", &[("styles", "styles.xml".to_owned())]),
        part(
            "word/document.xml",
            format!(r#"<w:document xmlns:w="{space}"><w:body>{body}{page}</w:body></w:document>"#),
        ),
        part(
            "word/styles.xml",
            format!(r#"<w:styles xmlns:w="{space}">{}</w:styles>"#, styles()),
        ),
        core_properties(&document.title, &document.subtitle),
    ])
}

fn styles() -> String {
    let style = |id: &str, name: &str, half_points: u32, bold: bool| {
        let default = if id == "Normal" { r#" w:default="1""# } else { "" };
        let bold = if bold { "<w:b/>" } else { "" };
        format!(
            r#"<w:style w:type="paragraph"{default} w:styleId="{id}"><w:name w:val="{name}"/><w:pPr><w:spacing w:before="60" w:after="60"/></w:pPr><w:rPr>{bold}<w:sz w:val="{half_points}"/></w:rPr></w:style>"#
        )
    };
    [
        style("Normal", "Normal", 20, false),
        style("Title", "Title", 40, true),
        style("Heading1", "heading 1", 30, true),
        style("Heading2", "heading 2", 24, true),
    ]
    .concat()
}

fn paragraph(style: &str, text: &str) -> String {
    format!(
        r#"<w:p><w:pPr><w:pStyle w:val="{style}"/></w:pPr><w:r><w:t xml:space="preserve">{}</w:t></w:r></w:p>"#,
        escape(text)
    )
}

fn table(rows: &ResultSet) -> String {
    let edge = |side: &str| format!(r#"<w:{side} w:val="single" w:sz="4" w:space="0" w:color="BFBFBF"/>"#);
    let edges: String = ["top", "left", "bottom", "right", "insideH", "insideV"]
        .map(edge)
        .concat();
    let width = TEXT_WIDTH / rows.columns.len().max(1);
    let grid = format!(r#"<w:gridCol w:w="{width}"/>"#).repeat(rows.columns.len());
    let cell = |text: &str, bold: bool| {
        let bold = if bold { "<w:rPr><w:b/></w:rPr>" } else { "" };
        format!(
            r#"<w:tc><w:tcPr><w:tcW w:w="{width}" w:type="dxa"/></w:tcPr><w:p><w:r>{bold}<w:t xml:space="preserve">{}</w:t></w:r></w:p></w:tc>"#,
            escape(text)
        )
    };
    let head: String = rows.columns.iter().map(|name| cell(name, true)).collect();
    let mut text = format!(
        r#"<w:tbl><w:tblPr><w:tblW w:w="{TEXT_WIDTH}" w:type="dxa"/><w:tblBorders>{edges}</w:tblBorders></w:tblPr><w:tblGrid>{grid}</w:tblGrid><w:tr><w:trPr><w:tblHeader/></w:trPr>{head}</w:tr>"#
    );
    for row in &rows.rows {
        text.push_str("<w:tr>");
        row.iter()
            .for_each(|value| text.push_str(&cell(&value.to_text(), false)));
        text.push_str("</w:tr>");
    }
    text.push_str("</w:tbl>");
    text
}
