//! The headings of tables: the names of columns as people read them.

use std::collections::HashSet;

/// Names without their tables, or the full names where two would be the same.
pub(super) fn headings(columns: &[String]) -> Vec<&str> {
    let plain: Vec<&str> = columns.iter().map(|name| plain_name(name)).collect();
    let different: HashSet<&str> = plain.iter().copied().collect();
    if different.len() == plain.len() {
        plain
    } else {
        columns.iter().map(String::as_str).collect()
    }
}

fn plain_name(name: &str) -> &str {
    match name.split_once('[') {
        Some((_, column)) => column.strip_suffix(']').unwrap_or(name),
        None => name,
    }
}
