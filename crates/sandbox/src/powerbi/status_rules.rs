//! Status rules of goals, read from and written as the API has them.

use serde_json::Map;
use serde_json::Value;
use serde_json::json;
use uuid::Uuid;

use crate::powerbi::answer::Answer;
use crate::powerbi::call::Call;
use crate::powerbi::fields::Fields;
use crate::powerbi::goals::moment;
use crate::powerbi::odata;
use crate::powerbi::refresh::word;
use crate::powerbi::refusal::Refusal;
use crate::powerbi::scorecards;
use crate::world::access::Role;
use crate::world::status_rules::Condition;
use crate::world::status_rules::Field;
use crate::world::status_rules::Operand;
use crate::world::status_rules::Operator;
use crate::world::status_rules::StatusRule;
use crate::world::status_rules::StatusRules;
use crate::world::time;

const FIELDS: [(&str, Field); 6] = [
    ("Value", Field::Value),
    ("Target", Field::Target),
    ("Change", Field::Change),
    ("Timestamp", Field::Timestamp),
    ("StartDate", Field::StartDate),
    ("CompletionDate", Field::CompletionDate),
];
const OPERATORS: [(&str, Operator); 5] = [
    ("Equal", Operator::Equal),
    ("GreaterThan", Operator::GreaterThan),
    ("GreaterThanOrEqual", Operator::GreaterThanOrEqual),
    ("LessThan", Operator::LessThan),
    ("LessThanOrEqual", Operator::LessThanOrEqual),
];

pub(super) fn get(call: &Call) -> Result<Answer, Refusal> {
    let mut world = call.world();
    let goal = scorecards::find_goal(call, &mut world, Role::Viewer)?;
    let rules = goal.rules.as_ref().ok_or_else(Refusal::not_found)?;
    answer(call, goal.id, rules)
}

/// Sets the rules, in place of those before, and judges all check-ins by them.
pub(super) fn set(call: &Call) -> Result<Answer, Refusal> {
    let fields = call.fields()?;
    let rules = StatusRules {
        rules: fields.objects("rules")?.iter().map(rule).collect::<Result<_, _>>()?,
        default: status("defaultOutput", &fields)?,
        modified_ms: call.now_ms,
    };
    let mut world = call.world();
    let goal = scorecards::find_goal(call, &mut world, Role::Contributor)?;
    goal.rules = Some(rules.clone());
    goal.modified_ms = call.now_ms;
    goal.judge();
    answer(call, goal.id, &rules)
}

/// Removes the rules; statuses stay as they are, and can be set by hand again.
pub(super) fn delete(call: &Call) -> Result<Answer, Refusal> {
    let mut world = call.world();
    let goal = scorecards::find_goal(call, &mut world, Role::Contributor)?;
    goal.rules.take().ok_or_else(Refusal::not_found)?;
    goal.modified_ms = call.now_ms;
    Ok(Answer::nothing())
}

fn answer(call: &Call, goal: Uuid, rules: &StatusRules) -> Result<Answer, Refusal> {
    let scorecard = call.id("scorecard")?;
    let mut item = written(rules);
    item.insert("scorecardObjectId".to_owned(), scorecard.to_string().into());
    item.insert("goalObjectId".to_owned(), goal.to_string().into());
    item.insert(
        "lastModifiedTime".to_owned(),
        time::with_ticks(rules.modified_ms).into(),
    );
    let set = format!("scorecards({scorecard})/goals({goal})/statusRules");
    Ok(odata::whole(call, &set, item))
}

fn status(name: &str, fields: &Fields) -> Result<i64, Refusal> {
    let number = fields.find_integer(name)?.filter(|number| *number >= 0);
    number.ok_or_else(|| Refusal::bad(format!("{name} must be the number of a status")))
}

fn rule(fields: &Fields) -> Result<StatusRule, Refusal> {
    let conditions = fields.objects("conditions")?;
    if conditions.is_empty() {
        return Err(Refusal::bad("a rule needs at least one condition"));
    }
    Ok(StatusRule {
        conditions: conditions.iter().map(condition).collect::<Result<_, _>>()?,
        output: status("output", fields)?,
    })
}

fn condition(fields: &Fields) -> Result<Condition, Refusal> {
    let comparison = fields
        .find_object("fieldComparison")?
        .ok_or_else(|| Refusal::bad("a condition needs a fieldComparison"))?;
    let value = comparison
        .find_object("value")?
        .ok_or_else(|| Refusal::bad("a fieldComparison needs a value"))?;
    Ok(Condition {
        field: one_of("field", &FIELDS, comparison.text("field")?)?,
        operator: one_of("operator", &OPERATORS, comparison.text("operator")?)?,
        operand: operand(&value)?,
    })
}

fn operand(value: &Fields) -> Result<Operand, Refusal> {
    let given: Vec<&str> = value.names().collect();
    if given.len() != 1 {
        return Err(Refusal::bad(
            "the value of a condition is one of number, dateTime, field and percentOf",
        ));
    }
    if let Some(number) = value.find_number("number")? {
        return Ok(Operand::Number(number));
    }
    if let Some(text) = value.find_text("dateTime")? {
        return moment("dateTime", text).map(Operand::Moment);
    }
    if let Some(name) = value.find_text("field")? {
        return one_of("field", &FIELDS, name).map(Operand::Field);
    }
    let share = value.find_object("percentOf")?.ok_or_else(|| {
        Refusal::bad(format!(
            "{} is not one of number, dateTime, field and percentOf",
            given[0]
        ))
    })?;
    Ok(Operand::PercentOf {
        field: one_of("field", &FIELDS, share.text("field")?)?,
        percent: share
            .find_number("percent")?
            .ok_or_else(|| Refusal::bad("percentOf needs a percent"))?,
    })
}

fn one_of<T: Copy, const N: usize>(name: &str, known: &[(&'static str, T); N], text: &str) -> Result<T, Refusal> {
    let words = known.map(|(word, _)| word);
    let found = word(name, &words, text)?;
    let place = words.iter().position(|word| *word == found).unwrap_or_default();
    Ok(known[place].1)
}

/// Rules and default status as the API writes them.
pub(super) fn written(rules: &StatusRules) -> Map<String, Value> {
    let rule = |rule: &StatusRule| {
        let conditions: Vec<Value> = rule.conditions.iter().map(condition_shape).collect();
        json!({"conditions": conditions, "output": rule.output})
    };
    Map::from_iter([
        ("rules".to_owned(), rules.rules.iter().map(rule).collect()),
        ("defaultOutput".to_owned(), rules.default.into()),
    ])
}

fn condition_shape(condition: &Condition) -> Value {
    let field = |field: Field| name_of(&FIELDS, field);
    let value = match condition.operand {
        Operand::Number(number) => json!({"number": number}),
        Operand::Moment(ms) => json!({"dateTime": time::in_seconds(ms)}),
        Operand::Field(other) => json!({"field": field(other)}),
        Operand::PercentOf { field: other, percent } => {
            json!({"percentOf": {"field": field(other), "percent": percent}})
        }
    };
    let operator = name_of(&OPERATORS, condition.operator);
    json!({"fieldComparison": {"field": field(condition.field), "operator": operator, "value": value}})
}

fn name_of<T: Copy + PartialEq, const N: usize>(known: &[(&'static str, T); N], wanted: T) -> &'static str {
    let found = known.iter().find(|(_, value)| *value == wanted);
    found.map_or("", |(name, _)| name)
}
