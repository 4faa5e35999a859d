//! Time intelligence over the calendar.

use crate::dax::tests::rows;
use crate::dax::tests::value;

fn in_march(expression: &str) -> String {
    value(&format!(
        "CALCULATE({expression}, 'Date'[Year] = 2026, 'Date'[Month] = 3)"
    ))
}

#[test]
fn the_same_days_a_year_before() {
    assert_eq!(in_march("[Total]"), "91.3");
    assert_eq!(in_march("CALCULATE([Total], SAMEPERIODLASTYEAR('Date'[Date]))"), "30.1");
    assert_eq!(in_march("CALCULATE([Total], DATEADD('Date'[Date], -1, YEAR))"), "30.1");
    assert_eq!(in_march("CALCULATE([Total], DATEADD('Date'[Date], 1, MONTH))"), "5");
    let years = rows(
        "EVALUATE SUMMARIZECOLUMNS('Date'[Year], \"t\", [Total], \"before\", CALCULATE([Total], SAMEPERIODLASTYEAR('Date'[Date]))) ORDER BY 'Date'[Year]",
    );
    assert_eq!(years, ["2025|130.3|-", "2026|196.7|130.3"]);
}

#[test]
fn totals_to_date() {
    assert_eq!(in_march("TOTALYTD([Total], 'Date'[Date])"), "91.3");
    assert_eq!(
        value("CALCULATE(TOTALYTD([Total], 'Date'[Date]), 'Date'[Year] = 2026, 'Date'[Month] = 4)"),
        "96.3"
    );
    assert_eq!(
        value("CALCULATE(TOTALMTD([Total], 'Date'[Date]), 'Date'[Date] = DATE(2026, 3, 10))"),
        "61.3"
    );
    assert_eq!(
        value("CALCULATE(TOTALQTD([Total], 'Date'[Date]), 'Date'[Date] = DATE(2026, 3, 31))"),
        "91.3"
    );
    assert_eq!(in_march("CALCULATE([Total], DATESYTD('Date'[Date]))"), "91.3");
}

#[test]
fn neighbouring_and_bounded_periods() {
    assert_eq!(
        value("CALCULATE(CALCULATE([Total], PREVIOUSMONTH('Date'[Date])), 'Date'[Date] = DATE(2026, 4, 15))"),
        "91.3"
    );
    assert_eq!(in_march("CALCULATE([Total], PREVIOUSYEAR('Date'[Date]))"), "130.3");
    assert_eq!(
        in_march("CALCULATE([Total], PARALLELPERIOD('Date'[Date], -1, YEAR))"),
        "130.3"
    );
    assert_eq!(
        value("CALCULATE([Total], DATESBETWEEN('Date'[Date], DATE(2025, 12, 31), DATE(2026, 3, 1)))"),
        "161.5"
    );
    assert_eq!(
        value("CALCULATE([Total], DATESINPERIOD('Date'[Date], DATE(2026, 3, 31), -1, MONTH))"),
        "91.3"
    );
    assert_eq!(
        value("CALCULATE([Total], DATESINPERIOD('Date'[Date], DATE(2026, 3, 20), -20, DAY))"),
        "91.3"
    );
}

#[test]
fn sets_of_dates_nest() {
    // Last year to date: January to March 2025.
    assert_eq!(
        in_march("CALCULATE([Total], SAMEPERIODLASTYEAR(DATESYTD('Date'[Date])))"),
        "30.1"
    );
    assert_eq!(
        in_march("CALCULATE([Total], DATEADD(LASTDATE('Date'[Date]), -11, DAY))"),
        "30"
    );
    assert_eq!(in_march("\"\" & LASTDATE('Date'[Date])"), "3/31/2026");
    assert_eq!(in_march("CALCULATE([Total], STARTOFMONTH('Date'[Date]))"), "61.3");
    assert_eq!(in_march("CALCULATE([Total], NEXTDAY('Date'[Date]))"), "5");
}

#[test]
fn whole_months_stay_whole_when_they_are_moved() {
    let days = |query: &str| {
        value(&format!(
            "CALCULATE(COUNTROWS(DATEADD('Date'[Date], 1, MONTH)), {query})"
        ))
    };
    assert_eq!(days("'Date'[Year] = 2025, 'Date'[Month] = 2"), "31");
    assert_eq!(days("'Date'[Year] = 2025, 'Date'[Month] = 1"), "28");
    assert_eq!(days("'Date'[Date] = DATE(2025, 2, 28)"), "1");
}

#[test]
fn a_filter_on_the_key_of_the_calendar_replaces_all_filters_on_it() {
    let query = "CALCULATE(CALCULATE([Total], 'Date'[Date] = DATE(2025, 3, 1)), 'Date'[Year] = 2026)";
    assert_eq!(value(query), "20");
}

#[test]
fn sets_of_dates_differ_by_group_though_they_are_remembered() {
    let query =
        "EVALUATE SUMMARIZECOLUMNS('Date'[Year], Product[Color], \"y\", CALCULATE([Total], PREVIOUSYEAR('Date'[Date])))
        ORDER BY 'Date'[Year], Product[Color]";
    assert_eq!(rows(query), ["2026|Blue|100.2", "2026|Red|30.1"]);
}
