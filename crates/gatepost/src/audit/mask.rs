//! What never goes into the record: secrets, and values too long to keep.

use serde_json::{Value, json};

const HIDDEN: &str = "***";
const LONGEST_TEXT: usize = 8 * 1024;
const WORDS: [&str; 9] = [
    "password",
    "secret",
    "token",
    "credential",
    "privatekey",
    "private_key",
    "assertion",
    "authorization",
    "cookie",
];

/// The same value with secrets and the administrator's own `fields` hidden at any depth, and long texts cut with a note.
pub fn mask(value: &Value, fields: &[String]) -> Value {
    match value {
        Value::Object(object) => object
            .iter()
            .map(|(name, inner)| {
                (
                    name.clone(),
                    if is_hidden(name, fields) {
                        Value::from(HIDDEN)
                    } else {
                        mask(inner, fields)
                    },
                )
            })
            .collect(),
        Value::Array(items) => items.iter().map(|it| mask(it, fields)).collect(),
        Value::String(text) if LONGEST_TEXT < text.len() => {
            let kept: String = text.chars().take(LONGEST_TEXT / 4).collect();
            json!({ "cut": kept, "bytes": text.len() })
        }
        plain => plain.clone(),
    }
}

fn is_hidden(name: &str, fields: &[String]) -> bool {
    let name = name.to_lowercase();
    // A continuation token is a page number, not a secret, but hiding it costs nothing.
    WORDS.iter().any(|word| name.contains(word)) || fields.iter().any(|it| it.to_lowercase() == name)
}
