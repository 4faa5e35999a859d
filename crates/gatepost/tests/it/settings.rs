//! Settings from outside: what the program refuses to start with, what it comes with, and what its command line takes (security rows CFG).

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Command, Stdio};

use gatepost::config::{Settings, described};
use http::StatusCode;

use crate::portal::Gateway;

/// Stands where a secret might have been mistyped.
const CANARY: &str = "hunter2-hunter2-hunter2";

/// `gatepost` with arguments, in an empty folder and without anybody's environment.
fn gatepost(folder: &std::path::Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gatepost"));
    command
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// What a command that must fail said.
fn refused(mut command: Command) -> String {
    let ended = command.output().unwrap();
    let said = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert_eq!(ended.status.code(), Some(1), "{said}");
    said
}

/// CFG-01: keys that a person made up, left as they were in an example, or used twice.
#[test]
fn a_vault_key_that_is_not_random_does_not_start() {
    let folder = tempfile::tempdir().unwrap();
    let base64 = |bytes: &[u8]| base64::Engine::encode(&base64::engine::general_purpose::STANDARD, bytes);
    let good = base64(&std::array::from_fn::<u8, 32, _>(|at| (at * 37 % 251) as u8));
    for (keys, why) in [
        ("changeme".to_owned(), "line 1"),
        ("k1:__REPLACE_ME__".to_owned(), "line 1"),
        ("k1:".to_owned(), "line 1"),
        (String::new(), "no vault key"),
        ("# only a note".to_owned(), "no vault key"),
        (format!("k1:{}", base64(&[0; 32])), "not random"),
        (
            format!("k1:{}", base64(b"this is the key of our gateway!!")),
            "not random",
        ),
        (
            format!("k1:{}", base64(b"0123456789abcdef0123456789abcdef")),
            "not random",
        ),
        (format!("k1:{}", base64(&[1; 16])), "line 1"),
        (format!("k1:{good},k2:{good}"), "the same key"),
        (format!("k1:{good},k1:{good}"), "twice"),
    ] {
        let mut command = gatepost(folder.path(), &["serve", "--listen", "127.0.0.1:0"]);
        command.env("GATEPOST_VAULT_KEYS", &keys);
        let said = refused(command);
        assert!(said.contains(why), "{keys}: {said}");
        assert!(keys.is_empty() || !said.contains(&keys), "{said}");
    }
}

/// CFG-02: a fresh installation has nobody and nothing that could be known beforehand.
#[tokio::test]
async fn a_new_gateway_comes_without_people_keys_or_passwords() {
    let mut known = BTreeSet::new();
    for _ in 0..2 {
        let gateway = Gateway::empty().await;
        let app = &gateway.app;
        assert_eq!(gatepost::store::people::count_owners(&app.db).await.unwrap(), 0);
        assert!(gatepost::store::environments::list(&app.db).await.unwrap().is_empty());
        let link = gatepost::admin::setup::link(app).await.unwrap().unwrap();
        let keys = std::fs::read_to_string(app.settings.keys_path()).unwrap();
        known.extend([link.clone(), keys, app.signer.public_key().to_string()]);
        assert!(link.len() > 40, "{link}");
        let mut browser = gateway.browser();
        for (name, password) in [
            ("admin", "admin"),
            ("admin@example.com", "changeme"),
            ("gatepost", "gatepost"),
        ] {
            let answer = browser
                .post("/sign-in", &[("email", name), ("password", password)])
                .await;
            assert!(
                answer.status.is_client_error() || answer.status.is_server_error(),
                "{}",
                answer.status
            );
            assert!(!browser.cookies.contains_key(gatepost::session::SESSION));
        }
        assert_ne!(browser.get("/people").await.status, StatusCode::OK);
    }
    // The clock and the dice of both are set alike here, as no two machines' are: so only the form is compared.
    assert!(3 <= known.len(), "{known:?}");
}

/// CFG-03: every setting misspelt, and of every wrong kind, in the file and in the environment.
#[test]
fn a_mistyped_setting_is_named_and_its_value_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("gatepost.toml");
    let read = |text: &str| {
        std::fs::write(&file, text).unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
        Settings::read(Some(&file), &[])
    };
    assert!(read("").is_ok());
    let defaults = toml::Table::try_from(Settings::default()).unwrap();
    for it in described() {
        let name = it.name;
        let said = read(&format!("{name}x = \"{CANARY}\"")).unwrap_err().to_string();
        assert!(said.contains(&format!("{name}x")) && !said.contains(CANARY), "{said}");
        let said = read(&format!("{name} = {{ inner = \"{CANARY}\" }}"))
            .unwrap_err()
            .to_string();
        assert!(said.contains(name) && !said.contains(CANARY), "{said}");
        if !defaults.get(name).is_none_or(toml::Value::is_str) {
            let said = read(&format!("{name} = \"{CANARY}\"")).unwrap_err().to_string();
            assert!(said.contains(name) && !said.contains(CANARY), "{said}");
        }
    }
    let said = read(&format!("database_url = \"postgres://u:{CANARY}@h/d"))
        .unwrap_err()
        .to_string();
    assert!(said.contains("line 1") && !said.contains(CANARY), "{said}");
    let said = read(&format!("public_url = \"https://u:{CANARY}@h.example/x\""))
        .unwrap_err()
        .to_string();
    assert!(said.contains("public_url") && !said.contains(CANARY), "{said}");
    for name in ["GATEPOST_CODE_SECONDS", "GATEPOST_VAULTKEYS", "GATEPOST_CONNECTIONS"] {
        let mut command = gatepost(folder.path(), &["serve"]);
        std::fs::write(&file, "").unwrap();
        command.env(name, CANARY);
        let said = refused(command);
        assert!(said.contains(name) && !said.contains(CANARY), "{said}");
    }
}

/// CFG-09: a variable that is set to nothing, or to something with a space around it.
#[test]
fn an_empty_setting_is_no_default_and_a_space_is_no_value() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("gatepost.toml");
    let defaults = toml::Table::try_from(Settings::default()).unwrap();
    for it in described().iter().filter(|it| it.name != "vault_keys") {
        let name = it.name;
        let default = &defaults[name];
        for value in ["", " ", " x"] {
            std::fs::write(&file, format!("{name} = \"{value}\"")).unwrap();
            let read = Settings::read(Some(&file), &[]);
            // Where nothing is the default, it says so on the settings page.
            let is_default = value.is_empty() && default.as_str() == Some("");
            assert_eq!(read.is_ok(), is_default, "{name} = {value:?}: {read:?}");
            if let Err(problem) = read {
                assert!(problem.to_string().contains(name), "{problem}");
            }
        }
    }
}

/// LOG-09, CFG-07: no option takes a secret, so none stands in a list of processes; and none switches a check off.
#[test]
fn no_option_takes_a_secret_or_switches_a_check_off() {
    let folder = tempfile::tempdir().unwrap();
    let (mut todo, mut seen) = (vec![Vec::<String>::new()], 0);
    while let Some(path) = todo.pop() {
        let mut arguments: Vec<&str> = path.iter().map(String::as_str).collect();
        arguments.push("--help");
        let output = gatepost(folder.path(), &arguments).output().unwrap();
        assert!(output.status.success(), "{arguments:?}");
        let help = String::from_utf8(output.stdout).unwrap();
        seen += 1;
        let commands = help.split("\nCommands:\n").nth(1).unwrap_or_default();
        let commands = commands.split("\n\n").next().unwrap_or_default();
        let names = commands
            .lines()
            .filter(|line| line.starts_with("  ") && !line.starts_with("   "));
        for name in names
            .filter_map(|line| line.split_ascii_whitespace().next())
            .filter(|it| *it != "help")
        {
            todo.push([path.clone(), vec![name.to_owned()]].concat());
        }
        for option in help.split_ascii_whitespace().filter_map(|word| word.strip_prefix("--")) {
            let option = option.split(['=', '[', ',', '`', '.']).next().unwrap_or_default();
            for word in ["password", "secret", "token", "credential", "vault-key"] {
                assert!(!option.contains(word), "{path:?}: --{option} would take a secret");
            }
            for word in [
                "insecure",
                "skip",
                "no-verify",
                "unsafe",
                "fake",
                "debug",
                "dev",
                "test",
                "disable",
                "allow",
            ] {
                assert!(!option.split('-').any(|part| part == word), "{path:?}: --{option}");
            }
        }
    }
    assert!(15 <= seen, "{seen} commands");
}
