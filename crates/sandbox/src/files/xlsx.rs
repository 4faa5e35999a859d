//! A workbook with a sheet per table.

use std::collections::HashSet;

use rust_xlsxwriter::DocProperties;
use rust_xlsxwriter::ExcelDateTime;
use rust_xlsxwriter::Format;
use rust_xlsxwriter::Workbook;
use rust_xlsxwriter::Worksheet;
use rust_xlsxwriter::XlsxError;

use crate::dax::Cell;
use crate::dax::ResultSet;
use crate::files::Document;

/// The most characters in the name of a sheet.
const NAME: usize = 31;

/// The most rows of a sheet, its heading included.
const ROWS: usize = 1_048_576;

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
    let mut used = HashSet::new();
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

fn fill(sheet: &mut Worksheet, rows: &ResultSet) -> Result<(), XlsxError> {
    let bold = Format::new().set_bold();
    let day = Format::new().set_num_format("yyyy-mm-dd");
    let moment = Format::new().set_num_format("yyyy-mm-dd hh:mm:ss");
    for (column, name) in (0..).zip(&rows.columns) {
        sheet.write_string_with_format(0, column, name, &bold)?;
    }
    sheet.set_freeze_panes(1, 0)?;
    for (row, cells) in (1..).zip(rows.rows.iter().take(ROWS - 1)) {
        for (column, cell) in (0..).zip(cells) {
            match cell {
                Cell::Null => {}
                Cell::Text(text) => {
                    sheet.write_string(row, column, clipped(text))?;
                }
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
                // The calendar of a sheet begins in 1900.
                Cell::DateTime(ms) if *ms >= -2_208_988_800_000 => {
                    let serial = *ms as f64 / 86_400_000.0 + 25_569.0;
                    let format = if serial.fract() == 0.0 { &day } else { &moment };
                    sheet.write_number_with_format(row, column, serial, format)?;
                }
                other => {
                    sheet.write_string(row, column, other.to_text())?;
                }
            }
        }
    }
    Ok(())
}

/// A cell holds 32,767 characters.
fn clipped(text: &str) -> String {
    text.chars().take(32_000).collect()
}
