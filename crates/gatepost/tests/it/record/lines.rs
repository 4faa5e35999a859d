//! The gateway's own log: refusals and failures with their trace, one line each, plain in a file.

use std::process::Stdio;
use std::sync::{Arc, Mutex};

use serde_json::json;

use super::approved::Asking;
use crate::processes::{Process, gatepost};
use crate::world::World;

/// AUD-07
#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_has_a_plain_line_with_its_trace() {
    let it = Asking::of(World::in_real_time().await).await;
    let mut command = gatepost(&it.world, &["serve", "--listen", "127.0.0.1:0"]);
    command.env("GATEPOST_LOG_JSON", "false").stderr(Stdio::piped());
    let said = Arc::new(Mutex::new(String::new()));
    let process = Process::heard(command, said.clone());
    let path = "/powerbi/v1.0/myorg/datasets/5a4db0c5-0011-4000-8000-000000000001/refreshes";
    let body = json!({ "notifyOption": "NoNotification", "x\nERROR forged \u{1b}[31m": "\r\nERROR forged" });
    let mut trace = String::new();
    // The second is only counted in the record, but whoever was given its trace finds it here.
    for _ in 0..2 {
        let answer = process.post(&it.world, &it.key, path, &body).await;
        assert_eq!(answer.status(), 403);
        let given = answer.headers()["gatepost-trace"].to_str().unwrap().to_owned();
        assert_ne!(given, trace);
        trace = given;
        let since = std::time::Instant::now();
        while !said.lock().unwrap().contains(&trace) {
            assert!(
                since.elapsed().as_secs() < 10,
                "no line names the trace: {}",
                said.lock().unwrap()
            );
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    }
    let all = said.lock().unwrap().clone();
    let line = all.lines().find(|it| it.contains(&trace)).unwrap();
    assert!(
        line.contains("approval_required") && line.contains("datasets.refresh"),
        "{line}"
    );
    assert!(!all.contains('\u{1b}'), "colours in a file: {all:?}");
    assert!(!all.contains("forged"), "{all}");
}
