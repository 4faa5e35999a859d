//! Published programs against the product: each peer gets a fresh demo or sandbox, and its tests are counted.

use std::path::Path;
use std::process::Command;

use anyhow::Context;
use anyhow::Result;

use crate::demo;
use crate::demo::Demo;
use crate::demo::Sandbox;
use crate::process;
use crate::steps::Steps;
use crate::steps::Tally;
use crate::tools;
use crate::tools::Tools;

/// What a peer talks to.
#[derive(Clone, Copy)]
enum Against {
    /// `gatepost demo`; the printed line is in `GATEPOST_DEMO`.
    Demo,
    /// `gatepost demo --conformance`, with what the MCP conformance suite looks for; the line is in `GATEPOST_DEMO` too.
    DemoUnderTest,
    /// `gatepost sandbox` over TLS, as MSAL demands; in `SANDBOX_URL` and `SANDBOX_CA`.
    TlsSandbox,
    /// A `gatepost demo` that the script starts itself, where nothing but loopback is in reach; the product is in `GATEPOST`.
    DemoOfItsOwn,
}

/// What runs a peer's script.
#[derive(Clone, Copy)]
enum Runner {
    Python,
    Node,
    Shell,
}

struct Peer {
    script: &'static str,
    runner: Runner,
    against: Against,
}

const PEERS: &[Peer] = &[
    Peer {
        script: "msal_python.py",
        runner: Runner::Python,
        against: Against::TlsSandbox,
    },
    Peer {
        script: "msal_node.mjs",
        runner: Runner::Node,
        against: Against::TlsSandbox,
    },
    Peer {
        script: "curl.sh",
        runner: Runner::Shell,
        against: Against::Demo,
    },
    Peer {
        script: "powerbi_client.py",
        runner: Runner::Python,
        against: Against::Demo,
    },
    Peer {
        script: "mcp_python.py",
        runner: Runner::Python,
        against: Against::Demo,
    },
    Peer {
        script: "mcp_conformance.py",
        runner: Runner::Python,
        against: Against::DemoUnderTest,
    },
    Peer {
        script: "mcp_typescript.mjs",
        runner: Runner::Node,
        against: Against::Demo,
    },
    Peer {
        script: "mcp_clients.py",
        runner: Runner::Python,
        against: Against::Demo,
    },
    Peer {
        script: "mcp_fuzzer.py",
        runner: Runner::Python,
        against: Against::Demo,
    },
    Peer {
        script: "egress.py",
        runner: Runner::Python,
        against: Against::DemoOfItsOwn,
    },
];

/// Agents that people use. They are large, and would call home if they could.
const AGENTS: &[Peer] = &[
    Peer {
        script: "claude_code.py",
        runner: Runner::Python,
        against: Against::DemoOfItsOwn,
    },
    Peer {
        script: "codex.py",
        runner: Runner::Python,
        against: Against::DemoOfItsOwn,
    },
];

const BROWSER: Peer = Peer {
    script: "browser.mjs",
    runner: Runner::Node,
    against: Against::Demo,
};

/// Runs every peer but the browser, each as a step of its own.
pub(crate) fn run_clients(steps: &mut Steps, tools: &Tools, gatepost: &Path) {
    for peer in PEERS {
        steps.step(peer.script, |tally| peer.run(tools, gatepost, tally));
    }
    if steps.step("agents", |_| tools::install_agents()).is_some() {
        for peer in AGENTS {
            steps.step(peer.script, |tally| peer.run(tools, gatepost, tally));
        }
    }
}

/// Runs the browser through the portal.
pub(crate) fn run_browser(tools: &Tools, gatepost: &Path, tally: &mut Tally) -> Result<()> {
    BROWSER.run(tools, gatepost, tally)
}

impl Peer {
    fn run(&self, tools: &Tools, gatepost: &Path, tally: &mut Tally) -> Result<()> {
        let result = self.run_against(tools, gatepost, tally);
        if result.is_err() && !matches!(self.against, Against::DemoOfItsOwn) {
            println!("--- the end of what {} talked to:\n{}", self.script, demo::last_words());
        }
        result
    }

    fn run_against(&self, tools: &Tools, gatepost: &Path, tally: &mut Tally) -> Result<()> {
        let mut command = self.command(tools);
        match self.against {
            Against::Demo | Against::DemoUnderTest => {
                let more: &[&str] = match self.against {
                    Against::DemoUnderTest => &["--conformance"],
                    _ => &[],
                };
                let demo = Demo::start_with(gatepost, more).context("the demo did not start")?;
                process::run_counting(command.env("GATEPOST_DEMO", &demo.line), tally)?;
                demo.stop()
            }
            Against::TlsSandbox => {
                let sandbox = Sandbox::start(gatepost).context("the sandbox did not start")?;
                command
                    .env("SANDBOX_URL", &sandbox.url)
                    .env("SANDBOX_CA", sandbox.authority());
                // These outrank what a script asks for: `requests` and Node read their authorities here.
                command
                    .env("REQUESTS_CA_BUNDLE", sandbox.authority())
                    .env("NODE_EXTRA_CA_CERTS", sandbox.authority());
                process::run_counting(&mut command, tally)
            }
            Against::DemoOfItsOwn => process::run_counting(command.env("GATEPOST", gatepost), tally),
        }
    }

    fn command(&self, tools: &Tools) -> Command {
        let root = crate::root();
        let mut command = match self.runner {
            Runner::Python => Command::new(&tools.python),
            Runner::Node => Command::new(&tools.node),
            Runner::Shell => Command::new("sh"),
        };
        command.arg(root.join("peers").join(self.script)).current_dir(&root);
        command
            .env("CHROMIUM", &tools.chromium)
            .env("NODE", &tools.node)
            .env("SCREENSHOTS", root.join("target/screenshots"));
        // Everything is on loopback: a proxy of the machine has no part in it.
        command
            .env("NO_PROXY", "127.0.0.1,localhost")
            .env("PYTHONUNBUFFERED", "1")
            .env("PYTHONDONTWRITEBYTECODE", "1");
        command
    }
}
