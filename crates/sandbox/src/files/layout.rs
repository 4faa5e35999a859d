//! Places the parts of a page on a sheet of 960 by 540 points, for pictures, slides and PDF alike.

use crate::dax::Cell;
use crate::dax::ResultSet;
use crate::files::Document;
use crate::files::Page;

/// Width of a sheet in points.
pub(super) const WIDTH: f32 = 960.0;

/// Height of a sheet in points.
pub(super) const HEIGHT: f32 = 540.0;

/// How wide a letter is, as a part of its size.
const LETTER: f32 = 0.6;

const MARGIN: f32 = 32.0;

const ROW: f32 = 18.0;

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

/// Everything on the sheet of a page.
pub(super) fn shapes(document: &Document, page: &Page) -> Vec<Shape> {
    let mut shapes = vec![
        Shape::Box {
            x: 0.0,
            y: 0.0,
            width: WIDTH,
            height: 22.0,
            color: BANNER,
        },
        text(
            MARGIN,
            6.0,
            10.0,
            true,
            INK,
            "SANDBOX: pretend data, not from Microsoft Power BI",
            WIDTH - 2.0 * MARGIN,
        ),
        text(MARGIN, 36.0, 22.0, true, INK, &page.name, WIDTH - 2.0 * MARGIN),
        text(MARGIN, 66.0, 11.0, false, FAINT, &document.title, WIDTH - 2.0 * MARGIN),
        text(
            MARGIN,
            HEIGHT - 24.0,
            9.0,
            false,
            FAINT,
            &document.subtitle,
            WIDTH - 2.0 * MARGIN,
        ),
    ];
    let mut area = Area {
        x: MARGIN,
        y: 92.0,
        width: WIDTH - 2.0 * MARGIN,
        height: HEIGHT - 92.0 - 34.0,
    };
    if !page.bars.is_empty() {
        let half = (area.width - MARGIN) / 2.0;
        let chart = if page.tables.is_empty() {
            area
        } else {
            Area { width: half, ..area }
        };
        bars(&mut shapes, chart, &page.bars);
        area = Area {
            x: area.x + half + MARGIN,
            width: half,
            ..area
        };
    }
    let height = area.height / page.tables.len().max(1) as f32;
    for (place, (caption, rows)) in page.tables.iter().enumerate() {
        table(
            &mut shapes,
            Area {
                y: area.y + height * place as f32,
                height: height - 8.0,
                ..area
            },
            caption,
            rows,
        );
    }
    shapes
}

/// Text cut to what fits.
fn text(x: f32, y: f32, size: f32, bold: bool, color: Color, words: &str, width: f32) -> Shape {
    let room = (width / (size * LETTER)) as usize;
    let one_line = words.replace(['\n', '\r', '\t'], " ");
    let text = if one_line.chars().count() <= room {
        one_line
    } else {
        one_line.chars().take(room.saturating_sub(2)).collect::<String>() + ".."
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

fn bars(shapes: &mut Vec<Shape>, area: Area, bars: &[(String, f64)]) {
    let step = (area.height / bars.len() as f32).min(40.0);
    let shown = ((area.height / step.max(ROW)) as usize).min(bars.len());
    let step = step.max(ROW);
    let most = bars.iter().map(|(_, value)| value.abs()).fold(0.0, f64::max);
    let (names, numbers) = (area.width * 0.3, area.width * 0.2);
    let room = area.width - names - numbers - 16.0;
    for (place, (label, value)) in bars.iter().take(shown).enumerate() {
        let y = area.y + step * place as f32;
        let share = if most > 0.0 && value.is_finite() {
            (value.abs() / most) as f32
        } else {
            0.0
        };
        let width = (room * share).max(1.0);
        let middle = y + (step - 10.0) / 2.0;
        shapes.push(text(area.x, middle, 10.0, false, INK, label, names - 6.0));
        shapes.push(Shape::Box {
            x: area.x + names,
            y: y + 3.0,
            width,
            height: step - 6.0,
            color: BAR,
        });
        shapes.push(text(
            area.x + names + width + 6.0,
            middle,
            10.0,
            false,
            FAINT,
            &short(*value),
            numbers,
        ));
    }
}

/// A number in a few characters.
fn short(value: f64) -> String {
    match value.abs() {
        size if size >= 1e9 => format!("{:.1} bn", value / 1e9),
        size if size >= 1e6 => format!("{:.1} M", value / 1e6),
        size if size >= 1e4 => format!("{:.1} K", value / 1e3),
        _ => ((value * 100.0).round() / 100.0).to_string(),
    }
}

fn table(shapes: &mut Vec<Shape>, area: Area, caption: &str, rows: &ResultSet) {
    shapes.push(text(area.x, area.y, 12.0, true, INK, caption, area.width));
    let count = rows.columns.len().max(1);
    let width = area.width / count as f32;
    let top = area.y + 20.0;
    shapes.push(Shape::Box {
        x: area.x,
        y: top,
        width: area.width,
        height: ROW,
        color: HEAD,
    });
    for (place, name) in rows.columns.iter().enumerate() {
        shapes.push(text(
            area.x + width * place as f32 + 4.0,
            top + 4.0,
            10.0,
            true,
            INK,
            plain_name(name),
            width - 8.0,
        ));
    }
    let room = (((area.height - 20.0 - ROW) / ROW) as usize).max(1);
    let all = rows.rows.len();
    let shown = if all > room { room - 1 } else { all };
    for (line, row) in rows.rows.iter().take(shown).enumerate() {
        let y = top + ROW * (line + 1) as f32;
        for (place, cell) in row.iter().enumerate() {
            let mut shown = text(
                area.x + width * place as f32 + 4.0,
                y + 4.0,
                10.0,
                false,
                INK,
                &cell_text(cell),
                width - 8.0,
            );
            if let (Shape::Text { x, to_right, .. }, Cell::Int(_) | Cell::Number(_)) = (&mut shown, cell) {
                *to_right = true;
                *x += width - 8.0;
            }
            shapes.push(shown);
        }
        shapes.push(Shape::Box {
            x: area.x,
            y: y + ROW - 1.0,
            width: area.width,
            height: 0.5,
            color: LINE,
        });
    }
    if shown < all {
        let y = top + ROW * (shown + 1) as f32 + 4.0;
        shapes.push(text(
            area.x + 4.0,
            y,
            10.0,
            false,
            FAINT,
            &format!("and {} more rows", all - shown),
            area.width,
        ));
    }
}

/// The name of a column without its table.
fn plain_name(name: &str) -> &str {
    match name.find('[') {
        Some(start) => name[start + 1..].strip_suffix(']').unwrap_or(name),
        None => name,
    }
}

/// The cell as a table shows it: money and the like with two decimals and thousands apart.
fn cell_text(cell: &Cell) -> String {
    match cell {
        Cell::Number(number) if number.abs() >= 100.0 && number.abs() < 1e15 => {
            let mut text = format!("{number:.2}");
            let mut at = text.len() - 3;
            while at > 3 && text.as_bytes()[at - 4].is_ascii_digit() {
                at -= 3;
                text.insert(at, ',');
            }
            text
        }
        Cell::Number(number) if number.is_finite() => ((number * 1e4).round() / 1e4).to_string(),
        other => other.to_text(),
    }
}
