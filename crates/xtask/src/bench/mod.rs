//! `cargo xtask bench`: load, sign-ins, memory and start-up of a release build, printed as Markdown tables.

pub(crate) mod answer;
pub(crate) mod browser;
mod calls;
mod clients;
pub(crate) mod form;
pub(crate) mod gateway;
pub(crate) mod http;
pub(crate) mod load;
pub(crate) mod mcp;
pub(crate) mod memory;
mod report;
mod rmcp;
pub(crate) mod sign_in;
mod streams;

use std::path::Path;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Result;
use clap::Args;
use clap::ValueEnum;

use crate::bench::gateway::Gateway;
use crate::bench::load::Load;
use crate::bench::rmcp::Rmcp;
use crate::bench::sign_in::Person;
use crate::bench::sign_in::SignIn;
use crate::build;
use crate::demo::Demo;

/// How to measure.
#[derive(Args)]
pub(crate) struct Options {
    /// Measure only these parts.
    #[arg(long, value_enum, value_delimiter = ',')]
    only: Vec<Part>,
    /// Seconds of load for each row, after a second of warming up.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=60))]
    seconds: u64,
    /// Numbers of connections, each kept busy with one call after the other.
    #[arg(long, value_delimiter = ',', default_value = "1,16,64,256")]
    connections: Vec<usize>,
    /// How often the demo is started to measure the start.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=50))]
    starts: u64,
    /// How many sign-ins of each kind are timed; a gateway lets one network begin 300 in a minute.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u64).range(1..=200))]
    sign_ins: u64,
    /// How many clients register themselves.
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u64).range(1..=15_000))]
    clients: u64,
    /// How many streams are open at once.
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u64).range(1..=1000))]
    streams: u64,
    /// A program to measure instead of building the release one.
    #[arg(long)]
    program: Option<PathBuf>,
}

/// A part of the whole.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    /// Start-up, and calls under load beside a server on rmcp.
    Load,
    /// Whole sign-ins of agents.
    SignIns,
    /// Memory and disk for known clients.
    Clients,
    /// Memory for open streams.
    Streams,
}

/// Builds, starts, loads, prints.
pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    let program = match &options.program {
        Some(program) => program.clone(),
        None => build::release()?,
    };
    let wanted = |part| options.only.is_empty() || options.only.contains(&part);
    let mut text = String::new();
    if wanted(Part::Load) {
        text.push_str(&load(options, &program)?);
    }
    if [Part::SignIns, Part::Clients, Part::Streams].into_iter().any(wanted) {
        text.push_str(&alone(options, &program, wanted)?);
    }
    print!("{text}");
    Ok(ExitCode::SUCCESS)
}

/// Starts of both servers, then their calls under load in turn.
fn load(options: &Options, program: &Path) -> Result<String> {
    let starts = (0..options.starts)
        .map(|_| start_demo(program))
        .collect::<Result<Vec<Start>>>()?;
    let demo = Demo::start(program)?;
    let (other, answers) = Rmcp::prepare(&demo)?;
    let of_rmcp = (0..options.starts)
        .map(|_| start_rmcp(&other, &answers))
        .collect::<Result<Vec<Start>>>()?;
    let rmcp = Rmcp::start(&other, &answers)?;
    let calls = calls::all(&demo, &rmcp.mcp_url)?;
    let mut rows = Vec::new();
    for connections in &options.connections {
        for (name, request) in &calls {
            let load = Load {
                connections: *connections,
                warm_up: Duration::from_secs(1),
                time: Duration::from_secs(options.seconds),
            };
            println!("measuring {name} with {connections} connections");
            rows.push(report::Row {
                name,
                connections: *connections,
                figures: load.run(request)?,
            });
        }
    }
    let peaks = [memory::peak(demo.id())?, memory::peak(rmcp.id())?];
    demo.stop()?;
    Ok(report::load(&rows) + &report::starts(&starts, &of_rmcp, peaks))
}

/// One start of a program.
struct Start {
    ready_after: Duration,
    idle_bytes: u64,
}

fn start_demo(program: &Path) -> Result<Start> {
    let demo = Demo::start(program)?;
    let start = Start::at_rest(demo.ready_after, demo.id())?;
    demo.stop()?;
    Ok(start)
}

fn start_rmcp(program: &Path, answers: &Path) -> Result<Start> {
    let rmcp = Rmcp::start(program, answers)?;
    Start::at_rest(rmcp.ready_after, rmcp.id())
}

impl Start {
    fn at_rest(ready_after: Duration, id: u32) -> Result<Self> {
        // What start-up left to be freed or written should be over before memory is read.
        std::thread::sleep(Duration::from_secs(1));
        let idle_bytes = memory::resident(id)?;
        Ok(Self {
            ready_after,
            idle_bytes,
        })
    }
}

/// What is measured of a gateway that runs apart from the sandbox.
fn alone(options: &Options, program: &Path, wanted: impl Fn(Part) -> bool) -> Result<String> {
    let mut gateway = Gateway::start(program)?;
    // Whoever sets up leaves traces: hashing a password takes memory once.
    gateway.restart()?;
    let rest = report::rest(gateway.memory_at_rest()?);
    let (mut kinds, mut tables) = (Vec::new(), String::new());
    if wanted(Part::SignIns) {
        println!("signing in {} people, twice", options.sign_ins);
        let (first, again) = sign_ins(&gateway, options.sign_ins)?;
        kinds.push(("new person, new client", first));
        kinds.push(("the same browser, another new client", again));
    }
    if wanted(Part::Clients) {
        println!("registering {} clients", options.clients);
        let clients = usize::try_from(options.clients)?;
        let (known, of_tokens, sign_ins) = clients::measure(&mut gateway, clients, clients / 10)?;
        kinds.push(("the same browser, a client that is known", sign_ins));
        tables.push_str(&report::clients(&known, &of_tokens));
    }
    if wanted(Part::Streams) {
        println!("opening {} streams", options.streams);
        let open = streams::measure(&mut gateway, usize::try_from(options.streams)?)?;
        tables.push_str(&report::streams(&open));
    }
    if !kinds.is_empty() {
        tables.insert_str(0, &report::sign_ins(&kinds));
    }
    Ok(rest + &tables)
}

/// Sign-ins of new people through new clients, and again of each through another client.
fn sign_ins(gateway: &Gateway, people: u64) -> Result<(Vec<SignIn>, Vec<SignIn>)> {
    let (mut first, mut again) = (Vec::new(), Vec::new());
    // The first of all finds caches empty and connections closed; it is not counted.
    Person::new(gateway, "earliest")?.sign_in(gateway, None)?;
    for number in 0..people {
        let mut person = Person::new(gateway, &format!("signs-in-{number}"))?;
        first.push(person.sign_in(gateway, None)?.0);
        again.push(person.sign_in(gateway, None)?.0);
    }
    Ok((first, again))
}
