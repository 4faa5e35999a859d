//! How the status of a goal follows from what was checked in: rules, and the conditions they need.

use crate::world::scorecards::Goal;

/// How the status of a check-in follows from its values: the first rule that holds decides.
#[derive(Clone, Debug, PartialEq)]
pub struct StatusRules {
    /// The rules in order.
    pub rules: Vec<StatusRule>,
    /// The status when none holds.
    pub default: i64,
    /// When they were set.
    pub modified_ms: i64,
}

/// One rule: a status, and all the conditions it needs.
#[derive(Clone, Debug, PartialEq)]
pub struct StatusRule {
    /// The conditions.
    pub conditions: Vec<Condition>,
    /// The status.
    pub output: i64,
}

/// A field of a check-in compared with something.
#[derive(Clone, Debug, PartialEq)]
pub struct Condition {
    /// The field.
    pub field: Field,
    /// How.
    pub operator: Operator,
    /// With what.
    pub operand: Operand,
}

/// A number or a moment of a check-in or its goal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// The value.
    Value,
    /// The target.
    Target,
    /// The difference to the value of the check-in before.
    Change,
    /// The day of the check-in.
    Timestamp,
    /// When the goal begins.
    StartDate,
    /// When the goal should be reached.
    CompletionDate,
}

/// How two numbers or moments compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    Equal,
    GreaterThan,
    GreaterThanOrEqual,
    LessThan,
    LessThanOrEqual,
}

/// What a field is compared with.
#[derive(Clone, Debug, PartialEq)]
pub enum Operand {
    /// A number.
    Number(f64),
    /// A moment.
    Moment(i64),
    /// Another field.
    Field(Field),
    /// A share of another field.
    PercentOf { field: Field, percent: f64 },
}

impl StatusRules {
    /// The status of the check-in at a place in the goal's list.
    pub fn status(&self, goal: &Goal, place: usize) -> i64 {
        let holds = |condition: &Condition| condition.holds(goal, place);
        let rule = self.rules.iter().find(|rule| rule.conditions.iter().all(holds));
        rule.map_or(self.default, |rule| rule.output)
    }
}

impl Condition {
    /// Does it hold? Not where one of the two sides is missing.
    fn holds(&self, goal: &Goal, place: usize) -> bool {
        let right = match self.operand {
            Operand::Number(number) => Some(number),
            Operand::Moment(ms) => Some(ms as f64),
            Operand::Field(field) => number(goal, place, field),
            Operand::PercentOf { field, percent } => number(goal, place, field).map(|number| number * percent / 100.0),
        };
        let (Some(left), Some(right)) = (number(goal, place, self.field), right) else {
            return false;
        };
        match self.operator {
            Operator::Equal => left == right,
            Operator::GreaterThan => left > right,
            Operator::GreaterThanOrEqual => left >= right,
            Operator::LessThan => left < right,
            Operator::LessThanOrEqual => left <= right,
        }
    }
}

/// A number or a moment of a check-in, as a number; moments are far below 2^53, so that it holds them exactly.
pub fn number(goal: &Goal, place: usize, field: Field) -> Option<f64> {
    let value = goal.values.get(place)?;
    match field {
        Field::Value => value.value,
        Field::Target => value.target,
        Field::Change => {
            let before = goal.values[..place].iter().rev().find_map(|known| known.value)?;
            Some(value.value? - before)
        }
        Field::Timestamp => Some(value.day_ms as f64),
        Field::StartDate => Some(goal.start_ms as f64),
        Field::CompletionDate => goal.completion_ms.map(|ms| ms as f64),
    }
}
