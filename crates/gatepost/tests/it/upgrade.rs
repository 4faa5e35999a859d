//! A database as the first version left it, with a connection, a session, a key and a log, brought to this version
//! (security row UPG-01).

use std::path::Path;
use std::process::{Command, Stdio};

use gatepost::app::App;
use gatepost::clock::{Clock, Timestamp};
use gatepost::config::Settings;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::processes::Process;

/// A quarter of an hour after the fixture was made, 30 November 2026, 11:00 UTC.
const LATER: i64 = 1_796_036_400_000;

fn known() -> Value {
    serde_json::from_str(include_str!("../fixtures/first-database/known.json")).unwrap()
}

/// A data folder with the files of the first version.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/first-database");
    for name in ["gatepost.db", "vault.keys", "audit-checkpoints.txt"] {
        let to = folder.path().join(name);
        std::fs::copy(from.join(name), &to).unwrap();
        std::fs::set_permissions(to, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    }
    folder
}

fn gatepost(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gatepost"));
    command
        .args(arguments)
        .arg("--data")
        .arg(folder)
        .current_dir(folder)
        .env("GATEPOST_LOG_JSON", "true")
        .env("GATEPOST_PUBLIC_URL", known()["portal_url"].as_str().unwrap())
        .stdout(Stdio::piped());
    command
}

fn done(mut command: Command) -> String {
    let ended = command.stderr(Stdio::piped()).output().unwrap();
    let said = String::from_utf8_lossy(&[ended.stdout, ended.stderr].concat()).into_owned();
    assert!(ended.status.success(), "{said}");
    said
}

/// UPG-01: it waits for a word, then every sealed value opens, the chain verifies, and keys still call.
#[tokio::test(flavor = "multi_thread")]
async fn a_database_of_the_first_version_is_brought_to_this_one() {
    let folder = folder();
    let refused = Process::of_if(gatepost(folder.path(), &["serve", "--listen", "127.0.0.1:0"]));
    assert!(
        refused.err().unwrap().contains("--migrate"),
        "nothing is changed without a word"
    );
    let process = Process::of(gatepost(
        folder.path(),
        &["serve", "--listen", "127.0.0.1:0", "--migrate"],
    ));
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let call = json!({
        "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": { "name": "whoami", "arguments": {} },
    });
    let asked = http
        .post(process.url("/mcp"))
        .header("host", "localhost")
        .header("accept", "application/json, text/event-stream")
        .header("mcp-protocol-version", "2025-03-26")
        .bearer_auth(known()["api_key"].as_str().unwrap())
        .json(&call);
    let answer = asked.send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let told = answer.text().await.unwrap();
    assert!(told.contains("contoso.test"), "the connection is there: {told}");
    drop(process);
    // Opens every sealed value, or fails.
    let said = done(gatepost(folder.path(), &["keys", "rotate"]));
    assert!(
        said.contains("values were wrapped") && !said.contains("; 0 values"),
        "{said}"
    );
    let said = done(gatepost(folder.path(), &["audit", "verify"]));
    assert!(said.contains("whole"), "{said}");
}

/// UPG-01: a session goes on over the upgrade.
#[tokio::test(flavor = "multi_thread")]
async fn a_session_of_the_first_version_goes_on() {
    let folder = folder();
    let settings = Settings {
        public_url: known()["portal_url"].as_str().unwrap().to_owned(),
        data: folder.path().to_owned(),
        ..Settings::default()
    };
    let app = App::start(settings, Clock::set(Timestamp(LATER), 1), true)
        .await
        .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/people", listener.local_addr().unwrap());
    tokio::spawn(gatepost::http::serve(app, listener, std::future::pending()));
    let cookie = format!("__Host-gatepost-session={}", known()["session"].as_str().unwrap());
    let client = reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .unwrap();
    let answer = client.get(url).header("cookie", cookie).send().await.unwrap();
    assert_eq!(answer.status(), 200);
}
