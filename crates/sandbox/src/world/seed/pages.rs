//! The pages of the seeded reports: titles over DAX table expressions.

use std::sync::Arc;

use crate::world::ids::Kind;
use crate::world::ids::seeded;
use crate::world::report::Page;
use crate::world::report::RdlParameter;
use crate::world::report::RdlSource;
use crate::world::report::ReportKind;
use crate::world::report::Visual;
use crate::world::seed::infrastructure::gateway;

/// A visual as title, table and order.
type VisualText = (&'static str, &'static str, &'static str);
/// A page as title, whether it is hidden, and its visuals.
type PageText = (&'static str, bool, &'static [VisualText]);

/// Pages numbered in order, each with the visuals given as title, table and order.
fn pages(texts: &[PageText]) -> Arc<Vec<Page>> {
    let page = |(number, (title, hidden, visuals)): (usize, &PageText)| {
        let visual = |(place, (title, table, order_by)): (usize, &VisualText)| Visual {
            name: format!("Visual{number}{place}"),
            title: (*title).to_owned(),
            table: (*table).to_owned(),
            order_by: (!order_by.is_empty()).then(|| (*order_by).to_owned()),
        };
        Page {
            // The first page of a report carries no number.
            name: if number == 0 {
                "ReportSection".to_owned()
            } else {
                format!("ReportSection{number}")
            },
            title: (*title).to_owned(),
            hidden: *hidden,
            visuals: visuals.iter().enumerate().map(visual).collect(),
        }
    };
    Arc::new(texts.iter().enumerate().map(page).collect())
}

/// Four pages for readers and one that is hidden from them.
pub(super) fn sales() -> Arc<Vec<Page>> {
    pages(&[
        (
            "Overview",
            false,
            &[
                (
                    "Revenue by region",
                    "SUMMARIZECOLUMNS('Region'[Region], \"Revenue\", [Total Sales], \"Orders\", [Orders])",
                    "[Revenue] DESC",
                ),
                (
                    "Revenue by year",
                    "SUMMARIZECOLUMNS('Date'[Year], \"Revenue\", [Total Sales])",
                    "'Date'[Year]",
                ),
            ],
        ),
        (
            "Products",
            false,
            &[(
                "Best products",
                "TOPN(15, SUMMARIZECOLUMNS('Product'[Product], \"Revenue\", [Total Sales], \"Pieces\", [Total Quantity]), [Revenue], DESC)",
                "[Revenue] DESC",
            )],
        ),
        (
            "Customers",
            false,
            &[(
                "Segments",
                "SUMMARIZECOLUMNS('Customer'[Segment], \"Revenue\", [Total Sales])",
                "[Revenue] DESC",
            )],
        ),
        (
            "Months",
            false,
            &[(
                "Revenue by month",
                "SUMMARIZECOLUMNS('Date'[Year month], \"Revenue\", [Total Sales])",
                "'Date'[Year month]",
            )],
        ),
        (
            "Notes",
            true,
            &[(
                "Employees",
                "SUMMARIZECOLUMNS('Employee'[Team], \"Orders\", [Orders])",
                "",
            )],
        ),
    ])
}

/// Four pages for readers and one that is hidden from them.
pub(super) fn finance() -> Arc<Vec<Page>> {
    pages(&[
        (
            "Overview",
            false,
            &[(
                "Actual and plan",
                "SUMMARIZECOLUMNS('Month'[Year], \"Actual\", [Actual], \"Planned\", [Planned])",
                "'Month'[Year]",
            )],
        ),
        (
            "Accounts",
            false,
            &[(
                "By account",
                "SUMMARIZECOLUMNS('Account'[Account name], \"Actual\", [Actual])",
                "[Actual] DESC",
            )],
        ),
        (
            "Cost centres",
            false,
            &[(
                "By cost centre",
                "SUMMARIZECOLUMNS('Cost centre'[Cost centre], \"Costs\", [Costs], \"Revenue\", [Revenue])",
                "",
            )],
        ),
        (
            "Result",
            false,
            &[(
                "Revenue and costs",
                "ROW(\"Revenue\", [Revenue], \"Costs\", [Costs], \"Result\", [Result])",
                "",
            )],
        ),
        (
            "Working",
            true,
            &[("Kinds", "SUMMARIZECOLUMNS('Account'[Kind], \"Actual\", [Actual])", "")],
        ),
    ])
}

pub(super) fn stock() -> Arc<Vec<Page>> {
    pages(&[(
        "Stock",
        false,
        &[(
            "By warehouse",
            "SUMMARIZECOLUMNS('Warehouse'[Warehouse], \"On hand\", [Stock on hand])",
            "",
        )],
    )])
}

pub(super) fn tickets() -> Arc<Vec<Page>> {
    pages(&[(
        "Tickets",
        false,
        &[(
            "By area",
            "SUMMARIZECOLUMNS('Tickets'[Area], \"Tickets\", [Ticket count])",
            "[Tickets] DESC",
        )],
    )])
}

pub(super) fn traffic() -> Arc<Vec<Page>> {
    pages(&[(
        "Visits",
        false,
        &[(
            "By country",
            "SUMMARIZECOLUMNS('Traffic'[Country], \"Visits\", [Total visits])",
            "[Visits] DESC",
        )],
    )])
}

pub(super) fn customers() -> Arc<Vec<Page>> {
    pages(&[(
        "Umsatz",
        false,
        &[(
            "Umsatz",
            "ROW(\"Umsatz\", [Umsatz € 💶], \"Aufträge\", [Anzahl Aufträge])",
            "",
        )],
    )])
}

/// A paginated report over the sales model; it asks for a region.
pub(super) fn order_slip() -> ReportKind {
    let regions = ["North", "South", "East", "West", "Central"]
        .map(str::to_owned)
        .to_vec();
    ReportKind::Paginated {
        table: "TOPN(50, FILTER(SUMMARIZECOLUMNS('Sales'[Order number], 'Sales'[Region], \"Amount\", [Total Sales]), 'Sales'[Region] IN {@Region}), [Amount], DESC)".to_owned(),
        parameters: vec![RdlParameter { name: "Region".to_owned(), is_number: false, default: Vec::new(), allowed: regions }],
        source: source(7, "Sales model"),
    }
}

/// A paginated report over the finance model; it takes a year, and kinds of accounts.
pub(super) fn booking_list() -> ReportKind {
    let kinds = ["Revenue", "Cost"].map(str::to_owned).to_vec();
    let table = "FILTER(SUMMARIZECOLUMNS('Month'[Year], 'Account'[Kind], 'Account'[Account name], \"Booked\", [Actual]), 'Month'[Year] = @Year && 'Account'[Kind] IN {@Kind})";
    ReportKind::Paginated {
        table: table.to_owned(),
        parameters: vec![
            RdlParameter {
                name: "Year".to_owned(),
                is_number: true,
                default: vec!["2026".to_owned()],
                allowed: Vec::new(),
            },
            RdlParameter {
                name: "Kind".to_owned(),
                is_number: false,
                default: kinds.clone(),
                allowed: kinds,
            },
        ],
        source: source(8, "Finance model"),
    }
}

fn source(number: u64, database: &str) -> RdlSource {
    RdlSource {
        id: seeded(Kind::Datasource, number),
        gateway: gateway(),
        server: "powerbi://api.powerbi.test/v1.0/myorg".to_owned(),
        database: database.to_owned(),
    }
}
