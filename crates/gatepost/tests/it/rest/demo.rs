//! `gatepost demo` with Power BI somewhere else on this machine, for benches and contract tests.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use sandbox::visitor::Visitor;
use serde_json::Value;

use super::upstream::{Upstream, bearer_of};

/// A demo that is ended when dropped.
struct Demo {
    child: Child,
    ready: Value,
}

impl Drop for Demo {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn demo(api: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gatepost"));
    command
        .args([
            "demo",
            "--json",
            "--listen",
            "127.0.0.1:0",
            "--sandbox-listen",
            "127.0.0.1:0",
            "--api",
            api,
        ])
        .stdout(Stdio::piped());
    command
}

fn started(api: &str) -> Demo {
    let mut child = demo(api).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    Demo {
        ready: serde_json::from_str(&line).unwrap(),
        child,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_demo_calls_power_bi_at_the_address_it_was_given_and_has_two_administrators() {
    let answer = (
        200,
        vec![("content-type", "application/json")],
        r#"{"value":[{"id":"x","name":"Bench"}]}"#,
    );
    let upstream = Upstream::with(vec![answer]).await;
    let demo = started(&format!("{}/", upstream.url));
    let text = |name: &str| demo.ready[name].as_str().unwrap().to_owned();
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let url = format!("{}/v1.0/myorg/groups", text("proxy_url"));
    let answer = http.get(url).bearer_auth(text("api_key")).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    assert!(answer.text().await.unwrap().contains("Bench"));
    let tenant = http.get(format!("{}/sandbox/settings", text("sandbox_url")));
    let tenant: Value = tenant.send().await.unwrap().json().await.unwrap();
    assert_eq!(tenant["image_export"], true, "reports become pictures here");
    let seen = upstream.seen();
    assert_eq!(
        (seen.len(), bearer_of(&seen[0].headers).as_str()),
        (1, "ada@contoso.test")
    );
    let refresh = "groups/5a4db0c5-0010-4000-8000-000000000001/datasets/5a4db0c5-0011-4000-8000-000000000001/refreshes";
    let asked = http.post(format!("{}/v1.0/myorg/{refresh}", text("proxy_url")));
    let asked = asked.bearer_auth(text("api_key")).json(&serde_json::json!({}));
    let problem: serde_json::Value = asked.send().await.unwrap().json().await.unwrap();
    assert_eq!(problem["code"], "approval_required", "{problem}");
    let link = problem["link"].as_str().unwrap();
    for who in ["admin", "second_admin"] {
        let mut browser = Visitor::new();
        let page = browser.open(&format!("{}/sign-in", text("portal_url"))).await.unwrap();
        let fields = [
            (format!("{who}_email"), "email"),
            (format!("{who}_password"), "password"),
        ];
        let fields: Vec<_> = fields.iter().map(|(name, field)| (*field, text(name))).collect();
        let fields: Vec<_> = fields.iter().map(|(field, value)| (*field, value.as_str())).collect();
        let home = browser.submit(&page, "/sign-in", &fields).await.unwrap();
        assert_eq!(home.status, 200, "{who}: {}", home.text());
        let page = browser.open(&format!("{}/people", text("portal_url"))).await.unwrap();
        assert_eq!(page.status, 200, "{who}: {}", page.text());
        let page = browser.open(link).await.unwrap();
        let approve = format!("{}/approve", link.trim_start_matches(&text("portal_url")));
        if who == "admin" {
            assert!(
                page.form(&approve).is_none(),
                "nobody approves what they asked: {}",
                page.text()
            );
        } else {
            let done = browser.submit(&page, &approve, &[]).await.unwrap();
            assert_eq!(done.status, 200, "{}", done.text());
            let page = browser.open(link).await.unwrap();
            assert!(page.text().contains("Take back"), "{}", page.text());
        }
    }
}

#[test]
fn a_demo_calls_no_power_bi_on_another_machine() {
    for api in [
        "https://api.powerbi.com",
        "http://192.0.2.1:9900",
        "http://localhost.example",
        "9900",
        "",
    ] {
        let ended = demo(api).stderr(Stdio::piped()).output().unwrap();
        assert_eq!(ended.status.code(), Some(2), "{api}");
        let said = String::from_utf8_lossy(&ended.stderr).into_owned();
        assert!(said.contains("--api"), "{api}: {said}");
    }
}

/// What the demo keeps while it runs is nobody else's to read, whatever the umask.
#[test]
fn the_folder_of_a_demo_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new("sh");
    command
        .args([
            "-c",
            "umask 000; exec \"$0\" demo --json --listen 127.0.0.1:0 --sandbox-listen 127.0.0.1:0",
        ])
        .arg(env!("CARGO_BIN_EXE_gatepost"))
        .env("TMPDIR", folder.path())
        .stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    let _ended_later = Demo {
        child,
        ready: serde_json::from_str(&line).unwrap(),
    };
    let inside: Vec<_> = std::fs::read_dir(folder.path())
        .unwrap()
        .map(|it| it.unwrap().path())
        .collect();
    assert_eq!(inside.len(), 1, "{inside:?}");
    let mode = std::fs::metadata(&inside[0]).unwrap().permissions().mode();
    assert_eq!(mode & 0o7777, 0o700);
}
