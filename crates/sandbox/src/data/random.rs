//! Seeded numbers for the rows of the seeded models: the same on every machine and in every run.

use crate::dax::Value;
use crate::dax::convert::days_of_date;

/// A stream of numbers that look random (`SplitMix64`).
pub(super) struct Random(u64);

impl Random {
    /// The stream of a seed.
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number from 0 up to 1.
    pub(super) fn share(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// A whole number below `end`.
    pub(super) fn below(&mut self, end: usize) -> usize {
        ((self.share() * end as f64) as usize).min(end.saturating_sub(1))
    }

    /// A whole number below `end`, small ones much more often than large ones.
    pub(super) fn early(&mut self, end: usize) -> usize {
        let share = self.share();
        ((share * share * end as f64) as usize).min(end.saturating_sub(1))
    }

    /// A place, by weights.
    pub(super) fn weighted(&mut self, weights: &[f64]) -> usize {
        let mut left = self.share() * weights.iter().sum::<f64>();
        for (place, weight) in weights.iter().enumerate() {
            left -= weight;
            if left < 0.0 {
                return place;
            }
        }
        weights.len().saturating_sub(1)
    }
}

/// The serial number of a day.
pub(super) fn day(year: i16, month: i8, day: i8) -> f64 {
    days_of_date(jiff::civil::Date::constant(year, month, day))
}

/// Texts as values.
pub(super) fn texts(texts: &[&str]) -> Vec<Value> {
    texts.iter().map(Value::text).collect()
}

/// An amount of money, to the cent.
pub(super) fn cents(amount: f64) -> f64 {
    (amount * 100.0).round() / 100.0
}
