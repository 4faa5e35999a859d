//! A power cut: what was written and not synced is lost, in part or in whole, and nothing that was answered is (security row CRH-05).
//!
//! A gateway runs under `strace`, which records what it writes, syncs and answers, in order. From that record the disk is made
//! anew as a cut at some moment may have left it. Names are taken to be kept in order, as journaling file systems do.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use gatepost::clock::Clock;
use gatepost::store::{Db, audit, backup};

use super::strace::{Event, What, read};
use crate::processes::{Process, gatepost};
use crate::world::{ADA, World};

const CUTS: usize = 200;
/// What a disk writes whole.
const SECTOR: usize = 512;

type Disk = BTreeMap<String, Vec<u8>>;

/// The files of the database and what is kept of the log outside of it; the index in shared memory is made anew.
fn disk(data: &Path) -> Disk {
    let inside = std::fs::read_dir(data).unwrap().flatten();
    inside
        .map(|it| (it.file_name().into_string().unwrap(), it.path()))
        .filter(|(name, path)| path.is_file() && !name.ends_with("-shm"))
        .map(|(name, path)| (name, std::fs::read(path).unwrap()))
        .collect()
}

fn write_at(file: &mut Vec<u8>, at: usize, bytes: &[u8]) {
    if file.len() < at + bytes.len() {
        file.resize(at + bytes.len(), 0);
    }
    file[at..at + bytes.len()].copy_from_slice(bytes);
}

/// The disk after a cut before the event `cut`: synced writes are there, of the others each sector as chance has it.
fn after_cut(start: &Disk, events: &[Event], cut: usize, chance: &mut impl FnMut(usize) -> usize) -> Disk {
    let mut disk = start.clone();
    // How much of what is under way arrives differs from cut to cut: nothing, some, all.
    let arrives = chance(5);
    for (at, event) in events[..cut].iter().enumerate() {
        let is_synced = || {
            let synced = |it: &&Event| matches!(it.what, What::Sync) && it.file == event.file && at < it.began;
            events[at + 1..cut].iter().any(|it| synced(&it))
        };
        match &event.what {
            What::Write { offset, bytes } => {
                let is_synced = is_synced();
                let file = disk.entry(event.file.clone()).or_default();
                for (number, sector) in bytes.chunks(SECTOR).enumerate() {
                    if is_synced || chance(4) < arrives {
                        write_at(file, offset + number * SECTOR, sector);
                    }
                }
            }
            What::Truncate(length) if is_synced() || chance(4) < arrives => {
                disk.entry(event.file.clone()).or_default().resize(*length, 0);
            }
            What::Create => drop(disk.entry(event.file.clone()).or_default()),
            What::Remove => drop(disk.remove(&event.file)),
            What::Rename(to) => {
                let moved = disk.remove(&event.file).unwrap_or_default();
                disk.insert(to.clone(), moved);
            }
            _ => {}
        }
    }
    disk
}

/// Calls of several people at once, until the gateway is gone.
async fn load(world: &Arc<World>, process: &Arc<Process>, key: &str) {
    let calls = (0..4).map(|_| async {
        for _ in 0..12 {
            let answer = process.get(world, key, "/powerbi/v1.0/myorg/groups").await;
            assert_eq!(answer.status(), 200);
        }
    });
    futures_util::future::join_all(calls).await;
}

/// CRH-05 (half)
#[tokio::test(flavor = "multi_thread")]
async fn after_a_power_cut_everything_that_was_answered_is_there_and_the_log_is_whole() {
    let world = Arc::new(World::in_real_time().await);
    if !super::is_sqlite(&world) {
        return;
    }
    let ada = world.connect(ADA).await;
    let key = world.key(&ada.person).await;
    let data = world.app.settings.data.clone();
    let start = disk(&data);
    let folder = tempfile::tempdir().unwrap();
    let record = folder.path().join("record");
    let serve = gatepost(&world, &["serve", "--listen", "127.0.0.1:0"]);
    let mut command = Command::new("strace");
    command
        .args(["-f", "-y", "-xx", "-qq", "-s", "4000000", "-e", "signal=none", "-e"])
        .arg("trace=pwrite64,write,writev,sendto,sendmsg,fdatasync,fsync,ftruncate,openat,unlink,rename")
        .arg("-o")
        .arg(&record)
        .arg(serve.get_program())
        .args(serve.get_args())
        .current_dir(&data)
        .stdout(std::process::Stdio::null());
    for (name, value) in serve.get_envs() {
        command.env(name, value.unwrap_or_default());
    }
    let is_traced = Command::new("strace").args(["-qq", "-o", "/dev/null", "true"]).status();
    if !is_traced.is_ok_and(|it| it.success()) {
        return println!("not tried: strace may not trace here");
    }
    let process = Arc::new(Process::of(command));
    load(&world, &process, &key).await;
    // The head outside is replaced each second.
    tokio::time::sleep(Duration::from_millis(1_200)).await;
    load(&world, &process, &key).await;
    let children = format!("/proc/{0}/task/{0}/children", process.id());
    let child = std::fs::read_to_string(children).unwrap();
    let ended = Command::new("kill").args(["-TERM", child.trim()]).status();
    assert!(ended.unwrap().success());
    assert_eq!(Arc::into_inner(process).unwrap().stop().await, Some(0));

    let events = read(&std::fs::read_to_string(&record).unwrap(), &data, &start);
    let answered: Vec<(usize, String)> = events
        .iter()
        .enumerate()
        .filter_map(|(at, it)| match &it.what {
            What::Answer(trace) => Some((at, trace.clone())),
            _ => None,
        })
        .collect();
    let syncs = events.iter().filter(|it| matches!(it.what, What::Sync)).count();
    assert!(
        90 <= answered.len() && 0 < syncs,
        "{} answers, {syncs} syncs",
        answered.len()
    );

    let random = Clock::real().random().clone();
    let mut chance = |below: usize| usize::try_from(random.below(below as u64)).unwrap();
    let public = world.app.signer.public_key();
    for _ in 0..CUTS {
        let cut = chance(events.len() + 1);
        let made = tempfile::tempdir_in(folder.path()).unwrap();
        for (name, bytes) in after_cut(&start, &events, cut, &mut chance) {
            std::fs::write(made.path().join(name), bytes).unwrap();
        }
        let db = Db::sqlite(&made.path().join("gatepost.db")).await.unwrap();
        assert_eq!(backup::damage(&db).await.unwrap(), None, "cut before {cut}");
        let rows = audit::after(&db, 0, 100_000).await.unwrap();
        for (_, trace) in answered.iter().take_while(|(at, _)| *at < cut) {
            let entries = rows.iter().filter(|it| it.trace == *trace).count();
            assert!(
                2 <= entries,
                "cut before {cut}: {trace} was answered, and {entries} entries are there"
            );
        }
        let outside = gatepost::audit::Outside::at(made.path().join("audit-checkpoints.txt"));
        let outside = outside.read().unwrap();
        let report = gatepost::audit::verify(&db, &public, outside.as_ref()).await.unwrap();
        assert_eq!(report.faults, vec![], "cut before {cut}");
        db.close().await;
    }
}
