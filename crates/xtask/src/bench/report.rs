//! The figures as Markdown, ready for bench/README.md.

use std::fmt::Write;
use std::time::Duration;

use crate::bench::Start;
use crate::bench::clients::Known;
use crate::bench::load::Figures;
use crate::bench::load::figures;
use crate::bench::sign_in::Sent;
use crate::bench::sign_in::SignIn;
use crate::bench::streams::Open;

/// One line of the table of calls under load.
pub(crate) struct Row {
    pub(crate) name: &'static str,
    pub(crate) connections: usize,
    pub(crate) figures: Figures,
}

/// Calls under load.
pub(crate) fn load(rows: &[Row]) -> String {
    let mut text =
        String::from("\n| call | connections | calls/s | p50 ms | p99 ms | slowest ms |\n|---|--:|--:|--:|--:|--:|\n");
    for Row {
        name,
        connections,
        figures,
    } in rows
    {
        let times = times(figures);
        // Writing to a `String` cannot fail.
        let _ = writeln!(text, "| {name} | {connections} | {:.0} | {times} |", figures.per_second);
    }
    text
}

/// Start-up and memory of the demo and of the rmcp server.
pub(crate) fn starts(demo: &[Start], rmcp: &[Start], peaks: [u64; 2]) -> String {
    let both = [demo, rmcp];
    let ready = both.map(|starts| sorted(starts.iter().map(|start| start.ready_after)));
    let idle = both.map(|starts| sorted(starts.iter().map(|start| start.idle_bytes)));
    let cells = |of: &dyn Fn(usize) -> String| format!("{} | {}", of(0), of(1));
    let middle = demo.len() / 2;
    format!(
        "\n| | demo: gateway and sandbox in one process | rmcp server |\n|---|--:|--:|\n\
         | start to ready, median of {} | {} |\n| slowest start | {} |\n\
         | memory at rest, median | {} |\n| largest memory, under load | {} |\n",
        demo.len(),
        cells(&|at| format!("{} ms", ready[at][middle].as_millis())),
        cells(&|at| format!("{} ms", ready[at][demo.len() - 1].as_millis())),
        cells(&|at| mebibytes(idle[at][middle] as i64)),
        cells(&|at| mebibytes(peaks[at] as i64)),
    )
}

/// The gateway alone.
pub(crate) fn rest(bytes: u64) -> String {
    let memory = mebibytes(bytes as i64);
    format!("\n`gatepost serve` alone, set up and at rest: {memory}.\n")
}

/// Sign-ins by kind.
pub(crate) fn sign_ins(kinds: &[(&str, Vec<SignIn>)]) -> String {
    let mut text = String::from(
        "\n| sign-in | times | to the gateway: client + browser | to Microsoft: browser + gateway | p50 ms | p99 ms | slowest ms |\n\
         |---|--:|--:|--:|--:|--:|--:|\n",
    );
    for (name, sign_ins) in kinds {
        let times = times(&figures(
            sign_ins.iter().map(|it| it.time).collect(),
            Duration::from_secs(1),
        ));
        let count = |of: fn(Sent) -> usize| range(&sorted(sign_ins.iter().map(|it| of(it.sent))));
        let _ = writeln!(
            text,
            "| {name} | {} | {} + {} | {} + {} | {} |",
            sign_ins.len(),
            count(|sent| sent.by_client),
            count(|sent| sent.by_browser),
            count(|sent| sent.browser_to_microsoft),
            count(|sent| sent.gateway_to_microsoft),
            times,
        );
    }
    text
}

/// One number, or the least and the most when they differ.
fn range(sorted: &[usize]) -> String {
    match (sorted.first(), sorted.last()) {
        (Some(least), Some(most)) if least != most => format!("{least}–{most}"),
        (Some(same), _) => same.to_string(),
        (None, _) => "–".to_owned(),
    }
}

/// Known clients, and those of them that hold tokens.
pub(crate) fn clients(known: &Known, of_tokens: &Known) -> String {
    let row = |what: &str, cost: &Known| {
        let bytes = [cost.grown, cost.at_rest, cost.on_disk].map(mebibytes).join(" | ");
        format!("| {} {what} | {bytes} |\n", cost.clients)
    };
    format!(
        "\n| clients | gateway grows by | more at rest after a new start | on disk |\n|---|--:|--:|--:|\n{}{}",
        row("register themselves", known),
        row("of them sign in and call", of_tokens),
    )
}

/// Open streams.
pub(crate) fn streams(cost: &Open) -> String {
    let (streams, people) = (cost.streams, cost.people);
    let row = |what: &str, bytes: i64| {
        let each = bytes as f64 / 1024.0 / streams as f64;
        format!("| {streams} {what} | {} | {each:.1} KiB |\n", mebibytes(bytes))
    };
    format!(
        "\n| open at once, by {people} people | gateway grows by | each |\n|---|--:|--:|\n{}{}",
        row("connections, quiet after one call each", cost.of_connections),
        row("connections with a stream each", cost.of_streams),
    )
}

fn sorted<T: Ord>(values: impl Iterator<Item = T>) -> Vec<T> {
    let mut values: Vec<T> = values.collect();
    values.sort();
    values
}

/// Median, p99 and slowest, in milliseconds.
fn times(figures: &Figures) -> String {
    let times = [figures.median, figures.p99, figures.slowest];
    times
        .map(|time| format!("{:.2}", time.as_secs_f64() * 1000.0))
        .join(" | ")
}

fn mebibytes(bytes: i64) -> String {
    let tenths = (bytes as f64 * 10.0 / (1024.0 * 1024.0)).round() as i64;
    // Less than a twentieth, of whichever sign, is none.
    format!("{:.1} MiB", tenths as f64 / 10.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MEBIBYTE: i64 = 1 << 20;

    fn ms(count: u64) -> Duration {
        Duration::from_millis(count)
    }

    #[test]
    fn the_table_of_calls_holds_every_figure() {
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
        assert!(load(&rows).ends_with("\n| GET | 16 | 10 | 1.00 | 2.00 | 3.00 |\n"));
    }

    #[test]
    fn starts_of_both_servers_stand_side_by_side() {
        let start = |ready, idle_bytes| Start {
            ready_after: ms(ready),
            idle_bytes,
        };
        let demo = [start(900, 3 << 20), start(700, 1 << 20), start(800, 2 << 20)];
        let rmcp = [start(9, 6 << 20), start(7, 4 << 20), start(8, 5 << 20)];
        let text = starts(&demo, &rmcp, [4 << 20, 7 << 20]);
        assert!(
            text.contains("| start to ready, median of 3 | 800 ms | 8 ms |"),
            "{text}"
        );
        assert!(text.contains("| slowest start | 900 ms | 9 ms |"), "{text}");
        assert!(
            text.contains("| memory at rest, median | 2.0 MiB | 5.0 MiB |"),
            "{text}"
        );
        assert!(
            text.contains("| largest memory, under load | 4.0 MiB | 7.0 MiB |"),
            "{text}"
        );
    }

    #[test]
    fn requests_of_sign_ins_are_a_number_or_a_range() {
        let sign_in = |time, gateway_to_microsoft| SignIn {
            time: ms(time),
            sent: Sent {
                by_client: 6,
                by_browser: 4,
                browser_to_microsoft: 3,
                gateway_to_microsoft,
            },
        };
        let text = sign_ins(&[("new", vec![sign_in(10, 2), sign_in(30, 1), sign_in(20, 1)])]);
        assert!(
            text.ends_with("\n| new | 3 | 6 + 4 | 3 + 1–2 | 20.00 | 30.00 | 30.00 |\n"),
            "{text}"
        );
    }

    #[test]
    fn memory_is_told_in_mebibytes_and_for_each_stream() {
        let cost = |clients| Known {
            clients,
            grown: 3 * MEBIBYTE,
            at_rest: -MEBIBYTE / 25,
            on_disk: 9 * MEBIBYTE,
        };
        let text = clients(&cost(10_000), &cost(1000));
        assert!(
            text.contains("| 10000 register themselves | 3.0 MiB | 0.0 MiB | 9.0 MiB |"),
            "{text}"
        );
        assert!(
            text.ends_with("| 1000 of them sign in and call | 3.0 MiB | 0.0 MiB | 9.0 MiB |\n"),
            "{text}"
        );
        let text = streams(&Open {
            streams: 1000,
            people: 16,
            of_connections: 10 * MEBIBYTE,
            of_streams: 50 * MEBIBYTE,
        });
        assert!(
            text.contains("| 1000 connections with a stream each | 50.0 MiB | 51.2 KiB |"),
            "{text}"
        );
    }
}
