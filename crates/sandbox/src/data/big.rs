//! The seeded "Big model": more rows in one table than a query may answer with.

use crate::data::Column;
use crate::data::ColumnKind;
use crate::data::Measure;
use crate::data::Model;
use crate::data::Table;
use crate::data::column::Encoded;
use crate::data::random::Random;
use crate::data::random::day;
use crate::dax::Value;

const ROWS: usize = 300_000;

/// The model, its rows not yet made.
pub(super) fn model() -> Model {
    let columns = vec![
        Column::seeded("Reading", ColumnKind::Int).described("Number of the reading"),
        Column::seeded("At", ColumnKind::DateTime).described("When it was read"),
        Column::seeded("Device", ColumnKind::Text).described("Which device read it"),
        Column::seeded("Temperature", ColumnKind::Double)
            .described("Degrees Celsius")
            .formatted("0.0"),
        Column::seeded("Alarm", ColumnKind::Boolean).described("Whether the device raised an alarm"),
    ];
    let measure =
        |name, expression, format, description| Measure::new("Readings", name, expression, format, description);
    Model {
        tables: vec![Table::seeded("Readings", "One row per minute", columns, readings)],
        measures: vec![
            measure("Readings taken", "COUNTROWS('Readings')", "#,0", "Number of readings"),
            measure(
                "Average temperature",
                "AVERAGE('Readings'[Temperature])",
                "0.0",
                "Mean of the temperature",
            ),
            measure(
                "Alarms",
                "COUNTROWS(FILTER('Readings', 'Readings'[Alarm]))",
                "#,0",
                "Readings with an alarm",
            ),
        ],
        ..Model::new("Big model", Vec::new())
    }
}

fn readings() -> Vec<Encoded> {
    let mut random = Random::new(3);
    let start = day(2026, 4, 1);
    let tenths: Vec<i64> = (0..ROWS).map(|minute| temperature(minute, random.share())).collect();
    let devices = (0..ROWS).map(|minute| Some(minute * 7 % 24));
    let names: Vec<Value> = (1..=24)
        .map(|number| Value::text(format!("Sensor {number:02}")))
        .collect();
    vec![
        Encoded::picked((1..).take(ROWS).map(Value::Int).collect(), (0..ROWS).map(Some)),
        Encoded::picked(
            (0..ROWS)
                .map(|minute| Value::Date(start + minute as f64 / 1440.0))
                .collect(),
            (0..ROWS).map(Some),
        ),
        Encoded::picked(names, devices),
        Encoded::new(
            ColumnKind::Double,
            tenths.iter().map(|tenths| Value::Number(*tenths as f64 / 10.0)),
        ),
        Encoded::new(
            ColumnKind::Boolean,
            tenths.iter().map(|tenths| Value::Bool(*tenths > 262)),
        ),
    ]
}

/// Tenths of a degree: warm days, cool nights and some noise.
fn temperature(minute: usize, share: f64) -> i64 {
    let of_day = (minute % 1440) as f64 / 1440.0 * std::f64::consts::TAU;
    (185.0 - 60.0 * of_day.cos() + 50.0 * (share - 0.5)).round() as i64
}
