//! FORMAT for the common format strings; a format it does not know is refused.

use crate::dax::Value;
use crate::dax::convert::civil_of;
use crate::dax::convert::number_of;
use crate::dax::convert::text_of;
use crate::dax::convert::twelve_hours;
use crate::dax::error::DaxError;
use crate::dax::error::Result;
use crate::dax::node::Function;

pub(super) const FUNCTIONS: &[Function] = &[
    Function::pure("FORMAT", 2, 3, |values| {
        if values.len() == 3 && !matches!(&values[2], Value::Text(locale) if locale.eq_ignore_ascii_case("en-us")) {
            return Err(DaxError::unsupported("FORMAT knows the locale en-US only"));
        }
        format(&values[0], &text_of(&values[1])).map(Value::text)
    }),
    Function::pure("FIXED", 1, 3, |values| {
        let digits = usize::try_from(values.get(1).map_or(Ok(2), crate::dax::convert::whole_of)?)
            .map_err(|_| DaxError::unsupported("FIXED with negative digits is not available"))?;
        let plain = values.get(2).map_or(Ok(false), crate::dax::convert::truth_of)?;
        Ok(Value::text(decimal(number_of(&values[0])?, digits, digits, 1, !plain)))
    }),
];

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

const DAYS: [&str; 7] = [
    "Sunday",
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
];

/// The value in a format.
pub(super) fn format(value: &Value, pattern: &str) -> Result<String> {
    match value {
        Value::Blank => Ok(String::new()),
        Value::Text(text) => Ok(text.to_string()),
        Value::Bool(yes) => Ok(match (pattern.to_ascii_lowercase().as_str(), yes) {
            ("yes/no", true) => "Yes",
            ("yes/no", false) => "No",
            ("on/off", true) => "On",
            ("on/off", false) => "Off",
            (_, true) => "True",
            (_, false) => "False",
        }
        .to_owned()),
        Value::Date(days) => format_date(*days, pattern),
        number if is_date_pattern(pattern) => format_date(number_of(number)?, pattern),
        number => format_number(number_of(number)?, pattern),
    }
}

fn is_date_pattern(pattern: &str) -> bool {
    let pattern = pattern.to_ascii_lowercase();
    matches!(
        pattern.as_str(),
        "general date" | "long date" | "medium date" | "short date" | "long time" | "short time"
    ) || (pattern.contains("yy") || pattern.contains("mmm") || pattern.contains("dd") || pattern.contains("hh"))
        && !pattern.contains(['0', '#'])
}

fn format_number(number: f64, pattern: &str) -> Result<String> {
    Ok(match pattern.to_ascii_lowercase().as_str() {
        "" | "general number" => number.to_string(),
        "currency" => match number < 0.0 {
            true => format!("(${})", decimal(-number, 2, 2, 1, true)),
            false => format!("${}", decimal(number, 2, 2, 1, true)),
        },
        "fixed" => decimal(number, 2, 2, 1, false),
        "standard" => decimal(number, 2, 2, 1, true),
        "percent" => format!("{}%", decimal(number * 100.0, 2, 2, 1, false)),
        "scientific" => scientific(number),
        "yes/no" => if number == 0.0 { "No" } else { "Yes" }.to_owned(),
        "true/false" => if number == 0.0 { "False" } else { "True" }.to_owned(),
        "on/off" => if number == 0.0 { "Off" } else { "On" }.to_owned(),
        _ => custom_number(number, pattern)?,
    })
}

fn scientific(number: f64) -> String {
    let text = format!("{number:.2E}");
    match text.split_once('E') {
        Some((mantissa, exponent)) => {
            let exponent: i32 = exponent.parse().unwrap_or(0);
            format!(
                "{mantissa}E{}{:02}",
                if exponent < 0 { '-' } else { '+' },
                exponent.abs()
            )
        }
        None => text,
    }
}

/// A pattern such as `#,0.00;-#,0.00;0`: positive, negative and zero.
fn custom_number(number: f64, pattern: &str) -> Result<String> {
    let sections: Vec<&str> = pattern.split(';').collect();
    if sections.len() > 3 {
        return Err(unknown(pattern));
    }
    match sections[..] {
        [_, _, zero] if number == 0.0 && !zero.is_empty() => section(0.0, zero, pattern),
        [_, negative, ..] if number < 0.0 && !negative.is_empty() => section(-number, negative, pattern),
        [positive, ..] if number < 0.0 => Ok(format!("-{}", section(-number, positive, pattern)?)),
        [positive, ..] => section(number, positive, pattern),
        [] => Err(unknown(pattern)),
    }
}

/// One section: text around one run of digit places.
fn section(number: f64, part: &str, pattern: &str) -> Result<String> {
    let (mut before, mut digits, mut after) = (String::new(), String::new(), String::new());
    let mut letters = part.chars();
    while let Some(letter) = letters.next() {
        if matches!(letter, '0' | '#') && !after.is_empty() {
            return Err(unknown(pattern));
        }
        let is_place =
            matches!(letter, '0' | '#') || matches!(letter, ',' | '.') && !digits.is_empty() || letter == '.';
        if is_place && after.is_empty() {
            digits.push(letter);
            continue;
        }
        let aside = if digits.is_empty() { &mut before } else { &mut after };
        match letter {
            '\\' => aside.extend(letters.next()),
            '"' => aside.extend(letters.by_ref().take_while(|next| *next != '"')),
            letter if letter.is_ascii_alphabetic() => return Err(unknown(pattern)),
            other => aside.push(other),
        }
    }
    let percent = before.contains('%') || after.contains('%');
    let (whole, fraction) = digits.split_once('.').unwrap_or((&digits, ""));
    if fraction.contains([',', '.']) {
        return Err(unknown(pattern));
    }
    if digits.is_empty() {
        return Ok(before);
    }
    // Commas right before the point divide by a thousand each; others group digits.
    let scaling = whole.len() - whole.trim_end_matches(',').len();
    let grouped = whole.trim_end_matches(',').contains(',');
    let number = if percent { number * 100.0 } else { number } / 1000_f64.powi(i32::try_from(scaling).unwrap_or(0));
    let least = fraction.chars().filter(|place| *place == '0').count();
    let shown = decimal(number, least, fraction.len(), whole.matches('0').count(), grouped);
    Ok(format!("{before}{shown}{after}"))
}

/// A number with digits after the point and, if asked for, commas between thousands.
fn decimal(number: f64, least: usize, most: usize, whole_digits: usize, grouped: bool) -> String {
    let factor = 10_f64.powi(i32::try_from(most).unwrap_or(0));
    // Halves go up, as people expect, also where the binary number is a little below.
    let rounded = ((number.abs() * factor) * (1.0 + 1e-14)).round() / factor;
    let text = format!("{:.*}", most, if rounded.is_finite() { rounded } else { number.abs() });
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let mut whole = if whole == "0" { String::new() } else { whole.to_owned() };
    while whole.len() < whole_digits {
        whole.insert(0, '0');
    }
    let mut fraction = fraction.to_owned();
    while fraction.len() > least && fraction.ends_with('0') {
        fraction.pop();
    }
    if grouped {
        let mut at = whole.len();
        while at > 3 {
            at -= 3;
            whole.insert(at, ',');
        }
    }
    let sign = if number < 0.0 && (whole.contains(|c| c != '0') || fraction.contains(|c| c != '0')) {
        "-"
    } else {
        ""
    };
    if fraction.is_empty() {
        format!("{sign}{whole}")
    } else {
        format!("{sign}{whole}.{fraction}")
    }
}

fn format_date(days: f64, pattern: &str) -> Result<String> {
    let pattern = match pattern.to_ascii_lowercase().as_str() {
        "" | "general date" if days.fract() == 0.0 => "m/d/yyyy",
        "" | "general date" => "m/d/yyyy h:nn:ss AM/PM",
        "short date" => "m/d/yyyy",
        "medium date" => "dd-mmm-yy",
        "long date" => "dddd, mmmm d, yyyy",
        "short time" => "hh:nn",
        "long time" => "h:nn:ss AM/PM",
        _ => pattern,
    };
    let when = civil_of(days);
    let letters: Vec<char> = pattern.chars().collect();
    let half_day = pattern.to_ascii_uppercase().contains("AM/PM");
    let mut text = String::new();
    let mut at = 0;
    let mut after_hour = false;
    while at < letters.len() {
        let letter = letters[at].to_ascii_lowercase();
        let run = letters[at..]
            .iter()
            .take_while(|next| next.to_ascii_lowercase() == letter)
            .count();
        let rest: String = letters[at..].iter().take(5).collect::<String>().to_ascii_uppercase();
        let hour = if half_day {
            twelve_hours(when.hour()).0
        } else {
            when.hour()
        };
        match (letter, run) {
            ('a', _) if rest == "AM/PM" => {
                text.push_str(twelve_hours(when.hour()).1);
                at += 5;
                continue;
            }
            ('y', 4) => text.push_str(&when.year().to_string()),
            ('y', 2) => text.push_str(&format!("{:02}", when.year().rem_euclid(100))),
            ('m', 1 | 2) if after_hour => text.push_str(&padded(when.minute(), run)),
            ('m', 1 | 2) => text.push_str(&padded(when.month(), run)),
            ('m', 3) => text.push_str(&MONTHS[usize::from(when.month().unsigned_abs()) - 1][..3]),
            ('m', 4) => text.push_str(MONTHS[usize::from(when.month().unsigned_abs()) - 1]),
            ('d', 1 | 2) => text.push_str(&padded(when.day(), run)),
            ('d', 3) => text.push_str(&day_name(&when)[..3]),
            ('d', 4) => text.push_str(day_name(&when)),
            ('h', 1 | 2) => text.push_str(&padded(hour, run)),
            ('n', 1 | 2) => text.push_str(&padded(when.minute(), run)),
            ('s', 1 | 2) => text.push_str(&padded(when.second(), run)),
            ('q', 1) => text.push_str(&((when.month() + 2) / 3).to_string()),
            ('\\', _) => {
                text.extend(letters.get(at + 1));
                at += 2;
                continue;
            }
            ('"', 1) => {
                let quoted: String = letters[at + 1..].iter().take_while(|next| **next != '"').collect();
                at += quoted.chars().count() + 2;
                text.push_str(&quoted);
                continue;
            }
            (other, _) if other.is_alphanumeric() => return Err(unknown(pattern)),
            _ => text.extend(&letters[at..at + run]),
        }
        after_hour = match letter {
            'h' => true,
            ':' | ' ' => after_hour,
            _ => false,
        };
        at += run;
    }
    Ok(text)
}

fn padded(number: i8, run: usize) -> String {
    if run == 2 {
        format!("{number:02}")
    } else {
        number.to_string()
    }
}

fn day_name(when: &jiff::civil::DateTime) -> &'static str {
    DAYS[usize::from(when.weekday().to_sunday_zero_offset().unsigned_abs())]
}

fn unknown(pattern: &str) -> DaxError {
    DaxError::unsupported(format!("FORMAT does not know the format '{pattern}'"))
}
