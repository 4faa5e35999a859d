//! A gateway of a large house after a year: every page is quick, and pages do not hold up calls.
//!
//! The tables are filled beside the stopped gateway, the log by the rule of its form, so that it verifies afterwards.

mod bars;
mod beside;
mod database;
mod entries;
mod house;
mod pages;

use std::thread;
use std::time::Duration;
use std::time::Instant;
use std::time::SystemTime;

use anyhow::Result;
use anyhow::ensure;

use crate::bench::gateway::Gateway;
use crate::bench::http::Request;
use crate::bench::sign_in::Person;
use crate::postgres::Postgres;
use crate::soak::Soak;
use crate::soak::run::Outcome;
use crate::soak::run::Run;
use crate::soak::scale::database::Database;
use crate::soak::scale::house::House;
use crate::soak::scale::pages::Timed;

pub(super) const SOAK: Soak = Soak {
    name: "scale",
    about: "10,000 people, 200,000 tokens and keys, 1,000 policies and 5 million entries on each database: every page within 200 ms, and calls beside 20 Overviews.",
    run,
    is_in_suite: false,
};

const ENTRIES: u64 = 5_000_000;
const MOST_OF_A_PAGE: Duration = Duration::from_millis(200);
/// Administrators who look at the Overview at once.
const LOOKING: usize = 20;
/// People who call, ninety-six times in a second all together.
const CALLING: usize = 12;
/// Of each turn of calls.
const SECONDS: u64 = 15;

fn run(run: &Run) -> Result<Outcome> {
    let program = run.program()?;
    let mut outcome = Outcome::default();
    {
        let gateway = Gateway::start(&program)?;
        let database = Database::Sqlite(gateway.data().join("gatepost.db"));
        on(gateway, &database, run, &mut outcome)?;
    }
    let server = Postgres::start()?;
    let gateway = Gateway::start_with(&program, &[("GATEPOST_DATABASE_URL", server.url.clone())])?;
    on(gateway, &Database::Postgres(server.url.clone()), run, &mut outcome)?;
    Ok(outcome)
}

fn on(mut gateway: Gateway, database: &Database, run: &Run, outcome: &mut Outcome) -> Result<()> {
    let (name, entries) = (database.name(), run.entries(ENTRIES));
    gateway.stop()?;
    let began = Instant::now();
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?;
    let now = u64::try_from(now.as_millis())?;
    let house = House::fill(database, now)?;
    entries::add(database, &house, entries, now - 60_000)?;
    database.settle()?;
    println!("{name}: filled in {} s", began.elapsed().as_secs());
    outcome.figure(&format!("{name} entries"), entries);
    let started = gateway.rise()?;
    outcome.figure(&format!("{name} start"), format!("{} ms", started.as_millis()));
    let (looking, calling) = let_in(&mut gateway, database)?;
    wait_until_counted(database)?;
    let url = gateway.url();
    let times = match pages::time(&mut gateway.owner, &url, &house) {
        Ok(times) => times,
        // The page says little of why; the log says it.
        Err(error) => return Err(error.context(gateway.log()?)),
    };
    judge(name, &times, outcome);
    let seconds = Duration::from_secs(run.seconds(SECONDS, 1));
    look_on(name, &format!("{url}/"), (looking, calling), seconds, outcome)?;
    gateway.stop()?;
    let began = Instant::now();
    let verified = gateway.command(&["audit", "verify"]);
    outcome.figure(
        &format!("{name} audit verify"),
        format!("{} s", began.elapsed().as_secs()),
    );
    outcome.must(verified.is_ok(), format!("{name}: the log is whole: {verified:?}"));
    Ok(())
}

/// Calls with and without administrators who look at the Overview.
fn look_on(
    database: &str,
    overview: &str,
    (mut looking, calling): (Vec<Person>, Vec<Request>),
    time: Duration,
    outcome: &mut Outcome,
) -> Result<()> {
    let found = beside::measure(&calling, overview, &mut looking, time)?;
    let p99 = format!("{:.1} and {:.1} ms", ms(found.calm), ms(found.beside));
    println!("{database}: calm and beside Overviews {p99}");
    outcome.figure(
        &format!(
            "{database} p99 of {} calls, calm and beside {} Overviews",
            found.calls, found.shown
        ),
        p99,
    );
    outcome.must(
        found.beside <= found.calm * 2,
        format!("{database}: beside {LOOKING} Overviews the calls' p99 is at most twice the calm one"),
    );
    Ok(())
}

/// Twenty people who become administrators, and the requests of those who call with a key.
fn let_in(gateway: &mut Gateway, database: &Database) -> Result<(Vec<Person>, Vec<Request>)> {
    let mut looking = Vec::new();
    for number in 0..LOOKING {
        let mut person = Person::new(gateway, &format!("looks-{number}"))?;
        person.enter(gateway)?;
        looking.push(person);
    }
    let callers: Vec<_> = (0..CALLING).map(|number| format!("calls-{number}")).collect();
    for name in &callers {
        Person::new(gateway, name)?.enter(gateway)?;
    }
    gateway.stop()?;
    let groups = format!("{}/powerbi/v1.0/myorg/groups", gateway.url());
    let mut calling = Vec::new();
    for name in &callers {
        let account = format!("{name}@contoso.test");
        let key = [
            "api-key",
            "add",
            "--name",
            "scale",
            "--person",
            &account,
            "--scope",
            "powerbi.read",
        ];
        calling.push(Request::get_as(&groups, gateway.command(&key)?.trim())?);
    }
    database.run("UPDATE people SET role = 'administrator' WHERE name LIKE 'looks-%';")?;
    gateway.rise()?;
    gateway.owner.hang_up();
    looking.iter_mut().for_each(Person::hang_up);
    for call in &calling {
        call.once()?.expect(200)?;
    }
    Ok((looking, calling))
}

/// The gateway counts entries that it did not write itself some at a time.
fn wait_until_counted(database: &Database) -> Result<()> {
    let deadline = Instant::now() + Duration::from_secs(1200);
    while database.run("SELECT seq - counted_seq FROM audit_head WHERE id = 1;")? != "0" {
        ensure!(
            Instant::now() < deadline,
            "the entries are not counted after twenty minutes"
        );
        thread::sleep(Duration::from_secs(2));
    }
    Ok(())
}

fn judge(database: &str, times: &[Timed], outcome: &mut Outcome) {
    let mut slowest: Vec<&Timed> = times.iter().collect();
    slowest.sort_unstable_by_key(|it| std::cmp::Reverse(it.time));
    for it in slowest.iter().take(20) {
        println!("{database}: {:.1} ms {}", ms(it.time), it.path);
    }
    if let Some(worst) = slowest.first() {
        outcome.figure(
            &format!("{database} slowest of {} pages, median of five", times.len()),
            format!("{:.0} ms, `{}`", ms(worst.time), worst.path),
        );
    }
    let over = slowest.iter().filter(|it| MOST_OF_A_PAGE < it.time);
    let over: Vec<_> = over.map(|it| format!("{} ({:.0} ms)", it.path, ms(it.time))).collect();
    outcome.must(
        over.is_empty() && !times.is_empty(),
        format!(
            "{database}: every page takes at most {} ms, but {}",
            MOST_OF_A_PAGE.as_millis(),
            over.join(", ")
        ),
    );
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}
