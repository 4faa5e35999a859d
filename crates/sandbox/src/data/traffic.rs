//! The seeded "Web traffic": visits by day, page and country.

use crate::data::Column;
use crate::data::ColumnKind;
use crate::data::Measure;
use crate::data::Model;
use crate::data::Table;
use crate::data::column::Encoded;
use crate::data::random::Random;
use crate::data::random::day;
use crate::data::random::texts;
use crate::dax::Value;

/// Days from 2026-05-25 to 2026-11-22.
const DAYS: usize = 182;

const PAGES: [&str; 6] = ["/", "/bikes", "/accessories", "/cart", "/checkout", "/help"];

const COUNTRIES: [&str; 5] = ["SE", "DE", "FR", "IT", "PL"];

/// The model, its rows not yet made.
pub(super) fn model() -> Model {
    let columns = vec![
        Column::seeded("Day", ColumnKind::DateTime)
            .described("The day")
            .formatted("yyyy-mm-dd"),
        Column::seeded("Page", ColumnKind::Text).described("Path of the page"),
        Column::seeded("Country", ColumnKind::Text).described("Country of the visitor"),
        Column::seeded("Visits", ColumnKind::Int)
            .described("Visits of the page")
            .formatted("#,0"),
        Column::seeded("Bounces", ColumnKind::Int)
            .described("Visits that ended there")
            .formatted("#,0"),
    ];
    let measure =
        |name, expression, format, description| Measure::new("Traffic", name, expression, format, description);
    Model {
        tables: vec![Table::seeded(
            "Traffic",
            "Visits per day, page and country",
            columns,
            rows,
        )],
        measures: vec![
            measure("Total visits", "SUM('Traffic'[Visits])", "#,0", "Visits of all pages"),
            measure(
                "Bounce rate",
                "DIVIDE(SUM('Traffic'[Bounces]), [Total visits])",
                "0.0%",
                "Visits that ended where they began",
            ),
        ],
        ..Model::new("Web traffic", Vec::new())
    }
}

fn rows() -> Vec<Encoded> {
    let mut random = Random::new(21);
    let per_day = PAGES.len() * COUNTRIES.len();
    let count = DAYS * per_day;
    let start = day(2026, 5, 25);
    let usual = [420.0, 260.0, 180.0, 90.0, 45.0, 30.0];
    let visits: Vec<i64> = (0..count)
        .map(|place| {
            let (page, country) = (place % per_day / COUNTRIES.len(), place % COUNTRIES.len());
            let weekend = if place / per_day % 7 >= 5 { 1.25 } else { 1.0 };
            (usual[page] * (1.3 - 0.2 * country as f64) * weekend * (0.8 + 0.4 * random.share())) as i64
        })
        .collect();
    let bounces = visits.iter().map(|visits| Value::Int((*visits as f64 * 0.38) as i64));
    vec![
        Encoded::picked(
            (0..DAYS).map(|day| Value::Date(start + day as f64)).collect(),
            (0..count).map(|place| Some(place / per_day)),
        ),
        Encoded::picked(
            texts(&PAGES),
            (0..count).map(|place| Some(place % per_day / COUNTRIES.len())),
        ),
        Encoded::picked(texts(&COUNTRIES), (0..count).map(|place| Some(place % COUNTRIES.len()))),
        Encoded::new(ColumnKind::Int, visits.iter().map(|visits| Value::Int(*visits))),
        Encoded::new(ColumnKind::Int, bounces),
    ]
}
