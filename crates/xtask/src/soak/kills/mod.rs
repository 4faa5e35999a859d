//! A gateway that is killed again and again under load loses nothing: no connection, no grant, no entry, and sends no change twice.
//!
//! AUD-01, CRH-01, CRH-03, CRH-04, CRH-12: each kill falls anywhere into reads, changes, refreshes at Microsoft, sign-ins and renewals.

mod load;
mod proof;
mod stage;

use std::time::Duration;

use anyhow::Result;

use crate::bench::gateway::Gateway;
use crate::postgres::Postgres;
use crate::soak::Soak;
use crate::soak::kills::load::Load;
use crate::soak::kills::stage::Stage;
use crate::soak::run::Length;
use crate::soak::run::Outcome;
use crate::soak::run::Run;

pub(super) const SOAK: Soak = Soak {
    name: "kills",
    about: "300 times kill -9 on each database under reads, changes, refreshes and sign-ins: nothing is lost or sent twice.",
    run,
    is_in_suite: false,
};

/// On each database.
const ROUNDS: u64 = 300;
const IN_SUITE: u64 = 8;
/// Until everybody who was connected gets an answer from Power BI again.
const BACK_WITHIN: Duration = Duration::from_secs(5);
/// The same for a build without optimisation on a machine that does other things.
const BACK_WITHIN_IN_SUITE: Duration = Duration::from_secs(15);

fn run(run: &Run) -> Result<Outcome> {
    let program = run.program()?;
    let rounds = run.rounds(ROUNDS, IN_SUITE);
    let within = match run.length {
        Length::InSuite => BACK_WITHIN_IN_SUITE,
        _ => BACK_WITHIN,
    };
    let mut outcome = Outcome::default();
    on(Gateway::start(&program)?, "SQLite", (rounds, within), &mut outcome)?;
    let server = Postgres::start()?;
    let postgres = Gateway::start_with(&program, &[("GATEPOST_DATABASE_URL", server.url.clone())])?;
    on(postgres, "PostgreSQL", (rounds, within), &mut outcome)?;
    Ok(outcome)
}

fn on(gateway: Gateway, database: &str, (rounds, within): (u64, Duration), outcome: &mut Outcome) -> Result<()> {
    let mut stage = Stage::set(gateway)?;
    let mut load = Load::default();
    let mut back = Vec::new();
    for round in 0..rounds {
        stage.arm()?;
        stage.run_and_kill(&mut load, life(round))?;
        stage.gateway.rise()?;
        back.push(stage.everybody_is_back(Duration::from_secs(60))?);
        stage.read_ledger()?;
        if round % 50 == 49 {
            println!("{database}: {} rounds, {}", round + 1, load.counts());
        }
    }
    back.sort_unstable();
    let slowest = back.last().copied().unwrap_or_default();
    outcome.figure(&format!("{database} {rounds} kills"), load.counts());
    outcome.figure(
        &format!("{database} answers again, median and slowest"),
        format!("{} and {} ms", back[back.len() / 2].as_millis(), slowest.as_millis()),
    );
    outcome.must(
        slowest <= within,
        format!("{database}: everybody is back within {} s of a start", within.as_secs()),
    );
    proof::give(&mut stage, &load, database, outcome)
}

/// How long the gateway lives in this round: spread over what a call, a refresh and a sign-in take, the same in every run.
fn life(round: u64) -> Duration {
    Duration::from_millis(150 + round.wrapping_mul(7_919) % 1_350)
}
