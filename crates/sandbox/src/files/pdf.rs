//! A PDF with a page per page of the report, drawn with the standard fonts every reader has.

use pdf_writer::Content;
use pdf_writer::Finish;
use pdf_writer::Name;
use pdf_writer::Pdf;
use pdf_writer::Rect;
use pdf_writer::Ref;
use pdf_writer::Str;
use pdf_writer::TextStr;

use crate::files::Document;
use crate::files::font::plain_letters;
use crate::files::layout;
use crate::files::layout::HEIGHT;
use crate::files::layout::Shape;
use crate::files::layout::WIDTH;

/// The document as PDF.
pub(super) fn write(document: &Document) -> Vec<u8> {
    let mut next = Ref::new(1);
    let [catalog, tree, info, regular, bold] = std::array::from_fn(|_| next.bump());
    let pages: Vec<(Ref, Ref)> = document.pages.iter().map(|_| (next.bump(), next.bump())).collect();
    let mut pdf = Pdf::new();
    pdf.catalog(catalog).pages(tree).lang(TextStr("en"));
    let count = i32::try_from(pages.len()).expect("a report has few pages");
    pdf.pages(tree).kids(pages.iter().map(|(page, _)| *page)).count(count);
    pdf.document_info(info)
        .title(TextStr(&document.title))
        .subject(TextStr(&document.subtitle))
        .producer(TextStr("Gatepost sandbox"));
    for (font, name) in [(regular, "Helvetica"), (bold, "Helvetica-Bold")] {
        pdf.type1_font(font)
            .base_font(Name(name.as_bytes()))
            .encoding_predefined(Name(b"WinAnsiEncoding"));
    }
    for (page, (id, content)) in document.pages.iter().zip(&pages) {
        let mut written = pdf.page(*id);
        written
            .parent(tree)
            .media_box(Rect::new(0.0, 0.0, WIDTH, HEIGHT))
            .contents(*content);
        written
            .resources()
            .fonts()
            .pair(Name(b"R"), regular)
            .pair(Name(b"B"), bold);
        written.finish();
        pdf.stream(*content, &draw(&layout::shapes(document, page)));
    }
    pdf.finish()
}

fn draw(shapes: &[Shape]) -> Vec<u8> {
    let mut content = Content::new();
    for shape in shapes {
        match shape {
            Shape::Box {
                x,
                y,
                width,
                height,
                color,
            } => {
                let [red, green, blue] = color.map(|part| f32::from(part) / 255.0);
                content.set_fill_rgb(red, green, blue);
                content.rect(*x, HEIGHT - y - height, *width, *height).fill_nonzero();
            }
            Shape::Text {
                x,
                y,
                size,
                bold,
                color,
                to_right,
                text,
            } => {
                let [red, green, blue] = color.map(|part| f32::from(part) / 255.0);
                content.set_fill_rgb(red, green, blue);
                content.begin_text();
                content.set_font(Name(if *bold { b"B" } else { b"R" }), *size);
                // PDF counts from below and places text by its base line.
                let x = if *to_right { x - width_of(text, *size) } else { *x };
                content.next_line(x, HEIGHT - y - size * 0.75);
                content.show(Str(&in_win_ansi(text)));
                content.end_text();
            }
        }
    }
    content.finish().to_vec()
}

/// The width of a number in the standard font; other letters are taken as wide as digits.
fn width_of(text: &str, size: f32) -> f32 {
    let width = |letter: char| match letter {
        '.' | ',' => 0.278,
        '-' => 0.333,
        _ => 0.556,
    };
    text.chars().map(width).sum::<f32>() * size
}

/// Text in the encoding of the standard fonts; letters it lacks lose their accents or become a question mark.
fn in_win_ansi(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            ' '..='~' => bytes.push(letter as u8),
            '\u{a0}'..='\u{ff}' => bytes.push(letter as u8),
            '€' => bytes.push(0x80),
            '…' => bytes.push(0x85),
            '‘' => bytes.push(0x91),
            '’' => bytes.push(0x92),
            '“' => bytes.push(0x93),
            '”' => bytes.push(0x94),
            '„' => bytes.push(0x84),
            '•' => bytes.push(0x95),
            '–' => bytes.push(0x96),
            '—' => bytes.push(0x97),
            other => bytes.extend(plain_letters(other).bytes()),
        }
    }
    bytes
}
