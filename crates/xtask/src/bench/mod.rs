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
use anyhow::bail;
use anyhow::ensure;
use clap::Args;
use serde_json::Value;
use serde_json::json;

use crate::bench::http::Answer;
use crate::bench::http::Connection;
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
    #[arg(long, value_delimiter = ',', default_value = "1,16,64,256")]
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
    let requests = requests(&demo)?;
    let mut rows = Vec::new();
    for connections in &options.connections {
        for (name, request) in &requests {
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
    let proxy = demo
        .field("proxy_url")?
        .trim_end_matches('/')
        .trim_end_matches("/v1.0/myorg");
    let proxied = Request::get(&format!("{proxy}/v1.0/myorg/groups"), key)?;
    Ok(vec![
        ("GET groups, sandbox alone", direct_request(demo, &proxied)?),
        ("GET groups, through the proxy", proxied),
        (
            "tools/call whoami",
            Request::tool_call(demo.field("mcp_url")?, key, "whoami")?,
        ),
        ("tools/list", Request::tool_list(demo.field("mcp_url")?, key)?),
    ])
}

/// The same GET without the gateway, as the person for whom it brings the very same answer.
fn direct_request(demo: &Demo, proxied: &Request) -> Result<Request> {
    let sandbox = demo.field("sandbox_url")?.trim_end_matches('/');
    let expected = once(proxied)?;
    ensure!(expected.status == 200, "the proxy answered {}", expected.status);
    let people: Value = serde_json::from_slice(&once(&Request::get(&format!("{sandbox}/sandbox/people"), "")?)?.body)?;
    for person in people
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|person| person["upn"].as_str())
    {
        let wish = json!({"person": person, "scopes": ["Workspace.Read.All"]}).to_string();
        let headers = [("content-type", "application/json")];
        let issued = once(&Request::post(&format!("{sandbox}/sandbox/tokens"), &headers, &wish)?)?;
        let issued: Value = serde_json::from_slice(&issued.body).context("the sandbox issued no token")?;
        let token = issued["access_token"].as_str().context("the sandbox issued no token")?;
        let direct = Request::get(&format!("{sandbox}/v1.0/myorg/groups"), token)?;
        if once(&direct)?.body == expected.body {
            return Ok(direct);
        }
    }
    bail!("the sandbox gives nobody the answer that came through the proxy")
}

fn once(request: &Request) -> Result<Answer> {
    Connection::open(request)?.send(request)
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
