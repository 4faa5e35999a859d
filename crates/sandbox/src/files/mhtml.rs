//! A web page in one file: HTML inside a MIME envelope.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::files::Document;
use crate::files::package::escape;

/// Where one part of the envelope ends; base64 never contains it.
const BOUNDARY: &str = "----=_gatepost_sandbox";

/// The length of a line of base64 in MIME (RFC 2045 §6.8).
const LINE: usize = 76;

/// The document as MHTML.
pub(super) fn write(document: &Document) -> String {
    let encoded = STANDARD.encode(html(document));
    let mut lines = String::new();
    for (place, letter) in encoded.chars().enumerate() {
        if place > 0 && place % LINE == 0 {
            lines.push_str("\r\n");
        }
        lines.push(letter);
    }
    let head = [
        "MIME-Version: 1.0".to_owned(),
        // RFC 2047: a subject beyond ASCII goes as base64.
        format!("Subject: =?utf-8?B?{}?=", STANDARD.encode(&document.title)),
        format!("Content-Type: multipart/related; type=\"text/html\"; boundary=\"{BOUNDARY}\""),
        String::new(),
        format!("--{BOUNDARY}"),
        "Content-Type: text/html; charset=\"utf-8\"".to_owned(),
        "Content-Transfer-Encoding: base64".to_owned(),
        "Content-Location: report.html".to_owned(),
    ];
    format!("{}\r\n\r\n{lines}\r\n--{BOUNDARY}--\r\n", head.join("\r\n"))
}

fn html(document: &Document) -> String {
    let title = escape(&document.title);
    let mut text = format!(
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title}</title>\n<style>body{{font-family:sans-serif}}td,th{{border:1px solid #ccc;padding:2px 6px}}table{{border-collapse:collapse}}</style></head>\n<body><h1>{title}</h1><p>{}</p>\n",
        escape(&document.subtitle)
    );
    for page in &document.pages {
        text.push_str(&format!("<h2>{}</h2>\n", escape(&page.name)));
        for (caption, rows) in &page.tables {
            text.push_str(&format!("<table><caption>{}</caption>\n<tr>", escape(caption)));
            for name in &rows.columns {
                text.push_str(&format!("<th>{}</th>", escape(name)));
            }
            text.push_str("</tr>\n");
            for row in &rows.rows {
                text.push_str("<tr>");
                for cell in row {
                    text.push_str(&format!("<td>{}</td>", escape(&cell.to_text())));
                }
                text.push_str("</tr>\n");
            }
            text.push_str("</table>\n");
        }
    }
    text.push_str("</body></html>\n");
    text
}
