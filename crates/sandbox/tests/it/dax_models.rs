//! The seeded semantic models, asked as the API asks them: totals add up, roles hold, answers are cut and quick.

use sandbox::data;
use sandbox::dax;
use sandbox::dax::Cell;
use sandbox::dax::Identity;
use sandbox::dax::Limits;
use sandbox::dax::ResultSet;

/// 2026-11-23T09:00:00Z.
const NOW_MS: i64 = 1_795_424_400_000;

fn writer() -> Identity {
    Identity {
        upn: "bo@contoso.test".to_owned(),
        roles: None,
        bypass: true,
    }
}

fn reader(upn: &str) -> Identity {
    Identity {
        upn: upn.to_owned(),
        roles: None,
        bypass: false,
    }
}

fn ask(model: &str, who: &Identity, query: &str) -> ResultSet {
    let model = data::seed(model).unwrap();
    dax::run_at(&model, query, who, &Limits::default(), NOW_MS).unwrap_or_else(|error| panic!("{query}: {error}"))
}

fn number(cell: &Cell) -> f64 {
    match cell {
        Cell::Int(whole) => *whole as f64,
        Cell::Number(number) => *number,
        other => panic!("{other:?} is no number"),
    }
}

fn sum(answer: &ResultSet, column: usize) -> f64 {
    answer.rows.iter().map(|row| number(&row[column])).sum()
}

fn same(left: f64, right: f64) {
    assert!((left - right).abs() < 0.005, "{left} is not {right}");
}

#[test]
fn every_measure_of_every_model_has_a_value() {
    for name in data::seed_names() {
        let model = data::seed(name).unwrap();
        assert_eq!(model.name, name);
        for measure in &model.measures {
            let query = format!("EVALUATE ROW(\"x\", [{}])", measure.name.replace(']', "]]"));
            let answer = ask(name, &writer(), &query);
            assert!(answer.rows[0][0] != Cell::Null, "{name}: {}", measure.name);
        }
    }
}

#[test]
fn every_table_of_every_model_can_be_read_and_is_described_as_it_is() {
    for name in data::seed_names() {
        let model = data::seed(name).unwrap();
        for table in &model.tables {
            let quoted = table.name.replace('\'', "''");
            let answer = ask(name, &writer(), &format!("EVALUATE TOPN(3, '{quoted}')"));
            assert_eq!(answer.columns.len(), table.columns.len(), "{name}: {}", table.name);
            let lengths: Vec<usize> = table.columns.iter().map(data::Column::len).collect();
            assert!(
                lengths.iter().all(|length| *length == table.rows()),
                "{name}: {}",
                table.name
            );
            for (place, column) in table.columns.iter().enumerate() {
                let fits = answer.rows.iter().all(|row| {
                    matches!(
                        (column.kind, &row[place]),
                        (_, Cell::Null)
                            | (data::ColumnKind::Text, Cell::Text(_))
                            | (data::ColumnKind::Int, Cell::Int(_))
                            | (data::ColumnKind::Decimal | data::ColumnKind::Double, Cell::Number(_))
                            | (data::ColumnKind::DateTime, Cell::DateTime(_))
                            | (data::ColumnKind::Boolean, Cell::Bool(_))
                    )
                });
                assert!(fits, "{name}: {}[{}]", table.name, column.name);
            }
        }
        let listed = ask(name, &writer(), "EVALUATE INFO.VIEW.COLUMNS()").rows.len();
        assert_eq!(
            listed,
            model.tables.iter().map(|table| table.columns.len()).sum::<usize>()
        );
    }
}

#[test]
fn parts_of_the_sales_add_up_to_the_whole() {
    let whole = number(&ask("Sales model", &writer(), "EVALUATE ROW(\"t\", [Total Sales])").rows[0][0]);
    assert!(whole > 50_000_000.0);
    for column in [
        "'Region'[Region]",
        "'Sales'[Region]",
        "'Product'[Category]",
        "'Date'[Year month]",
        "'Customer'[Segment]",
        "'Employee'[Employee]",
        "'Sales'[Promotion]",
    ] {
        let query = format!("EVALUATE SUMMARIZECOLUMNS({column}, \"t\", [Total Sales], \"s\", [Total Quantity])");
        same(sum(&ask("Sales model", &writer(), &query), 1), whole);
    }
    let years = ask(
        "Sales model",
        &writer(),
        "EVALUATE SUMMARIZECOLUMNS('Date'[Year], \"t\", [Total Sales], \"b\", [Sales last year]) ORDER BY 'Date'[Year]",
    );
    assert_eq!(
        years.rows[1][2], years.rows[0][1],
        "last year's sales of 2025 are the sales of 2024"
    );
    let november = "EVALUATE ROW(\"t\", CALCULATE([Total Sales], 'Date'[Year month] = \"2026-11\"))";
    assert!(number(&ask("Sales model", &writer(), november).rows[0][0]) > 1_000_000.0);
}

#[test]
fn a_region_manager_sees_one_region_and_a_writer_all() {
    let query = "EVALUATE SUMMARIZECOLUMNS('Region'[Region], \"t\", [Total Sales], \"share\", [Share of all regions]) ORDER BY 'Region'[Region]";
    let all = ask("Sales model", &writer(), query);
    assert_eq!(all.rows.len(), 5);
    for (upn, region) in [("cy@contoso.test", "North"), ("Di@Contoso.Test", "South")] {
        let own = ask("Sales model", &reader(upn), query);
        assert_eq!(own.rows.len(), 1);
        let whole = all
            .rows
            .iter()
            .find(|row| row[0] == Cell::Text(region.to_owned()))
            .unwrap();
        assert_eq!(own.rows[0][..2], whole[..2]);
        assert_eq!(own.rows[0][2], Cell::Number(1.0));
        let rows = ask(
            "Sales model",
            &reader(upn),
            "EVALUATE ROW(\"n\", COUNTROWS(ALL('Sales')), \"r\", COUNTROWS(ALL('Region')))",
        );
        assert_eq!(rows.rows[0][1], Cell::Int(1));
        assert!(number(&rows.rows[0][0]) < 60_000.0);
    }
    let model = data::seed("Sales model").unwrap();
    let outsider = dax::run_at(
        &model,
        "EVALUATE 'Region'",
        &reader("flo@contoso.test"),
        &Limits::default(),
        NOW_MS,
    );
    assert!(outsider.is_err());
}

#[test]
fn the_big_model_gives_more_rows_than_an_answer_may_hold() {
    let answer = ask("Big model", &writer(), "EVALUATE Readings");
    assert_eq!(answer.rows.len(), 100_000);
    assert_eq!(
        answer.truncated.as_deref(),
        Some("More than 100000 rows in a query result")
    );
    let wide = ask("Sales model", &writer(), "EVALUATE Sales");
    assert_eq!(
        wide.truncated.as_deref(),
        Some("More than 1000000 values in a query result")
    );
    assert_eq!(wide.rows.len(), 83_333);
}

#[test]
fn hard_names_can_be_asked_for() {
    let name = data::seed_names().find(|name| name.contains("O'Brien")).unwrap();
    let query = "EVALUATE SUMMARIZECOLUMNS('Kunden & Partner 👥'[Kunde], \"€\", [Umsatz € 💶]) ORDER BY 'Kunden & Partner 👥'[Kunde]";
    let answer = ask(name, &reader("eve@contoso.test"), query);
    assert_eq!(answer.columns, ["Kunden & Partner 👥[Kunde]", "[€]"]);
    assert_eq!(answer.rows.len(), 8);
    let bracket = "EVALUATE ROW(\"x\", SUM('Aufträge \"2026\"'[Betrag [€]]]))";
    same(number(&ask(name, &writer(), bracket).rows[0][0]), sum(&answer, 1));
    assert_eq!(ask(name, &writer(), "EVALUATE 'O''Brien''s list'").rows.len(), 3);
}

#[test]
fn books_and_stock_make_sense() {
    let books = ask(
        "Finance model",
        &writer(),
        "EVALUATE SUMMARIZECOLUMNS('Account'[Kind], \"a\", [Actual]) ORDER BY 'Account'[Kind] DESC",
    );
    let result = number(&ask("Finance model", &writer(), "EVALUATE ROW(\"r\", [Result])").rows[0][0]);
    same(number(&books.rows[0][1]) - number(&books.rows[1][1]), result);
    let closed = "EVALUATE ROW(\"v\", CALCULATE([Variance %], 'Month'[Year] = 2025))";
    assert!(number(&ask("Finance model", &writer(), closed).rows[0][0]).abs() < 0.05);
    let stock = ask(
        "Inventory",
        &writer(),
        "EVALUATE SUMMARIZECOLUMNS('Warehouse'[Warehouse], \"s\", [Stock on hand])",
    );
    assert_eq!(stock.rows.len(), 4);
    let modes = ask(
        "Inventory",
        &writer(),
        "EVALUATE DISTINCT(SELECTCOLUMNS(INFO.VIEW.TABLES(), \"m\", [StorageMode]))",
    );
    assert_eq!(modes.rows, [[Cell::Text("DirectQuery".to_owned())]]);
}

#[test]
fn sums_over_tens_of_thousands_of_groups_are_made() {
    // Some 20,000 groups, each with the same days of the year before.
    let heavy = "EVALUATE ROW(\"n\", COUNTROWS(SUMMARIZECOLUMNS('Customer'[Customer], 'Product'[Subcategory], \"t\", [Total Sales], \"b\", [Sales last year])))";
    let groups = number(&ask("Sales model", &writer(), heavy).rows[0][0]);
    assert!((10_000.0..100_000.0).contains(&groups), "{groups}");
}

#[test]
fn hundreds_of_thousands_of_rows_are_asked() {
    let rows = ask("Big model", &writer(), "EVALUATE ROW(\"n\", [Readings taken])");
    assert_eq!(rows.rows[0][0], Cell::Int(300_000));
    for (query, lines) in [
        (
            "EVALUATE ROW(\"n\", CALCULATE([Readings taken], 'Readings'[Device] = \"Sensor 07\"))",
            1,
        ),
        ("EVALUATE TOPN(5, VALUES('Readings'[Device]), [Alarms], DESC)", 5),
    ] {
        assert!(lines <= ask("Big model", &writer(), query).rows.len(), "{query}");
    }
}
