//! Places the parts of a page on a sheet of 960 by 540 points, for pictures, slides and PDF alike.

mod chart;
mod table;

use crate::files::Document;
use crate::files::Page;

/// Width of a sheet in points.
pub(super) const WIDTH: f32 = 960.0;

/// Height of a sheet in points.
pub(super) const HEIGHT: f32 = 540.0;

/// Size of the name of the page; no other text has it.
pub(super) const TITLE: f32 = 22.0;

/// How wide a letter is, as a part of its size.
const LETTER: f32 = 0.6;

const MARGIN: f32 = 32.0;

/// Height of a row of a table.
const ROW: f32 = 18.0;

/// The least height of a table: caption, heading, two rows and a note.
const TABLE: f32 = 100.0;

/// A color as red, green and blue.
pub(super) type Color = [u8; 3];

const INK: Color = [37, 36, 35];
const FAINT: Color = [96, 94, 92];
const BAR: Color = [17, 109, 255];
const HEAD: Color = [234, 240, 250];
const LINE: Color = [225, 223, 221];
const BANNER: Color = [255, 236, 179];

/// One thing on a sheet; places are from the upper left corner.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Shape {
    /// A filled rectangle.
    Box {
        x: f32,
        y: f32,
        width: f32,
        height: f32,
        color: Color,
    },
    /// A line of text from `x`, or up to `x` if it is set to the right; `y` is the top of the letters.
    Text {
        x: f32,
        y: f32,
        size: f32,
        bold: bool,
        color: Color,
        to_right: bool,
        text: String,
    },
}

/// Part of a sheet.
#[derive(Clone, Copy)]
struct Area {
    x: f32,
    y: f32,
    width: f32,
    height: f32,
}

/// How text looks.
#[derive(Clone, Copy)]
struct Style {
    size: f32,
    bold: bool,
    color: Color,
}

const PLAIN: Style = Style {
    size: 10.0,
    bold: false,
    color: INK,
};
const BOLD: Style = Style { bold: true, ..PLAIN };
const QUIET: Style = Style { color: FAINT, ..PLAIN };

/// Everything on the sheet of a page.
pub(super) fn shapes(document: &Document, page: &Page) -> Vec<Shape> {
    let mut shapes = frame(document, page);
    let area = Area {
        x: MARGIN,
        y: 92.0,
        width: WIDTH - 2.0 * MARGIN,
        height: HEIGHT - 92.0 - 34.0,
    };
    let half = Area {
        width: (area.width - MARGIN) / 2.0,
        ..area
    };
    match (page.bars.is_empty(), page.tables.is_empty()) {
        (true, true) => shapes.push(text(area.x, area.y, QUIET, "This page shows no data.", area.width)),
        (true, false) => tables(&mut shapes, area, page),
        (false, true) => chart::draw(&mut shapes, area, &page.bars),
        (false, false) => {
            chart::draw(&mut shapes, half, &page.bars);
            let right = Area {
                x: half.x + half.width + MARGIN,
                ..half
            };
            tables(&mut shapes, right, page);
        }
    }
    shapes
}

/// Banner, names and foot of a sheet.
fn frame(document: &Document, page: &Page) -> Vec<Shape> {
    let width = WIDTH - 2.0 * MARGIN;
    let banner = Shape::Box {
        x: 0.0,
        y: 0.0,
        width: WIDTH,
        height: 22.0,
        color: BANNER,
    };
    let warning = "SANDBOX: pretend data, not from Microsoft Power BI";
    vec![
        banner,
        text(MARGIN, 6.0, BOLD, warning, width),
        text(MARGIN, 36.0, Style { size: TITLE, ..BOLD }, &page.name, width),
        text(MARGIN, 66.0, Style { size: 11.0, ..QUIET }, &document.title, width),
        text(
            MARGIN,
            HEIGHT - 24.0,
            Style { size: 9.0, ..QUIET },
            &document.subtitle,
            width,
        ),
    ]
}

/// The tables below each other, in further columns when they would be too low.
fn tables(shapes: &mut Vec<Shape>, area: Area, page: &Page) {
    let most = (area.height / TABLE) as usize;
    let columns = page.tables.len().div_ceil(most);
    let lines = page.tables.len().div_ceil(columns);
    let (width, height) = (area.width / columns as f32, area.height / lines as f32);
    let gap = if columns > 1 { 12.0 } else { 0.0 };
    for (place, (caption, rows)) in page.tables.iter().enumerate() {
        let place = Area {
            x: area.x + width * (place / lines) as f32,
            y: area.y + height * (place % lines) as f32,
            width: width - gap,
            height: height - 8.0,
        };
        table::draw(shapes, place, caption, rows);
    }
}

/// Text in one line, cut to what fits.
fn text(x: f32, y: f32, style: Style, words: &str, width: f32) -> Shape {
    let Style { size, bold, color } = style;
    let room = (width / (size * LETTER)) as usize;
    let one_line = words.replace(char::is_control, " ");
    let text = if one_line.chars().count() <= room {
        one_line
    } else {
        one_line.chars().take(room.saturating_sub(1)).collect::<String>() + "…"
    };
    Shape::Text {
        x,
        y,
        size,
        bold,
        color,
        to_right: false,
        text,
    }
}

/// The same text with its end where its room ends.
fn text_to_right(x: f32, y: f32, style: Style, words: &str, width: f32) -> Shape {
    let mut shape = text(x, y, style, words, width);
    if let Shape::Text { x, to_right, .. } = &mut shape {
        *to_right = true;
        *x += width;
    }
    shape
}
