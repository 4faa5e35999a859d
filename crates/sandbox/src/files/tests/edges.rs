//! Tests of what does not fit: too many rows, odd letters, values beyond what a format knows.

use crate::dax::Cell;
use crate::dax::ResultSet;
use crate::files::Document;
use crate::files::Format;
use crate::files::font::glyph;
use crate::files::heading::headings;
use crate::files::layout;
use crate::files::layout::Shape;
use crate::files::letters::plain_letters;
use crate::files::render;
use crate::files::tests::NASTY;
use crate::files::tests::document;
use crate::files::tests::file;
use crate::files::tests::html;
use crate::files::tests::part;

/// A document with one table of so many rows and columns.
fn table(rows: usize, columns: usize) -> Document {
    let mut document = document(1);
    let table = ResultSet {
        columns: (0..columns).map(|number| format!("[Column {number}]")).collect(),
        rows: vec![vec![Cell::Int(1); columns]; rows],
        truncated: None,
    };
    document.pages[0].tables = vec![("History".to_owned(), table)];
    document
}

fn texts(document: &Document) -> Vec<(f32, f32, String)> {
    let text = |shape| match shape {
        Shape::Text { x, y, text, .. } => Some((x, y, text)),
        Shape::Box { .. } => None,
    };
    layout::shapes(document, &document.pages[0])
        .into_iter()
        .filter_map(text)
        .collect()
}

#[test]
fn bars_below_zero_go_to_the_left() {
    let document = document(1);
    let bars: Vec<(f32, f32)> = layout::shapes(&document, &document.pages[0])
        .into_iter()
        .filter_map(|shape| match shape {
            Shape::Box {
                x,
                width,
                color: [17, 109, 255],
                ..
            } => Some((x, width)),
            _ => None,
        })
        .collect();
    let [(zero, north), (left, south), (nothing, none)] = bars[..] else {
        panic!("three bars, not {bars:?}");
    };
    assert!(
        (left + south - zero).abs() < 0.01 && (north / south - 4.0).abs() < 0.02,
        "{bars:?}"
    );
    assert!((nothing - zero).abs() < 0.01 && none < 0.01, "{bars:?}");
}

#[test]
fn everything_stays_on_the_sheet() {
    let mut odd = document(1);
    odd.pages[0].bars = vec![
        ("x".repeat(500), f64::MAX),
        ("y".to_owned(), f64::MIN),
        ("z".to_owned(), f64::NAN),
    ];
    odd.pages[0].tables = vec![(NASTY.repeat(50), odd.pages[0].tables[0].1.clone()); 9];
    for document in [odd, table(0, 0), table(500, 60), table(3, 1)] {
        for (x, y, text) in texts(&document) {
            assert!(x.is_finite() && (0.0..layout::WIDTH).contains(&x), "{text} at {x}");
            assert!((0.0..layout::HEIGHT - 12.0).contains(&y), "{text} at {y}");
        }
        for format in [Format::Pdf, Format::Png, Format::Pptx, Format::Docx, Format::Xlsx] {
            assert!(render(format, &document).is_ok(), "{format:?}");
        }
    }
}

#[test]
fn a_table_says_which_columns_and_rows_are_cut_off() {
    let mut document = table(500, 60);
    document.pages[0].tables[0].1.truncated = Some("the query was cut".to_owned());
    let notes = texts(&document);
    let note = notes.iter().find(|(_, _, text)| text.contains("more rows")).unwrap();
    assert!(
        note.2.contains("more columns") && note.2.contains("the query was cut"),
        "{note:?}"
    );
    for format in [Format::Xml, Format::Mhtml, Format::Docx] {
        let bytes = render(format, &document).unwrap().bytes;
        let text = match format {
            Format::Docx => part(&bytes, "word/document.xml"),
            Format::Mhtml => html(&bytes),
            _ => String::from_utf8(bytes).unwrap(),
        };
        assert!(text.contains("the query was cut"), "{format:?}");
    }
}

#[test]
fn columns_of_the_same_name_keep_their_tables() {
    let names = ["Region[Name]", "Shop[Name]"].map(str::to_owned);
    assert_eq!(headings(&names), names);
    assert_eq!(
        headings(&["Region[Name]".to_owned(), "[Amount]".to_owned()]),
        ["Name", "Amount"]
    );
}

#[test]
fn accents_are_drawn_and_the_rest_becomes_plain() {
    let plain = glyph('u').unwrap();
    assert_ne!(glyph('ü').unwrap(), plain);
    assert_eq!(glyph('ü').unwrap()[5..], plain[5..]);
    assert!(glyph('Ä').unwrap()[1] != 0 && glyph('ß').is_some());
    assert!(glyph('📦').is_none());
    assert_eq!(plain_letters('📦'), "?");
    assert_eq!(plain_letters('\u{fe0f}'), "");
}

#[test]
fn a_pdf_shows_accents_in_its_own_encoding() {
    let pdf = file(Format::Pdf, 1);
    // "Größe" as WinAnsi has it; what it lacks comes without accents.
    let holds = |wanted: &[u8]| pdf.bytes.windows(wanted.len()).any(|bytes| bytes == wanted);
    assert!(holds(b"Gr\xf6\xdfe") || holds(b"4772F6DF65"));
}

#[test]
fn a_slide_names_its_title() {
    let slide = part(&file(Format::Pptx, 1).bytes, "ppt/slides/slide1.xml");
    assert_eq!(slide.matches(r#"<p:ph type="title"/>"#).count(), 1);
}

#[test]
fn a_workbook_takes_long_texts_old_dates_and_reserved_names() {
    let mut document = table(1, 3);
    let old = Cell::DateTime(-2_208_988_800_000);
    document.pages[0].tables[0].1.rows = vec![vec![Cell::Text("📦".repeat(40_000)), old, Cell::Int(i64::MAX)]];
    let book = render(Format::Xlsx, &document).unwrap();
    assert!(part(&book.bytes, "xl/workbook.xml").contains("name=\"History (2)\""));
    let strings = part(&book.bytes, "xl/sharedStrings.xml");
    assert_eq!(strings.matches('📦').count(), 16_383);
    assert!(strings.contains("1900-01-01") && strings.contains("9223372036854775807"));
}
