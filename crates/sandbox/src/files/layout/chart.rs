//! The bar chart of a sheet: labels, bars from a common zero, and values.

use crate::files::layout::Area;
use crate::files::layout::BAR;
use crate::files::layout::LINE;
use crate::files::layout::PLAIN;
use crate::files::layout::QUIET;
use crate::files::layout::ROW;
use crate::files::layout::Shape;
use crate::files::layout::text;

/// Draws the bars; those below zero go to the left of the zero line.
pub(super) fn draw(shapes: &mut Vec<Shape>, area: Area, bars: &[(String, f64)]) {
    let step = (area.height / bars.len() as f32).clamp(ROW, 40.0);
    let most = (area.height / step) as usize;
    let bars = &bars[..bars.len().min(most)];
    let (names, numbers) = (area.width * 0.3, area.width * 0.2);
    let room = area.width - names - numbers;
    let scale = Scale::over(bars, area.x + names, room);
    let zero = scale.place(0.0);
    for (place, (label, value)) in bars.iter().enumerate() {
        let y = area.y + step * place as f32;
        let middle = y + (step - 10.0) / 2.0;
        let end = scale.place(*value);
        let (left, right) = (zero.min(end), zero.max(end));
        shapes.push(text(area.x, middle, PLAIN, label, names - 6.0));
        shapes.push(Shape::Box {
            x: left,
            y: y + 3.0,
            width: right - left,
            height: step - 6.0,
            color: BAR,
        });
        shapes.push(text(right + 6.0, middle, QUIET, &short(*value), numbers - 6.0));
    }
    shapes.push(Shape::Box {
        x: zero - 0.5,
        y: area.y,
        width: 1.0,
        height: step * bars.len() as f32,
        color: LINE,
    });
}

/// Where values lie from left to right; zero is always among them.
struct Scale {
    low: f64,
    high: f64,
    left: f32,
    room: f32,
}

impl Scale {
    fn over(bars: &[(String, f64)], left: f32, room: f32) -> Self {
        let values = || bars.iter().map(|(_, value)| *value).filter(|value| value.is_finite());
        Self {
            low: values().fold(0.0, f64::min),
            high: values().fold(0.0, f64::max),
            left,
            room,
        }
    }

    fn place(&self, value: f64) -> f32 {
        // Halves cannot overflow where the whole span could.
        let span = self.high / 2.0 - self.low / 2.0;
        let value = if value.is_finite() { value } else { 0.0 };
        let share = if span > 0.0 {
            (value / 2.0 - self.low / 2.0) / span
        } else {
            0.0
        };
        self.left + self.room * share as f32
    }
}

/// A number in a few characters.
fn short(value: f64) -> String {
    match value.abs() {
        size if size >= 1e15 => format!("{value:.1e}"),
        size if size >= 1e9 => format!("{:.1} bn", value / 1e9),
        size if size >= 1e6 => format!("{:.1} M", value / 1e6),
        size if size >= 1e4 => format!("{:.1} K", value / 1e3),
        _ => ((value * 100.0).round() / 100.0).to_string(),
    }
}
