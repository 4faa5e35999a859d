//! Queries over random rows against the same question answered by plain loops over the rows.

use std::collections::BTreeMap;

use proptest::prelude::*;

use crate::data::Column;
use crate::data::ColumnKind;
use crate::data::Measure;
use crate::data::Model;
use crate::data::Relationship;
use crate::data::Table;
use crate::dax::Cell;
use crate::dax::Identity;
use crate::dax::Limits;
use crate::dax::ResultSet;
use crate::dax::Value;
use crate::dax::run_at;

/// Color per product key 0 to 4; keys 5 and 6 exist in the facts only.
const COLORS: [&str; 5] = ["Red", "Blue", "Red", "Green", "Blue"];

/// One fact: product, region, quantity, cents.
type Fact = (usize, usize, Option<i64>, i64);

fn facts() -> impl Strategy<Value = Vec<Fact>> {
    prop::collection::vec(
        (
            0..7_usize,
            0..3_usize,
            prop::option::weighted(0.8, -5..20_i64),
            0..100_000_i64,
        ),
        0..200,
    )
}

fn region(fact: &Fact) -> Option<&'static str> {
    [None, Some("North"), Some("South")][fact.1]
}

fn color(fact: &Fact) -> Option<&'static str> {
    COLORS.get(fact.0).copied()
}

fn model(facts: &[Fact]) -> Model {
    let text = |text: Option<&str>| text.map_or(Value::Blank, Value::text);
    let whole = |place: usize| Value::Int(i64::try_from(place).unwrap());
    let sales = Table::new(
        "Sales",
        vec![
            Column::new("Key", ColumnKind::Int, facts.iter().map(|fact| whole(fact.0))),
            Column::new("Region", ColumnKind::Text, facts.iter().map(|fact| text(region(fact)))),
            Column::new(
                "Quantity",
                ColumnKind::Int,
                facts.iter().map(|fact| fact.2.map_or(Value::Blank, Value::Int)),
            ),
            Column::new(
                "Amount",
                ColumnKind::Decimal,
                facts.iter().map(|fact| Value::Number(fact.3 as f64 / 100.0)),
            ),
        ],
    );
    let product = Table::new(
        "Product",
        vec![
            Column::new("Key", ColumnKind::Int, (0..COLORS.len()).map(whole)),
            Column::new("Color", ColumnKind::Text, COLORS.map(Value::text)),
        ],
    );
    let measure = |name: &str, expression: &str| Measure {
        table: "Sales".to_owned(),
        name: name.to_owned(),
        expression: expression.to_owned(),
        ..Measure::default()
    };
    Model {
        measures: vec![
            measure("Total", "SUM(Sales[Amount])"),
            measure("Units", "SUM(Sales[Quantity])"),
        ],
        relationships: vec![Relationship {
            from_table: "Sales".to_owned(),
            from_column: "Key".to_owned(),
            to_table: "Product".to_owned(),
            to_column: "Key".to_owned(),
        }],
        ..Model::new("Random", vec![sales, product])
    }
}

fn ask(model: &Model, query: &str) -> ResultSet {
    run_at(model, query, &Identity::default(), &Limits::default(), 0).unwrap_or_else(|error| panic!("{query}: {error}"))
}

fn scalar(model: &Model, expression: &str) -> Cell {
    ask(model, &format!("EVALUATE ROW(\"x\", {expression})")).rows[0][0].clone()
}

/// A sum of cents as the engine gives it; nothing to add is a blank.
fn money<'a>(facts: impl Iterator<Item = &'a Fact>) -> Cell {
    let cents: Vec<i64> = facts.map(|fact| fact.3).collect();
    if cents.is_empty() {
        Cell::Null
    } else {
        Cell::Number(cents.iter().sum::<i64>() as f64 / 100.0)
    }
}

fn units<'a>(facts: impl Iterator<Item = &'a Fact>) -> Cell {
    let known: Vec<i64> = facts.filter_map(|fact| fact.2).collect();
    if known.is_empty() {
        Cell::Null
    } else {
        Cell::Int(known.iter().sum())
    }
}

fn name(text: Option<&str>) -> Cell {
    text.map_or(Cell::Null, |text| Cell::Text(text.to_owned()))
}

type Groups = BTreeMap<(Option<&'static str>, Option<&'static str>), Vec<Fact>>;

fn grouped(facts: &[Fact]) -> Groups {
    let mut groups = Groups::new();
    for fact in facts {
        groups.entry((color(fact), region(fact))).or_default().push(*fact);
    }
    groups
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn summarizecolumns_is_a_group_by(facts in facts()) {
        let expected: Vec<Vec<Cell>> = grouped(&facts)
            .into_iter()
            .map(|((color, region), own)| vec![name(color), name(region), money(own.iter()), units(own.iter())])
            .collect();
        let model = model(&facts);
        let order = "ORDER BY Product[Color], Sales[Region]";
        let query = format!("EVALUATE SUMMARIZECOLUMNS(Product[Color], Sales[Region], \"t\", [Total], \"u\", [Units]) {order}");
        prop_assert_eq!(&ask(&model, &query).rows, &expected);
        // The same by another way: groups first, then measures for each.
        let query = format!("EVALUATE ADDCOLUMNS(SUMMARIZE(Sales, Product[Color], Sales[Region]), \"t\", [Total], \"u\", [Units]) {order}");
        prop_assert_eq!(&ask(&model, &query).rows, &expected);
        // And without the shortcut for measures that are blank where there are no facts.
        let query = format!(
            "EVALUATE FILTER(SUMMARIZECOLUMNS(Product[Color], Sales[Region], \"t\", [Total], \"u\", [Units], \"n\", IF(TRUE(), COUNTROWS(Sales))), [n] > 0) {order}"
        );
        let by_crossing: Vec<Vec<Cell>> = ask(&model, &query).rows.into_iter().map(|row| row[..4].to_vec()).collect();
        prop_assert_eq!(&by_crossing, &expected);
    }

    #[test]
    fn calculate_is_a_filtered_sum(facts in facts(), least in -5..20_i64) {
        let model = model(&facts);
        let kept = |keep: &dyn Fn(&Fact) -> bool| money(facts.iter().filter(|fact| keep(fact)));
        let red = |fact: &Fact| color(fact) == Some("Red");
        prop_assert_eq!(scalar(&model, "CALCULATE([Total], Product[Color] = \"red\")"), kept(&red));
        // A blank quantity counts as zero in a comparison.
        let many = |fact: &Fact| fact.2.unwrap_or(0) >= least;
        prop_assert_eq!(scalar(&model, &format!("CALCULATE([Total], Sales[Quantity] >= {least})")), kept(&many));
        let rows = format!("CALCULATE([Total], FILTER(Sales, Sales[Quantity] >= {least} && Sales[Region] = \"North\"))");
        prop_assert_eq!(scalar(&model, &rows), kept(&|fact| many(fact) && region(fact) == Some("North")));
        let north = "CALCULATE([Total], Product[Color] = \"Red\" || ISBLANK(Product[Color]), Sales[Region] <> \"North\")";
        prop_assert_eq!(
            scalar(&model, north),
            kept(&|fact| (red(fact) || color(fact).is_none()) && region(fact) != Some("North"))
        );
        let reds = facts.iter().filter(|fact| red(fact)).count();
        let reds = if reds == 0 { Cell::Null } else { Cell::Int(i64::try_from(reds).unwrap()) };
        prop_assert_eq!(scalar(&model, "COUNTROWS(CALCULATETABLE(Sales, Product[Color] = \"Red\"))"), reds);
        let replaced = "CALCULATE(CALCULATE([Total], Product[Color] = \"Blue\"), Product[Color] = \"Red\", Sales[Region] = \"South\")";
        prop_assert_eq!(
            scalar(&model, replaced),
            kept(&|fact| color(fact) == Some("Blue") && region(fact) == Some("South"))
        );
    }

    #[test]
    fn iterators_are_loops(facts in facts()) {
        let model = model(&facts);
        let whole: Option<i64> = facts.iter().filter_map(|fact| fact.2).map(|quantity| quantity * 3 - 1).reduce(|a, b| a + b);
        let expression = "SUMX(FILTER(Sales, NOT ISBLANK(Sales[Quantity])), Sales[Quantity] * 3 - 1)";
        prop_assert_eq!(scalar(&model, expression), whole.map_or(Cell::Null, Cell::Int));
        let most = facts.iter().filter_map(|fact| fact.2).max().map_or(Cell::Null, Cell::Int);
        prop_assert_eq!(scalar(&model, "MAX(Sales[Quantity])"), most.clone());
        prop_assert_eq!(scalar(&model, "MAXX(Sales, Sales[Quantity])"), most);
        let count = |count: usize| if count == 0 { Cell::Null } else { Cell::Int(i64::try_from(count).unwrap()) };
        let known = facts.iter().filter(|fact| fact.2.is_some()).count();
        prop_assert_eq!(scalar(&model, "COUNT(Sales[Quantity])"), count(known));
        prop_assert_eq!(scalar(&model, "COUNTBLANK(Sales[Quantity])"), count(facts.len() - known));
        let distinct: std::collections::BTreeSet<_> = facts.iter().map(|fact| fact.2).collect();
        prop_assert_eq!(scalar(&model, "DISTINCTCOUNT(Sales[Quantity])"), count(distinct.len()));
        let by_color: std::collections::BTreeSet<_> = facts.iter().map(|fact| (fact.0 < 5).then_some(fact.0)).collect();
        prop_assert_eq!(scalar(&model, "COUNTROWS(SUMMARIZE(Sales, Product[Key]))"), count(by_color.len()));
    }

    #[test]
    fn topn_takes_the_first_of_the_sorted_rows_and_those_that_tie(facts in facts(), count in 0..12_usize) {
        let model = model(&facts);
        let mut amounts: Vec<i64> = facts.iter().map(|fact| fact.3).collect();
        amounts.sort_unstable_by(|a, b| b.cmp(a));
        let taken = match amounts.get(count.wrapping_sub(1)) {
            Some(last) => amounts.iter().filter(|amount| *amount >= last).count(),
            None => if count == 0 { 0 } else { amounts.len() },
        };
        let expected: Vec<Cell> = amounts[..taken].iter().map(|cents| Cell::Number(*cents as f64 / 100.0)).collect();
        let query = format!(
            "EVALUATE SELECTCOLUMNS(TOPN({count}, Sales, Sales[Amount], DESC), \"a\", Sales[Amount]) ORDER BY [a] DESC"
        );
        let found: Vec<Cell> = ask(&model, &query).rows.into_iter().map(|mut row| row.remove(0)).collect();
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn shares_of_a_whole_add_up(facts in facts()) {
        prop_assume!(facts.iter().any(|fact| fact.3 > 0));
        let model = model(&facts);
        let share = "SUMX(VALUES(Product[Color]), DIVIDE([Total], CALCULATE([Total], ALL(Product))))";
        let Cell::Number(sum) = scalar(&model, share) else { return Err(TestCaseError::fail("the shares are no number")) };
        prop_assert!((sum - 1.0).abs() < 1e-9);
    }

    #[test]
    fn no_text_breaks_the_reader(text in ".{0,60}") {
        let _ = run_at(&model(&[]), &text, &Identity::default(), &Limits::default(), 0);
        let _ = run_at(&model(&[]), &format!("EVALUATE {text}"), &Identity::default(), &Limits::default(), 0);
    }

    #[test]
    fn no_heap_of_words_breaks_the_engine(words in prop::collection::vec(prop::sample::select(WORDS), 0..14)) {
        let query = format!("EVALUATE {}", words.join(" "));
        let _ = run_at(&model(&[(1, 1, Some(2), 3)]), &query, &Identity::default(), &Limits::default(), 0);
    }
}

const WORDS: &[&str] = &[
    "Sales",
    "Product[Color]",
    "[Total]",
    "(",
    ")",
    "{",
    "}",
    ",",
    "FILTER(",
    "SUMMARIZECOLUMNS(",
    "CALCULATE(",
    "ROW(",
    "\"x\"",
    "1",
    "-",
    "NOT",
    "IN",
    "&&",
    "=",
    "VAR a =",
    "RETURN",
    "a",
    "VALUES(",
    "TOPN(",
    "ORDER BY",
    "DESC",
    "BLANK()",
    "'Sales'[Amount]",
    "ALL(",
    "SUM(",
    "DATEADD(",
    "RANKX(",
    "FORMAT(",
    "0.5",
    "\"#,0\"",
];
