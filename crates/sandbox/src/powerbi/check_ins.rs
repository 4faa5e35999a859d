//! Check-ins of goals: one for each day, with remarks.

use http::StatusCode;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;
use uuid::Uuid;

use crate::dax;
use crate::powerbi::answer::Answer;
use crate::powerbi::call::Call;
use crate::powerbi::expand::Expand;
use crate::powerbi::fields::Fields;
use crate::powerbi::goals;
use crate::powerbi::odata;
use crate::powerbi::odata::object;
use crate::powerbi::refusal::Refusal;
use crate::powerbi::reports::id_field;
use crate::powerbi::scorecards;
use crate::world::World;
use crate::world::access::Role;
use crate::world::ids::Kind;
use crate::world::scorecards::CheckIn;
use crate::world::scorecards::Goal;
use crate::world::scorecards::Note;
use crate::world::time;

const EXPANDABLE: &[&str] = &["notes"];
/// The longest remark.
const NOTE_LETTERS: usize = 4_000;

pub(super) fn list(call: &Call) -> Result<Answer, Refusal> {
    let expand = Expand::of(call, EXPANDABLE)?;
    let (scorecard, mut world) = (call.id("scorecard")?, call.world());
    let goal = scorecards::find_goal(call, &mut world, Role::Viewer)?;
    let values = goal.values.iter();
    let items = values.map(|value| shape(call, scorecard, goal, value, &expand));
    Ok(odata::list(call, &set(scorecard, goal.id), items))
}

pub(super) fn get(call: &Call) -> Result<Answer, Refusal> {
    let expand = Expand::of(call, EXPANDABLE)?;
    let (scorecard, day_ms) = (call.id("scorecard")?, day(call)?);
    let mut world = call.world();
    let goal = scorecards::find_goal(call, &mut world, Role::Viewer)?;
    let value = goal.check_in(day_ms).ok_or_else(Refusal::not_found)?;
    Ok(odata::entity(
        call,
        &set(scorecard, goal.id),
        shape(call, scorecard, goal, value, &expand),
    ))
}

pub(super) fn create(call: &Call) -> Result<Answer, Refusal> {
    let fields = call.fields()?;
    let day_ms = midnight(goals::moment("timestamp", fields.text("timestamp")?)?);
    let mut world = call.world();
    let goal = scorecards::find_goal(call, &mut world, Role::Contributor)?;
    if goal.check_in(day_ms).is_some() {
        return Err(Refusal::Coded {
            status: StatusCode::CONFLICT,
            code: "PowerBIEntityAlreadyExists",
            message: Some("the goal has a check-in of that day already".to_owned()),
        });
    }
    change(call, goal, day_ms, &fields)
}

pub(super) fn update(call: &Call) -> Result<Answer, Refusal> {
    let (fields, day_ms) = (call.fields()?, day(call)?);
    let mut world = call.world();
    let goal = scorecards::find_goal(call, &mut world, Role::Contributor)?;
    goal.check_in(day_ms).ok_or_else(Refusal::not_found)?;
    let own = [("goalId", goal.id), ("scorecardId", call.id("scorecard")?)];
    for (name, own) in own {
        if id_field(&fields, name)?.is_some_and(|given| given != own) {
            return Err(Refusal::bad(format!("{name} of a check-in cannot change")));
        }
    }
    if let Some(given) = fields.find_text("timestamp")?
        && midnight(goals::moment("timestamp", given)?) != day_ms
    {
        return Err(Refusal::bad("timestamp of a check-in cannot change"));
    }
    change(call, goal, day_ms, &fields)
}

/// Sets what is given on the check-in of a day. Where the goal has rules, they decide the status.
fn change(call: &Call, goal: &mut Goal, day_ms: i64, fields: &Fields) -> Result<Answer, Refusal> {
    let (value, target) = (fields.find_number("value")?, fields.find_number("target")?);
    let (trend, status) = (fields.find_integer("trend")?, fields.find_integer("status")?);
    let forecast = fields.find_number("forecast")?;
    if status.is_some_and(|status| status < 0) {
        return Err(Refusal::bad("status must not be negative"));
    }
    let check_in = goal.check_in_or_new(day_ms, call.now_ms);
    check_in.value = value.or(check_in.value);
    check_in.target = target.or(check_in.target);
    check_in.trend = trend.or(check_in.trend);
    check_in.forecast = forecast.or(check_in.forecast);
    check_in.status = status.or(check_in.status);
    check_in.modified_ms = call.now_ms;
    goal.modified_ms = call.now_ms;
    goal.judge();
    let check_in = goal.check_in(day_ms).ok_or_else(Refusal::not_found)?;
    let scorecard = call.id("scorecard")?;
    Ok(odata::entity(
        call,
        &set(scorecard, goal.id),
        shape(call, scorecard, goal, check_in, &Expand::default()),
    ))
}

pub(super) fn delete(call: &Call) -> Result<Answer, Refusal> {
    let day_ms = day(call)?;
    let mut world = call.world();
    let goal = scorecards::find_goal(call, &mut world, Role::Contributor)?;
    goal.check_in(day_ms).ok_or_else(Refusal::not_found)?;
    goal.values.retain(|value| value.day_ms != day_ms);
    goal.modified_ms = call.now_ms;
    goal.judge();
    Ok(Answer::nothing())
}

/// One check-in as the API shows it.
pub(super) fn shape(call: &Call, scorecard: Uuid, goal: &Goal, value: &CheckIn, expand: &Expand) -> Map<String, Value> {
    let mut item = object([
        ("timestamp", time::in_seconds(value.day_ms).into()),
        ("goalId", goal.id.to_string().into()),
        ("scorecardId", scorecard.to_string().into()),
        ("createdTime", time::with_ticks(value.created_ms).into()),
        ("lastModifiedTime", time::with_ticks(value.modified_ms).into()),
        ("value", value.value.into()),
        ("target", value.target.into()),
        (
            "valueDisplayString",
            value.value.and_then(|number| display(goal, number)).into(),
        ),
        (
            "targetDisplayString",
            value.target.and_then(|number| display(goal, number)).into(),
        ),
        ("trend", value.trend.into()),
        ("forecast", value.forecast.into()),
        ("status", value.status.into()),
    ]);
    if expand.inside("notes").is_some() {
        let notes = value.notes.iter();
        let notes = notes.map(|note| note_shape(scorecard, goal.id, value.day_ms, note));
        odata::attach(
            call,
            &mut item,
            "notes",
            &notes_set(scorecard, goal.id, value.day_ms),
            notes,
        );
    }
    item
}

/// A number in the goal's format, if it has one.
pub(super) fn display(goal: &Goal, number: f64) -> Option<String> {
    dax::formatted(number, goal.values_format.as_deref()?)
}

fn set(scorecard: Uuid, goal: Uuid) -> String {
    format!("scorecards({scorecard})/goals({goal})/goalValues")
}

fn notes_set(scorecard: Uuid, goal: Uuid, day_ms: i64) -> String {
    let day = time::in_seconds(day_ms).replace(':', "%3A");
    format!("{}({day})/notes", set(scorecard, goal))
}

/// The day in the path.
fn day(call: &Call) -> Result<i64, Refusal> {
    goals::moment("timestamp", call.text("timestamp")).map(midnight)
}

/// Check-ins belong to days of UTC.
fn midnight(ms: i64) -> i64 {
    ms.div_euclid(time::DAY_MS) * time::DAY_MS
}

pub(super) fn create_note(call: &Call) -> Result<Answer, Refusal> {
    let body = note_body(call)?;
    let mut world = call.world();
    let note = Note {
        id: world.fresh.id(Kind::Note),
        created_ms: call.now_ms,
        modified_ms: call.now_ms,
        body,
    };
    let (goal, value) = check_in_mut(call, &mut world)?;
    value.notes.push(note.clone());
    note_answer(call, goal, &note)
}

pub(super) fn update_note(call: &Call) -> Result<Answer, Refusal> {
    let (body, id) = (note_body(call)?, call.id("note")?);
    let mut world = call.world();
    let (goal, value) = check_in_mut(call, &mut world)?;
    let mut notes = value.notes.iter_mut();
    let note = notes.find(|note| note.id == id).ok_or_else(Refusal::not_found)?;
    (note.body, note.modified_ms) = (body, call.now_ms);
    let note = note.clone();
    note_answer(call, goal, &note)
}

pub(super) fn delete_note(call: &Call) -> Result<Answer, Refusal> {
    let id = call.id("note")?;
    let mut world = call.world();
    let (_, value) = check_in_mut(call, &mut world)?;
    if !value.notes.iter().any(|note| note.id == id) {
        return Err(Refusal::not_found());
    }
    value.notes.retain(|note| note.id != id);
    Ok(Answer::nothing())
}

fn note_body(call: &Call) -> Result<String, Refusal> {
    let fields = call.fields()?;
    let body = fields.text("body")?;
    if body.chars().count() > NOTE_LETTERS {
        return Err(Refusal::bad(format!("body may have at most {NOTE_LETTERS} letters")));
    }
    Ok(body.to_owned())
}

/// The check-in in the path, to change it, and the id of its goal.
fn check_in_mut<'w>(call: &Call, world: &'w mut World) -> Result<(Uuid, &'w mut CheckIn), Refusal> {
    let day_ms = day(call)?;
    let goal = scorecards::find_goal(call, world, Role::Contributor)?;
    let value = goal.values.iter_mut().find(|value| value.day_ms == day_ms);
    Ok((goal.id, value.ok_or_else(Refusal::not_found)?))
}

fn note_answer(call: &Call, goal: Uuid, note: &Note) -> Result<Answer, Refusal> {
    let (scorecard, day_ms) = (call.id("scorecard")?, day(call)?);
    let item = note_shape(scorecard, goal, day_ms, note);
    Ok(odata::entity(call, &notes_set(scorecard, goal, day_ms), item))
}

fn note_shape(scorecard: Uuid, goal: Uuid, day_ms: i64, note: &Note) -> Map<String, Value> {
    // The words stand in `content` a second time, in the form of a rich text editor.
    let content = json!({"general": [{"properties": {"paragraphs": [{"textRuns": [{"value": note.body}]}]}}]});
    object([
        ("id", note.id.to_string().into()),
        ("valueTimestamp", time::in_seconds(day_ms).into()),
        ("goalId", goal.to_string().into()),
        ("scorecardId", scorecard.to_string().into()),
        ("lastModifiedTime", time::with_ticks(note.modified_ms).into()),
        ("content", content.to_string().into()),
        ("createdTime", time::with_ticks(note.created_ms).into()),
        ("body", note.body.clone().into()),
    ])
}
