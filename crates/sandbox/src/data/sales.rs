//! The seeded "Sales model": orders by day, region, product, customer and employee, with row-level security.

use crate::data::Column;
use crate::data::ColumnKind;
use crate::data::Measure;
use crate::data::Model;
use crate::data::Relationship;
use crate::data::Role;
use crate::data::Table;
use crate::data::sales_rows;

/// The model, its rows not yet made.
pub(super) fn model() -> Model {
    Model {
        tables: vec![sales(), date(), region(), product(), customer(), employee()],
        measures: measures(),
        relationships: vec![
            Relationship::new(("Sales", "Order date"), ("Date", "Date")),
            Relationship::new(("Sales", "Region"), ("Region", "Region")),
            Relationship::new(("Sales", "Product key"), ("Product", "Product key")),
            Relationship::new(("Sales", "Customer key"), ("Customer", "Customer key")),
            Relationship::new(("Sales", "Employee key"), ("Employee", "Employee key")),
        ],
        roles: vec![Role {
            name: "Region manager".to_owned(),
            members: ["cy@contoso.test", "di@contoso.test"].map(str::to_owned).to_vec(),
            filters: vec![(
                "Region".to_owned(),
                "'Region'[Manager] = USERPRINCIPALNAME()".to_owned(),
            )],
        }],
        ..Model::new("Sales model", Vec::new())
    }
}

fn sales() -> Table {
    let columns = vec![
        Column::seeded("Line", ColumnKind::Int)
            .described("Number of the order line")
            .hidden(),
        Column::seeded("Order number", ColumnKind::Text).described("Number of the order"),
        Column::seeded("Order date", ColumnKind::DateTime)
            .described("Day of the order")
            .formatted("yyyy-mm-dd"),
        Column::seeded("Region", ColumnKind::Text).described("Sales region"),
        Column::seeded("Product key", ColumnKind::Int).hidden(),
        Column::seeded("Customer key", ColumnKind::Int).hidden(),
        Column::seeded("Employee key", ColumnKind::Int).hidden(),
        Column::seeded("Promotion", ColumnKind::Text).described("Promotion the line was sold under, blank for none"),
        Column::seeded("Quantity", ColumnKind::Int)
            .described("Pieces sold")
            .formatted("#,0"),
        Column::seeded("Unit price", ColumnKind::Decimal)
            .described("Price per piece after discount, in euros")
            .formatted("#,0.00"),
        Column::seeded("Amount", ColumnKind::Decimal)
            .described("Quantity times unit price, in euros")
            .formatted("#,0.00"),
        Column::seeded("Cost", ColumnKind::Decimal)
            .described("What the pieces cost us, in euros")
            .formatted("#,0.00"),
    ];
    Table::seeded("Sales", "One row per order line", columns, sales_rows::sales)
}

fn date() -> Table {
    let columns = vec![
        Column::seeded("Date", ColumnKind::DateTime)
            .described("The day")
            .formatted("yyyy-mm-dd"),
        Column::seeded("Year", ColumnKind::Int).described("Calendar year"),
        Column::seeded("Quarter", ColumnKind::Text).described("Q1 to Q4"),
        Column::seeded("Month number", ColumnKind::Int).described("1 to 12"),
        Column::seeded("Month", ColumnKind::Text).described("Name of the month"),
        Column::seeded("Year month", ColumnKind::Text).described("Year and month, such as 2026-10"),
        Column::seeded("Weekday", ColumnKind::Text).described("Name of the day of the week"),
    ];
    Table::seeded("Date", "Every day of 2024, 2025 and 2026", columns, sales_rows::dates)
}

fn region() -> Table {
    let columns = vec![
        Column::seeded("Region", ColumnKind::Text).described("Sales region"),
        Column::seeded("Country", ColumnKind::Text).described("Main country of the region"),
        Column::seeded("Manager", ColumnKind::Text)
            .described("User principal name of the manager, who sees this region")
            .hidden(),
    ];
    Table::seeded(
        "Region",
        "Sales regions and who manages them",
        columns,
        sales_rows::regions,
    )
}

fn product() -> Table {
    let columns = vec![
        Column::seeded("Product key", ColumnKind::Int).hidden(),
        Column::seeded("Product", ColumnKind::Text).described("Name of the product"),
        Column::seeded("Category", ColumnKind::Text).described("Bikes, Clothing, Accessories or Components"),
        Column::seeded("Subcategory", ColumnKind::Text).described("Finer than the category"),
        Column::seeded("Color", ColumnKind::Text).described("Main color, blank where it has none"),
        Column::seeded("List price", ColumnKind::Decimal)
            .described("Price before discount, in euros")
            .formatted("#,0.00"),
        Column::seeded("Discontinued", ColumnKind::Boolean).described("No longer made"),
    ];
    Table::seeded("Product", "What we sell", columns, sales_rows::products)
}

fn customer() -> Table {
    let columns = vec![
        Column::seeded("Customer key", ColumnKind::Int).hidden(),
        Column::seeded("Customer", ColumnKind::Text).described("Name of the customer"),
        Column::seeded("Segment", ColumnKind::Text).described("Consumer, Dealer or Corporate"),
        Column::seeded("City", ColumnKind::Text).described("Where the customer is"),
        Column::seeded("Since", ColumnKind::DateTime).described("First contact, blank where it is not known"),
    ];
    Table::seeded("Customer", "Who buys from us", columns, sales_rows::customers)
}

fn employee() -> Table {
    let columns = vec![
        Column::seeded("Employee key", ColumnKind::Int).hidden(),
        Column::seeded("Employee", ColumnKind::Text).described("Name of the seller"),
        Column::seeded("Team", ColumnKind::Text).described("Field, Inside or Online"),
    ];
    Table::seeded("Employee", "Who sells", columns, sales_rows::employees)
}

fn measures() -> Vec<Measure> {
    let measure = |name, expression, format, description| Measure::new("Sales", name, expression, format, description);
    vec![
        measure("Total Sales", "SUM('Sales'[Amount])", "#,0.00", "Revenue in euros"),
        measure(
            "Total Cost",
            "SUM('Sales'[Cost])",
            "#,0.00",
            "Cost of what was sold, in euros",
        ),
        measure("Total Quantity", "SUM('Sales'[Quantity])", "#,0", "Pieces sold"),
        measure(
            "Orders",
            "DISTINCTCOUNT('Sales'[Order number])",
            "#,0",
            "Number of orders",
        ),
        measure(
            "Average price",
            "DIVIDE([Total Sales], [Total Quantity])",
            "#,0.00",
            "Revenue per piece, in euros",
        ),
        measure(
            "Margin",
            "[Total Sales] - [Total Cost]",
            "#,0.00",
            "Revenue less cost, in euros",
        ),
        measure(
            "Margin %",
            "DIVIDE([Margin], [Total Sales])",
            "0.0%",
            "Margin as a part of revenue",
        ),
        measure(
            "Sales last year",
            "CALCULATE([Total Sales], SAMEPERIODLASTYEAR('Date'[Date]))",
            "#,0.00",
            "Revenue of the same days one year before, in euros",
        ),
        measure(
            "Growth %",
            "VAR before = [Sales last year] RETURN DIVIDE([Total Sales] - before, before)",
            "0.0%",
            "Growth of revenue over the same days one year before",
        ),
        measure(
            "Sales year to date",
            "TOTALYTD([Total Sales], 'Date'[Date])",
            "#,0.00",
            "Revenue since 1 January, in euros",
        ),
        measure(
            "Share of all regions",
            "DIVIDE([Total Sales], CALCULATE([Total Sales], ALL('Region')))",
            "0.0%",
            "Revenue as a part of that of all regions the reader may see",
        ),
    ]
}
