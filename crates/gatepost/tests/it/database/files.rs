//! What others on the machine may read, and what a gateway refuses to be given (security rows CFG-08, VLT-08).

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::processes::{Process, gatepost};
use crate::world::{ADA, World};

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

fn set_mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

/// The same command under a umask that hides nothing.
fn with_open_umask(command: &Command) -> Command {
    let mut shell = Command::new("sh");
    shell
        .args(["-c", "umask 000; exec \"$0\" \"$@\""])
        .arg(command.get_program())
        .args(command.get_args());
    for (name, value) in command.get_envs() {
        shell.env(name, value.unwrap_or_default());
    }
    shell
        .current_dir(command.get_current_dir().unwrap())
        .stdout(Stdio::null());
    shell
}

fn said(mut command: Command) -> (Option<i32>, String) {
    let ended = command.stdout(Stdio::piped()).stderr(Stdio::piped()).output().unwrap();
    let both = [ended.stdout, ended.stderr].concat();
    (ended.status.code(), String::from_utf8_lossy(&both).into_owned())
}

/// Every file below a folder, and the folder.
fn all(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut found = vec![folder.to_owned()];
    for it in std::fs::read_dir(folder).unwrap().flatten() {
        if it.path().is_dir() {
            found.extend(all(&it.path()));
        } else {
            found.push(it.path());
        }
    }
    found
}

/// CFG-08: a fresh installation, used, backed up and put back, under a umask of zero.
#[tokio::test(flavor = "multi_thread")]
async fn what_the_gateway_writes_is_its_owners_alone_whatever_the_umask() {
    let world = World::in_real_time().await;
    let ada = world.connect(ADA).await;
    let key = world.key(&ada.person).await;
    let data = tempfile::tempdir().unwrap();
    let data = data.path().join("made").join("anew");
    let is_sqlite = super::is_sqlite(&world);
    if !is_sqlite {
        std::fs::create_dir_all(&data).unwrap();
        set_mode(&data, 0o700);
        std::fs::copy(world.app.settings.keys_path(), data.join("vault.keys")).unwrap();
    }
    let place = |arguments: &[&str]| with_open_umask(&crate::processes::gatepost_in(&world, &data, arguments));
    let process = Process::of(place(&["serve", "--listen", "127.0.0.1:0"]));
    process.get(&world, &key, "/powerbi/v1.0/myorg/groups").await;
    assert_eq!(mode(&data), 0o700);
    if is_sqlite {
        let copy = data.join("copy.db");
        let (code, told) = said(place(&["backup", copy.to_str().unwrap()]));
        assert_eq!(code, Some(0), "{told}");
        drop(process);
        let (code, told) = said(place(&["restore", "--replace", copy.to_str().unwrap()]));
        assert_eq!(code, Some(0), "{told}");
    }
    let (code, told) = said(place(&["keys", "rotate", "--shared-file"]));
    assert_eq!(code, Some(0), "{told}");
    let files = all(&data);
    assert!(files.iter().any(|it| it.ends_with("vault.keys")));
    for path in files.iter().filter(|it| it.is_file()) {
        assert_eq!(mode(path), 0o600, "{}", path.display());
    }
    let (_, told) = said(place(&["check"]));
    assert!(!told.contains("chmod"), "{told}");
    set_mode(&data, 0o755);
    let other = files
        .iter()
        .find(|it| it.is_file() && !it.ends_with("vault.keys"))
        .unwrap();
    set_mode(other, 0o644);
    let (code, told) = said(place(&["check"]));
    assert_eq!(code, Some(1), "{told}");
    assert!(told.contains("chmod 700") && told.contains("chmod 600"), "{told}");
}

/// CFG-08
#[tokio::test(flavor = "multi_thread")]
async fn a_key_file_of_somebody_else_or_through_a_link_and_an_open_folder_are_refused() {
    let world = World::in_real_time().await;
    let serve = || gatepost(&world, &["serve", "--listen", "127.0.0.1:0"]);
    let keys = world.app.settings.keys_path();
    let aside = keys.with_extension("aside");
    for bits in [0o640, 0o604, 0o660, 0o644] {
        set_mode(&keys, bits);
        let (code, told) = said(serve());
        assert!(code == Some(1) && told.contains("chmod 600"), "{bits:o}: {told}");
    }
    set_mode(&keys, 0o600);
    std::fs::rename(&keys, &aside).unwrap();
    std::os::unix::fs::symlink(&aside, &keys).unwrap();
    let (code, told) = said(serve());
    assert!(code == Some(1) && told.contains("link"), "{told}");
    std::fs::remove_file(&keys).unwrap();
    std::fs::rename(&aside, &keys).unwrap();
    // Only root may give a file away.
    let given = Command::new("chown")
        .arg("nobody")
        .arg(&keys)
        .stderr(Stdio::null())
        .status()
        .unwrap();
    if given.success() {
        let (code, told) = said(serve());
        assert!(code == Some(1) && told.contains("another owner"), "{told}");
        Command::new("chown").arg("root").arg(&keys).status().unwrap();
    } else {
        println!("not tried: this process may not give files away");
    }
    let data = &world.app.settings.data;
    set_mode(data, 0o777);
    let (code, told) = said(serve());
    assert!(code == Some(1) && told.contains("chmod 700"), "{told}");
    set_mode(data, 0o700);
    let elsewhere = tempfile::tempdir().unwrap();
    let file = elsewhere.path().join("own.toml");
    for (text, bits, fits) in [
        ("log = \"info\"\n", 0o644, true),
        ("log = \"info\"\n", 0o646, false),
        ("vault_keys = \"k1:hush\"\n", 0o644, false),
        ("database_url = \"postgres://u:hush@localhost/x\"\n", 0o644, false),
    ] {
        std::fs::write(&file, text).unwrap();
        set_mode(&file, bits);
        let mut command = gatepost(&world, &["check", "--config", file.to_str().unwrap()]);
        command.env("GATEPOST_LOG", "info");
        let (_, told) = said(command);
        assert_eq!(!told.contains("chmod 600"), fits, "{text}{bits:o}: {told}");
        assert!(!told.contains("hush"), "{told}");
    }
    drop(Process::start(&world));
}

/// VLT-08: a core dump of the process would hold none of its memory.
#[tokio::test(flavor = "multi_thread")]
async fn a_core_dump_would_hold_no_memory() {
    let world = World::in_real_time().await;
    let process = Process::start(&world);
    let kept = std::fs::read_to_string(format!("/proc/{}/coredump_filter", process.id())).unwrap();
    assert_eq!(kept.trim(), "00000000");
}
