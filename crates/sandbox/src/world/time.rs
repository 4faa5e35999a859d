//! How the service writes moments.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// One second, in milliseconds.
pub const SECOND_MS: i64 = 1000;
/// One minute, in milliseconds.
pub const MINUTE_MS: i64 = 60 * SECOND_MS;
/// One hour, in milliseconds.
pub const HOUR_MS: i64 = 60 * MINUTE_MS;
/// One day, in milliseconds.
pub const DAY_MS: i64 = 24 * HOUR_MS;

/// A moment with milliseconds, such as `2026-08-01T09:00:00.000Z`.
pub fn with_ms(unix_ms: i64) -> String {
    format(unix_ms, "%Y-%m-%dT%H:%M:%S.%3fZ")
}

/// A moment in whole seconds, such as `2026-08-01T09:00:00Z`.
pub fn in_seconds(unix_ms: i64) -> String {
    format(unix_ms, "%Y-%m-%dT%H:%M:%SZ")
}

/// A moment with seven digits of a second, as dataflow transactions have it.
pub fn with_ticks(unix_ms: i64) -> String {
    format(unix_ms, "%Y-%m-%dT%H:%M:%S.%7fZ")
}

/// A moment as subscriptions have it, such as `8/1/2026 9:00:00 AM`.
pub fn american(unix_ms: i64) -> String {
    format(unix_ms, "%-m/%-d/%Y %-I:%M:%S %p")
}

/// A moment in whole seconds without a zone, as activity events have it.
pub fn bare(unix_ms: i64) -> String {
    format(unix_ms, "%Y-%m-%dT%H:%M:%S")
}

/// Reads a moment; one without a zone is in UTC.
pub fn parse(text: &str) -> Option<i64> {
    if let Ok(moment) = text.parse::<Timestamp>() {
        return Some(moment.as_millisecond());
    }
    let civil = text.parse::<DateTime>().ok()?;
    civil
        .to_zoned(TimeZone::UTC)
        .ok()
        .map(|moment| moment.timestamp().as_millisecond())
}

fn format(unix_ms: i64, pattern: &str) -> String {
    let moment = Timestamp::from_millisecond(unix_ms).unwrap_or_default();
    moment.to_zoned(TimeZone::UTC).strftime(pattern).to_string()
}
