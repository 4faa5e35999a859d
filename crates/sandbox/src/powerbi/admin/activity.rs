//! The activity log as administrators read it: one day at a time, page by page.

use serde_json::Map;
use serde_json::Value;

use crate::powerbi::admin::pages;
use crate::powerbi::answer::Answer;
use crate::powerbi::call::Call;
use crate::powerbi::filter;
use crate::powerbi::filter::Filter;
use crate::powerbi::odata::object;
use crate::powerbi::refusal::Refusal;
use crate::world::activity::Event;
use crate::world::activity::Subject;
use crate::world::activity::SubjectKind;
use crate::world::time;

const PATH: &str = "/admin/activityevents";
/// How far back the log reaches.
const KEPT_DAYS: i64 = 28;
/// A page looks at no more than this much of the day, so that it may well be empty and still go on.
const SLICE_MS: i64 = 8 * time::HOUR_MS;
/// Events of one page.
const PER_PAGE: usize = 100;

/// Where a reading of the log stands.
struct Reading {
    end_ms: i64,
    at_ms: i64,
    skip: usize,
    filter: String,
}

impl Reading {
    fn start(call: &Call) -> Result<Reading, Refusal> {
        let (start_ms, end_ms) = (moment(call, "startDateTime")?, moment(call, "endDateTime")?);
        let day = |at_ms: i64| at_ms.div_euclid(time::DAY_MS);
        if start_ms > end_ms || day(start_ms) != day(end_ms) {
            return Err(Refusal::bad(
                "startDateTime and endDateTime must lie in the same UTC day, in this order",
            ));
        }
        if day(start_ms) < day(call.now_ms) - KEPT_DAYS {
            return Err(Refusal::bad(format!(
                "the log reaches {KEPT_DAYS} days back and no further"
            )));
        }
        Ok(Reading {
            end_ms,
            at_ms: start_ms,
            skip: 0,
            filter: call.query("$filter").unwrap_or_default().to_owned(),
        })
    }

    fn go_on(token: &str) -> Result<Reading, Refusal> {
        let mut parts = token.splitn(4, ',');
        let mut part = || parts.next();
        let reading = (|| {
            Some(Reading {
                end_ms: part()?.parse().ok()?,
                at_ms: part()?.parse().ok()?,
                skip: part()?.parse().ok()?,
                filter: part()?.to_owned(),
            })
        })();
        reading.ok_or_else(|| Refusal::bad("continuationToken belongs to another list"))
    }

    /// A token that goes on here.
    fn token(&self) -> String {
        format!("{},{},{},{}", self.end_ms, self.at_ms, self.skip, self.filter)
    }
}

/// A moment in single quotes; the service takes no other form.
fn moment(call: &Call, name: &str) -> Result<i64, Refusal> {
    let text = call
        .query(name)
        .ok_or_else(|| Refusal::bad(format!("{name} is required")))?;
    let inner = text.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\''));
    inner.and_then(time::parse).ok_or_else(|| {
        Refusal::bad(format!(
            "{name} must be a moment in single quotes, such as '2026-08-01T00:00:00Z'"
        ))
    })
}

pub(in crate::powerbi) fn list(call: &Call) -> Result<Answer, Refusal> {
    let mut reading = match pages::continued(call)? {
        Some(token) => Reading::go_on(&token)?,
        None => Reading::start(call)?,
    };
    let wanted = wanted(&reading.filter)?;
    let slice_end_ms = (reading.at_ms + SLICE_MS).min(reading.end_ms + 1);
    let world = call.world();
    let found = world.activities.between(&call.who.tid, reading.at_ms, slice_end_ms);
    let found: Vec<&Event> = found.filter(|event| is_wanted(event, wanted.as_ref())).collect();
    let page = found.iter().skip(reading.skip).take(PER_PAGE);
    let events: Vec<Value> = page.map(|event| Value::Object(shape(event))).collect();
    let next = if found.len() > reading.skip + PER_PAGE {
        reading.skip += PER_PAGE;
        Some(reading.token())
    } else {
        (reading.at_ms, reading.skip) = (slice_end_ms, 0);
        (slice_end_ms <= reading.end_ms).then(|| reading.token())
    };
    let fields = object([("activityEventEntities", events.into())]);
    Ok(pages::page(call, PATH, fields, next.as_deref()))
}

/// The log is filtered by activity and person alone, and the case of neither matters.
fn wanted(text: &str) -> Result<Option<Filter>, Refusal> {
    if text.is_empty() {
        return Ok(None);
    }
    let filter = filter::parse(&text.to_lowercase());
    let filter = filter.map_err(|error| Refusal::bad(format!("invalid $filter: {error}")))?;
    match filter
        .fields()
        .iter()
        .find(|name| !["activity", "userid"].contains(name))
    {
        Some(other) => Err(Refusal::bad(format!(
            "events are filtered by Activity and UserId, not by {other}"
        ))),
        None => Ok(Some(filter)),
    }
}

fn is_wanted(event: &Event, filter: Option<&Filter>) -> bool {
    let facts = object([
        ("activity", event.activity.to_lowercase().into()),
        ("userid", event.actor.name.to_lowercase().into()),
    ]);
    filter.is_none_or(|filter| filter.holds(&facts))
}

/// One event as the log shows it.
fn shape(event: &Event) -> Map<String, Value> {
    let (workspace, workspace_name) = event.workspace.clone().unzip();
    let (capacity, capacity_name) = event.capacity.clone().unzip();
    let subject = event.subject.as_ref();
    let mut item = object([
        ("Id", event.id.to_string().into()),
        ("RecordType", 20.into()),
        ("CreationTime", time::bare(event.at_ms).into()),
        ("Operation", event.activity.into()),
        ("OrganizationId", event.tid.clone().into()),
        // The log tells people (0) from service principals (6).
        ("UserType", if event.actor.is_app { 6 } else { 0 }.into()),
        ("UserKey", event.actor.oid.clone().into()),
        ("Workload", "PowerBI".into()),
        ("UserId", event.actor.name.clone().into()),
        ("ClientIP", event.client_ip.clone().into()),
        ("UserAgent", event.user_agent.clone().into()),
        ("Activity", event.activity.into()),
        ("ItemName", subject.map(|subject| subject.name.clone()).into()),
        ("WorkSpaceName", workspace_name.into()),
        ("WorkspaceId", workspace.map(|id| id.to_string()).into()),
        ("CapacityId", capacity.map(|id| id.to_string()).into()),
        ("CapacityName", capacity_name.into()),
        ("ObjectId", subject.map(|subject| subject.name.clone()).into()),
        ("IsSuccess", true.into()),
        ("RequestId", event.request_id.clone().into()),
        ("ActivityId", event.request_id.clone().into()),
    ]);
    for subject in [&event.subject, &event.model].into_iter().flatten() {
        item.extend(named(subject));
    }
    item
}

/// The id and name of what an event is about, in the fields of its sort.
fn named(subject: &Subject) -> Map<String, Value> {
    let (id, name) = match subject.kind {
        SubjectKind::Report => ("ReportId", "ReportName"),
        SubjectKind::Dashboard => ("DashboardId", "DashboardName"),
        SubjectKind::Model => ("DatasetId", "DatasetName"),
        SubjectKind::Dataflow => ("DataflowId", "DataflowName"),
        SubjectKind::App => ("AppId", "AppName"),
        SubjectKind::Workspace => ("FolderObjectId", "FolderDisplayName"),
        SubjectKind::Import => ("ImportId", "ImportDisplayName"),
        SubjectKind::Pipeline => ("DeploymentPipelineObjectId", "DeploymentPipelineDisplayName"),
        SubjectKind::Gateway => ("GatewayId", "GatewayName"),
        SubjectKind::Capacity => ("CapacityId", "CapacityName"),
        SubjectKind::Key => ("TenantKeyId", "TenantKeyName"),
        SubjectKind::Scorecard => ("ScorecardId", "ScorecardName"),
    };
    object([(id, subject.id.to_string().into()), (name, subject.name.clone().into())])
}
