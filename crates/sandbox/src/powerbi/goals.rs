//! Goals of a scorecard.

use serde_json::Map;
use serde_json::Value;
use serde_json::json;
use uuid::Uuid;

use crate::powerbi::answer::Answer;
use crate::powerbi::call::Call;
use crate::powerbi::check_ins;
use crate::powerbi::expand::Expand;
use crate::powerbi::fields::Fields;
use crate::powerbi::odata;
use crate::powerbi::odata::object;
use crate::powerbi::refusal::Refusal;
use crate::powerbi::reports::id_field;
use crate::powerbi::scorecards;
use crate::powerbi::status_rules;
use crate::world::access::Role;
use crate::world::ids::Kind;
use crate::world::scorecards::CheckIn;
use crate::world::scorecards::Goal;
use crate::world::scorecards::Scorecard;
use crate::world::time;

const EXPANDABLE: &[&str] = &["goalValues", "goalValues/notes", "aggregations", "statusRules"];
/// What the first statuses are called.
const STATUSES: [&str; 6] = ["NotStarted", "OnTrack", "AtRisk", "Behind", "Overdue", "Completed"];

pub(super) fn list(call: &Call) -> Result<Answer, Refusal> {
    let expand = Expand::of(call, EXPANDABLE)?;
    let mut world = call.world();
    let (_, role) = call.home(&mut world)?;
    let scorecard = scorecards::find(call, &mut world, Role::Viewer)?;
    let goals = scorecard.goals.iter();
    let items = goals.map(|goal| shape(call, scorecard, goal, role, &expand)).collect();
    Ok(odata::list(call, &set(scorecard.id), odata::selected(call, items)))
}

pub(super) fn get(call: &Call) -> Result<Answer, Refusal> {
    let expand = Expand::of(call, EXPANDABLE)?;
    let mut world = call.world();
    let (_, role) = call.home(&mut world)?;
    let scorecard = scorecards::find(call, &mut world, Role::Viewer)?;
    let goal = scorecard.goal(call.id("goal")?).ok_or_else(Refusal::not_found)?;
    let item = shape(call, scorecard, goal, role, &expand);
    Ok(odata::entity(call, &set(scorecard.id), item))
}

pub(super) fn create(call: &Call) -> Result<Answer, Refusal> {
    let fields = call.fields()?;
    let mut goal = Goal {
        id: Uuid::nil(),
        name: fields.text("name")?.trim().to_owned(),
        description: None,
        created_ms: call.now_ms,
        modified_ms: call.now_ms,
        start_ms: call.now_ms,
        completion_ms: None,
        parent: id_field(&fields, "parentId")?,
        values_format: None,
        dates_format: None,
        values: Vec::new(),
        rules: None,
        current: None,
        target: None,
        refreshes: Vec::new(),
    };
    describe(&mut goal, &fields)?;
    let mut world = call.world();
    goal.id = world.fresh.id(Kind::Goal);
    let scorecard = scorecards::find(call, &mut world, Role::Contributor)?;
    if goal.parent.is_some_and(|parent| scorecard.goal(parent).is_none()) {
        return Err(Refusal::bad("the scorecard has no goal with the id parentId"));
    }
    scorecard.modified_ms = call.now_ms;
    scorecard.goals.push(goal.clone());
    Ok(answer(call, scorecard, &goal))
}

/// Takes over the fields that a new goal and a changed one have in common.
fn describe(goal: &mut Goal, fields: &Fields) -> Result<(), Refusal> {
    if let Some(start) = fields.find_text("startDate")? {
        goal.start_ms = moment("startDate", start)?;
    }
    if let Some(completion) = fields.find_text("completionDate")? {
        goal.completion_ms = Some(moment("completionDate", completion)?);
    }
    if goal
        .completion_ms
        .is_some_and(|completion_ms| completion_ms < goal.start_ms)
    {
        return Err(Refusal::bad("completionDate must not be before startDate"));
    }
    let texts = [
        ("description", &mut goal.description),
        ("valuesFormatString", &mut goal.values_format),
        ("datesFormatString", &mut goal.dates_format),
    ];
    for (name, place) in texts {
        if let Some(text) = fields.find_text(name)? {
            *place = Some(text.to_owned()).filter(|text| !text.is_empty());
        }
    }
    Ok(())
}

pub(super) fn update(call: &Call) -> Result<Answer, Refusal> {
    let fields = call.fields()?;
    let id = call.id("goal")?;
    let mut world = call.world();
    let scorecard = scorecards::find(call, &mut world, Role::Contributor)?;
    let mut changed = scorecard.goal(id).ok_or_else(Refusal::not_found)?.clone();
    for (name, own) in [("id", id), ("scorecardId", scorecard.id)] {
        if id_field(&fields, name)?.is_some_and(|given| given != own) {
            return Err(Refusal::bad(format!("{name} of a goal cannot change")));
        }
    }
    if fields.find("name").is_some() {
        fields.text("name")?.trim().clone_into(&mut changed.name);
    }
    describe(&mut changed, &fields)?;
    changed.modified_ms = call.now_ms;
    changed.judge();
    if let Some(parent) = id_field(&fields, "parentId")?.filter(|parent| changed.parent != Some(*parent)) {
        scorecards::put_under(scorecard, id, Some(parent), call.now_ms)?;
        changed.parent = Some(parent);
    }
    if let Some(goal) = scorecard.goal_mut(id) {
        goal.clone_from(&changed);
    }
    Ok(answer(call, scorecard, &changed))
}

/// Removes a goal with all the goals under it.
pub(super) fn delete(call: &Call) -> Result<Answer, Refusal> {
    let id = call.id("goal")?;
    let mut world = call.world();
    let scorecard = scorecards::find(call, &mut world, Role::Contributor)?;
    scorecard.goal(id).ok_or_else(Refusal::not_found)?;
    let kept: Vec<Uuid> = scorecard.goals.iter().map(|goal| goal.id).collect();
    let kept: Vec<Uuid> = kept
        .into_iter()
        .filter(|known| !scorecard.is_within(*known, id))
        .collect();
    scorecard.goals.retain(|goal| kept.contains(&goal.id));
    scorecard.modified_ms = call.now_ms;
    Ok(Answer::nothing())
}

/// A goal as the answer to a change of it.
pub(super) fn answer(call: &Call, scorecard: &Scorecard, goal: &Goal) -> Answer {
    let item = shape(call, scorecard, goal, Role::Contributor, &Expand::default());
    odata::entity(call, &set(scorecard.id), item)
}

fn set(scorecard: Uuid) -> String {
    format!("scorecards({scorecard})/goals")
}

/// One goal as the API shows it to somebody with a role.
pub(super) fn shape(
    call: &Call,
    scorecard: &Scorecard,
    goal: &Goal,
    role: Role,
    expand: &Expand,
) -> Map<String, Value> {
    let notes: usize = goal.values.iter().map(|value| value.notes.len()).sum();
    let permissions = if role >= Role::Contributor { "All" } else { "View" };
    let mut item = object([
        ("id", goal.id.to_string().into()),
        ("name", goal.name.clone().into()),
        ("description", goal.description.clone().into()),
        ("scorecardId", scorecard.id.to_string().into()),
        ("createdTime", time::with_ticks(goal.created_ms).into()),
        ("lastModifiedTime", time::with_ticks(goal.modified_ms).into()),
        ("startDate", time::in_seconds(goal.start_ms).into()),
        ("completionDate", goal.completion_ms.map(time::in_seconds).into()),
        ("parentId", goal.parent.map(|id| id.to_string()).into()),
        ("notesCount", notes.into()),
        ("valuesFormatString", goal.values_format.clone().into()),
        ("datesFormatString", goal.dates_format.clone().into()),
        ("hasStatusRules", goal.rules.is_some().into()),
        ("permissions", permissions.into()),
        ("level", scorecard.level(goal).into()),
        ("rank", scorecard.rank(goal).into()),
    ]);
    let set = format!("{}({})", set(scorecard.id), goal.id);
    if let Some(inner) = expand.inside("goalValues") {
        let values = goal.values.iter();
        let values = values.map(|value| check_ins::shape(call, scorecard.id, goal, value, inner));
        odata::attach(call, &mut item, "goalValues", &format!("{set}/goalValues"), values);
    }
    if expand.inside("aggregations").is_some() {
        let numbers = aggregations(call, scorecard.id, goal);
        odata::attach(call, &mut item, "aggregations", &format!("{set}/aggregations"), numbers);
    }
    if let (Some(_), Some(rules)) = (expand.inside("statusRules"), &goal.rules) {
        item.insert(
            "statusRules".to_owned(),
            json!({
                "scorecardObjectId": scorecard.id, "goalObjectId": goal.id,
                "lastModifiedTime": time::with_ticks(rules.modified_ms),
                // A text with JSON in it, here and only here.
                "rules": Value::Object(status_rules::written(rules)).to_string(),
            }),
        );
    }
    item
}

/// What the newest check-in comes to.
fn aggregations(call: &Call, scorecard: Uuid, goal: &Goal) -> Vec<Map<String, Value>> {
    let Some(newest) = goal.values.last() else {
        return Vec::new();
    };
    let shown = |number: f64| check_ins::display(goal, number);
    let status = |number: i64| {
        let name = usize::try_from(number).ok().and_then(|place| STATUSES.get(place));
        name.map(|name| (*name).to_owned())
    };
    let all = [
        ("Status", newest.status.map(|number| (number as f64, status(number)))),
        ("Value", newest.value.map(|number| (number, shown(number)))),
        ("Target", newest.target.map(|number| (number, shown(number)))),
        ("Change", goal.change().map(|number| (number, shown(number)))),
        ("Sparkline", newest.value.map(|number| (number, shown(number)))),
    ];
    let item = |place: u8, kind: &str, newest: &CheckIn, number: f64, display: Option<String>| {
        // An id of its own for each kind, and the same one at every look.
        let id = Uuid::from_u128(goal.id.as_u128() ^ (u128::from(place) + 1) << 64);
        object([
            ("id", id.to_string().into()),
            ("timestamp", time::in_seconds(newest.day_ms).into()),
            ("calculationTime", time::with_ticks(call.now_ms).into()),
            ("scorecardId", scorecard.to_string().into()),
            ("goalId", goal.id.to_string().into()),
            ("value", number.into()),
            ("valueDisplayString", display.into()),
            ("type", kind.into()),
            ("maxLastModifiedTime", time::with_ticks(goal.modified_ms).into()),
        ])
    };
    (0..)
        .zip(all)
        .filter_map(|(place, (kind, found))| {
            let (number, display) = found?;
            Some(item(place, kind, newest, number, display))
        })
        .collect()
}

/// A moment as bodies and paths write it: a day, or a day with a time, which without a zone is UTC.
pub(super) fn moment(name: &str, text: &str) -> Result<i64, Refusal> {
    let text = text.trim().trim_matches('\'');
    let utc = |moment: jiff::civil::DateTime| {
        let zoned = moment.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
        Some(zoned.timestamp().as_millisecond())
    };
    let zoned = text
        .parse::<jiff::Timestamp>()
        .ok()
        .map(jiff::Timestamp::as_millisecond);
    zoned
        .or_else(|| utc(text.parse::<jiff::civil::DateTime>().ok()?))
        .ok_or_else(|| Refusal::bad(format!("{name} must be a date or a moment in ISO 8601, not {text:?}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_read_with_and_without_time_and_zone() {
        let read = |text: &str| moment("timestamp", text).unwrap();
        assert_eq!(read("2026-08-03"), 1_785_715_200_000);
        assert_eq!(read("2026-08-03T00:00:00Z"), 1_785_715_200_000);
        assert_eq!(read("2026-08-03T02:00:00+02:00"), 1_785_715_200_000);
        assert_eq!(read("'2026-08-03T00:00:01.5'"), 1_785_715_201_500);
        assert!(moment("timestamp", "yesterday").is_err());
    }
}
