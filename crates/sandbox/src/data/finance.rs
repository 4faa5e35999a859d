//! The seeded "Finance model": bookings by account, cost centre and month, against a budget.

use jiff::ToSpan;
use jiff::civil::Date;

use crate::data::Column;
use crate::data::ColumnKind;
use crate::data::Measure;
use crate::data::Model;
use crate::data::Relationship;
use crate::data::Table;
use crate::data::column::Encoded;
use crate::data::random::Random;
use crate::data::random::cents;
use crate::data::random::texts;
use crate::dax::Value;
use crate::dax::convert::days_of_date;

/// Number, name, kind and usual amount per month and cost centre.
const ACCOUNTS: [(i64, &str, &str, f64); 10] = [
    (4000, "Product revenue", "Revenue", 182_000.0),
    (4100, "Service revenue", "Revenue", 46_000.0),
    (5000, "Materials", "Cost", 71_000.0),
    (6000, "Salaries", "Cost", 64_000.0),
    (6100, "Social security", "Cost", 13_500.0),
    (6200, "Rent", "Cost", 9_800.0),
    (6300, "Marketing", "Cost", 11_200.0),
    (6400, "Travel", "Cost", 3_400.0),
    (6500, "Software", "Cost", 5_600.0),
    (6900, "Depreciation", "Cost", 7_300.0),
];

const CENTRES: [&str; 6] = [
    "Production",
    "Sales",
    "Service",
    "Logistics",
    "Administration",
    "Research",
];

const BOOKINGS: usize = 16;

/// The model, its rows not yet made.
pub(super) fn model() -> Model {
    let month = |name| {
        Column::seeded(name, ColumnKind::DateTime)
            .described("First day of the month")
            .formatted("yyyy-mm")
    };
    let amount = || {
        Column::seeded("Amount", ColumnKind::Decimal)
            .described("Amount in euros")
            .formatted("#,0.00")
    };
    let account = || Column::seeded("Account", ColumnKind::Int).described("Number of the account");
    let centre = || Column::seeded("Cost centre", ColumnKind::Text).described("Who earned or spent it");
    let ledger = vec![
        Column::seeded("Entry", ColumnKind::Int).described("Number of the booking"),
        month("Month"),
        account(),
        centre(),
        Column::seeded("Text", ColumnKind::Text).described("What was written with the booking, may be blank"),
        amount(),
    ];
    let budget = vec![month("Month"), account(), centre(), amount()];
    let accounts = vec![
        account(),
        Column::seeded("Account name", ColumnKind::Text).described("Name of the account"),
        Column::seeded("Kind", ColumnKind::Text).described("Revenue or Cost"),
    ];
    let months = vec![
        month("Month"),
        Column::seeded("Year", ColumnKind::Int).described("Calendar year"),
        Column::seeded("Month name", ColumnKind::Text).described("Such as Oct 2026"),
    ];
    let centres = vec![centre()];
    let mut relationships = Vec::new();
    for table in ["Ledger", "Budget"] {
        relationships.push(Relationship::new((table, "Account"), ("Account", "Account")));
        relationships.push(Relationship::new((table, "Month"), ("Month", "Month")));
        relationships.push(Relationship::new(
            (table, "Cost centre"),
            ("Cost centre", "Cost centre"),
        ));
    }
    Model {
        tables: vec![
            Table::seeded("Ledger", "One row per booking", ledger, bookings),
            Table::seeded("Budget", "One row per month, account and cost centre", budget, budgets),
            Table::seeded("Account", "The accounts", accounts, chart),
            Table::seeded("Month", "January 2025 to December 2026", months, calendar),
            Table::seeded("Cost centre", "Who earns and spends", centres, || {
                vec![each(texts(&CENTRES))]
            }),
        ],
        measures: measures(),
        relationships,
        ..Model::new("Finance model", Vec::new())
    }
}

fn measures() -> Vec<Measure> {
    let measure = |name, expression, description| Measure::new("Ledger", name, expression, "#,0.00", description);
    vec![
        measure("Actual", "SUM('Ledger'[Amount])", "What was booked, in euros"),
        measure("Planned", "SUM('Budget'[Amount])", "What was planned, in euros"),
        measure("Variance", "[Actual] - [Planned]", "Booked less planned, in euros"),
        Measure::new(
            "Ledger",
            "Variance %",
            "DIVIDE([Variance], [Planned])",
            "0.0%",
            "Variance as a part of the plan",
        ),
        measure(
            "Revenue",
            "CALCULATE([Actual], 'Account'[Kind] = \"Revenue\")",
            "Booked revenue, in euros",
        ),
        measure(
            "Costs",
            "CALCULATE([Actual], 'Account'[Kind] = \"Cost\")",
            "Booked costs, in euros",
        ),
        measure("Result", "[Revenue] - [Costs]", "Revenue less costs, in euros"),
    ]
}

fn months() -> Vec<Date> {
    let end = Date::constant(2026, 12, 1);
    Date::constant(2025, 1, 1)
        .series(1.month())
        .take_while(|month| *month <= end)
        .collect()
}

fn month_values() -> Vec<Value> {
    months()
        .into_iter()
        .map(|month| Value::Date(days_of_date(month)))
        .collect()
}

fn each(values: Vec<Value>) -> Encoded {
    let count = values.len();
    Encoded::picked(values, (0..count).map(Some))
}

fn calendar() -> Vec<Encoded> {
    let months = months();
    vec![
        each(month_values()),
        Encoded::new(
            ColumnKind::Int,
            months.iter().map(|month| Value::Int(i64::from(month.year()))),
        ),
        each(
            months
                .iter()
                .map(|month| Value::text(month.strftime("%b %Y").to_string()))
                .collect(),
        ),
    ]
}

fn numbers() -> Vec<Value> {
    ACCOUNTS.iter().map(|account| Value::Int(account.0)).collect()
}

fn chart() -> Vec<Encoded> {
    vec![
        each(numbers()),
        each(ACCOUNTS.iter().map(|account| Value::text(account.1)).collect()),
        Encoded::new(ColumnKind::Text, ACCOUNTS.iter().map(|account| Value::text(account.2))),
    ]
}

/// Every month, account and cost centre, by places.
fn grid(months: usize) -> Vec<(usize, usize, usize)> {
    let accounts = |month| (0..ACCOUNTS.len()).map(move |account| (month, account));
    (0..months)
        .flat_map(accounts)
        .flat_map(|(month, account)| (0..CENTRES.len()).map(move |centre| (month, account, centre)))
        .collect()
}

fn budgets() -> Vec<Encoded> {
    let grid = grid(months().len());
    let planned = |&(month, account, centre): &(usize, usize, usize)| {
        let usual = ACCOUNTS[account].3 * (1.2 - 0.08 * centre as f64) * (1.0 + 0.004 * month as f64);
        Value::Number((usual / 100.0).round() * 100.0)
    };
    vec![
        Encoded::picked(month_values(), grid.iter().map(|place| Some(place.0))),
        Encoded::picked(numbers(), grid.iter().map(|place| Some(place.1))),
        Encoded::picked(texts(&CENTRES), grid.iter().map(|place| Some(place.2))),
        Encoded::new(ColumnKind::Decimal, grid.iter().map(planned)),
    ]
}

/// Bookings up to and with October 2026.
fn bookings() -> Vec<Encoded> {
    let mut random = Random::new(7);
    let grid = grid(22);
    let rows: Vec<(usize, usize, usize)> = grid
        .iter()
        .flat_map(|place| std::iter::repeat_n(*place, BOOKINGS))
        .collect();
    let mut texts_of = Vec::with_capacity(rows.len());
    let mut amounts = Vec::with_capacity(rows.len());
    for (month, account, centre) in &rows {
        let usual = ACCOUNTS[*account].3 * (1.2 - 0.08 * *centre as f64) * (1.0 + 0.004 * *month as f64);
        amounts.push(Value::Number(cents(
            usual / BOOKINGS as f64 * (0.7 + 0.6 * random.share()),
        )));
        texts_of.push(match random.below(8) {
            0 => Some(0),
            1 => Some(1),
            2 => Some(2),
            _ => None,
        });
    }
    vec![
        each((1..).take(rows.len()).map(Value::Int).collect()),
        Encoded::picked(month_values(), rows.iter().map(|place| Some(place.0))),
        Encoded::picked(numbers(), rows.iter().map(|place| Some(place.1))),
        Encoded::picked(texts(&CENTRES), rows.iter().map(|place| Some(place.2))),
        Encoded::picked(texts(&["Correction", "Accrual", "See invoice"]), texts_of),
        Encoded::new(ColumnKind::Decimal, amounts),
    ]
}
