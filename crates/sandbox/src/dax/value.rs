//! One scalar of a query, and how the language compares and orders scalars.

use std::cmp::Ordering;
use std::sync::Arc;

/// Milliseconds of one day.
const DAY_MS: f64 = 86_400_000.0;

/// Days between 1899-12-30, where the language starts to count, and 1970-01-01.
const EPOCH_DAYS: f64 = 25_569.0;

/// A scalar: what a column holds and what an expression gives.
#[derive(Clone, Debug)]
pub enum Value {
    /// Nothing.
    Blank,
    /// TRUE or FALSE.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A number with decimals.
    Number(f64),
    /// Days since 1899-12-30, with the time of day as a fraction.
    Date(f64),
    /// Text.
    Text(Arc<str>),
}

impl Value {
    /// A text value.
    pub fn text(text: impl AsRef<str>) -> Self {
        Self::Text(Arc::from(text.as_ref()))
    }

    /// A date from milliseconds since 1970-01-01.
    pub fn date_from_ms(ms: i64) -> Self {
        Self::Date(ms as f64 / DAY_MS + EPOCH_DAYS)
    }

    /// Whether this is a blank.
    pub fn is_blank(&self) -> bool {
        matches!(self, Self::Blank)
    }

    /// What the language calls the type of this value.
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::Blank => "Blank",
            Self::Bool(_) => "True/False",
            Self::Int(_) => "Integer",
            Self::Number(_) => "Number",
            Self::Date(_) => "Date",
            Self::Text(_) => "Text",
        }
    }

    /// The number behind a value that is one without conversion of text.
    pub fn number(&self) -> Option<f64> {
        match self {
            Self::Blank => Some(0.0),
            Self::Bool(yes) => Some(f64::from(u8::from(*yes))),
            Self::Int(whole) => Some(*whole as f64),
            Self::Number(number) | Self::Date(number) => Some(*number),
            Self::Text(_) => None,
        }
    }

    /// What makes two values the same in a set: case of text does not count, 1 and 1.0 are one value.
    pub fn key(&self) -> Key {
        match self {
            Self::Blank => Key::Blank,
            Self::Bool(yes) => Key::Bool(*yes),
            // Whole numbers beyond 2^53 are not all numbers of the other kind.
            Self::Int(whole) if whole.unsigned_abs() > 1 << 53 => Key::Large(*whole),
            Self::Int(whole) => Key::Number((*whole as f64).to_bits()),
            Self::Number(number) | Self::Date(number) => Key::Number((number + 0.0).to_bits()),
            Self::Text(text) => Key::Text(fold(text)),
        }
    }
}

/// The identity of a value inside a set or a group.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Key {
    /// A blank.
    Blank,
    /// TRUE or FALSE.
    Bool(bool),
    /// The bits of a number or a date.
    Number(u64),
    /// A whole number too large to be exact as a number with decimals.
    Large(i64),
    /// Text in lower case.
    Text(Box<str>),
}

/// Milliseconds since 1970-01-01 of a serial day number.
pub(crate) fn date_to_ms(days: f64) -> i64 {
    ((days - EPOCH_DAYS) * DAY_MS).round() as i64
}

/// Text in the form in which letters of either case are the same.
pub(crate) fn fold(text: &str) -> Box<str> {
    if text.is_ascii() {
        return text.to_ascii_lowercase().into_boxed_str();
    }
    text.to_lowercase().into_boxed_str()
}

/// The order of two texts: letters first by their plain form, then by their accents; case does not count.
pub(crate) fn compare_text(left: &str, right: &str) -> Ordering {
    let plain = |text: &str| -> Vec<char> { text.chars().flat_map(char::to_lowercase).map(plain_letter).collect() };
    if left.is_ascii() && right.is_ascii() {
        let lower = |text: &str| text.bytes().map(|byte| byte.to_ascii_lowercase()).collect::<Vec<u8>>();
        return lower(left).cmp(&lower(right));
    }
    plain(left)
        .cmp(&plain(right))
        .then_with(|| fold(left).cmp(&fold(right)))
}

/// The letter without its accent, for the common Latin letters.
fn plain_letter(letter: char) -> char {
    match letter {
        'à'..='å' => 'a',
        'ç' => 'c',
        'è'..='ë' => 'e',
        'ì'..='ï' => 'i',
        'ñ' => 'n',
        'ò'..='ö' | 'ø' => 'o',
        'ù'..='ü' => 'u',
        'ý' | 'ÿ' => 'y',
        'ß' => 's',
        other => other,
    }
}

/// The order used by ORDER BY, TOPN and RANKX: blanks first, then numbers, text, booleans.
pub(crate) fn order(left: &Value, right: &Value) -> Ordering {
    match (left, right) {
        (Value::Text(a), Value::Text(b)) => compare_text(a, b),
        (Value::Int(a), Value::Int(b)) => a.cmp(b),
        (Value::Bool(a), Value::Bool(b)) => a.cmp(b),
        (Value::Blank, Value::Blank) => Ordering::Equal,
        // A blank counts as zero among numbers, and comes first where a number equals zero.
        (Value::Blank, Value::Int(_) | Value::Number(_) | Value::Date(_)) => {
            0.0_f64.total_cmp(&right.number().unwrap_or(0.0)).then(Ordering::Less)
        }
        (Value::Int(_) | Value::Number(_) | Value::Date(_), Value::Blank) => order(right, left).reverse(),
        _ => match (class(left), class(right)) {
            (1, 1) => {
                let (a, b) = (left.number().unwrap_or(0.0), right.number().unwrap_or(0.0));
                a.partial_cmp(&b).unwrap_or_else(|| a.total_cmp(&b))
            }
            (a, b) => a.cmp(&b),
        },
    }
}

fn class(value: &Value) -> u8 {
    match value {
        Value::Blank => 0,
        Value::Int(_) | Value::Number(_) | Value::Date(_) => 1,
        Value::Text(_) => 2,
        Value::Bool(_) => 3,
    }
}
