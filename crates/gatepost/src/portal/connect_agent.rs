//! Connect an agent: the gateway's address, and what to do with it in each client.

use axum::extract::State;
use axum::response::Response;
use serde_json::{Value, json};

use super::failure::Failure;
use super::visitor::{Place, Visitor};
use crate::app::App;
use crate::store::environments::Environment;

/// `GET /connect-an-agent`
pub(super) async fn show(State(app): State<App>, visitor: Visitor) -> Result<Response, Failure> {
    let (mcp, rest) = addresses(&app, &visitor.environment);
    let details = json!({ "mcp": mcp, "rest": rest, "clients": clients(&mcp), "is_local": app.settings.public_url.starts_with("http://") });
    visitor.show(
        &app,
        Place {
            template: "connect_agent.html",
            title: "Connect an agent",
            section: "connect_agent",
        },
        details,
    )
}

/// MCP address and REST base address of an environment.
pub(super) fn addresses(app: &App, environment: &Environment) -> (String, String) {
    let prefix = if environment.is_default {
        String::new()
    } else {
        format!("/e/{}", environment.slug)
    };
    (
        app.settings.url(&format!("{prefix}/mcp")),
        app.settings.url(&format!("{prefix}/powerbi")),
    )
}

/// One client: what to do, and the lines to copy.
fn clients(mcp: &str) -> Vec<Value> {
    let client = |name: &str, steps: &[&str], copy: &[(&str, String)], note: &str| {
        let copy: Vec<_> = copy
            .iter()
            .map(|(title, text)| json!({ "title": title, "text": text, "is_tall": text.contains('\n') }))
            .collect();
        json!({ "name": name, "steps": steps, "copy": copy, "note": note })
    };
    let json_of = |key: &str, entry: Value| {
        serde_json::to_string_pretty(&json!({ key: { "power-bi": entry } })).expect("the file is plain data")
    };
    let address = || vec![("Address", mcp.to_owned())];
    vec![
        client(
            "Claude",
            &[
                "Open Settings, then Connectors, and choose Add custom connector.",
                "Give it a name and paste the address.",
                "Choose Connect; your browser opens this gateway to ask for your consent.",
            ],
            &address(),
            "On Team and Enterprise plans an owner adds the connector first; then each person connects. Claude in the browser reaches only addresses that are on the internet.",
        ),
        client(
            "Claude Code",
            &["Run this command, then type /mcp inside Claude Code and choose power-bi to sign in."],
            &[("Command", format!("claude mcp add --transport http power-bi {mcp}"))],
            "",
        ),
        client(
            "ChatGPT",
            &[
                "Turn on developer mode under Settings, Apps & Connectors, Advanced.",
                "Create a connector, paste the address and choose OAuth.",
                "Connect it, then pick it in the tools of a conversation.",
            ],
            &address(),
            "Which plans offer this changes; a workspace administrator may have to allow it.",
        ),
        client(
            "Cursor",
            &[
                "Put this into ~/.cursor/mcp.json (or .cursor/mcp.json of a project).",
                "Open Settings, MCP, and choose Connect beside power-bi.",
            ],
            &[("~/.cursor/mcp.json", json_of("mcpServers", json!({ "url": mcp })))],
            "",
        ),
        client(
            "VS Code",
            &[
                "Run MCP: Add Server from the command palette and choose HTTP, or put this into .vscode/mcp.json.",
                "Start the server; VS Code opens your browser to sign in.",
            ],
            &[(
                ".vscode/mcp.json",
                json_of("servers", json!({ "type": "http", "url": mcp })),
            )],
            "The tools appear in agent mode of the chat.",
        ),
        client(
            "Codex",
            &["Put this into ~/.codex/config.toml, then sign in with the command."],
            &[
                (
                    "~/.codex/config.toml",
                    format!("[mcp_servers.power-bi]\nurl = \"{mcp}\"\n"),
                ),
                ("Command", "codex mcp login power-bi".to_owned()),
            ],
            "",
        ),
        client(
            "Gemini CLI",
            &["Put this into ~/.gemini/settings.json, then type /mcp auth power-bi inside Gemini."],
            &[(
                "~/.gemini/settings.json",
                json_of("mcpServers", json!({ "httpUrl": mcp })),
            )],
            "",
        ),
        client(
            "Any other client",
            &[
                "Choose Streamable HTTP as the transport and paste the address.",
                "The client finds everything else by itself: it registers, opens your browser, and gets a token for this address only.",
            ],
            &address(),
            "A client without OAuth can send an API key instead: make one under API keys and set the header Authorization: Bearer gp_key_…",
        ),
    ]
}
