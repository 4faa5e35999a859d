//! `cargo xtask bench`: load on a release build's demo, start-up time and idle memory, printed as Markdown tables.

mod http;
mod load;
mod report;

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use anyhow::Result;
use clap::Args;

use crate::bench::http::Request;
use crate::bench::load::Load;
use crate::demo::Demo;
use crate::process;

/// How to measure.
#[derive(Args)]
pub(crate) struct Options {
    /// Seconds of load for each row, after a second of warming up.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=60))]
    seconds: u64,
    /// Numbers of connections, each kept busy with one call after the other.
    #[arg(long, value_delimiter = ',', default_value = "1,16,64")]
    connections: Vec<usize>,
    /// How often the demo is started to measure the start.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=50))]
    starts: u64,
    /// A program to measure instead of building the release one.
    #[arg(long)]
    program: Option<PathBuf>,
}

/// Builds, starts, loads, prints.
pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    let program = match &options.program {
        Some(program) => program.clone(),
        None => build_release()?,
    };
    let starts = (0..options.starts)
        .map(|_| start_once(&program))
        .collect::<Result<Vec<Start>>>()?;
    let demo = Demo::start(&program)?;
    let mut rows = Vec::new();
    for connections in &options.connections {
        for (name, request) in requests(&demo)? {
            let load = Load {
                connections: *connections,
                warm_up: Duration::from_secs(1),
                time: Duration::from_secs(options.seconds),
            };
            println!("measuring {name} with {connections} connections");
            rows.push(report::Row {
                name,
                connections: *connections,
                figures: load.run(&request)?,
            });
        }
    }
    let peak = memory(demo.id(), "VmHWM")?;
    demo.stop()?;
    print!("{}", report::text(&rows, &starts, peak));
    Ok(ExitCode::SUCCESS)
}

/// One start of the demo.
struct Start {
    ready_after: Duration,
    idle_bytes: u64,
}

fn start_once(program: &std::path::Path) -> Result<Start> {
    let demo = Demo::start(program)?;
    // What start-up left to be freed or written should be over before memory is read.
    std::thread::sleep(Duration::from_secs(1));
    let start = Start {
        ready_after: demo.ready_after,
        idle_bytes: memory(demo.id(), "VmRSS")?,
    };
    demo.stop()?;
    Ok(start)
}

/// The three calls that are compared: straight to the sandbox, through the proxy, and as an agent.
fn requests(demo: &Demo) -> Result<Vec<(&'static str, Request)>> {
    let key = demo.field("api_key")?;
    let groups = format!("{}/v1.0/myorg/groups", demo.field("sandbox_url")?);
    let proxied = format!(
        "{}/v1.0/myorg/groups",
        demo.field("proxy_url")?
            .trim_end_matches('/')
            .trim_end_matches("/v1.0/myorg")
    );
    Ok(vec![
        (
            "GET groups, sandbox alone",
            Request::get(&groups, &sandbox_token(demo)?)?,
        ),
        ("GET groups, through the proxy", Request::get(&proxied, key)?),
        (
            "tools/call whoami",
            Request::tool_call(demo.field("mcp_url")?, key, "whoami")?,
        ),
    ])
}

fn sandbox_token(_demo: &Demo) -> Result<String> {
    Ok(String::new())
}

/// A line of `/proc/PID/status`, in bytes.
fn memory(id: u32, line: &str) -> Result<u64> {
    let status = fs::read_to_string(format!("/proc/{id}/status")).context("cannot read the demo's memory")?;
    let value = status
        .lines()
        .find_map(|text| text.strip_prefix(line)?.strip_prefix(':'));
    let kibibytes: u64 = value
        .and_then(|text| text.trim().strip_suffix(" kB")?.parse().ok())
        .context("no such line")?;
    Ok(kibibytes * 1024)
}

fn build_release() -> Result<PathBuf> {
    println!("building the release binary");
    process::run_quietly(&mut process::cargo(&[
        "build",
        "--release",
        "--locked",
        "--package",
        "gatepost",
    ]))?;
    Ok(crate::root().join("target/release/gatepost"))
}
