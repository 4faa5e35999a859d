//! A table of a sheet: columns as wide as their text needs, and a note on what is not shown.

use crate::dax::Cell;
use crate::dax::ResultSet;
use crate::files::heading::headings;
use crate::files::layout::Area;
use crate::files::layout::BOLD;
use crate::files::layout::HEAD;
use crate::files::layout::INK;
use crate::files::layout::LETTER;
use crate::files::layout::LINE;
use crate::files::layout::PLAIN;
use crate::files::layout::QUIET;
use crate::files::layout::ROW;
use crate::files::layout::Shape;
use crate::files::layout::Style;
use crate::files::layout::text;
use crate::files::layout::text_to_right;

/// Room for the caption above the heading.
const CAPTION: f32 = 20.0;

/// The space left and right of a cell's text.
const PADDING: f32 = 4.0;

/// The narrowest column; columns that find no room are counted in the note.
const NARROWEST: f32 = 32.0;

/// Where a column begins and how wide it is.
type Column = (f32, f32);

/// Draws the table with as many rows as the area holds.
pub(super) fn draw(shapes: &mut Vec<Shape>, area: Area, caption: &str, rows: &ResultSet) {
    let style = Style {
        size: 12.0,
        bold: true,
        color: INK,
    };
    shapes.push(text(area.x, area.y, style, caption, area.width));
    let room = ((area.height - CAPTION - ROW) / ROW) as usize;
    let columns = ((area.width / NARROWEST) as usize).min(rows.columns.len());
    let mut hidden = hidden(rows, room, columns);
    // The note takes the last line.
    let fits = if hidden.is_empty() {
        room
    } else {
        room.saturating_sub(1)
    };
    let shown = &rows.rows[..rows.rows.len().min(fits)];
    if !hidden.is_empty() {
        hidden = self::hidden(rows, fits, columns);
    }
    let places = places(area, &headings(&rows.columns)[..columns], shown);
    head(shapes, area, rows, &places, shown);
    for (line, row) in shown.iter().enumerate() {
        let y = area.y + CAPTION + ROW * (line + 1) as f32;
        line_of(shapes, y, row, &places);
        shapes.push(Shape::Box {
            x: area.x,
            y: y + ROW - 1.0,
            width: area.width,
            height: 0.5,
            color: LINE,
        });
    }
    if !hidden.is_empty() {
        let y = area.y + CAPTION + ROW * (shown.len() + 1) as f32 + PADDING;
        shapes.push(text(area.x + PADDING, y, QUIET, &hidden.join("; "), area.width));
    }
}

/// What the table leaves out when it shows so many rows and columns.
fn hidden(rows: &ResultSet, shown: usize, columns: usize) -> Vec<String> {
    let mut parts = Vec::new();
    if rows.rows.len() > shown {
        parts.push(format!("and {} more rows", rows.rows.len() - shown));
    }
    if rows.columns.len() > columns {
        parts.push(format!("{} more columns", rows.columns.len() - columns));
    }
    parts.extend(rows.truncated.clone());
    parts
}

fn head(shapes: &mut Vec<Shape>, area: Area, rows: &ResultSet, places: &[Column], shown: &[Vec<Cell>]) {
    let y = area.y + CAPTION;
    shapes.push(Shape::Box {
        x: area.x,
        y,
        width: area.width,
        height: ROW,
        color: HEAD,
    });
    for (place, (name, (x, width))) in headings(&rows.columns).iter().zip(places).enumerate() {
        // A heading stands where its numbers stand.
        let of_numbers = shown.iter().any(|row| row.get(place).is_some_and(is_number));
        let draw = if of_numbers { text_to_right } else { text };
        shapes.push(draw(x + PADDING, y + PADDING, BOLD, name, width - 2.0 * PADDING));
    }
}

fn line_of(shapes: &mut Vec<Shape>, y: f32, row: &[Cell], places: &[Column]) {
    for (cell, (x, width)) in row.iter().zip(places).filter(|(cell, _)| **cell != Cell::Null) {
        let draw = if is_number(cell) { text_to_right } else { text };
        shapes.push(draw(
            x + PADDING,
            y + PADDING,
            PLAIN,
            &cell_text(cell),
            width - 2.0 * PADDING,
        ));
    }
}

/// Columns across the area: narrow ones get what they need, wide ones share what is left.
fn places(area: Area, headings: &[&str], shown: &[Vec<Cell>]) -> Vec<Column> {
    let needs = |(place, name): (usize, &&str)| {
        let cells = shown.iter().filter_map(|row| row.get(place));
        let longest = cells.map(|cell| cell_text(cell).chars().count()).max().unwrap_or(0);
        // A little more than the letters take keeps rounding from cutting one off.
        (longest.max(name.chars().count()) as f32 + 0.5) * PLAIN.size * LETTER + 2.0 * PADDING
    };
    let needed: Vec<f32> = headings.iter().enumerate().map(needs).collect();
    let mut sorted = needed.clone();
    sorted.sort_by(f32::total_cmp);
    let (mut left, mut most) = (area.width, area.width);
    for (place, width) in sorted.iter().enumerate() {
        let share = left / (sorted.len() - place) as f32;
        if *width > share {
            most = share;
            left = 0.0;
            break;
        }
        left -= width;
    }
    let extra = left / needed.len().max(1) as f32;
    let mut x = area.x;
    let mut place = |needed: &f32| {
        let width = needed.min(most) + extra;
        x += width;
        (x - width, width)
    };
    needed.iter().map(&mut place).collect()
}

fn is_number(cell: &Cell) -> bool {
    matches!(cell, Cell::Int(_) | Cell::Number(_))
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
