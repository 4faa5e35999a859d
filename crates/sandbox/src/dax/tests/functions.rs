//! The functions one by one.

use crate::dax::tests::rows;
use crate::dax::tests::value;

fn check(cases: &[(&str, &str)]) {
    for (expression, expected) in cases {
        assert_eq!(value(expression), *expected, "{expression}");
    }
}

#[test]
fn aggregations_of_a_column() {
    check(&[
        ("SUM(Sales[Amount])", "327"),
        ("AVERAGE(Sales[Quantity])", "3.71428571428571"),
        ("MIN(Sales[Amount])", "5"),
        ("MAX(Sales[Region])", "south"),
        ("MAX(Sales[Day])", "2026-11-23"),
        ("MIN(3, -2)", "-2"),
        ("COUNT(Sales[Region])", "6"),
        ("COUNTA(Sales[Note])", "4"),
        ("COUNTBLANK(Sales[Note])", "3"),
        ("DISTINCTCOUNT(Sales[Region])", "3"),
        ("DISTINCTCOUNTNOBLANK(Sales[Region])", "2"),
        ("COUNTROWS(FILTER(Sales, FALSE()))", "-"),
        ("MEDIAN(Sales[Quantity])", "3"),
        ("AVERAGEX(Product, Product[Price])", "16.875"),
        ("MINX(Sales, Sales[Quantity] - 3)", "-2"),
        ("COUNTX(Sales, Sales[Note])", "4"),
        ("MEDIANX(Product, Product[Price])", "15"),
        (
            "CONCATENATEX(Product, Product[Name], \", \", Product[Price], DESC)",
            "Green hat, Hat, Cap, Scarf",
        ),
        ("SUMX({1, 2, 3}, [Value] ^ 2)", "14"),
    ]);
}

#[test]
fn arithmetic_functions() {
    check(&[
        ("ROUND(2.345, 2)", "2.35"),
        ("ROUND(1.005, 2)", "1.01"),
        ("ROUND(-2.5, 0)", "-3"),
        ("ROUND(1234, -2)", "1200"),
        ("ROUNDUP(1.21, 1)", "1.3"),
        ("ROUNDUP(-1.21, 1)", "-1.3"),
        ("ROUNDDOWN(-1.29, 1)", "-1.2"),
        ("INT(-1.5)", "-2"),
        ("TRUNC(-1.5)", "-1"),
        ("ABS(-3)", "3"),
        ("MOD(-7, 3)", "2"),
        ("MOD(7, -3)", "-2"),
        ("MOD(5.5, 2)", "1.5"),
        ("QUOTIENT(7, 2)", "3"),
        ("CEILING(4.2, 0.5)", "4.5"),
        ("FLOOR(4.7, 0.5)", "4.5"),
        ("SQRT(16)", "4"),
        ("POWER(2, 10)", "1024"),
        ("LOG(100)", "2"),
        ("SIGN(-3)", "-1"),
        ("CONVERT(\"12\", INTEGER) + 1", "13"),
    ]);
}

#[test]
fn text_functions() {
    check(&[
        ("LEFT(\"Straße\", 4)", "Stra"),
        ("RIGHT(\"Straße\", 2)", "ße"),
        ("MID(\"abcdef\", 3, 2)", "cd"),
        ("LEN(\"📦ä\")", "2"),
        ("UPPER(\"aé\")", "AÉ"),
        ("TRIM(\"  a   b \")", "a b"),
        ("SEARCH(\"B\", \"abc\")", "2"),
        ("SEARCH(\"x\", \"abc\", 1, -1)", "-1"),
        ("SEARCH(\"b?d\", \"abcd\")", "2"),
        ("SEARCH(\"b*e\", \"abcdbe\")", "2"),
        ("SEARCH(\"~?\", \"ab?\")", "3"),
        ("SEARCH(\"a*x*z\", \"aaxyyz\")", "1"),
        ("CONTAINSSTRING(REPT(\"a\", 2000), \"*a*a*a*a*a*a*b\")", "false"),
        ("FIND(\"B\", \"abc\", 1, 0)", "0"),
        ("CONTAINSSTRING(\"Gift wrap\", \"GIFT\")", "true"),
        ("CONTAINSSTRING(\"Gift wrap\", \"g*w\")", "true"),
        ("CONTAINSSTRINGEXACT(\"Gift\", \"gift\")", "false"),
        ("SUBSTITUTE(\"a-b-c\", \"-\", \"+\")", "a+b+c"),
        ("SUBSTITUTE(\"a-b-c\", \"-\", \"+\", 2)", "a-b+c"),
        ("REPLACE(\"abcdef\", 2, 3, \"X\")", "aXef"),
        ("REPT(\"ab\", 3)", "ababab"),
        ("EXACT(\"a\", \"A\")", "false"),
        ("VALUE(\"1.5\") + 1", "2.5"),
        ("CONCATENATE(1, \"a\")", "1a"),
    ]);
}

#[test]
fn formats() {
    check(&[
        ("FORMAT(1234.5, \"#,##0.00\")", "1,234.50"),
        ("FORMAT(1234567, \"#,0\")", "1,234,567"),
        ("FORMAT(0.1234, \"0.0%\")", "12.3%"),
        ("FORMAT(5, \"000\")", "005"),
        ("FORMAT(0.5, \"#.##\")", ".5"),
        ("FORMAT(-3.7, \"0\")", "-4"),
        ("FORMAT(-3, \"0;(0)\")", "(3)"),
        ("FORMAT(1234567, \"0,,.0\") & \"M\"", "1.2M"),
        ("FORMAT(12.345, \"$#,0.00\")", "$12.35"),
        ("FORMAT(1234.5, \"Currency\")", "$1,234.50"),
        ("FORMAT(0.256, \"Percent\")", "25.60%"),
        ("FORMAT(DATE(2026, 3, 7), \"yyyy-mm-dd\")", "2026-03-07"),
        (
            "FORMAT(DATE(2026, 3, 7), \"dddd, mmmm d, yyyy\")",
            "Saturday, March 7, 2026",
        ),
        ("FORMAT(DATE(2026, 3, 7), \"mmm yy\")", "Mar 26"),
        ("FORMAT(NOW(), \"hh:nn\")", "10:30"),
        ("FORMAT(NOW(), \"hh:mm AM/PM\")", "10:30 AM"),
        ("FORMAT(TRUE(), \"Yes/No\")", "Yes"),
        ("FORMAT(BLANK(), \"0\")", ""),
    ]);
}

#[test]
fn decisions() {
    check(&[
        ("IF(1 > 2, \"a\")", "-"),
        ("IF(1 < 2, \"a\", 1 / 0)", "a"),
        ("SWITCH(2, 1, \"one\", 2, \"two\", \"many\")", "two"),
        ("SWITCH(9, 1, \"one\", \"many\")", "many"),
        ("SWITCH(TRUE(), 1 > 2, \"a\", 2 > 1, \"b\")", "b"),
        ("COALESCE(BLANK(), 0, 5)", "0"),
        ("IFERROR(VALUE(\"x\"), -1)", "-1"),
        ("IFERROR(1 / 0, -1)", "-1"),
        ("ISBLANK(BLANK())", "true"),
        ("AND(TRUE(), FALSE())", "false"),
        ("OR(TRUE(), FALSE())", "true"),
    ]);
}

#[test]
fn dates() {
    check(&[
        ("DATE(2024, 14, 1)", "2025-02-01"),
        ("DATE(2024, 3, 0)", "2024-02-29"),
        ("YEAR(DATE(2026, 5, 6))", "2026"),
        ("MONTH(\"2026-05-06\")", "5"),
        ("QUARTER(DATE(2026, 5, 6))", "2"),
        ("EOMONTH(DATE(2024, 1, 31), 1)", "2024-02-29"),
        ("EDATE(DATE(2024, 1, 31), 1)", "2024-02-29"),
        ("TODAY()", "2026-11-23"),
        ("NOW()", "2026-11-23 10:30:00"),
        ("WEEKDAY(DATE(2026, 11, 23))", "2"),
        ("WEEKDAY(DATE(2026, 11, 23), 2)", "1"),
        ("WEEKNUM(DATE(2026, 1, 4), 21)", "1"),
        ("DATEDIFF(DATE(2025, 12, 31), DATE(2026, 1, 1), YEAR)", "1"),
        ("DATEDIFF(DATE(2026, 1, 1), DATE(2026, 3, 1), DAY)", "59"),
        ("DATEDIFF(DATE(2026, 11, 21), DATE(2026, 11, 22), WEEK)", "1"),
        ("\"\" & DATE(2026, 3, 7)", "3/7/2026"),
    ]);
}

#[test]
fn sets_of_rows() {
    let sorted = |table: &str| rows(&format!("EVALUATE {table} ORDER BY [Value]"));
    assert_eq!(sorted("UNION({1, 2}, {2, 3})"), ["1", "2", "2", "3"]);
    assert_eq!(sorted("DISTINCT(UNION({1, 2}, {2, 3}))"), ["1", "2", "3"]);
    assert_eq!(sorted("INTERSECT({1, 2, 2}, {2, 3})"), ["2", "2"]);
    assert_eq!(sorted("EXCEPT({1, 2}, {2, 3})"), ["1"]);
    assert_eq!(sorted("GENERATESERIES(1, 7, 3)"), ["1", "4", "7"]);
    assert_eq!(rows("EVALUATE CROSSJOIN(VALUES(Product[Color]), {1, 2})").len(), 8);
    let generated =
        "EVALUATE GENERATE(FILTER(Product, Product[Price] > 9), SELECTCOLUMNS(RELATEDTABLE(Sales), \"id\", Sales[Id]))";
    assert_eq!(rows(generated).len(), 5);
    assert_eq!(
        rows("EVALUATE CALENDAR(DATE(2026, 2, 27), DATE(2026, 3, 1))"),
        ["2026-02-27", "2026-02-28", "2026-03-01"]
    );
    assert_eq!(
        value("COUNTROWS(UNION(VALUES(Product[Color]), DISTINCT(Product[Color])))"),
        "7"
    );
}

#[test]
fn the_first_rows_by_a_key_come_with_those_that_tie() {
    let top = |query: &str| {
        rows(&format!(
            "EVALUATE SELECTCOLUMNS({query}, \"id\", Sales[Id]) ORDER BY [id]"
        ))
    };
    assert_eq!(top("TOPN(2, Sales, Sales[Quantity])"), ["3", "7"]);
    assert_eq!(top("TOPN(1, Sales, Sales[Quantity], ASC)"), ["2", "6"]);
    assert_eq!(top("TOPN(1, Sales, Sales[Quantity], ASC, Sales[Amount], DESC)"), ["2"]);
    assert_eq!(top("TOPN(0, Sales)"), Vec::<String>::new());
    let named = rows("EVALUATE TOPN(1, SUMMARIZECOLUMNS(Product[Name], \"Total\", [Total] * 1), [Total], DESC)");
    assert_eq!(named, ["Hat|161.5"]);
}

#[test]
fn ranks_skip_or_stay_dense() {
    let query = |ties: &str| {
        rows(&format!(
            "EVALUATE ADDCOLUMNS(VALUES(Product[Color]), \"r\", RANKX(ALL(Product[Color]), ROUND([Total], -1), , DESC, {ties})) ORDER BY Product[Color]"
        ))
    };
    assert_eq!(query("SKIP"), ["-|3", "Blue|1", "Green|4", "Red|1"]);
    assert_eq!(query("DENSE"), ["-|2", "Blue|1", "Green|3", "Red|1"]);
}

#[test]
fn columns_are_chosen_and_renamed() {
    let query = "EVALUATE SELECTCOLUMNS(FILTER(Sales, Sales[Id] < 3), Sales[Id], \"Where\", Sales[Region], \"Twice\", Sales[Quantity] * 2)";
    let answer = crate::dax::tests::ask(query).unwrap();
    assert_eq!(answer.columns, ["Sales[Id]", "[Where]", "[Twice]"]);
    assert_eq!(rows(query), ["1|North|4", "2|south|2"]);
}

#[test]
fn a_model_describes_itself() {
    let tables = rows("EVALUATE SELECTCOLUMNS(INFO.VIEW.TABLES(), \"n\", [Name], \"m\", [StorageMode])");
    assert_eq!(tables, ["Sales|Import", "Product|Import", "Date|Import"]);
    let columns = "EVALUATE SELECTCOLUMNS(FILTER(INFO.VIEW.COLUMNS(), [Table] = \"Product\"), \"n\", [Name], \"t\", [DataType], \"k\", [IsKey])";
    assert_eq!(
        rows(columns),
        [
            "Product key|Integer|true",
            "Name|Text|false",
            "Color|Text|false",
            "Price|Currency|false"
        ]
    );
    let measures = rows("EVALUATE SELECTCOLUMNS(INFO.VIEW.MEASURES(), \"n\", [Name], \"e\", [Expression])");
    assert_eq!(measures, ["Total|SUM(Sales[Amount])", "Units|SUM(Sales[Quantity])"]);
    let links = rows("EVALUATE SELECTCOLUMNS(INFO.VIEW.RELATIONSHIPS(), \"f\", [FromTable], \"t\", [ToTable])");
    assert_eq!(links, ["Sales|Product", "Sales|Date"]);
    let statistics = "EVALUATE FILTER(COLUMNSTATISTICS(), [Column Name] = \"Quantity\" || [Column Name] = \"Color\")";
    assert_eq!(
        rows(statistics),
        ["Sales|Quantity|1|10|6|-", "Product|Color|Blue|Red|3|5"]
    );
}
