//! A bar for each hour of the last day: calls made, and calls refused.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::clock::Timestamp;
use crate::store::audit_hours;

/// What is counted: calls made, and calls that policies refused.
pub(super) const KINDS: [&str; 2] = ["call.opened", audit_hours::REFUSED];
const HOURS: i64 = 24;
const WIDTH: i64 = 720;
const HEIGHT: i64 = 120;
/// Room for the hours below the bars.
const FOOT: i64 = 20;
const GAP: i64 = 5;

/// The geometry of the chart; a template draws it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Chart {
    pub width: i64,
    pub height: i64,
    pub base: i64,
    pub bars: Vec<Bar>,
    pub labels: Vec<Label>,
    /// The most calls of one hour.
    pub top: i64,
    pub made: i64,
    pub refused: i64,
}

/// One hour.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Bar {
    pub x: i64,
    pub width: i64,
    pub made_y: i64,
    pub made_height: i64,
    pub refused_y: i64,
    pub refused_height: i64,
    /// What a reader without eyes for bars gets: `14:00 UTC: 12 calls, 1 refused`.
    pub title: String,
}

/// An hour written below its bar.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Label {
    pub x: i64,
    pub text: String,
}

/// The chart of entries counted by hour and kind, for the 24 hours that end with the present one.
pub(super) fn chart(counted: &[(i64, String, i64)], now: Timestamp) -> Chart {
    let last = now.0.div_euclid(3_600_000);
    let mut hours: BTreeMap<i64, (i64, i64)> = (last - HOURS + 1..=last).map(|hour| (hour, (0, 0))).collect();
    for (hour, kind, number) in counted {
        if let Some((made, refused)) = hours.get_mut(hour) {
            match kind.as_str() {
                "call.opened" => *made += number,
                audit_hours::REFUSED => *refused += number,
                _ => {}
            }
        }
    }
    let top = hours.values().map(|(made, refused)| made + refused).max().unwrap_or(0);
    let (made, refused) = hours
        .values()
        .fold((0, 0), |(m, r), (made, refused)| (m + made, r + refused));
    let step = WIDTH / HOURS;
    let bars = hours
        .iter()
        .enumerate()
        .map(|(at, (hour, counts))| bar(i64::try_from(at).unwrap_or(0) * step, step, *hour, *counts, top))
        .collect();
    let labels = hours
        .keys()
        .enumerate()
        .filter(|(_, hour)| *hour % 6 == 0)
        .map(|(at, hour)| Label {
            x: i64::try_from(at).unwrap_or(0) * step + step / 2,
            text: clock_of(*hour),
        });
    Chart {
        width: WIDTH,
        height: HEIGHT + FOOT,
        base: HEIGHT,
        bars,
        labels: labels.collect(),
        top,
        made,
        refused,
    }
}

fn bar(x: i64, step: i64, hour: i64, (made, refused): (i64, i64), top: i64) -> Bar {
    // One call is seen even beside a thousand.
    let tall = |number: i64| {
        if number == 0 {
            0
        } else {
            (number * (HEIGHT - 14) / top.max(1)).max(2)
        }
    };
    let (made_height, refused_height) = (tall(made), tall(refused));
    Bar {
        x: x + GAP / 2,
        width: step - GAP,
        made_y: HEIGHT - made_height,
        made_height,
        refused_y: HEIGHT - made_height - refused_height,
        refused_height,
        title: format!("{} UTC: {made} calls, {refused} refused", clock_of(hour)),
    }
}

fn clock_of(hour: i64) -> String {
    format!("{:02}:00", hour.rem_euclid(24))
}
