//! The seeded scorecard of Sales: a connected goal with parts, and one that people check in.

use crate::people;
use crate::world::World;
use crate::world::access::Who;
use crate::world::ids::Kind;
use crate::world::ids::seeded;
use crate::world::scorecards::COLUMNS;
use crate::world::scorecards::CheckIn;
use crate::world::scorecards::Connection;
use crate::world::scorecards::Goal;
use crate::world::scorecards::Note;
use crate::world::scorecards::Scorecard;
use crate::world::status_rules::Condition;
use crate::world::status_rules::Field;
use crate::world::status_rules::Operand;
use crate::world::status_rules::Operator;
use crate::world::status_rules::StatusRule;
use crate::world::status_rules::StatusRules;
use crate::world::time::DAY_MS;

pub(super) fn seed(world: &mut World, now_ms: i64) {
    let made_ms = now_ms - 40 * DAY_MS;
    let mut revenue = goal(1, "Grow revenue", made_ms);
    revenue.description = Some("What all regions bring in".to_owned());
    revenue.values_format = Some("#,0".to_owned());
    revenue.current = Some(connection("EVALUATE ROW(\"Value\", [Total Sales])"));
    revenue.target = Some(connection("EVALUATE ROW(\"Value\", 1.1 * [Sales last year])"));
    revenue.rules = Some(rules(made_ms));
    let mut north = goal(2, "Revenue in the north", made_ms);
    north.parent = Some(revenue.id);
    north.values_format = Some("#,0".to_owned());
    north.current = Some(connection(
        "EVALUATE ROW(\"Value\", CALCULATE([Total Sales], 'Region'[Region] = \"North\"))",
    ));
    let mut happy = goal(3, "Happy customers", made_ms);
    happy.completion_ms = Some(day(now_ms) + 120 * DAY_MS);
    happy.values = vec![
        check_in(now_ms - 20 * DAY_MS, 71.0, 3),
        check_in(now_ms - 6 * DAY_MS, 78.5, 1),
    ];
    happy.values[1].notes.push(Note {
        id: seeded(Kind::Note, 1),
        created_ms: now_ms - 6 * DAY_MS,
        modified_ms: now_ms - 6 * DAY_MS,
        body: "The new hotline helps.".to_owned(),
    });
    world.scorecards.push(Scorecard {
        id: seeded(Kind::Scorecard, 1),
        workspace: seeded(Kind::Workspace, 1),
        name: "Sales goals".to_owned(),
        description: Some("What Sales wants to reach this year".to_owned()),
        created_ms: made_ms,
        modified_ms: made_ms,
        model: seeded(Kind::Model, 90),
        report: seeded(Kind::Report, 90),
        columns: [true; COLUMNS],
        goals: vec![revenue, north, happy],
    });
}

fn goal(number: u64, name: &str, made_ms: i64) -> Goal {
    Goal {
        id: seeded(Kind::Goal, number),
        name: name.to_owned(),
        description: None,
        created_ms: made_ms,
        modified_ms: made_ms,
        start_ms: day(made_ms),
        completion_ms: None,
        parent: None,
        values_format: None,
        dates_format: None,
        values: Vec::new(),
        rules: None,
        current: None,
        target: None,
        refreshes: Vec::new(),
    }
}

/// A question to the Sales model with Bo's rights.
fn connection(query: &str) -> Connection {
    Connection {
        model: seeded(Kind::Model, 1),
        query: query.to_owned(),
        owner: Who::person(people::CONTOSO, people::BO),
    }
}

fn check_in(at_ms: i64, value: f64, status: i64) -> CheckIn {
    CheckIn {
        day_ms: day(at_ms),
        created_ms: at_ms,
        modified_ms: at_ms,
        value: Some(value),
        target: Some(80.0),
        status: Some(status),
        ..CheckIn::default()
    }
}

/// On track from the target on, at risk from nine tenths of it on, behind below.
fn rules(made_ms: i64) -> StatusRules {
    let at_least = |percent, output| StatusRule {
        conditions: vec![Condition {
            field: Field::Value,
            operator: Operator::GreaterThanOrEqual,
            operand: Operand::PercentOf {
                field: Field::Target,
                percent,
            },
        }],
        output,
    };
    StatusRules {
        rules: vec![at_least(100.0, 1), at_least(90.0, 2)],
        default: 3,
        modified_ms: made_ms,
    }
}

fn day(ms: i64) -> i64 {
    ms.div_euclid(DAY_MS) * DAY_MS
}
