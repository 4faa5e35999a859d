//! Pages for people: templates, layout, assets, and the guard before every form.

mod answer;
mod assets;
mod fields;
mod filters;
mod guard;
mod templates;
#[cfg(test)]
mod tests;

pub use answer::{
    Leaving, Message, before_its_time, csrf, html, message, parameters, redirect, redirect_with, return_path,
};
pub use assets::{asset, router as assets};
pub use fields::Fields;
pub use filters::{visible, visible_lines};
pub use guard::guard;
pub use templates::{Unrendered, render};

use serde::Serialize;

use crate::clock::Timestamp;

/// What the layout of a page needs, apart from the page's own content.
#[derive(Clone, Debug, Serialize)]
pub struct Page {
    pub title: String,
    /// Which link of the navigation is the present one.
    pub section: &'static str,
    pub csrf: String,
    pub notice: Option<Notice>,
    /// Who is signed in; absent on pages that stand alone.
    pub person: Option<Viewer>,
    pub environment: String,
    pub nav: Vec<Part>,
    pub now: Timestamp,
    pub version: &'static str,
}

/// A line above the content of a page: what was done, or what is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Notice {
    /// `good`, `info`, `warn` or `bad`.
    pub kind: &'static str,
    pub text: String,
}

/// The signed-in person as the layout shows them.
#[derive(Clone, Debug, Serialize)]
pub struct Viewer {
    pub name: String,
    pub initials: String,
    pub role_name: &'static str,
    pub manages: bool,
}

/// A part of the navigation.
#[derive(Clone, Debug, Serialize)]
pub struct Part {
    pub title: &'static str,
    pub links: Vec<Link>,
}

/// A link of the navigation.
#[derive(Clone, Debug, Serialize)]
pub struct Link {
    pub path: &'static str,
    pub title: &'static str,
    pub section: &'static str,
    pub icon: &'static str,
    /// How many things wait there; 0 shows nothing.
    pub count: i64,
}

impl Page {
    /// The layout of a page that stands alone, without navigation.
    pub fn alone(title: &str, csrf: &str, now: Timestamp) -> Self {
        Self {
            title: title.to_owned(),
            section: "",
            csrf: csrf.to_owned(),
            notice: None,
            person: None,
            environment: String::new(),
            nav: Vec::new(),
            now,
            version: env!("CARGO_PKG_VERSION"),
        }
    }
}

/// The first letters of a name, for a round badge.
pub fn initials(name: &str) -> String {
    let mut words = name
        .split_whitespace()
        .filter_map(|it| it.chars().find(|c| c.is_alphanumeric()));
    let first = words.next();
    [first, words.next_back()]
        .into_iter()
        .flatten()
        .flat_map(char::to_uppercase)
        .collect()
}
