//! Which request targets are taken: origin-form with a path that has only one reading.

const LONGEST: usize = 16 * 1024;

/// Whether `target` is a path (and query) in origin-form that no later reader can take for another path.
pub(super) fn is_plain(target: &str) -> bool {
    let path = target.split('?').next().unwrap_or_default();
    target.len() <= LONGEST
        && path.starts_with('/')
        && target.bytes().all(|b| b.is_ascii_graphic() && b != b'#' && b != b'\\')
        && has_whole_escapes(target)
        && !path.contains("//")
        && path
            .split('/')
            .all(|segment| is_plain_segment(segment) && (may_hold_a_slash(path) || !holds_a_slash(segment)))
}

/// Every `%` is followed by two hexadecimal digits.
fn has_whole_escapes(target: &str) -> bool {
    target.split('%').skip(1).all(|it| {
        it.as_bytes()
            .get(..2)
            .is_some_and(|it| it.iter().all(u8::is_ascii_hexdigit))
    })
}

/// No dot segment, no matrix parameter on one, no hidden control character, backslash, NUL or second escape.
fn is_plain_segment(segment: &str) -> bool {
    let lower = segment.to_ascii_lowercase();
    let unhidden = lower.replace("%2e", ".");
    let is_dots = |it: &str| matches!(it.split([';', '?']).next(), Some("." | ".."));
    let hides = |it: &str| ["%5c", "%25", "%7f", "%3b"].contains(&it) || it.starts_with("%0") || it.starts_with("%1");
    let escapes = lower.match_indices('%').filter_map(|(at, _)| lower.get(at..at + 3));
    !unhidden.replace("%2f", "/").split('/').any(is_dots) && !escapes.into_iter().any(hides)
}

fn holds_a_slash(segment: &str) -> bool {
    segment.to_ascii_lowercase().contains("%2f")
}

/// Only ids of Power BI, which may be base64, hold a slash; the proxy reads them from the raw path.
fn may_hold_a_slash(path: &str) -> bool {
    let in_environment = path
        .strip_prefix("/e/")
        .and_then(|it| it.split_once('/'))
        .is_some_and(|(_, rest)| rest.starts_with("powerbi/"));
    path.starts_with("/powerbi/") || in_environment
}
