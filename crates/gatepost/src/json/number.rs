//! Numbers of JSON (RFC 8259 §6): those that 64 bits keep, and those that only text keeps.

use serde_json::{Number, Value};

use super::{LongNumbers, Refused};

/// Longer than any number that people, money or science need.
const LONGEST: usize = 64;
/// So many digits always name one 64-bit float and no other.
const DIGITS_KEPT: usize = 17;

/// The number at the beginning of `text`, and how many bytes it takes.
pub(super) fn read(text: &str, long: LongNumbers) -> Result<(Value, usize), Refused> {
    let length = length(text.as_bytes()).ok_or(Refused::NotJson)?;
    let text = &text[..length];
    if LONGEST < length {
        return Err(Refused::ExtremeNumber);
    }
    Ok((value(text, long)?, length))
}

fn value(text: &str, long: LongNumbers) -> Result<Value, Refused> {
    let is_whole = !text.contains(['.', 'e', 'E']);
    // `-0` is a float: no whole number has a sign at zero.
    if is_whole && text != "-0" {
        if let Ok(whole) = text.parse::<i64>() {
            return Ok(whole.into());
        }
        if let Ok(whole) = text.parse::<u64>() {
            return Ok(whole.into());
        }
    }
    let float: f64 = text.parse().map_err(|_| Refused::NotJson)?;
    let decimal = Decimal::of(text);
    let Some(number) = Number::from_f64(float).filter(|_| float != 0.0 || decimal.digits.is_empty()) else {
        return Err(Refused::ExtremeNumber);
    };
    // A whole number beyond 64 bits is one that somebody counts on to the last digit.
    let is_kept = !is_whole && decimal.digits.len() <= DIGITS_KEPT;
    match long {
        _ if is_kept || decimal == Decimal::of(&number.to_string()) => Ok(Value::Number(number)),
        LongNumbers::AsText => Ok(Value::String(text.to_owned())),
        LongNumbers::Refused => Err(Refused::LongNumber(text.to_owned())),
    }
}

/// How many bytes a number takes; none when it is none.
fn length(text: &[u8]) -> Option<usize> {
    let digits = |from: usize| text[from..].iter().take_while(|it| it.is_ascii_digit()).count();
    let mut at = usize::from(text.first() == Some(&b'-'));
    let whole = digits(at);
    if whole == 0 || (1 < whole && text[at] == b'0') {
        return None;
    }
    at += whole;
    if text.get(at) == Some(&b'.') {
        let fraction = digits(at + 1);
        at += 1 + fraction;
        (fraction != 0).then_some(())?;
    }
    if matches!(text.get(at), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(text.get(at + 1), Some(b'+' | b'-')));
        let exponent = digits(at + 1 + sign);
        at += 1 + sign + exponent;
        (exponent != 0).then_some(())?;
    }
    Some(at)
}

/// A number in one form: sign, digits without zeros at either end, and the power of ten behind the last digit.
#[derive(Debug, PartialEq, Eq)]
struct Decimal {
    is_negative: bool,
    digits: String,
    power: i64,
}

impl Decimal {
    /// `text` is a number of JSON.
    fn of(text: &str) -> Self {
        let (text, is_negative) = match text.strip_prefix('-') {
            Some(rest) => (rest, true),
            None => (text, false),
        };
        let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let all = format!("{whole}{fraction}");
        let digits = all.trim_end_matches('0');
        let zeros = i64::try_from(all.len() - digits.len()).unwrap_or(0);
        let fraction = i64::try_from(fraction.len()).unwrap_or(0);
        let exponent: i64 = exponent.parse().unwrap_or(i64::MAX / 2);
        let digits = digits.trim_start_matches('0').to_owned();
        Self {
            is_negative,
            power: if digits.is_empty() {
                0
            } else {
                exponent + zeros - fraction
            },
            digits,
        }
    }
}
