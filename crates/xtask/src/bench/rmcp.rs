//! The least an MCP server on rmcp can be, from `bench/rmcp-server`: built, started and stopped.

use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::process::Stdio;
use std::time::Duration;
use std::time::Instant;

use anyhow::Context;
use anyhow::Result;
use anyhow::ensure;
use serde_json::Value;
use serde_json::json;

use crate::bench::mcp::Server;
use crate::demo;
use crate::demo::Demo;
use crate::process;
use crate::process::Background;

const TARGET: &str = "target/rmcp-server";

/// A running server; dropping it ends it.
pub(crate) struct Rmcp {
    program: Background,
    pub(crate) mcp_url: String,
    pub(crate) ready_after: Duration,
}

impl Rmcp {
    /// Builds the server and gives it Gatepost's own answers to say; the program and the file with the answers.
    pub(crate) fn prepare(demo: &Demo) -> Result<(PathBuf, PathBuf)> {
        println!("building the rmcp server");
        let arguments = ["build", "--release", "--locked", "--quiet", "--target-dir", TARGET];
        let mut build = process::cargo(&arguments);
        process::run_quietly(build.args(["--manifest-path", "bench/rmcp-server/Cargo.toml"]))?;
        let folder = crate::root().join(TARGET);
        let answers = folder.join("answers.json");
        fs::write(&answers, answers_of(demo)?.to_string())?;
        Ok((folder.join("release/rmcp-server"), answers))
    }

    /// Starts it on a free port.
    pub(crate) fn start(program: &Path, answers: &Path) -> Result<Self> {
        let began = Instant::now();
        let mut program = Background::start(Command::new(program).arg(answers).stdout(Stdio::piped()))?;
        let output = program.take_stdout().context("standard output was asked for")?;
        let line = demo::first_line(output, Duration::from_secs(30), |_| true)?;
        let ready_after = began.elapsed();
        let about: Value = serde_json::from_str(&line)?;
        let mcp_url = about["mcp_url"].as_str().context("the rmcp server told no address")?;
        Ok(Self {
            program,
            mcp_url: mcp_url.to_owned(),
            ready_after,
        })
    }

    /// The process id.
    pub(crate) fn id(&self) -> u32 {
        self.program.id()
    }
}

/// Gatepost's list of tools and its answer to `whoami`, so that both servers send the same.
fn answers_of(demo: &Demo) -> Result<Value> {
    let server = Server {
        url: demo.field("mcp_url")?,
        token: Some(demo.field("api_key")?),
    };
    let list = server.list()?.once()?.json(200)?;
    let said = server.call("whoami", &json!({}))?.once()?.json(200)?;
    let (tools, whoami) = (&list["result"]["tools"], &said["result"]["content"][0]["text"]);
    ensure!(
        tools.is_array() && whoami.is_string(),
        "Gatepost's answers are not as expected"
    );
    Ok(json!({"tools": tools, "whoami": whoami}))
}
