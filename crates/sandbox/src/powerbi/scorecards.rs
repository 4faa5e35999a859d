//! Scorecards of a workspace, and the order of their goals.

use serde_json::Map;
use serde_json::Value;
use serde_json::json;
use uuid::Uuid;

use crate::powerbi::answer::Answer;
use crate::powerbi::call::Call;
use crate::powerbi::expand::Expand;
use crate::powerbi::fields::Fields;
use crate::powerbi::goals;
use crate::powerbi::odata;
use crate::powerbi::odata::object;
use crate::powerbi::refusal::Refusal;
use crate::powerbi::reports::id_field;
use crate::world::World;
use crate::world::access::Role;
use crate::world::ids::Kind;
use crate::world::scorecards::COLUMNS;
use crate::world::scorecards::Goal;
use crate::world::scorecards::Scorecard;
use crate::world::time;

const EXPANDABLE: &[&str] = &[
    "goals",
    "goals/goalValues",
    "goals/goalValues/notes",
    "goals/aggregations",
    "goals/statusRules",
];

pub(super) fn list(call: &Call) -> Result<Answer, Refusal> {
    let mut world = call.world();
    let (home, role) = call.home(&mut world)?;
    let items: Vec<_> = world
        .scorecards
        .iter()
        .filter(|scorecard| scorecard.workspace == home)
        .map(|scorecard| shape(call, scorecard, role, &Expand::default()))
        .collect();
    odata::paged(call, "scorecards", items)
}

pub(super) fn get(call: &Call) -> Result<Answer, Refusal> {
    let expand = Expand::of(call, EXPANDABLE)?;
    let mut world = call.world();
    let (_, role) = call.home(&mut world)?;
    let scorecard = find(call, &mut world, Role::Viewer)?;
    Ok(odata::entity(call, "scorecards", shape(call, scorecard, role, &expand)))
}

pub(super) fn get_by_report(call: &Call) -> Result<Answer, Refusal> {
    let expand = Expand::of(call, EXPANDABLE)?;
    let report = call.id("report")?;
    let mut world = call.world();
    let (home, role) = call.home(&mut world)?;
    let found = world.scorecards.iter().find(|scorecard| {
        scorecard.workspace == home && scorecard.report == report && scorecard.is_provisioned(call.now_ms)
    });
    let scorecard = found.ok_or_else(Refusal::not_found)?;
    Ok(odata::entity(call, "scorecards", shape(call, scorecard, role, &expand)))
}

pub(super) fn create(call: &Call) -> Result<Answer, Refusal> {
    let fields = call.fields()?;
    let name = fields.text("name")?.trim().to_owned();
    let description = fields.find_text("description")?.map(str::to_owned);
    id_field(&fields, "sensitivityLabelId")?;
    let mut world = call.world();
    let home = call.home_as(&mut world, Role::Contributor)?;
    let scorecard = Scorecard {
        id: world.fresh.id(Kind::Scorecard),
        workspace: home,
        name,
        description,
        created_ms: call.now_ms,
        modified_ms: call.now_ms,
        model: world.fresh.id(Kind::Model),
        report: world.fresh.id(Kind::Report),
        columns: [true; COLUMNS],
        goals: Vec::new(),
    };
    let item = shape(call, &scorecard, Role::Contributor, &Expand::default());
    world.scorecards.push(scorecard);
    Ok(odata::entity(call, "scorecards", item))
}

pub(super) fn update(call: &Call) -> Result<Answer, Refusal> {
    let fields = call.fields()?;
    let mut world = call.world();
    let scorecard = find(call, &mut world, Role::Contributor)?;
    let mut changed = scorecard.clone();
    if fields.find("name").is_some() {
        fields.text("name")?.trim().clone_into(&mut changed.name);
    }
    if let Some(description) = fields.find_text("description")? {
        changed.description = Some(description.to_owned());
    }
    for setting in fields.objects("columnSettings")? {
        let (place, show) = column_setting(&setting)?;
        changed.columns[place] = show;
    }
    changed.modified_ms = call.now_ms;
    let item = shape(call, &changed, Role::Contributor, &Expand::default());
    *scorecard = changed;
    Ok(odata::entity(call, "scorecards", item))
}

/// A column by its number, which the service's own example writes as a text.
fn column_setting(setting: &Fields) -> Result<(usize, bool), Refusal> {
    let number = match setting.find("columnId") {
        Some(Value::String(text)) => text.parse().ok(),
        Some(number) => number.as_u64(),
        None => None,
    };
    let place = number
        .and_then(|number| usize::try_from(number).ok())
        .filter(|place| *place < COLUMNS);
    let show = setting.find_bool("show")?;
    place.zip(show).ok_or_else(|| {
        Refusal::bad(format!(
            "columnSettings need a columnId of 0 to {} and show",
            COLUMNS - 1
        ))
    })
}

pub(super) fn delete(call: &Call) -> Result<Answer, Refusal> {
    let mut world = call.world();
    let id = find(call, &mut world, Role::Contributor)?.id;
    world.scorecards.retain(|scorecard| scorecard.id != id);
    Ok(Answer::nothing())
}

/// Puts a goal under another parent, or to another place among its siblings.
pub(super) fn move_goals(call: &Call) -> Result<Answer, Refusal> {
    let fields = call.fields()?;
    let named = |name: &str| {
        let goal = fields.find_object(name)?;
        goal.map(|goal| NamedGoal::read(name, &goal)).transpose()
    };
    let moved = named("goalToMove")?.ok_or_else(|| Refusal::bad("goalToMove is required"))?;
    let (parent, previous, next) = (named("newParent")?, named("newPrevious")?, named("newNext")?);
    let mut world = call.world();
    let scorecard = find(call, &mut world, Role::Contributor)?;
    for goal in [Some(&moved), parent.as_ref(), previous.as_ref(), next.as_ref()]
        .into_iter()
        .flatten()
    {
        goal.check(scorecard)?;
    }
    let parent = parent.map(|parent| parent.id);
    for sibling in [&previous, &next].into_iter().flatten() {
        if sibling.id == moved.id || scorecard.goal(sibling.id).and_then(|goal| goal.parent) != parent {
            return Err(Refusal::bad(
                "newPrevious and newNext must be other goals of the new parent",
            ));
        }
    }
    put_under(scorecard, moved.id, parent, call.now_ms)?;
    if let Some(place) = place_of(scorecard, previous.as_ref(), next.as_ref()) {
        let from = position(scorecard, moved.id)?;
        let goal = scorecard.goals.remove(from);
        scorecard
            .goals
            .insert(if from < place { place - 1 } else { place }, goal);
    }
    Ok(Answer::nothing())
}

/// Where a goal between these two belongs in the list.
fn place_of(scorecard: &Scorecard, previous: Option<&NamedGoal>, next: Option<&NamedGoal>) -> Option<usize> {
    let place = |goal: &NamedGoal| scorecard.goals.iter().position(|known| known.id == goal.id);
    next.and_then(place).or_else(|| Some(previous.and_then(place)? + 1))
}

fn position(scorecard: &Scorecard, id: Uuid) -> Result<usize, Refusal> {
    let place = scorecard.goals.iter().position(|goal| goal.id == id);
    place.ok_or_else(Refusal::not_found)
}

/// Makes a goal the last one of a parent; a goal cannot come under itself.
pub(super) fn put_under(scorecard: &mut Scorecard, id: Uuid, parent: Option<Uuid>, now_ms: i64) -> Result<(), Refusal> {
    if parent.is_some_and(|parent| scorecard.goal(parent).is_none()) {
        return Err(Refusal::bad("the scorecard has no goal with the id of the parent"));
    }
    if parent.is_some_and(|parent| scorecard.is_within(parent, id)) {
        return Err(Refusal::bad("a goal cannot come under itself"));
    }
    let mut goal = scorecard.goals.remove(position(scorecard, id)?);
    goal.parent = parent;
    goal.modified_ms = now_ms;
    scorecard.goals.push(goal);
    Ok(())
}

/// A goal named in a move, with the parent the caller believes it to have.
struct NamedGoal {
    id: Uuid,
    believed_parent: Option<Uuid>,
}

impl NamedGoal {
    fn read(name: &str, fields: &Fields) -> Result<NamedGoal, Refusal> {
        Ok(NamedGoal {
            id: id_field(fields, "goalId")?.ok_or_else(|| Refusal::bad(format!("{name} needs a goalId")))?,
            believed_parent: id_field(fields, "currentParentId")?,
        })
    }

    fn check(&self, scorecard: &Scorecard) -> Result<(), Refusal> {
        let goal = scorecard
            .goal(self.id)
            .ok_or_else(|| Refusal::bad(format!("the scorecard has no goal {}", self.id)))?;
        match self.believed_parent {
            Some(believed) if goal.parent != Some(believed) => Err(Refusal::bad(format!(
                "currentParentId of the goal {} is not what it was",
                self.id
            ))),
            _ => Ok(()),
        }
    }
}

/// One scorecard as the API shows it to somebody with a role.
fn shape(call: &Call, scorecard: &Scorecard, role: Role, expand: &Expand) -> Map<String, Value> {
    let is_ready = scorecard.is_provisioned(call.now_ms);
    let made = |id: Uuid| is_ready.then(|| id.to_string());
    let columns = scorecard.columns.iter().enumerate();
    let columns: Vec<Value> = columns
        .map(|(id, show)| json!({"columnId": id, "show": show}))
        .collect();
    let mut item = object([
        ("id", scorecard.id.to_string().into()),
        ("name", scorecard.name.clone().into()),
        ("description", scorecard.description.clone().into()),
        ("createdTime", time::with_ticks(scorecard.created_ms).into()),
        ("lastModifiedTime", time::with_ticks(scorecard.modified_ms).into()),
        (
            "provisioningStatus",
            if is_ready { "Completed" } else { "Initialized" }.into(),
        ),
        ("groupId", scorecard.workspace.to_string().into()),
        ("datasetId", made(scorecard.model).into()),
        ("reportId", made(scorecard.report).into()),
        (
            "permissions",
            if role >= Role::Contributor { "ReadWrite" } else { "Read" }.into(),
        ),
        ("columnSettings", columns.into()),
    ]);
    if let Some(inner) = expand.inside("goals") {
        let set = format!("scorecards({})/goals", scorecard.id);
        let goals = scorecard.goals.iter();
        let goals = goals.map(|goal| goals::shape(call, scorecard, goal, role, inner));
        odata::attach(call, &mut item, "goals", &set, goals);
    }
    item
}

/// The scorecard in the path, for those whose role is at least `least`.
pub(super) fn find<'w>(call: &Call, world: &'w mut World, least: Role) -> Result<&'w mut Scorecard, Refusal> {
    let home = call.home_as(world, least)?;
    let id = call.id("scorecard")?;
    world
        .scorecards
        .iter_mut()
        .find(|scorecard| scorecard.id == id && scorecard.workspace == home)
        .ok_or_else(Refusal::not_found)
}

/// The goal in the path, in the scorecard in the path.
pub(super) fn find_goal<'w>(call: &Call, world: &'w mut World, least: Role) -> Result<&'w mut Goal, Refusal> {
    let scorecard = find(call, world, least)?;
    let id = call.id("goal")?;
    scorecard.goal_mut(id).ok_or_else(Refusal::not_found)
}

/// Brings what is under way up to now.
pub(super) fn settle(world: &mut World, now_ms: i64) {
    let goals = world.scorecards.iter_mut().flat_map(|scorecard| &mut scorecard.goals);
    goals.for_each(|goal| goal.settle(now_ms));
}
