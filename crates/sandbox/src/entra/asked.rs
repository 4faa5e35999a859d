//! The parameters of one request: those of its query and those of its form body, kept apart.

use url::form_urlencoded;

/// Decoded name and value pairs in the order they came.
pub(crate) type Pairs = Vec<(String, String)>;

/// What a request asked; put into its extensions before any handler runs.
#[derive(Clone, Debug, Default)]
pub(crate) struct Asked {
    pub(crate) query: Pairs,
    pub(crate) form: Pairs,
}

impl Asked {
    /// Reads a query string and a form body.
    pub(crate) fn read(query: &str, form: &[u8]) -> Asked {
        Asked {
            query: form_urlencoded::parse(query.as_bytes()).into_owned().collect(),
            form: form_urlencoded::parse(form).into_owned().collect(),
        }
    }

    /// A parameter of the form body; an empty one counts as absent.
    pub(crate) fn form(&self, name: &str) -> Option<&str> {
        find(&self.form, name)
    }

    /// A parameter of query or form, the form first.
    pub(crate) fn any(&self, name: &str) -> Option<&str> {
        self.form(name).or_else(|| find(&self.query, name))
    }
}

fn find<'a>(pairs: &'a Pairs, name: &str) -> Option<&'a str> {
    pairs
        .iter()
        .find(|(key, value)| key == name && !value.is_empty())
        .map(|(_, value)| value.as_str())
}
