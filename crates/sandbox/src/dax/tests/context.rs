//! Filters, rows and how the one becomes the other; relationships and the row for what points to nothing.

use crate::dax::tests::refusal;
use crate::dax::tests::rows;
use crate::dax::tests::value;

#[test]
fn filters_flow_from_the_one_side_to_the_many_side_only() {
    assert_eq!(value("CALCULATE([Total], Product[Color] = \"Red\")"), "160.5");
    assert_eq!(value("CALCULATE(COUNTROWS(Product), Sales[Region] = \"North\")"), "4");
    // A table filters as what it is with everything above it.
    assert_eq!(value("CALCULATE(COUNTROWS(Product), Sales)"), "3");
    assert_eq!(
        value("CALCULATE(COUNTROWS(Product), FILTER(Sales, Sales[Quantity] >= 5))"),
        "2"
    );
}

#[test]
fn what_points_to_nothing_is_under_a_blank_row() {
    assert_eq!(value("COUNTROWS(Product)"), "4");
    assert_eq!(value("COUNTROWS(VALUES(Product[Color]))"), "4");
    assert_eq!(value("COUNTROWS(DISTINCT(Product[Color]))"), "3");
    assert_eq!(value("COUNTROWS(ALL(Product))"), "5");
    assert_eq!(value("COUNTROWS(ALLNOBLANKROW(Product))"), "4");
    assert_eq!(value("CALCULATE([Total], ISBLANK(Product[Name]))"), "5");
    let all = rows("EVALUATE SUMMARIZECOLUMNS(Product[Color], \"t\", [Total]) ORDER BY Product[Color]");
    assert_eq!(all, ["-|5", "Blue|161.5", "Red|160.5"]);
}

#[test]
fn a_filter_replaces_what_was_said_about_its_column() {
    let query = |inner: &str| {
        value(&format!(
            "CALCULATE(CALCULATE([Total], {inner}), Product[Color] = \"Red\")"
        ))
    };
    assert_eq!(query("Product[Color] = \"Blue\""), "161.5");
    assert_eq!(query("KEEPFILTERS(Product[Color] = \"Blue\")"), "-");
    assert_eq!(query("Product[Name] = \"Cap\""), "130.5");
    assert_eq!(query("ALL(Product)"), "327");
    assert_eq!(query("ALL(Product[Name])"), "160.5");
    assert_eq!(query("REMOVEFILTERS()"), "327");
    assert_eq!(query("ALLEXCEPT(Product, Product[Color])"), "160.5");
    assert_eq!(query("ALL(Sales)"), "327");
    assert_eq!(query("FILTER(ALL(Product), Product[Price] > 9)"), "292");
}

#[test]
fn arguments_of_calculate_see_the_context_outside() {
    // VALUES is worked out before ALL removes the filter, so it puts the filter back.
    let query = "CALCULATE(CALCULATE([Total], ALL(Product), VALUES(Product[Color])), Product[Color] = \"Red\")";
    assert_eq!(value(query), "160.5");
    assert_eq!(value("CALCULATE([Total], Sales[Day] = MAX(Sales[Day]))"), "100.4");
    assert_eq!(
        value("CALCULATE([Total], Sales[Quantity] > 2, Sales[Region] = \"North\")"),
        "100.2"
    );
    assert_eq!(
        value("CALCULATE([Total], Sales[Quantity] > 4 || Sales[Region] = \"North\")"),
        "225.6"
    );
}

#[test]
fn a_measure_turns_the_current_row_into_a_filter_and_sum_does_not() {
    let query = "EVALUATE ADDCOLUMNS(DISTINCT(Product[Color]), \"m\", [Total], \"c\", CALCULATE(SUM(Sales[Amount])), \"s\", SUM(Sales[Amount]))
        ORDER BY Product[Color]";
    assert_eq!(
        rows(query),
        ["Blue|161.5|161.5|327", "Green|-|-|327", "Red|160.5|160.5|327"]
    );
    assert_eq!(value("SUMX(Sales, [Total])"), "327");
    assert_eq!(value("SUMX(Product, [Total] * Product[Price])"), "4760");
}

#[test]
fn equal_rows_of_a_table_without_a_key_are_filtered_together() {
    let query = "SUMX(SELECTCOLUMNS(Sales, \"Region\", Sales[Region]), [Units])";
    // Three rows of North with 8 units each time, three of South with 14, one blank with 4.
    assert_eq!(value(query), "70");
}

#[test]
fn iterators_see_the_row_and_related_fetches_from_above() {
    assert_eq!(value("SUMX(Sales, Sales[Quantity] * RELATED(Product[Price]))"), "320");
    assert_eq!(
        value("COUNTROWS(FILTER(Sales, RELATED(Product[Color]) = \"red\"))"),
        "4"
    );
    assert_eq!(value("SUMX(Product, COUNTROWS(RELATEDTABLE(Sales)))"), "6");
    assert_eq!(
        value("MAXX(FILTER(Sales, Sales[Region] = \"South\"), Sales[Quantity])"),
        "10"
    );
    let message = refusal("EVALUATE FILTER(Sales, Product[Color] = \"Red\")").message;
    assert!(message.contains("'Product'[Color]"), "{message}");
}

#[test]
fn summarizecolumns_groups_filters_and_leaves_empty_combinations_out() {
    let query = "EVALUATE SUMMARIZECOLUMNS(Product[Color], 'Date'[Year], FILTER(ALL(Sales[Region]), Sales[Region] = \"North\"), \"t\", [Total])
        ORDER BY Product[Color], 'Date'[Year]";
    assert_eq!(rows(query), ["-|2026|5", "Blue|2025|100.2", "Red|2025|20"]);
    assert_eq!(rows("EVALUATE SUMMARIZECOLUMNS(\"t\", [Total])"), ["327"]);
    assert_eq!(rows("EVALUATE SUMMARIZECOLUMNS(Product[Color])").len(), 4);
    let year = "EVALUATE SUMMARIZECOLUMNS('Date'[Year], TREATAS({2026}, 'Date'[Year]), \"t\", [Total])";
    assert_eq!(rows(year), ["2026|196.7"]);
}

#[test]
fn summarizecolumns_gives_a_constant_to_every_combination() {
    // Not blank anywhere, so nothing is left out: five colors with the blank one, by two years.
    let query = "EVALUATE SUMMARIZECOLUMNS(Product[Color], 'Date'[Year], \"one\", 1)";
    assert_eq!(rows(query).len(), 8);
    let mixed = "EVALUATE SUMMARIZECOLUMNS(Product[Color], 'Date'[Year], \"t\", [Total] + 0)";
    assert_eq!(rows(mixed).len(), 8);
}

#[test]
fn allselected_brings_back_the_filters_of_the_query() {
    let query = "EVALUATE SUMMARIZECOLUMNS(Product[Color], TREATAS({\"Red\", \"Blue\"}, Product[Color]), \"share\",
        ROUND(DIVIDE([Total], CALCULATE([Total], ALLSELECTED(Product[Color]))), 3)) ORDER BY Product[Color]";
    assert_eq!(rows(query), ["Blue|0.502", "Red|0.498"]);
    let outside =
        refusal("EVALUATE ADDCOLUMNS(VALUES(Product[Color]), \"x\", CALCULATE([Total], ALLSELECTED(Product)))");
    assert!(outside.unsupported, "{outside}");
}

#[test]
fn summarize_and_groupby_group_the_rows_they_are_given() {
    let plain = rows("EVALUATE SUMMARIZE(Sales, Product[Color], Sales[Region]) ORDER BY Product[Color], Sales[Region]");
    assert_eq!(
        plain,
        ["-|North", "Blue|North", "Blue|south", "Red|-", "Red|North", "Red|south"]
    );
    let extended = rows("EVALUATE SUMMARIZE(Sales, Product[Color], \"t\", SUM(Sales[Amount])) ORDER BY Product[Color]");
    assert_eq!(extended, ["-|5", "Blue|161.5", "Red|160.5"]);
    let filtered = rows(
        "EVALUATE SUMMARIZE(FILTER(Sales, Sales[Quantity] > 4), Product[Color], \"t\", SUM(Sales[Amount])) ORDER BY Product[Color]",
    );
    assert_eq!(filtered, ["Blue|100.2", "Red|100.4"]);
    let grouped = "EVALUATE GROUPBY(Sales, Product[Color], \"most\", MAXX(CURRENTGROUP(), Sales[Quantity])) ORDER BY Product[Color]";
    assert_eq!(rows(grouped), ["-|1", "Blue|5", "Red|10"]);
}

#[test]
fn one_value_in_sight_can_be_asked_for() {
    assert_eq!(value("SELECTEDVALUE(Product[Color], \"many\")"), "many");
    assert_eq!(
        value("CALCULATE(SELECTEDVALUE(Product[Color]), Product[Name] = \"Hat\")"),
        "Blue"
    );
    assert_eq!(
        value("CALCULATE(HASONEVALUE(Product[Color]), Product[Color] IN {\"Red\"})"),
        "true"
    );
    assert_eq!(
        value("CALCULATE(ISFILTERED(Product[Color]), Product[Name] = \"Hat\")"),
        "false"
    );
    assert_eq!(
        value("CALCULATE(VALUES(Product[Name]), Product[Name] = \"Hat\")"),
        "Hat"
    );
    assert_eq!(
        value("CALCULATE(COUNTROWS(FILTERS(Product[Color])), Product[Color] IN {\"Red\", \"Blue\"})"),
        "2"
    );
    assert_eq!(value("LOOKUPVALUE(Product[Name], Product[Product key], 3)"), "Scarf");
    assert_eq!(
        value("LOOKUPVALUE(Product[Name], Product[Color], \"Violet\", \"none\")"),
        "none"
    );
}

#[test]
fn keeping_filters_around_an_iteration_is_refused() {
    assert!(refusal("EVALUATE ROW(\"x\", SUMX(KEEPFILTERS(VALUES(Product[Color])), [Total]))").unsupported);
}

#[test]
fn removing_one_column_of_a_table_filter_keeps_the_others() {
    // The filter is on red caps; without the color it is still on caps.
    let query = "CALCULATE(CALCULATE([Total], ALL(Product[Color])), FILTER(Product, Product[Name] = \"Cap\"))";
    assert_eq!(value(query), "130.5");
    let pairs = "CALCULATE(CALCULATE([Total], ALL(Product[Name])), TREATAS({(\"Cap\", \"Red\")}, Product[Name], Product[Color]))";
    assert_eq!(value(pairs), "160.5");
}
