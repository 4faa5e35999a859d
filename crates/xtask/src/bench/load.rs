//! Load: so many connections, each with one call after the other for a bounded time, every answer checked.

use std::sync::Barrier;
use std::time::Duration;
use std::time::Instant;

use anyhow::Result;
use anyhow::anyhow;
use anyhow::ensure;

use crate::bench::answer::Answer;
use crate::bench::http::Connection;
use crate::bench::http::Request;

/// How hard and how long.
pub(crate) struct Load {
    pub(crate) connections: usize,
    pub(crate) warm_up: Duration,
    pub(crate) time: Duration,
}

/// What came out.
#[derive(Debug, PartialEq)]
pub(crate) struct Figures {
    pub(crate) calls: usize,
    pub(crate) per_second: f64,
    pub(crate) median: Duration,
    pub(crate) p99: Duration,
    pub(crate) slowest: Duration,
}

impl Load {
    /// Runs the load; any answer but a good one ends it with an error.
    pub(crate) fn run(&self, request: &Request) -> Result<Figures> {
        let together = Barrier::new(self.connections);
        let times: Vec<Vec<Duration>> = std::thread::scope(|scope| {
            let one = || scope.spawn(|| self.run_one(request, &together));
            let threads: Vec<_> = (0..self.connections).map(|_| one()).collect();
            threads
                .into_iter()
                .map(|thread| thread.join().map_err(|_| anyhow!("a load thread panicked"))?)
                .collect::<Result<_>>()
        })?;
        Ok(figures(times.into_iter().flatten().collect(), self.time))
    }

    /// One connection's part: the times of its calls after the warm-up.
    fn run_one(&self, request: &Request, together: &Barrier) -> Result<Vec<Duration>> {
        let opened = Connection::open(&request.address);
        // Everybody arrives here, also who failed, so that nobody waits for ever.
        together.wait();
        let mut connection = opened?;
        let counted_from = Instant::now() + self.warm_up;
        let end = counted_from + self.time;
        let mut times = Vec::new();
        loop {
            let began = Instant::now();
            if end <= began {
                return Ok(times);
            }
            check(&connection.send(request)?)?;
            if counted_from <= began {
                times.push(began.elapsed());
            }
        }
    }
}

fn check(answer: &Answer) -> Result<()> {
    answer.expect(200)?;
    let body = String::from_utf8_lossy(&answer.body);
    ensure!(!body.contains("\"isError\":true"), "the tool failed: {body}");
    Ok(())
}

/// The figures of calls that took these times and were made in this time all together.
pub(crate) fn figures(mut times: Vec<Duration>, time: Duration) -> Figures {
    times.sort();
    let at = |share: f64| {
        let place = (times.len() as f64 * share).ceil() as usize;
        times.get(place.saturating_sub(1)).copied().unwrap_or_default()
    };
    Figures {
        calls: times.len(),
        per_second: times.len() as f64 / time.as_secs_f64(),
        median: at(0.5),
        p99: at(0.99),
        slowest: at(1.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_nearest_ranks() {
        let times = (1..=100).rev().map(Duration::from_millis).collect();
        let figures = figures(times, Duration::from_secs(10));
        assert_eq!(figures.calls, 100);
        assert_eq!(figures.per_second, 10.0);
        assert_eq!(figures.median, Duration::from_millis(50));
        assert_eq!(figures.p99, Duration::from_millis(99));
        assert_eq!(figures.slowest, Duration::from_millis(100));
    }

    #[test]
    fn no_call_at_all_is_zero_everywhere() {
        assert_eq!(figures(Vec::new(), Duration::from_secs(1)).median, Duration::ZERO);
    }
}
