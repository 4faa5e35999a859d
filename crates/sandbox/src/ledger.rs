//! The record of every request the sandbox was asked, so that tests can prove what happened.

use std::collections::BTreeMap;
use std::collections::VecDeque;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;

use aws_lc_rs::digest::SHA256;
use aws_lc_rs::digest::digest;
use serde::Deserialize;
use serde::Serialize;

/// The oldest entries are forgotten beyond this many.
const MAX_ENTRIES: usize = 20_000;

/// Which of the services was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Sign-in, tokens, metadata, keys.
    Entra,
    /// The REST API.
    PowerBi,
    /// The places where large files are uploaded.
    Blob,
}

/// One request and its answer.
#[derive(Clone, Debug, Serialize)]
pub struct Entry {
    /// Counts up from 1; never reused, not even after a clearing.
    pub seq: u64,
    /// When it was answered, by the sandbox's clock, in Unix milliseconds.
    pub time_ms: i64,
    /// The service.
    pub kind: Kind,
    /// The request's method.
    pub method: String,
    /// The request's path.
    pub path: String,
    /// The request's query, raw; secrets travel in bodies.
    pub query: String,
    /// Sign-in name of the person, or object id of the application, as far as known.
    pub identity: Option<String>,
    /// The client that asked.
    pub client_id: Option<String>,
    /// Grant type, at the token endpoint.
    pub grant_type: Option<String>,
    /// Fingerprints of codes and tokens that came in, by parameter name.
    pub presented: BTreeMap<String, String>,
    /// Fingerprints of tokens that went out, by member name.
    pub issued: BTreeMap<String, String>,
    /// Request headers, without those that carry credentials.
    pub headers: BTreeMap<String, String>,
    /// The answer's status; `None` when the connection was cut or the caller left.
    pub status: Option<u16>,
    /// Size of the request's body, where its length was declared.
    pub request_bytes: Option<u64>,
    /// Size of the answer's body, where it is known beforehand.
    pub response_bytes: Option<u64>,
    /// Id of the answer.
    pub request_id: String,
    /// Faults that were applied.
    pub faults: Vec<String>,
}

/// Which entries to show; members left out match everything.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Filter {
    /// The service.
    pub kind: Option<Kind>,
    /// The method.
    pub method: Option<String>,
    /// A part of the path; `*` stands for anything.
    pub path: Option<String>,
    /// An operation of the API, such as `POST ~/datasets/{dataset}/refreshes`.
    pub operation: Option<String>,
    /// The client.
    pub client_id: Option<String>,
    /// The grant type.
    pub grant: Option<String>,
    /// The person.
    pub identity: Option<String>,
    /// The status.
    pub status: Option<u16>,
    /// Only entries with a higher `seq`.
    pub since: Option<u64>,
}

/// What was asked, oldest first.
#[derive(Debug, Default)]
pub struct Ledger(Mutex<Book>);

#[derive(Debug, Default)]
struct Book {
    entries: VecDeque<Entry>,
    last_seq: u64,
}

/// The short name of a secret: the first 16 hexadecimal digits of its SHA-256.
pub fn fingerprint(secret: &str) -> String {
    let hash = digest(&SHA256, secret.as_bytes());
    hash.as_ref()[..8].iter().map(|byte| format!("{byte:02x}")).collect()
}

impl Ledger {
    /// The entries `filter` lets through, oldest first.
    pub fn entries(&self, filter: &Filter) -> Vec<Entry> {
        self.lock()
            .entries
            .iter()
            .filter(|entry| filter.matches(entry))
            .cloned()
            .collect()
    }

    /// Forgets everything.
    pub fn clear(&self) {
        self.lock().entries.clear();
    }

    /// The number of the newest entry, for a later `since`.
    pub fn last_seq(&self) -> u64 {
        self.lock().last_seq
    }

    pub(crate) fn record(&self, mut entry: Entry) {
        let mut book = self.lock();
        book.last_seq += 1;
        entry.seq = book.last_seq;
        if MAX_ENTRIES <= book.entries.len() {
            book.entries.pop_front();
        }
        book.entries.push_back(entry);
    }

    fn lock(&self) -> MutexGuard<'_, Book> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Filter {
    fn matches(&self, entry: &Entry) -> bool {
        let same = |wanted: &Option<String>, has: Option<&str>| {
            wanted
                .as_ref()
                .is_none_or(|wanted| has.is_some_and(|has| has.eq_ignore_ascii_case(wanted)))
        };
        self.kind.is_none_or(|kind| kind == entry.kind)
            && same(&self.method, Some(&entry.method))
            && self
                .path
                .as_ref()
                .is_none_or(|pattern| path_matches(pattern, &entry.path))
            && self
                .operation
                .as_ref()
                .is_none_or(|operation| is_of_operation(operation, &entry.method, &entry.path))
            && same(&self.client_id, entry.client_id.as_deref())
            && same(&self.grant, entry.grant_type.as_deref())
            && same(&self.identity, entry.identity.as_deref())
            && self.status.is_none_or(|status| entry.status == Some(status))
            && self.since.is_none_or(|seq| seq < entry.seq)
    }
}

/// Whether a path fits a pattern: `*` stands for anything; a pattern without one is a part of the path.
pub(crate) fn path_matches(pattern: &str, path: &str) -> bool {
    if !pattern.contains('*') {
        return path.contains(pattern);
    }
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| path.strip_prefix(first)) else {
        return false;
    };
    let mut last = "";
    for part in parts {
        last = part;
        let Some(at) = rest.find(part) else {
            return false;
        };
        rest = &rest[at + part.len()..];
    }
    // The last part must reach the end, unless the pattern ends in `*`.
    last.is_empty() || path.ends_with(last)
}

/// Whether a request is one of an operation, written as a method and a path with names in `{}` for what varies. The
/// method may be missing; `~/` stands for both forms of an operation, in a workspace and without one.
pub(crate) fn is_of_operation(operation: &str, method: &str, path: &str) -> bool {
    const BASE: &str = "v1.0/myorg/";
    let (wanted, template) = operation.trim().split_once(' ').unwrap_or((method, operation.trim()));
    let Some(path) = path.trim_start_matches('/').strip_prefix(BASE) else {
        return false;
    };
    let template = template.trim_start_matches('/');
    let template = template.strip_prefix(BASE).unwrap_or(template);
    let given: Vec<&str> = path.trim_end_matches('/').split('/').collect();
    let fits = |template: &str| {
        let parts: Vec<&str> = template.trim_end_matches('/').split('/').collect();
        parts.len() == given.len() && parts.iter().zip(&given).all(|(part, given)| is_of_segment(part, given))
    };
    let either = match template.strip_prefix("~/") {
        Some(plain) => fits(plain) || fits(&format!("groups/{{group}}/{plain}")),
        None => fits(template),
    };
    either && wanted.eq_ignore_ascii_case(method)
}

/// One segment: plain text in any case, or with a name in `{}` for anything that is not empty.
fn is_of_segment(part: &str, given: &str) -> bool {
    let (Some((before, _)), Some((_, after))) = (part.split_once('{'), part.rsplit_once('}')) else {
        return part.eq_ignore_ascii_case(given);
    };
    let inner = given.len().checked_sub(before.len() + after.len());
    let starts = given
        .get(..before.len())
        .is_some_and(|head| head.eq_ignore_ascii_case(before));
    let end = given.len().checked_sub(after.len()).and_then(|at| given.get(at..));
    inner.is_some_and(|length| length > 0) && starts && end.is_some_and(|tail| tail.eq_ignore_ascii_case(after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_told_apart_by_operation() {
        let refresh = "POST ~/datasets/{dataset}/refreshes";
        assert!(is_of_operation(refresh, "POST", "/v1.0/myorg/datasets/d/refreshes"));
        assert!(is_of_operation(
            refresh,
            "POST",
            "/v1.0/myorg/groups/g/datasets/d/refreshes"
        ));
        assert!(!is_of_operation(refresh, "GET", "/v1.0/myorg/datasets/d/refreshes"));
        assert!(!is_of_operation(refresh, "POST", "/v1.0/myorg/datasets/d/refreshes/r"));
        assert!(is_of_operation(
            "/v1.0/myorg/groups/{groupId}",
            "DELETE",
            "/v1.0/myorg/groups/g"
        ));
        assert!(!is_of_operation("groups/{groupId}", "GET", "/groups/g"));
        let goal = "GET groups/{g}/scorecards({s})/goals({id})";
        assert!(is_of_operation(
            goal,
            "GET",
            "/v1.0/myorg/groups/g/scorecards(1)/goals(2)"
        ));
        assert!(!is_of_operation(
            goal,
            "GET",
            "/v1.0/myorg/groups/g/scorecards(1)/goals"
        ));
        assert!(!is_of_operation(
            goal,
            "GET",
            "/v1.0/myorg/groups/g/scorecards()/goals(2)"
        ));
    }
}
