//! Reads JSON from outside: within bounds, and only where every reader makes the same of it.

mod media;
mod number;
mod reader;
#[cfg(test)]
mod tests;
mod weigh;

pub use media::{MediaProblem, MediaType, media_type};
pub use weigh::{Weight, weigh};

use serde_json::Value;

use self::reader::Reader;

/// Deeper than anything Power BI or a tool takes.
pub const DEPTH_MAX: usize = 64;
/// Values in a text, objects, lists and what is in them each counted once, unless somebody knows that more are needed.
pub const VALUES_MAX: usize = 50_000;

/// How much a text may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    pub values: usize,
    pub depth: usize,
    pub long_numbers: LongNumbers,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            values: VALUES_MAX,
            depth: DEPTH_MAX,
            long_numbers: LongNumbers::Refused,
        }
    }
}

/// What becomes of a number with more digits than a 64-bit number keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LongNumbers {
    /// It is read as the text of its digits: for a body that goes on byte for byte, so that what is judged and recorded
    /// is what is sent.
    AsText,
    /// It is refused: for values that are written anew before they go on.
    Refused,
}

/// Why a text is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    #[error("expected one JSON value in UTF-8 without a byte order mark")]
    NotJson,
    #[error("expected each key of an object once")]
    KeyTwice,
    #[error("expected at most {0} levels of JSON")]
    TooDeep(usize),
    #[error("expected at most {0} values in the JSON, lists and objects counted too")]
    TooMany(usize),
    #[error("expected numbers that fit into 64 bits; send `{0}` as a text, in quotes")]
    LongNumber(String),
    #[error("expected numbers that are neither too large nor too small for 64 bits")]
    ExtremeNumber,
}

/// The one value that `text` holds.
///
/// Nothing is built of a text that is too deep or holds too much: that is found before by counting.
pub fn read(text: &[u8], bounds: Bounds) -> Result<Value, Refused> {
    weigh(text).within(bounds)?;
    let text = std::str::from_utf8(text).map_err(|_| Refused::NotJson)?;
    Reader::new(text, bounds).whole()
}
