//! Columns of an answer: their types, and their cells as Arrow lays them out.

use crate::arrow::flat::Member;
use crate::dax::Cell;

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Int,
    Number,
    Bool,
    DateTime,
    Text,
}

/// The cells of a column.
pub(super) struct Column {
    /// How many are nothing.
    pub(super) nulls: i64,
    /// Which are something, then the cells themselves.
    pub(super) buffers: Vec<Vec<u8>>,
}

impl Kind {
    /// The narrowest type that holds all cells; text holds everything, and nothing is text.
    pub(super) fn of<'c>(cells: impl Iterator<Item = &'c Cell>) -> Kind {
        let mut found = None;
        for cell in cells {
            let kind = match cell {
                Cell::Null => continue,
                Cell::Int(_) => Kind::Int,
                Cell::Number(_) => Kind::Number,
                Cell::Bool(_) => Kind::Bool,
                Cell::DateTime(_) => Kind::DateTime,
                Cell::Text(_) => return Kind::Text,
            };
            found = match (found, kind) {
                (None, kind) => Some(kind),
                (Some(known), kind) if known == kind => Some(kind),
                (Some(Kind::Int | Kind::Number), Kind::Int | Kind::Number) => Some(Kind::Number),
                _ => return Kind::Text,
            };
        }
        found.unwrap_or(Kind::Text)
    }

    /// Number and members of the type in Arrow's `Schema.fbs`.
    pub(super) fn written(self) -> (u8, Vec<Member>) {
        match self {
            Kind::Int => (2, vec![Member::I32(64), Member::U8(1)]),
            // Double precision.
            Kind::Number => (3, vec![Member::I16(2)]),
            Kind::Text => (5, Vec::new()),
            Kind::Bool => (6, Vec::new()),
            // Milliseconds, in no time zone.
            Kind::DateTime => (10, vec![Member::I16(1)]),
        }
    }

    /// The cells as buffers.
    pub(super) fn column<'c>(self, cells: impl Iterator<Item = &'c Cell> + Clone) -> Column {
        let (present, nulls) = bits(cells.clone().map(|cell| *cell != Cell::Null));
        let present = if nulls == 0 { Vec::new() } else { present };
        let numbers = |number: fn(&Cell) -> [u8; 8]| cells.clone().flat_map(number).collect::<Vec<u8>>();
        let rest = match self {
            Kind::Int | Kind::DateTime => vec![numbers(|cell| match cell {
                Cell::Int(number) | Cell::DateTime(number) => number.to_le_bytes(),
                _ => [0; 8],
            })],
            Kind::Number => vec![numbers(|cell| match cell {
                Cell::Int(number) => (*number as f64).to_le_bytes(),
                Cell::Number(number) => number.to_le_bytes(),
                _ => [0; 8],
            })],
            Kind::Bool => vec![bits(cells.map(|cell| *cell == Cell::Bool(true))).0],
            Kind::Text => texts(cells),
        };
        Column {
            nulls,
            buffers: std::iter::once(present).chain(rest).collect(),
        }
    }
}

/// Truth values, eight in a byte, the first in the lowest bit; and how many are false.
fn bits(values: impl Iterator<Item = bool>) -> (Vec<u8>, i64) {
    let (mut bytes, mut falses) = (Vec::new(), 0);
    for (place, value) in values.enumerate() {
        if place % 8 == 0 {
            bytes.push(0);
        }
        bytes[place / 8] |= u8::from(value) << (place % 8);
        falses += i64::from(!value);
    }
    (bytes, falses)
}

/// Where each text ends, and all texts in one piece.
fn texts<'c>(cells: impl Iterator<Item = &'c Cell>) -> Vec<Vec<u8>> {
    let (mut ends, mut all) = (0_i32.to_le_bytes().to_vec(), Vec::new());
    for cell in cells {
        all.extend_from_slice(cell.to_text().as_bytes());
        let end = i32::try_from(all.len()).unwrap_or(i32::MAX);
        ends.extend_from_slice(&end.to_le_bytes());
    }
    vec![ends, all]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_has_the_narrowest_type_of_its_cells() {
        let kind = |cells: &[Cell]| Kind::of(cells.iter());
        assert_eq!(kind(&[Cell::Null, Cell::Int(1)]), Kind::Int);
        assert_eq!(kind(&[Cell::Int(1), Cell::Number(1.5)]), Kind::Number);
        assert_eq!(kind(&[Cell::Bool(true), Cell::Int(1)]), Kind::Text);
        assert_eq!(kind(&[Cell::Null]), Kind::Text);
    }

    #[test]
    fn cells_are_laid_out_with_a_bit_for_each_that_is_there() {
        let cells = [Cell::Text("ab".to_owned()), Cell::Null, Cell::Text("ç".to_owned())];
        let column = Kind::Text.column(cells.iter());
        assert_eq!(column.nulls, 1);
        assert_eq!(column.buffers[0], [0b101]);
        assert_eq!(column.buffers[1], [0, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 4, 0, 0, 0]);
        assert_eq!(column.buffers[2], "abç".as_bytes());
        let full = Kind::Bool.column([Cell::Bool(false), Cell::Bool(true)].iter());
        assert_eq!((full.nulls, full.buffers), (0, vec![Vec::new(), vec![0b10]]));
    }
}
