//! A seeded model whose names are hard to write: spaces, quotes, brackets, umlauts and emoji.

use crate::data::Column;
use crate::data::ColumnKind;
use crate::data::Measure;
use crate::data::Model;
use crate::data::Relationship;
use crate::data::Table;
use crate::data::random::Random;
use crate::data::random::cents;
use crate::data::random::day;
use crate::dax::Value;

/// The name of the model.
pub(super) const NAME: &str = "Kunden & \"Aufträge\" 📦 O'Brien";

const CUSTOMERS: [(&str, &str, &str); 8] = [
    ("Müller & Söhne", "Köln", "⭐⭐⭐"),
    ("O'Brien Ltd", "Dublin", "⭐⭐"),
    ("Café \"Größe\"", "Wien", "⭐"),
    ("Żółw S.A.", "Łódź", "⭐⭐"),
    ("Übermut GmbH", "Zürich", "⭐⭐⭐"),
    ("=SUM(A1)", "Bern", ""),
    ("<b>Fett</b>", "Graz", "⭐"),
    ("日本商事", "東京", "⭐⭐"),
];

/// The model; it is so small that its rows are there from the start.
pub(super) fn model() -> Model {
    let text = |name, values: Vec<Value>| Column::new(name, ColumnKind::Text, values);
    let customers = Table::new(
        "Kunden & Partner 👥",
        vec![
            text(
                "Kunde",
                CUSTOMERS.iter().map(|customer| Value::text(customer.0)).collect(),
            )
            .described("Name des Kunden"),
            text(
                "Straße / Ort",
                CUSTOMERS.iter().map(|customer| Value::text(customer.1)).collect(),
            ),
            text(
                "Bewertung ⭐",
                CUSTOMERS
                    .iter()
                    .map(|customer| {
                        if customer.2.is_empty() {
                            Value::Blank
                        } else {
                            Value::text(customer.2)
                        }
                    })
                    .collect(),
            ),
        ],
    );
    let mut random = Random::new(42);
    let orders: Vec<(usize, f64, f64)> = (0..120)
        .map(|place| {
            (
                random.below(CUSTOMERS.len()),
                cents(20.0 + 900.0 * random.share()),
                place as f64 * 2.5,
            )
        })
        .collect();
    let start = day(2026, 1, 5);
    let orders = Table::new(
        "Aufträge \"2026\"",
        vec![
            Column::new("Auftrag Nr.", ColumnKind::Int, (1..=120).map(Value::Int)),
            text(
                "Kunde",
                orders.iter().map(|order| Value::text(CUSTOMERS[order.0].0)).collect(),
            ),
            Column::new(
                "Datum",
                ColumnKind::DateTime,
                orders.iter().map(|order| Value::Date((start + order.2).floor())),
            ),
            Column::new(
                "Betrag [€]",
                ColumnKind::Decimal,
                orders.iter().map(|order| Value::Number(order.1)),
            )
            .formatted("#,0.00"),
        ],
    );
    let list = Table::new(
        "O'Brien's list",
        vec![
            text(
                "It's a \"note\"",
                ["first", "second", "third"].map(Value::text).to_vec(),
            ),
            Column::new(
                "Wichtig?",
                ColumnKind::Boolean,
                [Value::Bool(true), Value::Bool(false), Value::Blank],
            ),
        ],
    );
    Model {
        tables: vec![customers, orders, list],
        measures: vec![
            Measure::new(
                "Aufträge \"2026\"",
                "Umsatz € 💶",
                "SUM('Aufträge \"2026\"'[Betrag [€]]])",
                "#,0.00",
                "Umsatz in Euro",
            ),
            Measure::new(
                "Aufträge \"2026\"",
                "Anzahl Aufträge",
                "COUNTROWS('Aufträge \"2026\"')",
                "#,0",
                "Zahl der Aufträge",
            ),
        ],
        relationships: vec![Relationship::new(
            ("Aufträge \"2026\"", "Kunde"),
            ("Kunden & Partner 👥", "Kunde"),
        )],
        ..Model::new(NAME, Vec::new())
    }
}
