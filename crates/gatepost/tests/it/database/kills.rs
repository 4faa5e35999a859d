//! Kills while a copy or a checkpoint is written: what is found afterwards is the old state or the new one, never half of either.

use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use crate::processes::{Process, gatepost, gatepost_in};
use crate::world::{ADA, World};

async fn killed_after(mut command: std::process::Command, ms: u64) {
    let mut child = command.stderr(Stdio::null()).spawn().unwrap();
    tokio::time::sleep(Duration::from_millis(ms)).await;
    let _ = child.kill();
    let _ = child.wait();
}

/// CRH-09: killed at any moment, a copy is not there or whole, and the next one is made all the same. Rotations are killed in
/// `vault`, restores in `process`.
#[tokio::test(flavor = "multi_thread")]
async fn a_copy_whose_making_was_killed_is_not_there_or_whole() {
    let world = World::in_real_time().await;
    if !super::is_sqlite(&world) {
        return;
    }
    world.connect(ADA).await;
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    std::fs::create_dir(&data).unwrap();
    std::fs::copy(world.app.settings.keys_path(), data.join("vault.keys")).unwrap();
    let mut whole = 0;
    for at in 0..14 {
        let copy = folder.path().join(format!("{at}.db"));
        killed_after(gatepost(&world, &["backup", copy.to_str().unwrap()]), 15 + at * 25).await;
        if !copy.exists() {
            // What was begun is in nobody's way.
            let again = gatepost(&world, &["backup", copy.to_str().unwrap()]).output().unwrap();
            assert!(
                again.status.success(),
                "{at}: {}",
                String::from_utf8_lossy(&again.stderr)
            );
        } else {
            whole += 1;
        }
        let back = gatepost_in(&world, &data, &["restore", "--replace", copy.to_str().unwrap()]).output();
        let back = back.unwrap();
        assert!(back.status.success(), "{at}: {}", String::from_utf8_lossy(&back.stderr));
    }
    println!("{whole} of 14 were done before the kill");
}

/// CRH-09: gateways under load are killed again and again; their log, its head and its checkpoints, inside and outside the
/// database, stay whole.
#[tokio::test(flavor = "multi_thread")]
async fn kills_under_load_leave_the_log_and_its_checkpoints_whole() {
    let world = Arc::new(World::in_real_time().await);
    let ada = world.connect(ADA).await;
    let key = world.key(&ada.person).await;
    let mut answered = 0;
    for round in 0..6 {
        let process = Arc::new(Process::start(&world));
        let load: Vec<_> = (0..6)
            .map(|_| {
                let (world, process, key) = (world.clone(), process.clone(), key.clone());
                tokio::spawn(async move {
                    let mut good = 0;
                    for _ in 0..10_000 {
                        let url = process.url("/powerbi/v1.0/myorg/groups");
                        let request = world
                            .http
                            .get(url)
                            .header("host", world.url.trim_start_matches("http://"));
                        match request.bearer_auth(&key).send().await {
                            Ok(answer) if answer.status() == 200 => good += 1,
                            Ok(answer) => panic!("{}", answer.status()),
                            Err(_) => return good,
                        }
                    }
                    good
                })
            })
            .collect();
        // The head outside is replaced each second.
        tokio::time::sleep(Duration::from_millis(1_000 + round * 83)).await;
        process.signal("KILL");
        for calls in futures_util::future::join_all(load).await {
            answered += calls.unwrap();
        }
    }
    let closed = world.entries_of("call.closed").await.len();
    assert!(answered <= closed, "{answered} were answered, {closed} are on record");
    let verified = gatepost(&world, &["audit", "verify"]).output().unwrap();
    assert!(
        verified.status.success(),
        "{}",
        String::from_utf8_lossy(&verified.stderr)
    );
    drop(Process::start(&world));
}
