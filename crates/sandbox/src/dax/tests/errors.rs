//! What is refused, and in which words.

use crate::dax::Limits;
use crate::dax::run_at;
use crate::dax::tests::NOW_MS;
use crate::dax::tests::everyone;
use crate::dax::tests::refusal;
use crate::dax::tests::shop;

#[test]
fn an_unknown_name_is_named() {
    for (query, expected) in [
        ("EVALUATE Nope", "cannot find table 'Nope'"),
        ("EVALUATE VALUES(Nope[x])", "cannot find table 'Nope'"),
        (
            "EVALUATE VALUES(Sales[Nope])",
            "cannot find column 'Nope' in table 'Sales'",
        ),
        (
            "EVALUATE ROW(\"x\", [Nope])",
            "cannot find a measure or column named [Nope]",
        ),
        (
            "DEFINE MEASURE Nope[x] = 1 EVALUATE ROW(\"x\", 1)",
            "cannot find table 'Nope'",
        ),
    ] {
        let error = refusal(query);
        assert_eq!(
            (error.message.as_str(), error.unsupported),
            (expected, false),
            "{query}"
        );
    }
}

#[test]
fn an_unknown_function_is_the_sandboxs_fault() {
    let error = refusal("EVALUATE ROW(\"x\", XIRR(Sales, Sales[Amount], Sales[Day]))");
    assert!(error.unsupported);
    assert!(
        error.message.contains("does not know the function XIRR") && error.message.contains("sandbox"),
        "{error}"
    );
}

#[test]
fn info_functions_other_than_the_views_fail_as_in_the_service() {
    let error = refusal("EVALUATE INFO.COLUMNS()");
    assert!(!error.unsupported && error.message.contains("INFO.COLUMNS"), "{error}");
}

#[test]
fn wrong_syntax_is_shown_where_it_is() {
    for (query, expected) in [
        ("EVALUATE ROW(\"x\", 1", "query (1, 20)"),
        ("EVALUATE\n  FILTER(Sales, )x", "expected the end of the query"),
        ("SELECT 1", "expected EVALUATE"),
        ("EVALUATE ROW(\"x\", 1 + )", "query (1, 23)"),
        ("EVALUATE ROW(\"x\", 'Sales[Amount])", "closing '"),
        ("EVALUATE ROW(\"x\", #)", "'#'"),
        ("EVALUATE {1} EVALUATE {2}", "only one EVALUATE"),
        ("EVALUATE ROW(\"x\", VAR a = 1 a)", "RETURN"),
    ] {
        let error = refusal(query);
        assert!(
            error.message.contains(expected) && !error.unsupported,
            "{query}: {error}"
        );
    }
}

#[test]
fn values_that_do_not_fit_are_refused() {
    for (query, expected) in [
        ("EVALUATE FILTER(Sales, Sales[Region] > 1)", "Text and Integer"),
        ("EVALUATE ROW(\"x\", TRUE() = 1)", "True/False and Integer"),
        ("EVALUATE ROW(\"x\", \"a\" + 1)", "'a'"),
        ("EVALUATE ROW(\"x\", SUM(Sales[Region]))", "'Sales'[Region]"),
        ("EVALUATE ROW(\"x\", SUM([Total]))", "SUM expects a column"),
        ("EVALUATE ROW(\"x\", Sales[Amount])", "'Sales'[Amount]"),
        ("EVALUATE ROW(\"x\", VALUES(Product[Color]))", "several values"),
        ("EVALUATE Sales[Amount]", "VALUES"),
        ("EVALUATE [Total]", "[Total]"),
        ("EVALUATE ROW(\"x\", LEFT())", "LEFT needs at least 1"),
        ("EVALUATE ROW(\"x\", CALCULATE([Total], [Total] > 1))", "[Total]"),
        (
            "EVALUATE ROW(\"x\", CALCULATE([Total], Sales[Id] = 1 || Product[Color] = \"Red\"))",
            "one table",
        ),
        ("EVALUATE {(1, 2), 3}", "same number"),
        ("EVALUATE SUMMARIZECOLUMNS(Product[Color], \"a\")", "SUMMARIZECOLUMNS"),
        ("EVALUATE ROW(\"x\", SEARCH(\"z\", \"abc\"))", "SEARCH"),
        ("EVALUATE UNION({1}, {(1, 2)})", "UNION"),
    ] {
        let error = refusal(query);
        assert!(
            error.message.contains(expected) && !error.unsupported,
            "{query}: {error}"
        );
    }
}

#[test]
fn what_would_give_another_number_is_refused_instead() {
    for query in [
        "EVALUATE ROW(\"x\", CALCULATE([Total], USERELATIONSHIP(Sales[Day], 'Date'[Date])))",
        "EVALUATE SUMMARIZE(Sales, ROLLUP(Product[Color]), \"t\", [Total])",
        "EVALUATE SUMMARIZECOLUMNS(ROLLUPADDISSUBTOTAL(Product[Color], \"s\"), \"t\", [Total])",
        "EVALUATE ROW(\"x\", FORMAT(1, \"@@\", \"de-DE\"))",
        "EVALUATE ROW(\"x\", FORMAT(1, \"kg 0\"))",
        "DEFINE TABLE T = {1} EVALUATE T",
        "EVALUATE ROW(\"x\", @p)",
        "EVALUATE ROW(\"x\", TOTALYTD([Total], 'Date'[Date], \"6-30\"))",
        "EVALUATE ROW(\"x\", CALCULATE([Total], {1}))",
    ] {
        assert!(refusal(query).unsupported, "{query}: {}", refusal(query));
    }
}

#[test]
fn endless_and_deep_queries_end() {
    let circle = refusal("DEFINE MEASURE Sales[a] = [b] MEASURE Sales[b] = [a] EVALUATE ROW(\"x\", [a])");
    assert!(circle.message.contains("circle"), "{circle}");
    let deep = format!("EVALUATE ROW(\"x\", {}1{})", "(".repeat(5_000), ")".repeat(5_000));
    assert!(refusal(&deep).message.contains("deep"));
    let long = format!("EVALUATE ROW(\"x\", 1{})", " + 1".repeat(5_000));
    assert!(refusal(&long).message.contains("deep"));
    let large =
        refusal("EVALUATE CROSSJOIN(GENERATESERIES(1, 9000), SELECTCOLUMNS(GENERATESERIES(1, 9000), \"b\", [Value]))");
    assert!(large.message.contains("81000000 rows"), "{large}");
    assert!(
        refusal("EVALUATE GENERATESERIES(1, 1e15)")
            .message
            .contains("more than the sandbox")
    );
}

#[test]
fn too_many_rows_or_values_are_cut_and_said() {
    let limits = |rows, values| Limits { rows, values };
    let ask = |limits: Limits| run_at(&shop(), "EVALUATE Sales", &everyone(), &limits, NOW_MS).unwrap();
    let by_rows = ask(limits(3, 1_000));
    assert_eq!(by_rows.rows.len(), 3);
    assert_eq!(by_rows.truncated.as_deref(), Some("More than 3 rows in a query result"));
    let by_values = ask(limits(100, 15));
    assert_eq!(by_values.rows.len(), 2);
    assert_eq!(
        by_values.truncated.as_deref(),
        Some("More than 15 values in a query result")
    );
    assert_eq!(ask(limits(7, 49)).truncated, None);
}
