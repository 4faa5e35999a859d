//! The seeded "Inventory": stock by warehouse and month, left in its source and asked for with each query.

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

const WAREHOUSES: [(&str, &str); 4] = [
    ("HAM", "Hamburg"),
    ("LYS", "Lyon"),
    ("GDN", "Gdańsk"),
    ("BGO", "Bergamo"),
];

const ITEMS: [(&str, &str, f64); 12] = [
    ("Frame", "Bikes", 210.0),
    ("Fork", "Bikes", 95.0),
    ("Saddle", "Components", 31.0),
    ("Pedals", "Components", 24.0),
    ("Chain", "Components", 18.0),
    ("Tyre 28", "Wheels", 22.0),
    ("Tyre 29", "Wheels", 27.0),
    ("Inner tube", "Wheels", 5.0),
    ("Rim", "Wheels", 44.0),
    ("Bell", "Accessories", 7.0),
    ("Pump", "Accessories", 16.0),
    ("Bottle", "Accessories", 6.0),
];

/// Month ends of which the stock is known: January to October 2026.
const MONTH_ENDS: [(i8, i8); 10] = [
    (1, 31),
    (2, 28),
    (3, 31),
    (4, 30),
    (5, 31),
    (6, 30),
    (7, 31),
    (8, 31),
    (9, 30),
    (10, 31),
];

/// The model, its rows not yet made.
pub(super) fn model() -> Model {
    let stock = vec![
        Column::seeded("Month end", ColumnKind::DateTime)
            .described("Day of the count")
            .formatted("yyyy-mm-dd"),
        Column::seeded("Warehouse code", ColumnKind::Text).hidden(),
        Column::seeded("Item", ColumnKind::Text).described("What is counted"),
        Column::seeded("On hand", ColumnKind::Int)
            .described("Pieces on hand, blank where nobody counted")
            .formatted("#,0"),
        Column::seeded("Value", ColumnKind::Decimal)
            .described("Worth of the pieces, in euros")
            .formatted("#,0.00"),
    ];
    let warehouse = vec![
        Column::seeded("Warehouse code", ColumnKind::Text).hidden(),
        Column::seeded("Warehouse", ColumnKind::Text).described("City of the warehouse"),
    ];
    let item = vec![
        Column::seeded("Item", ColumnKind::Text).described("What is counted"),
        Column::seeded("Group", ColumnKind::Text).described("Group of items"),
        Column::seeded("Unit cost", ColumnKind::Decimal)
            .described("Cost of a piece, in euros")
            .formatted("#,0.00"),
    ];
    let latest =
        "VAR last = MAX('Stock'[Month end]) RETURN CALCULATE(SUM('Stock'[On hand]), 'Stock'[Month end] = last)";
    let direct = |table: Table| Table {
        direct_query: true,
        ..table
    };
    Model {
        tables: vec![
            direct(Table::seeded("Stock", "Stock at the end of each month", stock, rows)),
            direct(Table::seeded("Warehouse", "Where things lie", warehouse, || {
                let column = |part: fn(&(&'static str, &'static str)) -> &'static str| {
                    Encoded::new(
                        ColumnKind::Text,
                        WAREHOUSES.iter().map(|warehouse| Value::text(part(warehouse))),
                    )
                };
                vec![column(|warehouse| warehouse.0), column(|warehouse| warehouse.1)]
            })),
            direct(Table::seeded("Item", "What lies there", item, items)),
        ],
        measures: vec![
            Measure::new("Stock", "Stock on hand", latest, "#,0", "Pieces at the last count"),
            Measure::new(
                "Stock",
                "Stock value",
                "SUM('Stock'[Value])",
                "#,0.00",
                "Worth of the stock, in euros",
            ),
        ],
        relationships: vec![
            Relationship::new(("Stock", "Warehouse code"), ("Warehouse", "Warehouse code")),
            Relationship::new(("Stock", "Item"), ("Item", "Item")),
        ],
        ..Model::new("Inventory", Vec::new())
    }
}

fn items() -> Vec<Encoded> {
    vec![
        Encoded::new(ColumnKind::Text, ITEMS.iter().map(|item| Value::text(item.0))),
        Encoded::new(ColumnKind::Text, ITEMS.iter().map(|item| Value::text(item.1))),
        Encoded::new(ColumnKind::Decimal, ITEMS.iter().map(|item| Value::Number(item.2))),
    ]
}

fn rows() -> Vec<Encoded> {
    let mut random = Random::new(5);
    let count = MONTH_ENDS.len() * WAREHOUSES.len() * ITEMS.len();
    let counted: Vec<Option<usize>> = (0..count)
        .map(|_| {
            if random.below(40) == 0 {
                None
            } else {
                Some(20 + random.early(900))
            }
        })
        .collect();
    let value = |(place, counted): (usize, &Option<usize>)| match counted {
        Some(pieces) => Value::Number(*pieces as f64 * ITEMS[place % ITEMS.len()].2),
        None => Value::Blank,
    };
    let whole =
        |counted: &Option<usize>| counted.map_or(Value::Blank, |pieces| Value::Int(i64::try_from(pieces).unwrap_or(0)));
    let codes: Vec<&str> = WAREHOUSES.iter().map(|warehouse| warehouse.0).collect();
    let names: Vec<&str> = ITEMS.iter().map(|item| item.0).collect();
    let ends = MONTH_ENDS
        .iter()
        .map(|(month, last)| Value::Date(day(2026, *month, *last)))
        .collect();
    let per_month = WAREHOUSES.len() * ITEMS.len();
    vec![
        Encoded::picked(ends, (0..count).map(|place| Some(place / per_month))),
        Encoded::picked(
            texts(&codes),
            (0..count).map(|place| Some(place / ITEMS.len() % WAREHOUSES.len())),
        ),
        Encoded::picked(texts(&names), (0..count).map(|place| Some(place % ITEMS.len()))),
        Encoded::new(ColumnKind::Int, counted.iter().map(whole)),
        Encoded::new(ColumnKind::Decimal, counted.iter().enumerate().map(value)),
    ]
}
