//! The template engine: embedded templates, strict about missing values, escaping everything.

use std::sync::LazyLock;

use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, ErrorKind, State, UndefinedBehavior};
use serde_json::{Map, Value};

use super::{Page, assets, filters};

#[derive(rust_embed::RustEmbed)]
#[folder = "templates"]
struct Templates;

static ENGINE: LazyLock<Environment<'static>> = LazyLock::new(engine);

/// A page could not be made; a fault of ours, never of the visitor.
#[derive(Debug, thiserror::Error)]
#[error("the page cannot be shown: {0}")]
pub struct Unrendered(String);

/// The page `name` with its content; `details` is a JSON object whose members the template reads by name.
pub fn render(name: &str, page: &Page, details: Value) -> Result<String, Unrendered> {
    let Value::Object(mut context) = details else {
        return Err(Unrendered(format!("{name} was given no object")));
    };
    context.insert(
        "page".to_owned(),
        serde_json::to_value(page).map_err(|error| Unrendered(error.to_string()))?,
    );
    render_map(name, context).map_err(|error| {
        let text = format!("{error:#}");
        tracing::error!(template = name, error = %text, "a page cannot be rendered");
        Unrendered(text)
    })
}

fn render_map(name: &str, context: Map<String, Value>) -> Result<String, minijinja::Error> {
    ENGINE.get_template(name)?.render(Serde(context))
}

fn engine() -> Environment<'static> {
    let mut engine = Environment::new();
    engine.set_undefined_behavior(UndefinedBehavior::Strict);
    // Invariant: whatever a template is called, its values are escaped for HTML.
    engine.set_auto_escape_callback(|_| AutoEscape::Html);
    engine.set_unknown_method_callback(get_of_map);
    filters::add(&mut engine);
    engine.add_function("asset", assets::asset_or_nothing);
    for name in Templates::iter() {
        let source = Templates::get(&name).expect("the name was just listed");
        let source = String::from_utf8(source.data.into_owned()).expect("templates are text");
        engine
            .add_template_owned(name.into_owned(), source)
            .expect("a test parses every template");
    }
    engine
}

/// `map.get(name)` and `map.get(name, otherwise)`: a value that may be absent, which strict templates otherwise refuse.
fn get_of_map(
    _: &mut State<'_, '_>,
    map: &minijinja::Value,
    method: &str,
    arguments: &[minijinja::Value],
) -> Result<minijinja::Value, minijinja::Error> {
    let (true, [name, otherwise @ ..]) = (method == "get", arguments) else {
        return Err(ErrorKind::UnknownMethod.into());
    };
    let found = map.get_item(name)?;
    let otherwise = otherwise.first().cloned().unwrap_or_else(|| minijinja::Value::from(()));
    Ok(if found.is_undefined() { otherwise } else { found })
}

#[cfg(test)]
pub(super) fn names() -> Vec<String> {
    ENGINE.templates().map(|(name, _)| name.to_owned()).collect()
}
