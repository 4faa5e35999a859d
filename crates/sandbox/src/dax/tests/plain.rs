//! Queries against what a plain evaluation by hand over the same rows gives.

use proptest::prelude::*;

use crate::data::{Column, ColumnKind, Measure, Model, Relationship, Role, Table, seed};
use crate::dax::{Cell, Identity, Limits, ResultSet, run_at};

const NOW: i64 = 1_795_435_200_000;
const REGIONS: [&str; 3] = ["North", "South", "West"];

/// Rows of region and amount, as a model with a region table, a measure and a role.
fn model(rows: &[(usize, Option<i64>)]) -> Model {
    let text = |texts: &[&str]| texts.iter().map(|it| Cell::Text((*it).into())).collect::<Vec<_>>();
    let regions = rows.iter().map(|(region, _)| Cell::Text(REGIONS[*region].into()));
    let amounts = rows.iter().map(|(_, amount)| amount.map_or(Cell::Null, Cell::Int));
    let sales = vec![
        Column::from_cells("Region", ColumnKind::Text, regions.collect::<Vec<_>>()),
        Column::from_cells("Amount", ColumnKind::Int, amounts.collect::<Vec<_>>()),
    ];
    let region = vec![
        Column::from_cells("Region", ColumnKind::Text, text(&REGIONS)),
        Column::from_cells("Owner", ColumnKind::Text, text(&["ada", "cy", "cy"])),
    ];
    Model {
        measures: vec![Measure {
            table: "Sales".into(),
            name: "Total".into(),
            expression: "SUM(Sales[Amount])".into(),
            format: String::new(),
            description: String::new(),
        }],
        relationships: vec![Relationship::new(("Sales", "Region"), ("Region", "Region"))],
        roles: vec![Role {
            name: "Own".into(),
            members: vec!["cy".into()],
            filters: vec![("Region".into(), "Region[Owner] = USERPRINCIPALNAME()".into())],
        }],
        ..Model::new("Test", vec![Table::new("Sales", sales), Table::new("Region", region)])
    }
}

fn everything() -> Identity {
    Identity {
        upn: "ada".into(),
        roles: None,
        bypass: true,
    }
}

fn ask(model: &Model, query: &str) -> ResultSet {
    run_at(model, query, &everything(), &Limits::default(), NOW).unwrap_or_else(|error| panic!("{query}: {error:?}"))
}

/// One number; a blank counts as nothing.
fn number(cell: &Cell) -> Option<i64> {
    match cell {
        Cell::Null => None,
        Cell::Int(whole) => Some(*whole),
        Cell::Number(number) => Some(*number as i64),
        other => panic!("{other:?} is no number"),
    }
}

fn sum<'a>(rows: impl Iterator<Item = &'a (usize, Option<i64>)>) -> Option<i64> {
    rows.filter_map(|(_, amount)| *amount).reduce(|a, b| a + b)
}

fn some_rows() -> impl Strategy<Value = Vec<(usize, Option<i64>)>> {
    prop::collection::vec((0..3_usize, prop::option::of(-100..100_i64)), 1..60)
}

proptest! {
    #[test]
    fn sums_by_region_are_those_of_the_rows(rows in some_rows()) {
        let answer = ask(&model(&rows), "EVALUATE SUMMARIZECOLUMNS(Region[Region], \"T\", [Total]) ORDER BY Region[Region]");
        let expected: Vec<(String, i64)> = (0..3)
            .filter_map(|at| Some((REGIONS[at].to_owned(), sum(rows.iter().filter(|it| it.0 == at))?)))
            .collect();
        let found: Vec<(String, i64)> = answer.rows.iter().map(|row| (row[0].to_text(), number(&row[1]).unwrap())).collect();
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn filters_of_calculate_replace_and_keep(rows in some_rows(), least in -100..100_i64) {
        let model = model(&rows);
        let query = format!("EVALUATE ROW(\"a\", CALCULATE([Total], Region[Region] = \"North\"), \"b\", SUMX(FILTER(Sales, Sales[Amount] > {least}), Sales[Amount]), \"c\", CALCULATE([Total], ALL(Region)))");
        let answer = ask(&model, &query);
        prop_assert_eq!(number(&answer.rows[0][0]), sum(rows.iter().filter(|it| it.0 == 0)));
        // A blank is 0 when it is compared, and adds nothing.
        let above = rows.iter().filter(|it| it.1.unwrap_or(0) > least);
        prop_assert_eq!(number(&answer.rows[0][1]).unwrap_or(0), sum(above).unwrap_or(0));
        prop_assert_eq!(number(&answer.rows[0][2]), sum(rows.iter()));
    }

    #[test]
    fn the_greatest_rows_come_first(rows in some_rows(), count in 1..10_usize) {
        let answer = ask(&model(&rows), &format!("EVALUATE TOPN({count}, VALUES(Sales[Amount]), Sales[Amount], DESC) ORDER BY Sales[Amount] DESC"));
        let mut expected: Vec<Option<i64>> = rows.iter().map(|it| it.1).collect();
        expected.sort_by_key(|it| std::cmp::Reverse(it.unwrap_or(0)));
        expected.dedup();
        prop_assert!(answer.rows.len() >= count.min(1));
        prop_assert_eq!(number(&answer.rows[0][0]).unwrap_or(0), expected[0].unwrap_or(0));
    }

    #[test]
    fn whatever_is_asked_ends_in_an_answer_or_an_error(query in "[A-Za-z(){}\\[\\]',\"=<>&|+* 0-9]{0,60}") {
        let _ = run_at(&model(&[(0, Some(1))]), &format!("EVALUATE {query}"), &everything(), &Limits::default(), NOW);
    }
}

#[test]
fn row_level_security_filters_facts_through_the_relationship() {
    let model = model(&[(0, Some(1)), (1, Some(10)), (2, Some(100))]);
    let who = Identity {
        upn: "cy".into(),
        roles: None,
        bypass: false,
    };
    let query = "EVALUATE ROW(\"T\", [Total], \"All\", CALCULATE([Total], ALL(Region)))";
    let answer = run_at(&model, query, &who, &Limits::default(), NOW).unwrap();
    assert_eq!(number(&answer.rows[0][0]), Some(110));
    assert_eq!(number(&answer.rows[0][1]), Some(110), "ALL does not lift security");
    assert_eq!(number(&ask(&model, query).rows[0][0]), Some(111));
}

#[test]
fn blanks_are_blank_in_sums_and_empty_in_text() {
    let answer = ask(
        &model(&[(0, None)]),
        "EVALUATE ROW(\"sum\", [Total], \"plus\", BLANK() + 1, \"text\", BLANK() & \"x\", \"is\", ISBLANK([Total]), \"zero\", BLANK() = 0, \"exact\", BLANK() == 0, \"div\", DIVIDE(1, 0))",
    );
    assert_eq!(answer.rows[0][0], Cell::Null);
    assert_eq!(number(&answer.rows[0][1]), Some(1));
    assert_eq!(answer.rows[0][2], Cell::Text("x".into()));
    assert_eq!(
        answer.rows[0][3..6],
        [Cell::Bool(true), Cell::Bool(true), Cell::Bool(false)]
    );
    assert_eq!(answer.rows[0][6], Cell::Null);
}

#[test]
fn too_many_rows_are_cut_and_the_answer_says_so() {
    let rows: Vec<(usize, Option<i64>)> = (0..50).map(|at| (0, Some(at))).collect();
    let limits = Limits {
        rows: 10,
        ..Limits::default()
    };
    let answer = run_at(&model(&rows), "EVALUATE Sales", &everything(), &limits, NOW).unwrap();
    assert_eq!(answer.rows.len(), 10);
    assert!(answer.truncated.unwrap().contains("10"));
}

#[test]
fn what_is_not_known_is_named_and_never_guessed() {
    let model = model(&[(0, Some(1))]);
    let error = |query: &str| run_at(&model, query, &everything(), &Limits::default(), NOW).unwrap_err();
    let unknown = error("EVALUATE ROW(\"a\", PATHLENGTH(\"x\"))");
    assert!(
        unknown.unsupported && unknown.message.contains("PATHLENGTH") && unknown.message.contains("sandbox"),
        "{unknown:?}"
    );
    for (query, named) in [
        ("EVALUATE Nothing", "Nothing"),
        ("EVALUATE VALUES(Sales[Nope])", "Nope"),
        ("EVALUATE ROW(\"a\", [No measure])", "No measure"),
    ] {
        let error = error(query);
        assert!(
            !error.unsupported && error.message.contains(named),
            "{query}: {error:?}"
        );
    }
}

#[test]
fn the_seeded_models_add_up() {
    let model = seed("Sales model").unwrap();
    let total = |query: &str| number(&ask(&model, query).rows[0][0]).unwrap();
    let whole = total("EVALUATE ROW(\"a\", [Total Sales])");
    let parts = ask(
        &model,
        "EVALUATE SUMMARIZECOLUMNS(Region[Region], \"a\", [Total Sales])",
    );
    let sum: i64 = parts.rows.iter().filter_map(|row| number(&row[1])).sum();
    assert!(whole > 0 && (whole - sum).abs() <= 10, "{whole} against {sum}");
}
