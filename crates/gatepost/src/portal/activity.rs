//! Activity: the audit log to look through, one request in full, and exports.

use std::collections::HashMap;

use axum::body::{Body, Bytes};
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse as _, Response};
use futures_util::stream;
use http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE};
use serde_json::{Value, json};

use super::approvals::indented;
use super::failure::Failure;
use super::visitor::{Place, Visitor};
use crate::admin::Refused;
use crate::app::App;
use crate::audit::{CSV_HEADER, Entry, csv_line, json_line};
use crate::call::{CallError, Standing};
use crate::caller::EnvironmentId;
use crate::clock::Timestamp;
use crate::page;
use crate::store::audit::{self, Row, Wanted};
use crate::store::people;

const LIST: Place<'static> = Place {
    template: "activity.html",
    title: "Activity",
    section: "activity",
};
const TRACE: Place<'static> = Place {
    template: "trace.html",
    title: "One request",
    section: "activity",
};
const ROWS: i64 = 50;
const EXPORT_ROWS: i64 = 500;
const DAY_MS: i64 = 24 * 3_600_000;

/// What the filters of the page say, as owned text.
#[derive(Clone, Debug, Default)]
struct Filters {
    person: Option<String>,
    kind: Option<String>,
    trace: Option<String>,
    since: Option<Timestamp>,
    until: Option<Timestamp>,
}

impl Filters {
    /// Invariant: whoever does not manage the environment sees their own entries only, whatever the query says.
    fn of(visitor: &Visitor, query: &HashMap<String, String>) -> Self {
        let text = |name: &str| {
            query
                .get(name)
                .map(|it| it.trim().to_owned())
                .filter(|it| !it.is_empty())
        };
        let day = |name: &str| text(name).and_then(|it| start_of(&it));
        let person = if visitor.caller.role.may_manage() {
            text("person")
        } else {
            Some(visitor.caller.person.0.clone())
        };
        Self {
            person,
            kind: text("kind"),
            trace: text("trace"),
            since: day("since"),
            until: day("until").map(|it| it.plus_ms(DAY_MS)),
        }
    }

    fn wanted(&self) -> Wanted<'_> {
        Wanted {
            person: self.person.as_deref(),
            kind: self.kind.as_deref(),
            trace: self.trace.as_deref(),
            since: self.since,
            until: self.until,
        }
    }
}

/// The first moment of a day in UTC.
fn start_of(day: &str) -> Option<Timestamp> {
    let day: jiff::civil::Date = day.parse().ok()?;
    Some(Timestamp(
        day.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp().as_millisecond(),
    ))
}

/// `GET /activity`
pub(super) async fn show(
    State(app): State<App>,
    visitor: Visitor,
    Query(query): Query<HashMap<String, String>>,
) -> Result<Response, Failure> {
    let caller = &visitor.caller;
    let filters = Filters::of(&visitor, &query);
    let before = query.get("before").and_then(|it| it.parse().ok()).unwrap_or(i64::MAX);
    let rows = audit::search(&app.db, &caller.environment, &filters.wanted(), before, ROWS + 1).await?;
    let more = rows.len() > usize::try_from(ROWS).unwrap_or(usize::MAX);
    let shown = &rows[..rows.len().min(usize::try_from(ROWS).unwrap_or(usize::MAX))];
    let people = if caller.role.may_manage() {
        people::list(&app.db, &caller.environment, ("", "")).await?
    } else {
        Vec::new()
    };
    let typed = |name: &str| query.get(name).cloned().unwrap_or_default();
    let details = json!({
        "rows": shown.iter().map(about).collect::<Vec<_>>(),
        "older": if more { shown.last().map(|it| it.seq) } else { None },
        "is_first": before == i64::MAX,
        "kinds": KINDS.iter().map(|(id, title)| json!({ "id": id, "title": title })).collect::<Vec<_>>(),
        "people": people.iter().map(|it| json!({ "id": it.id, "name": it.name })).collect::<Vec<_>>(),
        "form": { "kind": typed("kind"), "person": typed("person"), "since": typed("since"), "until": typed("until"), "trace": typed("trace") },
        "query": query_of(&query),
        "manages": caller.role.may_manage(),
    });
    visitor.show(&app, LIST, details)
}

/// The filters as a query string, for links to the next page and to exports.
fn query_of(query: &HashMap<String, String>) -> String {
    let mut text = url::form_urlencoded::Serializer::new(String::new());
    for name in ["kind", "person", "since", "until", "trace"] {
        if let Some(value) = query.get(name).filter(|it| !it.is_empty()) {
            text.append_pair(name, value);
        }
    }
    text.finish()
}

/// Groups of kinds, as the filter offers them.
const KINDS: &[(&str, &str)] = &[
    ("call.", "Calls to Power BI"),
    ("call.refused", "Refused calls"),
    ("sign_in", "Sign-ins"),
    ("connection.", "Connections"),
    ("grant.", "Agents"),
    ("approval.", "Approvals"),
    ("policy.", "Policies"),
    ("integration.", "Integrations"),
    ("person.", "People"),
    ("group.", "Groups"),
    ("api_key.", "API keys"),
    ("environment.", "Settings"),
    ("audit.", "Exports"),
];

fn about(row: &Row) -> Value {
    let entry: Value = serde_json::from_str(&row.entry).unwrap_or(Value::Null);
    let details = &entry["details"];
    let text = |name: &str| details[name].as_str().unwrap_or_default().to_owned();
    let (kind, title) = in_words(&row.kind, details);
    json!({
        "seq": row.seq, "time": row.time, "trace": row.trace, "kind": row.kind, "badge": kind, "title": title, "summary": page::visible(&summary(&row.kind, details)),
        "person": page::visible(&text("person_name")), "through": through(&details["through"]),
    })
}

/// What an entry is, as a badge: its colour and words.
fn in_words(kind: &str, details: &Value) -> (&'static str, String) {
    let outcome = details["outcome"].as_str().unwrap_or_default();
    let (badge, title) = match kind {
        "call.opened" => ("info", "Call sent"),
        "call.closed" if outcome == "answered" => ("good", "Call answered"),
        "call.closed" | "call.streamed" if outcome == "unknown" => ("warn", "End unknown"),
        "call.closed" if outcome == "streaming" => ("info", "Answer begun"),
        "call.closed" if outcome == "cancelled" => ("", "Call cancelled"),
        "call.closed" => ("bad", "Call failed"),
        "call.streamed" if details["whole"] == false => ("warn", "Answer cut off"),
        "call.streamed" => ("good", "Answer streamed"),
        "call.refused" => ("bad", "Call refused"),
        "sign_in" => ("good", "Signed in"),
        "sign_in.failed" => ("bad", "Sign-in failed"),
        "connection.connected" => ("good", "Connected"),
        "connection.refused" => ("bad", "Not connected"),
        "approval.approved" => ("good", "Approved"),
        "approval.refused" => ("bad", "Refused"),
        "approval.taken_back" => ("warn", "Approval taken back"),
        "approval.void" => ("warn", "Approval void"),
        _ => ("", ""),
    };
    let title = if title.is_empty() {
        plain(kind)
    } else {
        title.to_owned()
    };
    (badge, title)
}

/// `policy.changed` as `Policy changed`.
fn plain(kind: &str) -> String {
    let text = kind.replace(['.', '_'], " ");
    let mut letters = text.chars();
    letters
        .next()
        .map(|it| it.to_uppercase().collect::<String>())
        .unwrap_or_default()
        + letters.as_str()
}

fn summary(kind: &str, details: &Value) -> String {
    let text = |name: &str| details[name].as_str().filter(|it| !it.is_empty());
    if kind.starts_with("call.") {
        let mut parts: Vec<String> = text("operation").map(str::to_owned).into_iter().collect();
        parts.extend(details["status"].as_i64().map(|it| format!("HTTP {it}")));
        parts.extend(details["rows"].as_i64().map(|it| format!("{it} rows")));
        parts.extend(details["duration_ms"].as_i64().map(|it| format!("{it} ms")));
        parts.extend(["reason", "error"].iter().find_map(|it| text(it)).map(str::to_owned));
        return parts.join(" · ");
    }
    let named = [
        "name",
        "subject_name",
        "client_name",
        "account",
        "summary",
        "email",
        "text",
        "format",
    ];
    named
        .iter()
        .filter_map(|it| text(it))
        .take(2)
        .collect::<Vec<_>>()
        .join(" · ")
}

fn through(value: &Value) -> String {
    match value["kind"].as_str() {
        Some("portal") => "the portal".into(),
        // The kind before the name: a client may call itself anything.
        Some(kind) => format!(
            "{} {}",
            kind.trim_start_matches("api_"),
            page::visible(value["name"].as_str().unwrap_or_default())
        ),
        None => String::new(),
    }
}

/// `GET /activity/trace/{trace}`
pub(super) async fn trace(
    State(app): State<App>,
    visitor: Visitor,
    Path(trace): Path<String>,
) -> Result<Response, Failure> {
    let filters = Filters {
        trace: Some(trace.clone()),
        ..Filters::of(&visitor, &HashMap::new())
    };
    let rows = audit::page(&app.db, &visitor.caller.environment, &filters.wanted(), 0, EXPORT_ROWS).await?;
    if rows.is_empty() {
        return Err(Refused::NotFound.into());
    }
    let entries: Vec<Value> = rows
        .iter()
        .map(|row| {
            let mut about = about(row);
            let entry: Value = serde_json::from_str(&row.entry).unwrap_or(Value::Null);
            about["details"] = json!(page::visible_lines(&indented(&entry["details"].to_string())));
            about["hash"] = json!(row.hash.iter().map(|byte| format!("{byte:02x}")).collect::<String>());
            about
        })
        .collect();
    visitor.show(&app, TRACE, json!({ "trace": trace, "entries": entries }))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Format {
    JsonLines,
    Csv,
}

/// `GET /activity/export/{format}`: streamed, page by page, so that a long log needs no memory.
pub(super) async fn export(
    State(app): State<App>,
    visitor: Visitor,
    Path(format): Path<String>,
    Query(query): Query<HashMap<String, String>>,
) -> Result<Response, Failure> {
    let (format, kind, name) = match format.as_str() {
        "jsonl" => (
            Format::JsonLines,
            "application/jsonl; charset=utf-8",
            "gatepost-activity.jsonl",
        ),
        "csv" => (Format::Csv, "text/csv; charset=utf-8", "gatepost-activity.csv"),
        _ => return Err(Refused::NotFound.into()),
    };
    let filters = Filters::of(&visitor, &query);
    let details = json!({ "format": name, "filters": query_of(&query) });
    app.audit
        .append(Entry::of("audit.exported", &visitor.caller, details))
        .await
        .map_err(Refused::Audit)?;
    let environment = visitor.caller.environment.clone();
    let standing = Standing::of_session(&app, &visitor.caller, visitor.signed_in.session.hash.clone());
    let first = (format == Format::Csv).then(|| Ok::<_, CallError>(Bytes::from_static(CSV_HEADER.as_bytes())));
    let rest = stream::try_unfold(Some(0), move |after| {
        let source = (app.clone(), environment.clone(), filters.clone(), format);
        next_page(source, standing.clone(), after)
    });
    let body = Body::from_stream(futures_util::StreamExt::chain(stream::iter(first), rest));
    let disposition = format!("attachment; filename=\"{name}\"");
    Ok((
        [
            (CONTENT_TYPE, kind),
            (CONTENT_DISPOSITION, &disposition),
            (CACHE_CONTROL, "no-store"),
        ],
        body,
    )
        .into_response())
}

/// The next page, unless the visitor's access is over.
async fn next_page(
    (app, environment, filters, format): (App, EnvironmentId, Filters, Format),
    standing: Standing,
    after: Option<i64>,
) -> Result<Option<(Bytes, Option<i64>)>, CallError> {
    let Some(after) = after else { return Ok(None) };
    standing.check().await?;
    let rows = audit::page(&app.db, &environment, &filters.wanted(), after, EXPORT_ROWS).await?;
    let Some(last) = rows.last().map(|it| it.seq) else {
        return Ok(None);
    };
    let line = if format == Format::Csv { csv_line } else { json_line };
    let text: String = rows.iter().map(line).collect();
    Ok(Some((text.into(), Some(last))))
}
