//! Refreshes of a semantic model: reading the history and saying it in words.

use catalogue::powerbi_errors::explain;
use http::{HeaderMap, StatusCode};
use serde_json::{Map, Value, json};

use super::context::Context;
use super::fault::{Fault, who};
use super::items::{Home, Item};
use super::text::short;
use crate::call::Request;
use crate::clock::Timestamp;
use crate::powerbi::parse_error;

/// The operations that read the history.
pub(super) const HISTORY: &[&str] = &["datasets.list_refreshes", "datasets.list_refreshes_in_group"];

/// One refresh of the history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refresh {
    pub id: String,
    pub kind: String,
    pub started: String,
    pub ended: Option<String>,
    pub status: String,
    /// Why it failed, in words.
    pub reason: Option<String>,
}

impl Refresh {
    fn of(entry: &Value) -> Self {
        let text = |name: &str| entry[name].as_str().filter(|it| !it.is_empty()).map(str::to_owned);
        let id = text("requestId").unwrap_or_else(|| entry["id"].to_string());
        let attempts = entry["refreshAttempts"].as_array();
        // An attempt knows more of a failure than the refresh itself.
        let attempt = attempts
            .into_iter()
            .flatten()
            .rev()
            .find_map(|it| it["serviceExceptionJson"].as_str());
        Self {
            id,
            kind: text("refreshType").unwrap_or_default(),
            started: text("startTime").unwrap_or_default(),
            ended: text("endTime"),
            status: text("status").unwrap_or_else(|| "Unknown".into()),
            reason: reason(attempt, entry["serviceExceptionJson"].as_str()),
        }
    }

    /// Power BI says `Unknown` of a refresh that still runs.
    pub(super) fn is_running(&self) -> bool {
        self.ended.is_none() && matches!(self.status.as_str(), "Unknown" | "InProgress" | "NotStarted")
    }

    /// The status as people say it.
    pub(super) fn state(&self) -> &str {
        if self.is_running() { "running" } else { &self.status }
    }

    /// How long it took, or takes so far.
    pub(super) fn seconds(&self, now: Timestamp) -> Option<i64> {
        let moment = |text: &str| text.parse::<jiff::Timestamp>().ok().map(|it| it.as_second());
        let end = match &self.ended {
            Some(text) => moment(text)?,
            None => now.unix_seconds(),
        };
        Some((end - moment(&self.started)?).max(0))
    }
}

/// The texts in which Power BI hides why a refresh failed, read and explained.
fn reason(attempt: Option<&str>, whole: Option<&str>) -> Option<String> {
    let read = |text: &str| serde_json::from_str::<Value>(text).unwrap_or_else(|_| json!({ "errorDescription": text }));
    let found: Vec<Value> = [attempt, whole]
        .into_iter()
        .flatten()
        .filter(|it| !it.is_empty())
        .map(read)
        .collect();
    let text = |name: &str| {
        found
            .iter()
            .find_map(|it| it[name].as_str())
            .filter(|it| !it.is_empty())
    };
    let code = text("errorCode");
    let description = text("errorDescription").map(sentence);
    let mut words = Vec::new();
    if let Some(known) = code.and_then(explain) {
        words.push(format!("{}. {} ({})", known.cause, known.tell, who(known.who)));
    }
    if let Some(said) = description {
        words.push(format!("Power BI says: “{}”", short(&said, 1000)));
    }
    if let Some(code) = code {
        words.push(format!("Code {}.", short(code, 120)));
    }
    (!words.is_empty()).then(|| words.join(" "))
}

/// A description that is an error body itself, as some data sources leave it, in its own words.
fn sentence(description: &str) -> String {
    let is_body = serde_json::from_str::<Value>(description).is_ok_and(|it| it.is_object());
    if !is_body {
        return description.to_owned();
    }
    let read = parse_error(
        StatusCode::BAD_REQUEST,
        &HeaderMap::new(),
        description.as_bytes(),
        Timestamp(0),
    );
    let words: Vec<String> = match read.texts.is_empty() {
        true => read.code.into_iter().collect(),
        false => read.texts,
    };
    match words.is_empty() {
        true => description.to_owned(),
        false => words.join(" · "),
    }
}

/// The newest refreshes of a model, the newest first.
pub(super) async fn history(context: &Context<'_>, model: &Item, most: usize) -> Result<Vec<Refresh>, Fault> {
    let (operation, mut arguments) = on(model, HISTORY)?;
    arguments.insert("$top".into(), json!(most));
    let entries = context.list(operation, arguments).await?;
    Ok(entries.iter().map(Refresh::of).collect())
}

/// Of two twins, the plain one and the one in a workspace, the one for this model, with its ids.
pub(super) fn on(model: &Item, twins: &[&'static str]) -> Result<(&'static str, Map<String, Value>), Fault> {
    let mut arguments = Request::arguments_of([("datasetId", json!(model.id))]);
    let (plain, in_group) = match twins {
        [plain, in_group] => (*plain, *in_group),
        _ => return Err(Fault::Words("the tool does not know this operation".into())),
    };
    match &model.home {
        Home::Workspace { id, .. } => {
            arguments.insert("groupId".into(), json!(id));
            Ok((in_group, arguments))
        }
        Home::Mine | Home::Unknown | Home::App { .. } => Ok((plain, arguments)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_description_that_is_a_body_itself_is_told_in_its_words() {
        let inner = json!({"error": {"code": "ModelRefresh_ShortMessage_ProcessingError", "pbi.error": {"code": "x",
            "details": [{"code": "DetailsMessage", "detail": {"type": 1, "value": "The credentials have expired."}}]}}});
        let outer =
            json!({"errorCode": "ModelRefresh_ShortMessage_ProcessingError", "errorDescription": inner.to_string()});
        let words = reason(None, Some(&outer.to_string())).unwrap();
        assert!(words.contains("“The credentials have expired.”"), "{words}");
        assert!(!words.contains('{'), "{words}");
        for plain in ["The source {x} is gone.", "17", "{}", "{\"rows\": 3}"] {
            let words = reason(None, Some(&json!({ "errorDescription": plain }).to_string())).unwrap();
            assert!(words.contains(plain), "{words}");
        }
    }
}
