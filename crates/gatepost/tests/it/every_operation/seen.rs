//! An answer, and what is looked at: its status, its explanation, its shape.

use catalogue::{Answer, Operation};
use reqwest::header::HeaderMap;
use serde_json::Value;

/// An answer with everything that is looked at.
pub(crate) struct Seen {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

/// Whether an answer is what the catalogue says of it.
fn fits(operation: &Operation, answer: &Value) -> Result<(), String> {
    let schema = operation.answer_schema.as_ref().ok_or("no schema of the answer")?;
    let validator = jsonschema::draft202012::new(schema).map_err(|error| error.to_string())?;
    let faults: Vec<String> = validator
        .iter_errors(answer)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    faults
        .is_empty()
        .then_some(())
        .ok_or_else(|| format!("the answer does not fit its schema: {}; {answer}", faults.join("; ")))
}

impl Seen {
    pub(crate) fn expect_status(&self, status: u16) -> Result<(), String> {
        (self.status == status)
            .then_some(())
            .ok_or_else(|| format!("expected {status}, found {self}"))
    }

    /// A refusal of Microsoft's keeps its id and is explained in headers of ours.
    pub(crate) fn is_explained(&self) -> Result<(), String> {
        let has = |name: &str| self.headers.get(name).is_some_and(|it| !it.is_empty());
        let code = self.headers.get("gatepost-error").and_then(|it| it.to_str().ok());
        let is_theirs = code.is_some_and(|it| it.starts_with("power_bi_"));
        (is_theirs && has("gatepost-hint") && has("gatepost-trace") && has("requestid"))
            .then_some(())
            .ok_or_else(|| format!("the refusal is not explained: {:?}", self.headers))
    }

    pub(crate) fn has_shape_of(&self, operation: &Operation) -> Result<(), String> {
        let kind = self
            .headers
            .get("content-type")
            .and_then(|it| it.to_str().ok())
            .unwrap_or_default();
        let is_good = match operation.answer {
            Answer::Json => {
                let body: Value = serde_json::from_slice(&self.body).unwrap_or_default();
                fits(operation, &body)?;
                kind.starts_with("application/json")
            }
            Answer::Empty => self.body.is_empty(),
            Answer::Binary => !self.body.is_empty() && !kind.starts_with("application/json; odata"),
            Answer::Arrow => !self.body.is_empty() && kind.starts_with("application/vnd.apache.arrow"),
        };
        is_good
            .then_some(())
            .ok_or_else(|| format!("expected an answer that is {}, found {self}", operation.answer))
    }

    pub(crate) fn taken(&self, place: &str) -> Result<String, String> {
        if let Some(header) = place.strip_prefix('@') {
            let found = self.headers.get(header).and_then(|it| it.to_str().ok());
            return found
                .map(str::to_owned)
                .ok_or_else(|| format!("no header {header}: {self}"));
        }
        let body: Value = serde_json::from_slice(&self.body).map_err(|_| format!("no JSON: {self}"))?;
        let found = body.pointer(&format!("/{}", place.replace('.', "/")));
        found
            .and_then(Value::as_str)
            .map(str::to_owned)
            .ok_or_else(|| format!("no {place}: {self}"))
    }
}

impl std::fmt::Display for Seen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let text = String::from_utf8_lossy(&self.body);
        let info = self
            .headers
            .get("x-powerbi-error-info")
            .or(self.headers.get("gatepost-error"));
        write!(
            f,
            "{} {} {info:?}",
            self.status,
            text.chars().take(300).collect::<String>()
        )
    }
}
