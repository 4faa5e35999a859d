//! Zip packages and the XML inside them.

use std::io::Cursor;
use std::io::Write;

use zip::ZipWriter;
use zip::write::SimpleFileOptions;

/// The first line of every XML part.
pub(super) const XML_HEAD: &str = r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>"#;

/// A zip of named parts, the same bytes for the same parts.
pub(super) fn zipped(parts: &[(String, Vec<u8>)]) -> Result<Vec<u8>, String> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in parts {
        zip.start_file(name.as_str(), SimpleFileOptions::default())
            .map_err(|error| error.to_string())?;
        zip.write_all(bytes).map_err(|error| error.to_string())?;
    }
    Ok(zip.finish().map_err(|error| error.to_string())?.into_inner())
}

/// An XML part of a package.
pub(super) fn part(name: &str, body: impl AsRef<str>) -> (String, Vec<u8>) {
    (name.to_owned(), format!("{XML_HEAD}\n{}", body.as_ref()).into_bytes())
}

/// Text as XML and HTML write it; characters that XML cannot hold are left out.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            '\t' | '\n' | '\r' => escaped.push(letter),
            letter if letter.is_control() || matches!(letter, '\u{fffe}' | '\u{ffff}') => {}
            letter => escaped.push(letter),
        }
    }
    escaped
}

/// The part that says which type each part of an Office package has.
pub(super) fn content_types(overrides: &[(String, &str)]) -> (String, Vec<u8>) {
    let overrides: String = overrides
        .iter()
        .map(|(part, kind)| {
            let kind = format!("application/vnd.openxmlformats-{kind}+xml");
            format!(r#"<Override PartName="/{part}" ContentType="{kind}"/>"#)
        })
        .collect();
    part(
        "[Content_Types].xml",
        format!(
            r#"<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/>{overrides}</Types>"#
        ),
    )
}

/// A part that links to other parts: kind of link and target, with ids rId1, rId2 and so on.
pub(super) fn links(name: &str, targets: &[(&str, String)]) -> (String, Vec<u8>) {
    let link = |(place, (kind, target)): (usize, &(&str, String))| {
        let office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
        let kind = match *kind {
            "core-properties" => {
                "http://schemas.openxmlformats.org/package/2006/relationships/metadata/core-properties".to_owned()
            }
            kind => format!("{office}/{kind}"),
        };
        format!(
            r#"<Relationship Id="rId{}" Type="{kind}" Target="{target}"/>"#,
            place + 1
        )
    };
    let links: String = targets.iter().enumerate().map(link).collect();
    let space = "http://schemas.openxmlformats.org/package/2006/relationships";
    part(
        name,
        format!(r#"<Relationships xmlns="{space}">{links}</Relationships>"#),
    )
}

/// The part with title and description of an Office package.
pub(super) fn core_properties(title: &str, description: &str) -> (String, Vec<u8>) {
    part(
        "docProps/core.xml",
        format!(
            r#"<cp:coreProperties xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/core-properties" xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>{}</dc:title><dc:creator>Gatepost sandbox</dc:creator><dc:description>{}</dc:description></cp:coreProperties>"#,
            escape(title),
            escape(description)
        ),
    )
}
