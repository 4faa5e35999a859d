//! No entry is larger than a bound: of what is longer, the beginning is kept, with the number of what follows.

use aws_lc_rs::digest::{SHA256, digest};
use serde_json::{Map, Value, json};

/// The most bytes that the details of an entry take.
pub(super) const MOST_BYTES: usize = 16 * 1024;
/// Of them for the arguments of a call.
const ARGUMENT_BYTES: usize = 8 * 1024;
const TEXT_BYTES: usize = 2 * 1024;

/// The arguments of a call for the record: whole when they are small, else their beginning; and the SHA-256 of all of them
/// as JSON with sorted keys, secrets hidden.
pub fn arguments(masked: &Value) -> (Value, String) {
    let text = super::form::sorted(masked).to_string();
    let hash = digest(&SHA256, text.as_bytes());
    let hash = hash.as_ref().iter().map(|it| format!("{it:02x}")).collect();
    if text.len() <= ARGUMENT_BYTES {
        return (masked.clone(), hash);
    }
    let first = beginning(masked, ARGUMENT_BYTES);
    (json!({ "first": first, "bytes": text.len() }), hash)
}

/// Details within the bound. Who, what and why are short and stay whole, wherever they stand; what is long shares the rest.
pub(super) fn details(details: Value) -> Value {
    if size(&details, MOST_BYTES) <= MOST_BYTES {
        return details;
    }
    match details {
        Value::Object(members) => Value::Object(shared(members)),
        other => beginning(&other, MOST_BYTES),
    }
}

fn shared(mut members: Map<String, Value>) -> Map<String, Value> {
    let mut left = MOST_BYTES - MOST_BYTES / 4;
    let mut by_size: Vec<(usize, String)> = members
        .iter()
        .map(|(name, it)| (name.len() + 4 + size(it, MOST_BYTES), name.clone()))
        .collect();
    by_size.sort();
    let count = by_size.len();
    for (at, (bytes, name)) in by_size.into_iter().enumerate() {
        // Whoever takes less than its share leaves the rest to those that are longer.
        let share = left / (count - at);
        if bytes <= share {
            left -= bytes;
        } else if let Some(it) = members.get_mut(&name) {
            let mut own = share.saturating_sub(name.len() + 4);
            *it = first_of(it, &mut own);
            left -= share;
        }
    }
    members
}

/// About the bytes of a value as JSON; once beyond `most` it is not looked at further.
fn size(value: &Value, most: usize) -> usize {
    let mut sum = 2;
    match value {
        Value::String(text) => sum += text.len(),
        Value::Array(items) => {
            for it in items {
                if most < sum {
                    break;
                }
                sum += 1 + size(it, most);
            }
        }
        Value::Object(members) => {
            for (name, it) in members {
                if most < sum {
                    break;
                }
                sum += name.len() + 4 + size(it, most);
            }
        }
        _ => sum += 20,
    }
    sum
}

fn beginning(value: &Value, most: usize) -> Value {
    let mut left = most - most / 4;
    first_of(value, &mut left)
}

fn first_of(value: &Value, left: &mut usize) -> Value {
    match value {
        Value::String(text) => {
            let most = TEXT_BYTES.min(*left);
            if text.len() <= most {
                *left -= text.len();
                return value.clone();
            }
            let cut: String = text.chars().take(most / 4).collect();
            *left = left.saturating_sub(cut.len() + 24);
            json!({ "cut": cut, "bytes": text.len() })
        }
        Value::Array(items) => {
            let mut kept = Vec::new();
            for it in items {
                if *left < 64 {
                    break;
                }
                *left -= 2;
                kept.push(first_of(it, left));
            }
            if kept.len() < items.len() {
                kept.push(json!({ "more": items.len() - kept.len() }));
            }
            Value::Array(kept)
        }
        Value::Object(members) => {
            let mut kept = Map::new();
            for (name, it) in members {
                if *left < 64 + name.len() {
                    break;
                }
                *left -= name.len() + 4;
                kept.insert(name.clone(), first_of(it, left));
            }
            if kept.len() < members.len() {
                kept.insert("more".to_owned(), json!(members.len() - kept.len()));
            }
            Value::Object(kept)
        }
        plain => {
            *left = left.saturating_sub(20);
            plain.clone()
        }
    }
}
