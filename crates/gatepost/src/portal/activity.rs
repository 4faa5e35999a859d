//! Activity: the audit log to look through, one request in full, and exports.

use axum::body::{Body, Bytes};
use axum::extract::{Extension, Path, Query, State};
use axum::response::{IntoResponse as _, Response};
use futures_util::stream;
use http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE};
use serde_json::{Value, json};

use super::approvals::indented;
use super::failure::Failure;
use super::lane::Lane;
use super::listing;
use super::visitor::{Place, Visitor};
use crate::admin::Refused;
use crate::app::App;
use crate::audit::{CSV_HEADER, Entry, csv_line, json_line, kinds};
use crate::call::{CallError, Standing};
use crate::caller::{EnvironmentId, PersonId};
use crate::clock::Timestamp;
use crate::page;
use crate::store::activity::{self, Direction, Wanted};
use crate::store::audit::Row;
use crate::store::list::searched;
use crate::store::names::{self, Kind};
use crate::store::{self, people};

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
/// Entries of one step of an export, and at most of one request.
const EXPORT_ROWS: i64 = 500;
/// People offered when several have the name that was typed.
const CANDIDATES: i64 = 20;
const DAY_MS: i64 = 24 * 3_600_000;

/// What the filters of the page say, as owned text.
#[derive(Clone, Debug, Default)]
struct Filters {
    person: Option<String>,
    kind: String,
    trace: Option<String>,
    since: Option<Timestamp>,
    until: Option<Timestamp>,
}

impl Filters {
    /// Invariant: whoever does not manage the environment sees their own entries only, whatever the query says.
    fn of(visitor: &Visitor, query: &listing::Query) -> Self {
        let text = |name: &str| Some(typed(query, name)).filter(|it| !it.is_empty());
        let day = |name: &str| text(name).and_then(|it| start_of(&it));
        let person = if visitor.caller.role.may_manage() {
            text("person")
        } else {
            Some(visitor.caller.person.0.clone())
        };
        Self {
            person,
            kind: typed(query, "kind"),
            trace: text("trace"),
            since: day("since"),
            until: day("until").map(|it| it.plus_ms(DAY_MS)),
        }
    }

    async fn find(&self, app: &App, environment: &EnvironmentId, at: Direction, limit: i64) -> store::Result<Vec<Row>> {
        let wanted = Wanted {
            person: self.person.as_deref(),
            kinds: &kinds::named(&self.kind),
            trace: self.trace.as_deref(),
            since: self.since,
            until: self.until,
        };
        activity::search(&app.db, environment, &wanted, at, limit).await
    }
}

/// What was typed into a field, without what no entry holds.
fn typed(query: &listing::Query, name: &str) -> String {
    query.get(name).map(|it| searched(it)).unwrap_or_default()
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
    Query(mut query): Query<listing::Query>,
) -> Result<Response, Failure> {
    let caller = &visitor.caller;
    let candidates = name_person(&app, &visitor, &mut query).await?;
    let filters = Filters::of(&visitor, &query);
    let before = query.get("before").and_then(|it| it.parse().ok()).unwrap_or(i64::MAX);
    let rows = match &candidates {
        Some(_) => Vec::new(),
        None => {
            filters
                .find(&app, &caller.environment, Direction::Back(before), ROWS + 1)
                .await?
        }
    };
    let most = usize::try_from(ROWS).unwrap_or(usize::MAX);
    let shown = &rows[..rows.len().min(most)];
    let details = json!({
        "rows": shown.iter().map(about).collect::<Vec<_>>(),
        "older": if most < rows.len() { shown.last().map(|it| it.seq) } else { None },
        "is_first": before == i64::MAX,
        "kinds": kinds::GROUPS.iter().map(|it| json!({ "id": it.word, "title": it.title })).collect::<Vec<_>>(),
        "candidates": candidates,
        "form": form(&app, &visitor, &query).await?,
        "query": query_of(&query),
        "manages": caller.role.may_manage(),
    });
    visitor.show(&app, LIST, details)
}

/// Puts the one person whose name or address was typed in the place of the words; gives those who are meant perhaps, when it
/// is not one.
async fn name_person(app: &App, visitor: &Visitor, query: &mut listing::Query) -> Result<Option<Vec<Value>>, Failure> {
    let who = typed(query, "who");
    if who.is_empty() || !visitor.caller.role.may_manage() {
        return Ok(None);
    }
    if let Some(chosen) = query.remove("person") {
        // Those chosen before are still meant while their name stands in the field.
        let found = names::of(&app.db, &visitor.caller.environment, Kind::Person, &[searched(&chosen)]).await?;
        if found.first().is_some_and(|it| it.1 == who) {
            query.insert("person".to_owned(), chosen);
            query.remove("who");
            return Ok(None);
        }
    }
    let wanted = store::list::Wanted {
        search: who,
        ..store::list::Wanted::first(CANDIDATES, app.clock.now())
    };
    let page = people::page(&app.db, &visitor.caller.environment, &wanted).await?;
    if let [only] = &page.rows[..] {
        query.insert("person".to_owned(), only.id.0.clone());
        query.remove("who");
        return Ok(None);
    }
    let link = |id: &str| {
        let mut chosen = query.clone();
        chosen.insert("person".to_owned(), id.to_owned());
        format!("/activity?{}", query_of(&chosen))
    };
    let candidates = page.rows.iter();
    Ok(Some(
        candidates
            .map(|it| json!({ "href": link(&it.id.0), "name": it.name, "email": it.email, "total": page.total }))
            .collect(),
    ))
}

/// What the fields of the form hold: as it was typed, and the person by name.
async fn form(app: &App, visitor: &Visitor, query: &listing::Query) -> Result<Value, Failure> {
    let person = typed(query, "person");
    let mut who = typed(query, "who");
    if !person.is_empty() {
        let ids = [person.clone()];
        let found = names::of(&app.db, &visitor.caller.environment, Kind::Person, &ids).await?;
        who = found.into_iter().next().map_or(person.clone(), |it| it.1);
    }
    Ok(json!({
        "kind": typed(query, "kind"), "person": person, "who": who, "since": typed(query, "since"), "until": typed(query, "until"),
        "trace": typed(query, "trace"),
    }))
}

/// The filters as a query string, for links to the next page and to exports.
fn query_of(query: &listing::Query) -> String {
    let mut text = url::form_urlencoded::Serializer::new(String::new());
    for name in ["kind", "person", "since", "until", "trace"] {
        if let Some(value) = query.get(name).filter(|it| !it.is_empty()) {
            text.append_pair(name, value);
        }
    }
    text.finish()
}

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
        "call.refused" if !details["repeated"].is_null() => ("bad", "Calls refused"),
        "call.refused" => ("bad", "Call refused"),
        "request.refused" if !details["repeated"].is_null() => ("bad", "Requests refused"),
        "request.refused" => ("bad", "Request refused"),
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
    let one = of_one(kind, details);
    let Some(more) = details["repeated"].as_u64() else {
        return one;
    };
    // `2026-11-30T14:05:09.123Z`
    let clock = |name: &str| {
        details[name]
            .as_str()
            .and_then(|it| it.get(11..19))
            .unwrap_or_default()
            .to_owned()
    };
    let times = if more == 1 { "once more" } else { "times more" };
    let number = if more == 1 { String::new() } else { format!("{more} ") };
    format!("{number}{times}, {} to {} UTC · {one}", clock("since"), clock("until"))
}

fn of_one(kind: &str, details: &Value) -> String {
    let text = |name: &str| details[name].as_str().filter(|it| !it.is_empty());
    if kind.starts_with("call.") || kind == "request.refused" {
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
    let trace = searched(&trace);
    let filters = Filters {
        trace: Some(trace.clone()),
        ..Filters::of(&visitor, &listing::Query::new())
    };
    let rows = filters
        .find(&app, &visitor.caller.environment, Direction::Forth(0), EXPORT_ROWS)
        .await?;
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
    Extension(lane): Extension<Lane>,
    Path(format): Path<String>,
    Query(query): Query<listing::Query>,
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
    let export = Export {
        standing: Standing::of_session(&app, &visitor.caller, visitor.signed_in.session.hash.clone()),
        app,
        lane,
        person: visitor.caller.person.clone(),
        environment: visitor.caller.environment.clone(),
        filters,
        format,
    };
    let first = (format == Format::Csv).then(|| Ok::<_, CallError>(Bytes::from_static(CSV_HEADER.as_bytes())));
    let rest = stream::try_unfold(Some(0), move |after| export.clone().next(after));
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

/// An export under way.
#[derive(Clone)]
struct Export {
    app: App,
    lane: Lane,
    /// Whether the visitor still may.
    standing: Standing,
    /// Who downloads it.
    person: PersonId,
    environment: EnvironmentId,
    filters: Filters,
    format: Format,
}

impl Export {
    /// The next lines, unless the visitor's access is over, and after which entry to go on. Each step has a place in the lane of pages, and none while it is sent.
    async fn next(self, after: Option<i64>) -> Result<Option<(Bytes, Option<i64>)>, CallError> {
        let Some(after) = after else { return Ok(None) };
        self.standing.check().await?;
        let place = self.lane.wait(&self.person).await;
        let found = self
            .filters
            .find(&self.app, &self.environment, Direction::Forth(after), EXPORT_ROWS);
        let rows = found.await?;
        drop(place);
        let Some(last) = rows.last().map(|it| it.seq) else {
            return Ok(None);
        };
        let line = if self.format == Format::Csv {
            csv_line
        } else {
            json_line
        };
        let text: String = rows.iter().map(line).collect();
        Ok(Some((text.into(), Some(last))))
    }
}
