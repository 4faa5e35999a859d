//! Calls at a steady rate, alone and beside twenty administrators who look at the Overview all the time.

use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;
use std::time::Instant;

use anyhow::Result;
use anyhow::anyhow;

use crate::bench::http::Connection;
use crate::bench::http::Request;
use crate::bench::load;
use crate::bench::sign_in::Person;

/// Each caller's calls are this far apart: a gateway lets one person read 600 times in a minute.
const PACE: Duration = Duration::from_millis(125);
/// Calm and busy times take turns, so that what else the machine does falls into both.
const TURNS: usize = 3;

/// What came out.
pub(super) struct Figures {
    pub(super) calm: Duration,
    pub(super) beside: Duration,
    pub(super) calls: usize,
    /// Overviews that were shown meanwhile.
    pub(super) shown: u64,
}

/// Calls for so long in each turn, each of `callers` at its pace, once alone and once beside pages.
pub(super) fn measure(callers: &[Request], overview: &str, people: &mut [Person], time: Duration) -> Result<Figures> {
    let (mut calm, mut beside) = (Vec::new(), Vec::new());
    let shown = AtomicU64::new(0);
    for _ in 0..TURNS {
        calm.extend(calls(callers, time)?);
        let is_over = AtomicBool::new(false);
        let times = thread::scope(|scope| {
            let looking: Vec<_> = people
                .iter_mut()
                .map(|person| scope.spawn(|| look(person, overview, &is_over, &shown)))
                .collect();
            let times = calls(callers, time);
            is_over.store(true, Ordering::Relaxed);
            for one in looking {
                one.join().map_err(|_| anyhow!("a thread panicked"))??;
            }
            times
        });
        beside.extend(times?);
    }
    let calls = calm.len() + beside.len();
    let p99 = |times| load::figures(times, time).p99;
    Ok(Figures {
        calm: p99(calm),
        beside: p99(beside),
        calls,
        shown: shown.into_inner(),
    })
}

fn look(person: &mut Person, overview: &str, is_over: &AtomicBool, shown: &AtomicU64) -> Result<()> {
    while !is_over.load(Ordering::Relaxed) {
        person.visit(overview)?;
        shown.fetch_add(1, Ordering::Relaxed);
    }
    Ok(())
}

/// How long each call took from the moment it was due, so that a call that waits for the one before it counts as waiting.
fn calls(callers: &[Request], time: Duration) -> Result<Vec<Duration>> {
    let began = Instant::now();
    let apart = PACE.div_f64(callers.len() as f64);
    thread::scope(|scope| {
        let firsts = (0_u32..).map(|at| began + apart * at);
        let callers: Vec<_> = callers
            .iter()
            .zip(firsts)
            .map(|(request, first)| scope.spawn(move || steadily(request, first, began + time)))
            .collect();
        let mut times = Vec::new();
        for one in callers {
            times.extend(one.join().map_err(|_| anyhow!("a thread panicked"))??);
        }
        Ok(times)
    })
}

fn steadily(request: &Request, first: Instant, end: Instant) -> Result<Vec<Duration>> {
    let mut connection = Connection::open(&request.address)?;
    let (mut due, mut times) = (first, Vec::new());
    while due < end {
        thread::sleep(due.saturating_duration_since(Instant::now()));
        connection.send(request)?.expect(200)?;
        times.push(due.elapsed());
        due += PACE;
    }
    Ok(times)
}
