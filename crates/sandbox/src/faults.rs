//! Faults on demand: rules that make chosen requests fail in chosen ways, and the header that does it for one.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;

use serde::Deserialize;
use serde::Serialize;
use serde_json::Value;

use crate::ledger::Kind;
use crate::ledger::is_of_operation;
use crate::ledger::path_matches;

/// What goes wrong.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Fault {
    /// Answer at once with a status, headers and a body; text stays text, anything else is JSON.
    Status {
        /// The status.
        status: u16,
        /// More headers.
        #[serde(default)]
        headers: BTreeMap<String, String>,
        /// The body.
        #[serde(default)]
        body: Value,
    },
    /// Fail with an Entra error code, as JSON, page or redirect as the code and the endpoint demand.
    Aadsts {
        /// The number after `AADSTS`.
        code: u32,
        /// Claims the client must pass back.
        #[serde(default)]
        claims: Option<String>,
    },
    /// Wait, in real milliseconds, before anything else.
    Delay {
        /// How long.
        ms: u64,
    },
    /// Send the answer's body in pieces with pauses between them.
    Drip {
        /// The pause before each piece, in real milliseconds.
        ms: u64,
        /// The size of a piece.
        #[serde(default = "one")]
        bytes: usize,
    },
    /// Close the connection without doing anything.
    Cut,
    /// Do everything, then close the connection instead of answering.
    DropResponse,
    /// Answer with a body that breaks off in the middle, as if it were whole.
    Malformed,
    /// Leave a member out of the JSON answer; dots lead into inner objects.
    Omit {
        /// The member.
        field: String,
    },
    /// Issue the id token of somebody else.
    OtherPerson {
        /// Sign-in name or object id of the other one.
        other: String,
    },
    /// Change the case of the first letter of every member of the JSON answer.
    WrongCasing,
}

/// Which requests a rule is for; members left out match everything.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Target {
    /// One of Entra's endpoints: `token`, `authorize`, `keys` or `discovery`.
    pub endpoint: Option<String>,
    /// The method.
    pub method: Option<String>,
    /// A part of the path, or a pattern with `*`.
    pub path: Option<String>,
    /// An operation of the Power BI API, such as `POST ~/datasets/{dataset}/refreshes`.
    pub operation: Option<String>,
    /// The person: sign-in name or object id.
    pub person: Option<String>,
    /// The client.
    pub client_id: Option<String>,
    /// The grant type.
    pub grant: Option<String>,
}

/// A rule: what goes wrong, for which requests, and how often.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rule {
    /// Set when the rule is armed.
    #[serde(default)]
    pub id: u64,
    /// Which requests.
    #[serde(flatten)]
    pub target: Target,
    /// How many matching requests pass unharmed first.
    #[serde(default)]
    pub skip: u32,
    /// How many requests it hits; `None` all.
    #[serde(default)]
    pub remaining: Option<u32>,
    /// What goes wrong.
    #[serde(flatten)]
    pub fault: Fault,
}

/// What rules look at in a request.
#[derive(Clone, Debug)]
pub(crate) struct Facts<'a> {
    pub(crate) kind: Kind,
    pub(crate) method: &'a str,
    pub(crate) path: &'a str,
    /// Sign-in name and object ids of the person.
    pub(crate) persons: &'a [String],
    pub(crate) client_id: Option<&'a str>,
    pub(crate) grant: Option<&'a str>,
}

/// The rules that are armed.
#[derive(Debug, Default)]
pub struct Faults(Mutex<Rules>);

#[derive(Debug, Default)]
struct Rules {
    armed: Vec<Rule>,
    last_id: u64,
}

impl Faults {
    /// Arms a rule and returns its id.
    pub fn arm(&self, mut rule: Rule) -> u64 {
        let mut rules = self.lock();
        rules.last_id += 1;
        rule.id = rules.last_id;
        rules.armed.push(rule);
        rules.last_id
    }

    /// The rules that are still armed.
    pub fn armed(&self) -> Vec<Rule> {
        self.lock().armed.clone()
    }

    /// Disarms one rule; says whether there was one.
    pub fn disarm(&self, id: u64) -> bool {
        let mut rules = self.lock();
        let before = rules.armed.len();
        rules.armed.retain(|rule| rule.id != id);
        rules.armed.len() < before
    }

    /// Disarms everything.
    pub fn clear(&self) {
        self.lock().armed.clear();
    }

    /// The faults that hit this request, in the order they were armed; spent rules go.
    pub(crate) fn take(&self, facts: &Facts<'_>) -> Vec<Fault> {
        let mut rules = self.lock();
        let mut hit = Vec::new();
        for rule in rules.armed.iter_mut().filter(|rule| rule.target.matches(facts)) {
            if 0 < rule.skip {
                rule.skip -= 1;
                continue;
            }
            rule.remaining = rule.remaining.map(|left| left.saturating_sub(1));
            hit.push(rule.fault.clone());
        }
        rules.armed.retain(|rule| rule.remaining != Some(0));
        hit
    }

    fn lock(&self) -> MutexGuard<'_, Rules> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Target {
    fn matches(&self, facts: &Facts<'_>) -> bool {
        let same = |wanted: &Option<String>, has: Option<&str>| {
            wanted
                .as_ref()
                .is_none_or(|wanted| has.is_some_and(|has| has.eq_ignore_ascii_case(wanted)))
        };
        self.endpoint
            .as_ref()
            .is_none_or(|endpoint| is_endpoint(endpoint, facts))
            && same(&self.method, Some(facts.method))
            && self
                .path
                .as_ref()
                .is_none_or(|pattern| path_matches(pattern, facts.path))
            && self
                .operation
                .as_ref()
                .is_none_or(|operation| is_of_operation(operation, facts.method, facts.path))
            && self
                .person
                .as_ref()
                .is_none_or(|wanted| facts.persons.iter().any(|it| it.eq_ignore_ascii_case(wanted)))
            && same(&self.client_id, facts.client_id)
            && same(&self.grant, facts.grant)
    }
}

impl Rule {
    /// What makes no sense about the rule, in words.
    pub fn complaint(&self) -> Option<String> {
        const ENDPOINTS: &[&str] = &["token", "authorize", "keys", "discovery"];
        if let Some(endpoint) = self
            .target
            .endpoint
            .as_deref()
            .filter(|endpoint| !ENDPOINTS.contains(endpoint))
        {
            return Some(format!("endpoint '{endpoint}' is none of {}", ENDPOINTS.join(", ")));
        }
        match &self.fault {
            Fault::Status { status, .. } if !(200..=599).contains(status) => {
                Some(format!("status {status} is not one of 200 to 599"))
            }
            Fault::Drip { bytes: 0, .. } => Some("a piece must have at least one byte".to_owned()),
            _ => None,
        }
    }
}

impl Fault {
    /// A short name for the ledger.
    pub(crate) fn name(&self) -> String {
        match self {
            Fault::Status { status, .. } => format!("status {status}"),
            Fault::Aadsts { code, .. } => format!("aadsts {code}"),
            Fault::Delay { ms } => format!("delay {ms} ms"),
            Fault::Drip { .. } => "drip".to_owned(),
            Fault::Cut => "cut".to_owned(),
            Fault::DropResponse => "drop response".to_owned(),
            Fault::Malformed => "malformed".to_owned(),
            Fault::Omit { field } => format!("omit {field}"),
            Fault::OtherPerson { .. } => "other person".to_owned(),
            Fault::WrongCasing => "wrong casing".to_owned(),
        }
    }
}

/// Reads an `x-sandbox-fault` header, e.g. `status=429;retry-after=5`: the first pair names the fault.
pub(crate) fn from_header(text: &str) -> Option<Fault> {
    let mut pairs = text.split(';').map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (name.trim().to_ascii_lowercase(), value.trim().to_owned())
    });
    let (name, value) = pairs.next()?;
    let mut rest: BTreeMap<String, String> = pairs.collect();
    let fault = match name.as_str() {
        "status" => {
            let body = rest.remove("body").map_or(Value::Null, Value::from);
            Fault::Status {
                status: value.parse().ok()?,
                headers: rest,
                body,
            }
        }
        "aadsts" => Fault::Aadsts {
            code: value.parse().ok()?,
            claims: rest.remove("claims"),
        },
        "delay" => Fault::Delay {
            ms: value.parse().ok()?,
        },
        "drip" => {
            let bytes = rest.remove("bytes").and_then(|bytes| bytes.parse().ok()).unwrap_or(1);
            Fault::Drip {
                ms: value.parse().ok()?,
                bytes,
            }
        }
        "cut" => Fault::Cut,
        "drop-response" => Fault::DropResponse,
        "malformed" => Fault::Malformed,
        "omit" => Fault::Omit { field: value },
        "other-person" => Fault::OtherPerson { other: value },
        "wrong-casing" => Fault::WrongCasing,
        _ => return None,
    };
    let rule = Rule {
        id: 0,
        target: Target::default(),
        skip: 0,
        remaining: None,
        fault,
    };
    rule.complaint().is_none().then_some(rule.fault)
}

fn is_endpoint(endpoint: &str, facts: &Facts<'_>) -> bool {
    let suffix = match endpoint {
        "token" => "/oauth2/v2.0/token",
        "authorize" => "/oauth2/v2.0/authorize",
        "keys" => "/discovery/v2.0/keys",
        "discovery" => "/.well-known/openid-configuration",
        _ => return false,
    };
    facts.kind == Kind::Entra && facts.path.ends_with(suffix)
}

fn one() -> usize {
    1
}
