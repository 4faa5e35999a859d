//! Operators, literals, blanks, comparison, ordering and the parts of a query.

use crate::dax::tests::ask;
use crate::dax::tests::rows;
use crate::dax::tests::value;

#[test]
fn operators_bind_as_the_language_says() {
    for (expression, expected) in [
        ("1 + 2 * 3", "7"),
        ("(1 + 2) * 3", "9"),
        ("-2 ^ 2", "-4"),
        ("2 ^ -1", "0.5"),
        ("7 / 2", "3.5"),
        ("10 - 4 - 3", "3"),
        ("1 + 1 & 2", "22"),
        ("1 + 1 = 2", "true"),
        ("NOT 1 = 2", "true"),
        ("NOT (TRUE()) || TRUE()", "true"),
        ("TRUE() || FALSE() && FALSE()", "true"),
        ("3 IN {1, 2, 3}", "true"),
        ("NOT 3 IN {1, 2}", "true"),
        ("3 NOT IN {3}", "false"),
        ("(1, \"a\") IN {(1, \"A\"), (2, \"b\")}", "true"),
        ("1.5e2", "150"),
        (".5", "0.5"),
        ("\"say \"\"hi\"\"\"", "say \"hi\""),
        ("1 /* one */ + // and\n 2 -- two\n", "3"),
    ] {
        assert_eq!(value(expression), expected, "{expression}");
    }
}

#[test]
fn blanks_vanish_in_sums_and_swallow_products() {
    for (expression, expected) in [
        ("BLANK() + 1", "1"),
        ("1 - BLANK()", "1"),
        ("BLANK() + BLANK()", "-"),
        ("BLANK() * 5", "-"),
        ("BLANK() / 5", "-"),
        ("-BLANK()", "-"),
        ("BLANK() & \"a\"", "a"),
        ("BLANK() = 0", "true"),
        ("BLANK() = \"\"", "true"),
        ("BLANK() = FALSE()", "true"),
        ("BLANK() == 0", "false"),
        ("BLANK() == BLANK()", "true"),
        ("BLANK() <> 0", "false"),
        ("BLANK() < 1", "true"),
        ("0 IN {BLANK()}", "false"),
        ("NOT BLANK()", "true"),
        ("1 / 0", "Infinity"),
        ("DIVIDE(1, 0)", "-"),
        ("DIVIDE(1, 0, -1)", "-1"),
    ] {
        assert_eq!(value(expression), expected, "{expression}");
    }
}

#[test]
fn text_compares_without_case_and_sorts_accents_by_their_letter() {
    assert_eq!(value("\"north\" = \"NORTH\""), "true");
    assert_eq!(value("\"a\" < \"B\""), "true");
    assert_eq!(value("\"Äpfel\" < \"Birne\""), "true");
    let sorted = rows("EVALUATE {\"b\", \"Ä\", \"a\", \"C\", BLANK()} ORDER BY [Value]");
    assert_eq!(sorted, ["-", "a", "Ä", "b", "C"]);
}

#[test]
fn the_first_spelling_of_a_value_stands_for_all() {
    let regions = rows("EVALUATE SUMMARIZECOLUMNS(Sales[Region], \"n\", COUNTROWS(Sales)) ORDER BY Sales[Region]");
    assert_eq!(regions, ["-|1", "North|3", "south|3"]);
}

#[test]
fn days_plus_numbers_are_days() {
    assert_eq!(value("DATE(2026, 2, 28) + 1"), "2026-03-01");
    assert_eq!(value("1.0 * (DATE(2026, 3, 1) - DATE(2026, 2, 1))"), "28");
    assert_eq!(value("DATE(2026, 3, 1) > DATE(2026, 2, 1)"), "true");
}

#[test]
fn measures_and_variables_of_the_query_are_known_in_it() {
    let query = "DEFINE MEASURE Sales[Double] = 2 * [Total] VAR least = 100 MEASURE 'Sales'[Total] = SUM(Sales[Quantity])
        EVALUATE FILTER(ADDCOLUMNS(VALUES(Product[Name]), \"d\", [Double]), [d] * 10 > least) ORDER BY [d] DESC, Product[Name]";
    // The measure of the query hides that of the model.
    assert_eq!(rows(query), ["Cap|26", "Hat|16"]);
}

#[test]
fn variables_keep_the_value_they_had_where_they_were_written() {
    let query = "EVALUATE ADDCOLUMNS(VALUES(Product[Color]), \"share\",
        VAR own = [Total] VAR all = CALCULATE([Total], ALL(Product)) RETURN ROUND(DIVIDE(own, all), 3))
        ORDER BY Product[Color]";
    // The blank row stands for product 9.
    assert_eq!(rows(query), ["-|0.015", "Blue|0.494", "Green|-", "Red|0.491"]);
    assert_eq!(value("VAR a = 1 VAR b = a + 1 RETURN VAR a = 10 RETURN a + b"), "12");
}

#[test]
fn rows_come_in_the_order_asked_for_from_the_start_asked_for() {
    let query = |tail: &str| {
        rows(&format!(
            "EVALUATE SELECTCOLUMNS(Sales, \"r\", Sales[Region], \"q\", Sales[Quantity]) {tail}"
        ))
    };
    assert_eq!(
        query("ORDER BY [r], [q] DESC")[..4],
        ["-|4", "North|5", "North|2", "North|1"]
    );
    assert_eq!(
        query("ORDER BY [q] DESC START AT 3"),
        ["south|3", "North|2", "south|1", "North|1"]
    );
    assert_eq!(
        query("ORDER BY [r] ASC, [q] START AT \"South\", 3"),
        ["south|3", "south|10"]
    );
}

#[test]
fn columns_are_named_as_the_api_names_them() {
    let answer = ask("EVALUATE SUMMARIZECOLUMNS(Product[Color], \"Amount\", [Total])").unwrap();
    assert_eq!(answer.columns, ["Product[Color]", "[Amount]"]);
    assert_eq!(ask("EVALUATE {1}").unwrap().columns, ["[Value]"]);
    assert_eq!(ask("EVALUATE {(1, 2)}").unwrap().columns, ["[Value1]", "[Value2]"]);
    let json = ask("EVALUATE TOPN(1, Sales, Sales[Id], DESC)").unwrap().to_json(false);
    assert_eq!(json[0]["Sales[Day]"], "2026-11-23T00:00:00");
    assert_eq!(json[0]["Sales[Amount]"], 100.4);
}

#[test]
fn nulls_are_left_out_of_json_unless_asked_for() {
    let answer = ask("EVALUATE ROW(\"a\", BLANK(), \"b\", 1)").unwrap();
    assert_eq!(answer.to_json(false)[0], serde_json::json!({"[b]": 1}));
    assert_eq!(answer.to_json(true)[0], serde_json::json!({"[a]": null, "[b]": 1}));
}

#[test]
fn a_trailing_semicolon_and_any_case_are_fine() {
    assert_eq!(rows("evaluate row(\"x\", sum('sales'[QUANTITY]));"), ["26"]);
}

#[test]
fn whole_numbers_stay_exact_beyond_what_a_float_holds() {
    use crate::data::Column;
    use crate::data::ColumnKind;
    use crate::dax::Cell;
    let whole = [9_007_199_254_740_992, 9_007_199_254_740_993];
    let column = Column::from_cells("n", ColumnKind::Int, whole.map(Cell::Int));
    let model = crate::data::Model::new("Large", vec![crate::data::Table::new("T", vec![column])]);
    let query = "EVALUATE ROW(\"d\", DISTINCTCOUNT(T[n]), \"s\", SUM(T[n]), \"x\", SUMX(T, T[n]), \"m\", MAX(T[n]))";
    let who = crate::dax::tests::everyone();
    let answer = crate::dax::run_at(&model, query, &who, &crate::dax::Limits::default(), 0).unwrap();
    let sum = Cell::Int(whole[0] + whole[1]);
    assert_eq!(answer.rows, [[Cell::Int(2), sum.clone(), sum, Cell::Int(whole[1])]]);
}
