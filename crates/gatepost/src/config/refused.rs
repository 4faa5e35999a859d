//! Settings that cannot be read, told by name and place and never by value: what was mistyped may be a secret.

use figment::error::{Actual, Kind};

use super::{Problem, Settings};

/// What is wrong with the settings as they were written.
pub(super) fn told(error: figment::Error) -> Problem {
    let all: Vec<String> = error.into_iter().map(|it| one(&it)).collect();
    Problem(format!("the settings cannot be read: {}", all.join("; ")))
}

fn one(error: &figment::Error) -> String {
    let what = match &error.kind {
        Kind::InvalidType(actual, expected) | Kind::InvalidValue(actual, expected) => {
            format!("expected {expected}, not {}", kind_of(actual))
        }
        Kind::UnknownField(name, _) => return format!("there is no setting {}", shown(name)),
        // A parser's message shows the line with whatever stands in it; its first line says where that is.
        Kind::Message(text) => text.lines().next().unwrap_or_default().to_owned(),
        _ => "it does not fit".to_owned(),
    };
    match error.path.join(".") {
        name if name.is_empty() => what,
        name => format!("{}: {what}", shown(&name)),
    }
}

/// A setting as the file and as the environment write it.
fn shown(name: &str) -> String {
    let name: String = name.to_lowercase().chars().take(60).collect();
    format!("`{name}` (GATEPOST_{})", name.to_uppercase())
}

/// What came instead, without the value itself.
fn kind_of(actual: &Actual) -> &'static str {
    match actual {
        Actual::Bool(_) => "true or false",
        Actual::Unsigned(_) | Actual::Signed(_) => "a whole number",
        Actual::Float(_) => "a number with a point",
        Actual::Char(_) | Actual::Str(_) => "a text",
        Actual::Seq => "a list",
        Actual::Map => "a table",
        _ => "what is there",
    }
}

/// Refuses texts that are empty where that means nothing, and texts with space around them: whoever wrote
/// `GATEPOST_LOG=` meant something, and nobody can see what a space changes.
pub(super) fn check_texts(settings: &Settings) -> Result<(), Problem> {
    let as_table = |it: &Settings| toml::Table::try_from(it).unwrap_or_default();
    let defaults = as_table(&Settings::default());
    for (name, value) in as_table(settings) {
        let Some(text) = value.as_str() else { continue };
        if text.trim() != text {
            return Err(Problem(format!("{} has space around its value", shown(&name))));
        }
        let may_be_empty = defaults.get(&name).and_then(toml::Value::as_str) == Some("");
        if text.is_empty() && !may_be_empty {
            return Err(Problem(format!(
                "{} is empty; leave it out to use the default",
                shown(&name)
            )));
        }
    }
    Ok(())
}
