//! Tests of the export files: each is opened again by something that did not write it.

use std::io::Cursor;
use std::io::Read;

use zip::ZipArchive;

use crate::dax::Cell;
use crate::dax::ResultSet;
use crate::files::Document;
use crate::files::Format;
use crate::files::Page;
use crate::files::Rendered;
use crate::files::render;

const NASTY: &str = "=1+1, \"Größe\" <b>&\n📦 żółw";

fn document(pages: usize) -> Document {
    let rows = ResultSet {
        columns: vec![
            "Region[Region]".to_owned(),
            "[Amount]".to_owned(),
            "[When]".to_owned(),
            "[Yes]".to_owned(),
        ],
        rows: vec![
            vec![
                Cell::Text("North".to_owned()),
                Cell::Number(1200.5),
                Cell::DateTime(1_785_196_800_000),
                Cell::Bool(true),
            ],
            vec![
                Cell::Text(NASTY.to_owned()),
                Cell::Int(-7),
                Cell::Null,
                Cell::Bool(false),
            ],
        ],
        truncated: None,
    };
    let page = |number: usize| Page {
        name: format!("Page {number}: a/b*c?"),
        tables: vec![
            ("Amounts".to_owned(), rows.clone()),
            ("Amounts".to_owned(), rows.clone()),
        ],
        bars: vec![
            ("North".to_owned(), 1200.5),
            ("South".to_owned(), -300.0),
            ("Nothing".to_owned(), 0.0),
        ],
    };
    Document {
        title: "Sales & \"more\"".to_owned(),
        subtitle: "for Ada, 2026-11-23".to_owned(),
        pages: (1..=pages).map(page).collect(),
    }
}

fn file(format: Format, pages: usize) -> Rendered {
    render(format, &document(pages)).unwrap()
}

fn part(bytes: &[u8], name: &str) -> String {
    let mut zip = ZipArchive::new(Cursor::new(bytes)).unwrap();
    let mut text = String::new();
    zip.by_name(name).unwrap().read_to_string(&mut text).unwrap();
    text
}

fn part_names(bytes: &[u8]) -> Vec<String> {
    ZipArchive::new(Cursor::new(bytes))
        .unwrap()
        .file_names()
        .map(str::to_owned)
        .collect()
}

/// Whether start and end tags match; enough to see a forgotten escape.
fn is_balanced(xml: &str) -> bool {
    let mut open: Vec<&str> = Vec::new();
    for tag in xml.split('<').skip(1) {
        let Some((tag, _)) = tag.split_once('>') else {
            return false;
        };
        let name = tag
            .trim_start_matches('/')
            .split([' ', '/', '\n'])
            .next()
            .unwrap_or_default();
        if tag.starts_with('?') || tag.ends_with('/') {
            continue;
        }
        if !tag.starts_with('/') {
            open.push(name);
        } else if open.pop() != Some(name) {
            return false;
        }
    }
    open.is_empty()
}

#[test]
fn a_document_without_pages_is_refused() {
    assert!(render(Format::Pdf, &Document::default()).is_err());
}

#[test]
fn every_format_renders_the_same_bytes_twice() {
    let formats = [
        "PDF",
        "ACCESSIBLEPDF",
        "PNG",
        "PPTX",
        "XLSX",
        "DOCX",
        "CSV",
        "XML",
        "MHTML",
    ];
    for format in formats.map(|name| Format::named(name).unwrap()) {
        assert_eq!(file(format, 2).bytes, file(format, 2).bytes, "{format:?}");
    }
    assert_eq!(Format::named("image"), Some(Format::Png));
    assert_eq!(Format::named("GIF"), None);
}

#[test]
fn a_pdf_has_its_pages_a_cross_reference_and_the_banner() {
    let pdf = file(Format::Pdf, 3);
    let text = String::from_utf8_lossy(&pdf.bytes);
    assert!(text.starts_with("%PDF-1."));
    assert!(text.trim_end().ends_with("%%EOF"));
    assert_eq!(text.matches("/Type /Page\n").count(), 3);
    assert!(text.contains("/Count 3"));
    assert!(text.contains("(SANDBOX: pretend data, not from Microsoft Power BI) Tj"));
    // The place named after startxref must be where the table is.
    let place: usize = text
        .rsplit("startxref")
        .next()
        .unwrap()
        .split_whitespace()
        .next()
        .unwrap()
        .parse()
        .unwrap();
    assert!(pdf.bytes[place..].starts_with(b"xref"));
}

#[test]
fn a_picture_decodes_and_shows_more_than_white() {
    let picture = file(Format::Png, 1);
    assert_eq!((picture.content_type, picture.extension), ("image/png", ".png"));
    let mut reader = png::Decoder::new(Cursor::new(&picture.bytes)).read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut pixels).unwrap();
    assert_eq!((info.width, info.height), (1920, 1080));
    let bar = pixels
        .as_chunks::<3>()
        .0
        .iter()
        .filter(|pixel| **pixel == [17, 109, 255])
        .count();
    let ink = pixels
        .as_chunks::<3>()
        .0
        .iter()
        .filter(|pixel| **pixel == [37, 36, 35])
        .count();
    assert!(bar > 5_000, "{bar} pixels of bars");
    assert!(ink > 2_000, "{ink} pixels of text");
}

#[test]
fn several_pages_as_pictures_come_in_a_zip() {
    let pictures = file(Format::Png, 2);
    assert_eq!((pictures.content_type, pictures.extension), ("application/zip", ".zip"));
    assert_eq!(
        part_names(&pictures.bytes),
        ["01 Page 1_ a_b_c_.png", "02 Page 2_ a_b_c_.png"]
    );
    let mut zip = ZipArchive::new(Cursor::new(&pictures.bytes)).unwrap();
    let mut bytes = Vec::new();
    zip.by_index(1).unwrap().read_to_end(&mut bytes).unwrap();
    assert!(png::Decoder::new(Cursor::new(&bytes)).read_info().is_ok());
}

#[test]
fn a_presentation_has_all_parts_it_names_and_a_slide_per_page() {
    let slides = file(Format::Pptx, 2);
    let names = part_names(&slides.bytes);
    for name in [
        "[Content_Types].xml",
        "_rels/.rels",
        "ppt/presentation.xml",
        "ppt/_rels/presentation.xml.rels",
        "ppt/slideMasters/slideMaster1.xml",
        "ppt/slideLayouts/slideLayout1.xml",
        "ppt/theme/theme1.xml",
        "ppt/slides/slide1.xml",
        "ppt/slides/slide2.xml",
    ] {
        assert!(names.iter().any(|part| part == name), "{name} is missing");
    }
    for name in names.iter().filter(|name| name.ends_with(".rels")) {
        let folder = name.split("_rels/").next().unwrap();
        for target in part(&slides.bytes, name).split("Target=\"").skip(1) {
            let target = target.split('"').next().unwrap();
            let path = match target.strip_prefix("../") {
                Some(up) => format!("ppt/{up}"),
                None => format!("{folder}{target}"),
            };
            assert!(names.contains(&path), "{name} links to {path}");
        }
    }
    for name in &names {
        assert!(is_balanced(&part(&slides.bytes, name)), "{name}");
    }
    let slide = part(&slides.bytes, "ppt/slides/slide2.xml");
    assert!(slide.contains("<a:t>Page 2: a/b*c?</a:t>"));
    assert!(slide.contains("<a:t>1,200.50</a:t>"));
}

#[test]
fn a_workbook_has_a_sheet_per_table_and_true_numbers() {
    let book = file(Format::Xlsx, 1);
    let workbook = part(&book.bytes, "xl/workbook.xml");
    assert!(workbook.contains("name=\"Amounts\"") && workbook.contains("name=\"Amounts (2)\""));
    let sheet = part(&book.bytes, "xl/worksheets/sheet1.xml");
    assert!(sheet.contains("<v>1200.5</v>") && sheet.contains("<v>-7</v>") && sheet.contains("<v>46231</v>"));
    assert!(!sheet.contains("<f>"), "text must never become a formula");
    let strings = part(&book.bytes, "xl/sharedStrings.xml");
    assert!(strings.contains("=1+1, \"Größe\" &lt;b&gt;&amp;"));
}

#[test]
fn a_word_document_is_complete_and_holds_the_cells() {
    let word = file(Format::Docx, 1);
    let text = part(&word.bytes, "word/document.xml");
    assert!(is_balanced(&text));
    assert!(text.contains(">1200.5</w:t>") && text.contains("Größe"));
    for name in [
        "[Content_Types].xml",
        "_rels/.rels",
        "word/_rels/document.xml.rels",
        "word/styles.xml",
    ] {
        assert!(is_balanced(&part(&word.bytes, name)), "{name}");
    }
}

/// Reads comma-separated values back.
fn fields(text: &str) -> Vec<Vec<String>> {
    let (mut rows, mut row, mut field, mut quoted) = (Vec::new(), Vec::new(), String::new(), false);
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '"' if quoted && letters.next_if_eq(&'"').is_some() => field.push('"'),
            '"' => quoted = !quoted,
            ',' if !quoted => row.push(std::mem::take(&mut field)),
            '\r' if !quoted => {}
            '\n' if !quoted => {
                row.push(std::mem::take(&mut field));
                rows.push(std::mem::take(&mut row));
            }
            letter => field.push(letter),
        }
    }
    rows
}

#[test]
fn comma_separated_values_read_back() {
    let csv = file(Format::Csv, 1);
    let text = String::from_utf8(csv.bytes).unwrap();
    let rows = fields(text.strip_prefix('\u{feff}').unwrap());
    assert_eq!(rows[0], ["Region[Region]", "[Amount]", "[When]", "[Yes]"]);
    assert_eq!(rows[1], ["North", "1200.5", "2026-07-28", "true"]);
    assert_eq!(rows[2], [NASTY, "-7", "", "false"]);
    assert_eq!(rows[3], [""]);
    assert_eq!(rows.len(), 7);
}

#[test]
fn xml_is_well_formed_and_leaves_nulls_out() {
    let text = String::from_utf8(file(Format::Xml, 2).bytes).unwrap();
    assert!(is_balanced(&text));
    assert!(text.contains("<Cell Name=\"[Amount]\">1200.5</Cell>"));
    assert_eq!(text.matches("Name=\"[When]\"").count(), 4);
}

#[test]
fn a_web_archive_holds_the_page_in_short_lines() {
    use base64::Engine;
    let text = String::from_utf8(file(Format::Mhtml, 1).bytes).unwrap();
    assert!(text.lines().all(|line| line.len() <= 100));
    let body = text
        .split("report.html\r\n\r\n")
        .nth(1)
        .unwrap()
        .split("\r\n--")
        .next()
        .unwrap();
    let html = base64::engine::general_purpose::STANDARD
        .decode(body.replace("\r\n", ""))
        .unwrap();
    let html = String::from_utf8(html).unwrap();
    assert!(html.contains("<td>1200.5</td>") && html.contains("&lt;b&gt;"));
}

#[test]
fn a_long_table_says_how_much_is_not_shown() {
    let mut document = document(1);
    document.pages[0].tables.truncate(1);
    let rows = (0..500).map(|number| vec![Cell::Int(number); 4]).collect();
    document.pages[0].tables[0].1.rows = rows;
    let pdf = render(Format::Pdf, &document).unwrap();
    assert!(String::from_utf8_lossy(&pdf.bytes).contains("more rows) Tj"));
}
