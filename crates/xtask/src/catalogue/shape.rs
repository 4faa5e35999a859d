//! The part of an operation that can be compared, whichever file it was read from.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

/// Operations by method and path. Names in the path do not count: `/groups/{}`.
pub(crate) type Operations = BTreeMap<(String, String), Shape>;

/// What one operation takes and answers.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Shape {
    /// Microsoft's operation id.
    pub(crate) id: String,
    /// By place and name, e.g. `query $top`.
    pub(crate) parameters: BTreeMap<String, Value>,
    /// `None` without a body; else whether it must be sent.
    pub(crate) body_required: Option<bool>,
    /// The body's members by path, e.g. `updateDetails[].name`.
    pub(crate) fields: BTreeMap<String, Value>,
    /// The members of a JSON answer by path, none of them required: what always comes is told by recordings, not by files.
    pub(crate) answer: BTreeMap<String, Value>,
}

/// One parameter or member.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Value {
    pub(crate) required: bool,
    /// `text`, `guid`, `date-time`, `integer`, `number`, `boolean`, `list` or `object`.
    pub(crate) kind: String,
    /// The only words allowed; empty when any is.
    pub(crate) words: BTreeSet<String>,
    pub(crate) min: Option<f64>,
    pub(crate) max: Option<f64>,
}

/// The key of an operation.
pub(crate) fn key(method: &str, path: &str) -> (String, String) {
    (method.to_uppercase(), without_names(path))
}

/// `/groups/{groupId}` → `/groups/{}`.
fn without_names(path: &str) -> String {
    let mut parts = path.split('{');
    let start = parts.next().unwrap_or_default().to_owned();
    parts.fold(start, |text, part| {
        text + "{}" + part.split_once('}').map_or("", |(_, rest)| rest)
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn names_in_a_path_do_not_count() {
        let key = super::key("get", "/groups/{groupId}/scorecards({scorecardId})/goals");
        assert_eq!(key, ("GET".to_owned(), "/groups/{}/scorecards({})/goals".to_owned()));
    }
}
