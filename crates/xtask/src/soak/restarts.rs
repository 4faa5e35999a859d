//! A gateway that is killed and started a thousand times comes up as quickly as ever and leaves nothing behind.

use std::time::Duration;
use std::time::Instant;

use anyhow::Result;

use crate::bench::gateway::Gateway;
use crate::bench::http::Request;
use crate::bench::memory;
use crate::postgres::Postgres;
use crate::soak::Soak;
use crate::soak::run::Length;
use crate::soak::run::Outcome;
use crate::soak::run::Run;

pub(super) const SOAK: Soak = Soak {
    name: "restarts",
    about: "A thousand times kill -9 and start on each database: ready within a second, no growth, no lock left behind.",
    run,
    is_in_suite: true,
};

/// On each database.
const ROUNDS: u64 = 1000;
const IN_SUITE: u64 = 10;
/// How much more memory the last start may have at rest than the first.
const MOST_GROWTH: u64 = 8 << 20;

fn run(run: &Run) -> Result<Outcome> {
    let program = run.program()?;
    let rounds = run.rounds(ROUNDS, IN_SUITE);
    // A build without optimisation is slower; the suite holds that it starts each time.
    let limit = if run.length == Length::InSuite { 10 } else { 1 };
    let limit = Duration::from_secs(limit);
    let mut outcome = Outcome::default();
    let sqlite = Gateway::start(&program)?;
    start_again(sqlite, "SQLite", rounds, limit, &mut outcome)?;
    let server = Postgres::start()?;
    let postgres = Gateway::start_with(&program, &[("GATEPOST_DATABASE_URL", server.url.clone())])?;
    start_again(postgres, "PostgreSQL", rounds, limit, &mut outcome)?;
    Ok(outcome)
}

fn start_again(
    mut gateway: Gateway,
    database: &str,
    rounds: u64,
    limit: Duration,
    outcome: &mut Outcome,
) -> Result<()> {
    let mut times = Vec::new();
    let mut first = 0;
    for round in 0..rounds {
        gateway.kill()?;
        let began = Instant::now();
        gateway.rise()?;
        wait_until_ready(&gateway)?;
        times.push(began.elapsed());
        if round == 0 {
            first = gateway.memory_at_rest()?;
        }
    }
    let last = gateway.memory_at_rest()?;
    times.sort_unstable();
    let (median, slowest) = (times[times.len() / 2], times[times.len() - 1]);
    outcome.figure(
        &format!("{database} {rounds} starts, median and slowest"),
        format!("{} and {} ms", median.as_millis(), slowest.as_millis()),
    );
    let mebibytes = |bytes: u64| bytes >> 20;
    outcome.figure(
        &format!("{database} memory at rest after the first and last"),
        format!("{} and {} MiB", mebibytes(first), mebibytes(last)),
    );
    outcome.must(
        slowest <= limit,
        format!("{database}: every start is ready within {} s", limit.as_secs()),
    );
    outcome.must(
        last <= first + MOST_GROWTH,
        format!("{database}: memory at rest does not grow over starts"),
    );
    outcome.must(
        memory::peak(gateway.id()?)? < 450 << 20,
        format!("{database}: a start stays below 450 MiB"),
    );
    Ok(())
}

/// Waits for the answer that a load balancer waits for; the time is up when the gateway's own start is.
fn wait_until_ready(gateway: &Gateway) -> Result<()> {
    let ready = Request::get(&format!("{}/readyz", gateway.url()), &[])?;
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let answer = ready.once()?;
        if answer.head.status == 200 {
            return Ok(());
        }
        anyhow::ensure!(
            Instant::now() < deadline,
            "the gateway is not ready: {}\n{}",
            answer.text(),
            gateway.log()?
        );
        std::thread::sleep(Duration::from_millis(10));
    }
}
