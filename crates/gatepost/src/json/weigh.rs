//! Counts what a text of JSON would become, before anything is built of it.

use super::{Bounds, Refused};

/// What a text holds, if it is JSON; never less than what reading it would build.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Weight {
    pub values: usize,
    pub depth: usize,
}

/// Weighs a text in one pass, without memory of its own.
pub fn weigh(text: &[u8]) -> Weight {
    // One value, one more behind each comma, and one in each list or object.
    let mut values = 1;
    let (mut depth, mut deepest) = (0_usize, 0);
    let mut bytes = text.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => skip_text(&mut bytes),
            b',' => values += 1,
            b'[' | b'{' => {
                values += 1;
                depth += 1;
                deepest = deepest.max(depth);
            }
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    Weight { values, depth: deepest }
}

/// Goes on behind the quote that ends a text.
fn skip_text(bytes: &mut std::slice::Iter<'_, u8>) {
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => return,
            b'\\' => drop(bytes.next()),
            _ => {}
        }
    }
}

impl Weight {
    /// Whether that is within `bounds`.
    pub fn within(self, bounds: Bounds) -> Result<(), Refused> {
        match () {
            () if bounds.depth < self.depth => Err(Refused::TooDeep(bounds.depth)),
            () if bounds.values < self.values => Err(Refused::TooMany(bounds.values)),
            () => Ok(()),
        }
    }
}
