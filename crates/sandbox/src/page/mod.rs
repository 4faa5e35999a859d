//! Pages for people, each with the banner that says this is not Microsoft.

use std::sync::LazyLock;

use minijinja::Environment;
use minijinja::UndefinedBehavior;
use minijinja::value::Serde;
use serde_json::Value;

static TEMPLATES: LazyLock<Environment<'static>> = LazyLock::new(environment);

/// Renders the template `name` with the members of `values`.
pub(crate) fn render(name: &str, values: Value) -> String {
    let rendered = TEMPLATES
        .get_template(name)
        .and_then(|template| template.render(minijinja::Value::from(Serde(values))));
    rendered.unwrap_or_else(|error| {
        tracing::error!(template = name, "page could not be rendered: {error:#}");
        "Sandbox - not Microsoft: this page could not be rendered".to_owned()
    })
}

fn environment() -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    for (name, text) in FILES {
        environment
            .add_template(name, text)
            .expect("the crate's templates parse, as a test shows");
    }
    environment
}

const FILES: &[(&str, &str)] = &[
    ("base.html", include_str!("../../templates/base.html")),
    ("accounts.html", include_str!("../../templates/accounts.html")),
    ("consent.html", include_str!("../../templates/consent.html")),
    ("device.html", include_str!("../../templates/device.html")),
    ("error.html", include_str!("../../templates/error.html")),
    ("factor.html", include_str!("../../templates/factor.html")),
    ("form_post.html", include_str!("../../templates/form_post.html")),
    ("home.html", include_str!("../../templates/home.html")),
    ("message.html", include_str!("../../templates/message.html")),
];
