//! A workbook with a sheet per table.

use std::collections::HashSet;
use std::ops::Range;

use rust_xlsxwriter::DocProperties;
use rust_xlsxwriter::ExcelDateTime;
use rust_xlsxwriter::Format;
use rust_xlsxwriter::Workbook;
use rust_xlsxwriter::Worksheet;
use rust_xlsxwriter::XlsxError;

use crate::dax::Cell;
use crate::dax::ResultSet;
use crate::files::Document;
use crate::files::heading::headings;

/// The most characters in the name of a sheet.
const NAME: usize = 31;

/// The most rows of a sheet, its heading included.
const ROWS: usize = 1_048_576;

/// The most UTF-16 units of text in a cell.
const LETTERS: usize = 32_767;

/// Milliseconds of the days a sheet can show: its calendar ends with 9999, and is wrong before March 1900.
const DATES: Range<i64> = -2_203_891_200_000..253_402_300_800_000;

/// The document as a workbook; text is never taken for a formula.
pub(super) fn write(document: &Document) -> Result<Vec<u8>, String> {
    book(document).map_err(|error| error.to_string())
}

fn book(document: &Document) -> Result<Vec<u8>, XlsxError> {
    let mut book = Workbook::new();
    // A fixed date keeps the same document the same file.
    let created = ExcelDateTime::from_ymd(2026, 1, 1)?;
    let properties = DocProperties::new()
        .set_title(&document.title)
        .set_comment(&document.subtitle);
    book.set_properties(
        &properties
            .set_author("Gatepost sandbox")
            .set_creation_datetime(&created),
    );
    // The program keeps this name for itself.
    let mut used = HashSet::from(["history".to_owned()]);
    for page in &document.pages {
        if page.tables.is_empty() {
            book.add_worksheet().set_name(sheet_name(&page.name, &mut used))?;
        }
        for (caption, rows) in &page.tables {
            let caption = if caption.is_empty() { &page.name } else { caption };
            fill(book.add_worksheet().set_name(sheet_name(caption, &mut used))?, rows)?;
        }
    }
    book.save_to_buffer()
}

/// A name that a sheet may have and no other sheet has.
fn sheet_name(wanted: &str, used: &mut HashSet<String>) -> String {
    let allowed = |letter: &char| !matches!(letter, '[' | ']' | ':' | '*' | '?' | '/' | '\\') && !letter.is_control();
    let clean: String = wanted.chars().filter(allowed).collect();
    let clean = clean.trim_matches(['\'', ' ']);
    let clean = if clean.is_empty() { "Sheet" } else { clean };
    for number in 1.. {
        let tail = if number == 1 {
            String::new()
        } else {
            format!(" ({number})")
        };
        // Sheets count UTF-16 units, so an emoji takes two.
        let mut room = NAME - tail.len();
        let fits = |letter: &char| {
            let fits = letter.len_utf16() <= room;
            room -= if fits { letter.len_utf16() } else { room };
            fits
        };
        let name = clean
            .chars()
            .take_while(fits)
            .collect::<String>()
            .trim_end_matches(['\'', ' '])
            .to_owned()
            + &tail;
        if used.insert(name.to_lowercase()) {
            return name;
        }
    }
    unreachable!("some number is not used yet")
}

/// How the cells of a sheet look.
struct Looks {
    bold: Format,
    day: Format,
    moment: Format,
}

fn fill(sheet: &mut Worksheet, rows: &ResultSet) -> Result<(), XlsxError> {
    let looks = Looks {
        bold: Format::new().set_bold(),
        day: Format::new().set_num_format("yyyy-mm-dd"),
        moment: Format::new().set_num_format("yyyy-mm-dd hh:mm:ss"),
    };
    for (column, name) in (0..).zip(headings(&rows.columns)) {
        sheet.write_string_with_format(0, column, name, &looks.bold)?;
    }
    sheet.set_freeze_panes(1, 0)?;
    for (row, cells) in (1..).zip(rows.rows.iter().take(ROWS - 1)) {
        for (column, cell) in (0..).zip(cells) {
            write_cell(sheet, (row, column), cell, &looks)?;
        }
    }
    sheet.autofit();
    Ok(())
}

fn write_cell(sheet: &mut Worksheet, place: (u32, u16), cell: &Cell, looks: &Looks) -> Result<(), XlsxError> {
    let (row, column) = place;
    match cell {
        Cell::Null => {}
        // Numbers of a sheet are exact up to fifteen digits; longer ones stay text.
        Cell::Int(whole) if whole.unsigned_abs() < 1_000_000_000_000_000 => {
            sheet.write_number(row, column, *whole as f64)?;
        }
        Cell::Number(number) if number.is_finite() => {
            sheet.write_number(row, column, *number)?;
        }
        Cell::Bool(yes) => {
            sheet.write_boolean(row, column, *yes)?;
        }
        Cell::DateTime(ms) if DATES.contains(ms) => {
            let serial = *ms as f64 / 86_400_000.0 + 25_569.0;
            let format = if serial.fract() == 0.0 {
                &looks.day
            } else {
                &looks.moment
            };
            sheet.write_number_with_format(row, column, serial, format)?;
        }
        other => {
            sheet.write_string(row, column, clipped(&other.to_text()))?;
        }
    }
    Ok(())
}

/// A cell holds so many UTF-16 units.
fn clipped(text: &str) -> String {
    let mut used = 0;
    let fits = |letter: &char| {
        used += letter.len_utf16();
        used <= LETTERS
    };
    text.chars().take_while(fits).collect()
}
