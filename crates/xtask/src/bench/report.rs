//! The figures as Markdown, ready for bench/README.md.

use std::fmt::Write;
use std::time::Duration;

use crate::bench::Start;
use crate::bench::load::Figures;

/// One line of the table.
pub(crate) struct Row {
    pub(crate) name: &'static str,
    pub(crate) connections: usize,
    pub(crate) figures: Figures,
}

/// Both tables.
pub(crate) fn text(rows: &[Row], starts: &[Start], peak_bytes: u64) -> String {
    let mut text =
        String::from("\n| call | connections | calls/s | p50 ms | p99 ms | slowest ms |\n|---|--:|--:|--:|--:|--:|\n");
    for Row {
        name,
        connections,
        figures,
    } in rows
    {
        let times = [figures.median, figures.p99, figures.slowest]
            .map(milliseconds)
            .join(" | ");
        // Writing to a `String` cannot fail.
        let _ = writeln!(text, "| {name} | {connections} | {:.0} | {times} |", figures.per_second);
    }
    let mut ready: Vec<Duration> = starts.iter().map(|start| start.ready_after).collect();
    let mut idle: Vec<u64> = starts.iter().map(|start| start.idle_bytes).collect();
    ready.sort();
    idle.sort_unstable();
    let middle = starts.len() / 2;
    let _ = write!(
        text,
        "\n| demo (gateway and sandbox in one process) | |\n|---|--:|\n\
         | start to ready, median of {} | {} ms |\n| slowest start | {} ms |\n\
         | memory at rest, median | {:.1} MiB |\n| largest memory, under load | {:.1} MiB |\n",
        starts.len(),
        ready[middle].as_millis(),
        ready[starts.len() - 1].as_millis(),
        mebibytes(idle[middle]),
        mebibytes(peak_bytes),
    );
    text
}

fn milliseconds(time: Duration) -> String {
    format!("{:.2}", time.as_secs_f64() * 1000.0)
}

fn mebibytes(bytes: u64) -> f64 {
    bytes as f64 / (1024.0 * 1024.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_hold_every_figure() {
        let ms = Duration::from_millis;
        let figures = Figures {
            calls: 50,
            per_second: 10.4,
            median: ms(1),
            p99: ms(2),
            slowest: ms(3),
        };
        let rows = [Row {
            name: "GET",
            connections: 16,
            figures,
        }];
        let start = |ready, idle_bytes| Start {
            ready_after: ms(ready),
            idle_bytes,
        };
        let text = text(
            &rows,
            &[start(900, 3 << 20), start(700, 1 << 20), start(800, 2 << 20)],
            4 << 20,
        );
        assert!(text.contains("| GET | 16 | 10 | 1.00 | 2.00 | 3.00 |"), "{text}");
        assert!(text.contains("| start to ready, median of 3 | 800 ms |"), "{text}");
        assert!(text.contains("| slowest start | 900 ms |"), "{text}");
        assert!(text.contains("| memory at rest, median | 2.0 MiB |"), "{text}");
    }
}
