//! The shape of a moment on the wire: RFC 3339, where the zone may be missing.

/// Whether the text is a date, or a date and time with or without fraction and zone.
pub(crate) fn is_datetime(text: &str) -> bool {
    let (date, time) = match text.split_once(['T', 't']) {
        Some((date, time)) => (date, Some(time)),
        None => (text, None),
    };
    is_date(date) && time.is_none_or(is_time)
}

fn is_date(text: &str) -> bool {
    let Some([year, month, day]) = numbers(text, '-', [4, 2, 2]) else {
        return false;
    };
    year >= 1 && (1..=12).contains(&month) && (1..=days_in(year, month)).contains(&day)
}

fn days_in(year: u32, month: u32) -> u32 {
    let is_leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    match month {
        2 if is_leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

fn is_time(text: &str) -> bool {
    let zone_at = text.find(['Z', 'z', '+', '-']).unwrap_or(text.len());
    let (clock, zone) = text.split_at(zone_at);
    let (whole, fraction) = match clock.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (clock, None),
    };
    let is_clock = match numbers(whole, ':', [2, 2, 2]) {
        Some([hour, minute, second]) => hour < 24 && minute < 60 && second <= 60,
        None => false,
    };
    is_clock && fraction.is_none_or(is_fraction) && is_zone(zone)
}

fn is_fraction(text: &str) -> bool {
    (1..=9).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit())
}

fn is_zone(text: &str) -> bool {
    match text {
        "" | "Z" | "z" => true,
        _ => match numbers(&text[1..], ':', [2, 2]) {
            Some([hour, minute]) => hour < 24 && minute < 60,
            None => false,
        },
    }
}

/// Exactly these counts of digits with the separator between them.
fn numbers<const N: usize>(text: &str, separator: char, digits: [usize; N]) -> Option<[u32; N]> {
    let mut parts = text.split(separator);
    let mut numbers = [0; N];
    for (number, digits) in numbers.iter_mut().zip(digits) {
        let part = parts.next()?;
        if part.len() != digits || !part.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        *number = part.parse().ok()?;
    }
    parts.next().is_none().then_some(numbers)
}
