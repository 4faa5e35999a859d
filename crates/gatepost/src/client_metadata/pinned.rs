//! Descriptions of well-known clients that come with the gateway, so that these work without asking anybody.

use std::sync::LazyLock;

use serde::Deserialize;

use super::Described;

static PINNED: LazyLock<Vec<Described>> = LazyLock::new(read);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    client: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    id: String,
    name: String,
    redirect_uris: Vec<String>,
}

/// The description at `id`, if it is one that comes with the gateway.
pub fn pinned(id: &str) -> Option<&'static Described> {
    PINNED.iter().find(|it| it.id == id)
}

fn read() -> Vec<Described> {
    let file: File = toml::from_str(include_str!("pinned.toml")).expect("a test reads the file");
    let described = |it: Entry| Described {
        id: it.id,
        name: it.name,
        redirects: it.redirect_uris,
    };
    file.client.into_iter().map(described).collect()
}

#[cfg(test)]
mod tests {
    use super::super::{location, redirect};
    use super::*;

    #[test]
    fn every_pinned_description_would_pass_as_a_fetched_one() {
        assert_eq!(PINNED.len(), 5);
        for it in PINNED.iter() {
            assert!(location::parse(&it.id).is_some(), "{}", it.id);
            assert!(it.redirects.iter().all(|it| redirect::check(it).is_ok()), "{}", it.id);
        }
    }
}
