//! Tests of windows and blocks without a database.

use catalogue::{Catalogue, Window};
use proptest::prelude::*;

use super::log::{Log, length_ms};
use super::{Budget, Budgets, Identity, Slot, Turn};
use crate::clock::Timestamp;

const WHO: Identity<'static> = Identity {
    tenant: "t",
    object: "o",
};

fn budget(id: &str, dataset: Option<&str>) -> Budget {
    Budget::of(Catalogue::builtin().operation(id).unwrap(), WHO, dataset, 600)
}

#[test]
fn both_query_operations_and_both_their_forms_draw_on_one_budget() {
    let key = budget("datasets.execute_queries", Some("a")).key;
    for id in [
        "datasets.execute_queries_in_group",
        "datasets.execute_dax_queries",
        "datasets.execute_dax_queries_in_group",
    ] {
        assert_eq!(budget(id, Some("b")).key, key, "{id}");
    }
    let rows = |id, dataset| budget(id, Some(dataset)).key;
    assert_eq!(
        rows("push_datasets.add_rows", "A"),
        rows("push_datasets.add_rows_in_group", "a")
    );
    assert_ne!(rows("push_datasets.add_rows", "a"), rows("push_datasets.add_rows", "b"));
    assert_ne!(
        budget("admin.list_groups", None).key,
        budget("admin.list_apps", None).key
    );
}

#[test]
fn limits_are_told_in_words() {
    assert_eq!(
        budget("datasets.execute_queries", None).in_words(),
        "Power BI allows 120 such calls in a minute for one person"
    );
    assert_eq!(
        budget("users.refresh_permissions", None).in_words(),
        "Power BI allows 1 such call in an hour for one person"
    );
    assert_eq!(
        budget("groups.list", None).in_words(),
        "this gateway allows one person 600 reads in a minute"
    );
}

#[test]
fn a_log_says_when_there_is_room_again() {
    let windows = [Window { calls: 2, seconds: 60 }, Window { calls: 3, seconds: 600 }];
    let at = |seconds: i64| Timestamp(seconds * 1000);
    let mut log = Log::default();
    for second in [0, 10] {
        assert_eq!(log.wait_ms(&windows, at(second)), 0);
        log.take(at(second), 1);
    }
    assert_eq!((log.room(&windows, at(10)), log.wait_ms(&windows, at(10))), (0, 50_000));
    assert_eq!(log.room(&windows, at(60)), 1);
    log.take(at(60), 1);
    assert_eq!(
        (log.room(&windows, at(70)), log.wait_ms(&windows, at(70))),
        (0, 530_000)
    );
    log.close(at(900));
    log.forget(&windows, at(800));
    assert_eq!(
        (log.room(&windows, at(800)), log.wait_ms(&windows, at(800))),
        (0, 100_000)
    );
    assert_eq!(log.room(&windows, at(900)), 2);
}

#[test]
fn what_a_clock_that_was_ahead_has_noted_counts_for_nothing() {
    let (now, ahead) = (Timestamp(0), Timestamp(24 * 3_600_000));
    let windows = [Window { seconds: 60, calls: 5 }];
    let mut log = Log::default();
    log.take(ahead, 5);
    log.close(ahead);
    log.forget(&windows, now);
    assert_eq!((log.room(&windows, now), log.wait_ms(&windows, now)), (5, 0));
}

#[test]
fn the_cap_on_reads_slides_over_a_minute() {
    let mut slot = Slot::default();
    assert_eq!(slot.read(2, Timestamp(0)), Turn::Now);
    assert_eq!(slot.read(2, Timestamp(20_000)), Turn::Now);
    assert_eq!(slot.read(2, Timestamp(20_000)), Turn::After { ms: 40_000 });
    assert_eq!(slot.read(2, Timestamp(60_000)), Turn::Now);
}

#[test]
fn repeats_are_a_fifth_of_all_calls_once_the_stock_is_used() {
    let budgets = Budgets::default();
    let repeats = (0..1000)
        .filter(|_| {
            budgets.count();
            budgets.may_repeat()
        })
        .count();
    assert!((200..=210).contains(&repeats), "{repeats}");
}

proptest! {
    /// Whatever blocks replicas take, and whenever they use them: no window of the service ever holds more than it allows.
    #[test]
    fn no_window_ever_holds_more_calls_than_it_allows(steps in prop::collection::vec((0_i64..9_000, 1_u32..12, 0_i64..5_000), 1..200)) {
        let windows = [Window { calls: 20, seconds: 60 }];
        let (mut log, mut now, mut left) = (Log::default(), 0, Vec::new());
        for (pause, wanted, late) in steps {
            now += pause;
            log.forget(&windows, Timestamp(now));
            let calls = log.room(&windows, Timestamp(now)).min(wanted);
            if calls == 0 {
                prop_assert!(0 < log.wait_ms(&windows, Timestamp(now)));
                continue;
            }
            log.take(Timestamp(now + 5_000), calls);
            left.extend((0..calls).map(|_| now + late));
        }
        left.sort_unstable();
        for (place, first) in left.iter().enumerate() {
            let within = left[place..].iter().take_while(|it| **it < first + length_ms(&windows[0])).count();
            prop_assert!(within <= 20, "{within}");
        }
    }
}
