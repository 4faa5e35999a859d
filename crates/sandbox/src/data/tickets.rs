//! The seeded "Support tickets": a small model with open ends, for blanks and dates.

use crate::data::Column;
use crate::data::ColumnKind;
use crate::data::Measure;
use crate::data::Model;
use crate::data::Relationship;
use crate::data::Table;
use crate::data::column::Encoded;
use crate::data::random::Random;
use crate::data::random::day;
use crate::data::random::texts;
use crate::dax::Value;

const ROWS: usize = 3_000;

const AGENTS: [(&str, &str); 6] = [
    ("Lea", "First line"),
    ("Max", "First line"),
    ("Ines", "First line"),
    ("Otto", "Second line"),
    ("Zoe", "Second line"),
    ("Ben", "On call"),
];

/// The model, its rows not yet made.
pub(super) fn model() -> Model {
    let tickets = vec![
        Column::seeded("Ticket", ColumnKind::Int).described("Number of the ticket"),
        Column::seeded("Opened", ColumnKind::DateTime).described("When it was opened"),
        Column::seeded("Closed", ColumnKind::DateTime).described("When it was closed, blank while it is open"),
        Column::seeded("Priority", ColumnKind::Text).described("Low, Normal or High"),
        Column::seeded("Area", ColumnKind::Text).described("What it is about"),
        Column::seeded("Agent", ColumnKind::Text).described("Who handles it, blank while nobody does"),
        Column::seeded("Hours", ColumnKind::Double)
            .described("Hours of work, blank while it is open")
            .formatted("0.0"),
        Column::seeded("Satisfied", ColumnKind::Boolean)
            .described("Whether the customer was content, blank if not answered"),
    ];
    let agents = vec![
        Column::seeded("Agent", ColumnKind::Text).described("Name of the agent"),
        Column::seeded("Team", ColumnKind::Text).described("First line, Second line or On call"),
    ];
    let measure =
        |name, expression, format, description| Measure::new("Tickets", name, expression, format, description);
    Model {
        tables: vec![
            Table::seeded("Tickets", "One row per ticket", tickets, rows),
            Table::seeded("Agents", "Who helps", agents, || {
                let column = |part: fn(&(&'static str, &'static str)) -> &'static str| {
                    Encoded::new(ColumnKind::Text, AGENTS.iter().map(|agent| Value::text(part(agent))))
                };
                vec![column(|agent| agent.0), column(|agent| agent.1)]
            }),
        ],
        measures: vec![
            measure("Ticket count", "COUNTROWS('Tickets')", "#,0", "Number of tickets"),
            measure(
                "Open tickets",
                "CALCULATE([Ticket count], ISBLANK('Tickets'[Closed]))",
                "#,0",
                "Tickets not closed yet",
            ),
            measure(
                "Average hours",
                "AVERAGE('Tickets'[Hours])",
                "0.0",
                "Hours of work per closed ticket",
            ),
            measure(
                "Satisfied %",
                "DIVIDE(CALCULATE([Ticket count], 'Tickets'[Satisfied] = TRUE()), COUNTA('Tickets'[Satisfied]))",
                "0.0%",
                "Content customers among those who answered",
            ),
        ],
        relationships: vec![Relationship::new(("Tickets", "Agent"), ("Agents", "Agent"))],
        ..Model::new("Support tickets", Vec::new())
    }
}

fn rows() -> Vec<Encoded> {
    let mut random = Random::new(9);
    let start = day(2026, 1, 2);
    let (mut opened, mut closed, mut hours, mut satisfied) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let (mut priority, mut area, mut agent) = (Vec::new(), Vec::new(), Vec::new());
    for place in 0..ROWS {
        // Minutes, not fractions, so that times look like times.
        let minute = place * 156 + random.below(150);
        let is_open = place > ROWS - 400 && random.below(3) == 0;
        let worked = 15 + random.early(1_200);
        opened.push(Value::Date(start + minute as f64 / 1440.0));
        closed.push(if is_open {
            Value::Blank
        } else {
            Value::Date(start + (minute + worked * 3) as f64 / 1440.0)
        });
        hours.push(if is_open {
            Value::Blank
        } else {
            Value::Number((worked as f64 / 6.0).round() / 10.0)
        });
        satisfied.push(match (is_open, random.below(10)) {
            (true, _) | (_, 0..=3) => Value::Blank,
            (_, 4) => Value::Bool(false),
            _ => Value::Bool(true),
        });
        priority.push(Some(random.weighted(&[0.3, 0.55, 0.15])));
        area.push(Some(random.weighted(&[0.35, 0.25, 0.2, 0.2])));
        agent.push(if is_open && random.below(4) == 0 {
            None
        } else {
            Some(random.early(AGENTS.len()))
        });
    }
    let names: Vec<&str> = AGENTS.iter().map(|agent| agent.0).collect();
    vec![
        Encoded::picked((1..).take(ROWS).map(Value::Int).collect(), (0..ROWS).map(Some)),
        Encoded::new(ColumnKind::DateTime, opened),
        Encoded::new(ColumnKind::DateTime, closed),
        Encoded::picked(texts(&["Low", "Normal", "High"]), priority),
        Encoded::picked(texts(&["Delivery", "Invoice", "Product", "Website"]), area),
        Encoded::picked(texts(&names), agent),
        Encoded::new(ColumnKind::Double, hours),
        Encoded::new(ColumnKind::Boolean, satisfied),
    ]
}
