//! The real binary: several processes on one database, killed and started again (security rows AS-12, RAC-01, RAC-02, VLT-05).

use std::fs::Permissions;
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use gatepost::config::Settings;
use gatepost::entra;
use gatepost::store::connections;
use sandbox::visitor::Visitor;
use serde_json::Value;

use crate::oauth::{CB, text};
use crate::waiting::eventually;
use crate::world::{ADA, VERIFIER, World};

/// One `gatepost serve`, ended by `kill -9` when dropped.
pub(crate) struct Process {
    child: Child,
    port: u16,
    said: Arc<Mutex<String>>,
}

impl Process {
    /// A further replica of `world`'s gateway; it listens when this returns.
    pub(crate) fn start(world: &World) -> Self {
        Self::of(serve(world))
    }

    /// The same from a command that serves.
    pub(crate) fn of(command: Command) -> Self {
        Self::of_if(command).unwrap_or_else(|said| panic!("the process says where it listens: {said}"))
    }

    /// The same, or what a process said that ended instead.
    pub(crate) fn of_if(mut command: Command) -> Result<Self, String> {
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let mut log = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut before = String::new();
        let port = log.by_ref().map_while(Result::ok).find_map(|line| {
            before.push_str(&line);
            before.push('\n');
            let line: Value = serde_json::from_str(&line).ok()?;
            line["fields"]["listen"].as_str()?.rsplit_once(':')?.1.parse().ok()
        });
        let Some(port) = port else {
            let _ = child.wait();
            return Err(before);
        };
        let said = Arc::new(Mutex::new(before));
        let kept = said.clone();
        // A full pipe would stop it.
        std::thread::spawn(move || {
            for line in log.map_while(Result::ok) {
                let mut said = kept.lock().unwrap();
                said.push_str(&line);
                said.push('\n');
            }
        });
        Ok(Self { child, port, said })
    }

    /// Everything it logged so far.
    pub(crate) fn said(&self) -> String {
        self.said.lock().unwrap().clone()
    }

    /// Sends it a signal, such as `TERM`.
    pub(crate) fn signal(&self, name: &str) {
        let sent = Command::new("kill")
            .args([&format!("-{name}"), &self.child.id().to_string()])
            .status();
        assert!(sent.unwrap().success());
    }

    /// Its exit code, once it has ended by itself.
    pub(crate) async fn ended(&mut self) -> Option<i32> {
        let child = std::cell::RefCell::new(&mut self.child);
        let status = eventually("the process ends", async || child.borrow_mut().try_wait().unwrap());
        status.await.code()
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// The same with its log in plain lines, all of which are kept in `said`.
    pub(crate) fn heard(mut command: Command, said: Arc<std::sync::Mutex<String>>) -> Self {
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let mut log = BufReader::new(child.stderr.take().unwrap())
            .lines()
            .map_while(Result::ok);
        let heard = said.clone();
        let keep = move |line: &str| heard.lock().unwrap().push_str(&format!("{line}\n"));
        let port = log
            .by_ref()
            .inspect(|line| keep(line))
            .find_map(|line| {
                let (_, rest) = line.split_once("listen=127.0.0.1:")?;
                rest.split_whitespace().next()?.parse().ok()
            })
            .expect("the process says where it listens");
        std::thread::spawn(move || log.for_each(|line| keep(&line)));
        Self { child, port, said }
    }

    /// The answer to a GET with a key or token.
    pub(crate) async fn get(&self, world: &World, key: &str, path: &str) -> reqwest::Response {
        let request = world.http.get(self.url(path)).header("host", host(world));
        request.bearer_auth(key).send().await.unwrap()
    }

    /// Asks it to stop, and waits until it has; its exit code.
    pub(crate) async fn stop(mut self) -> Option<i32> {
        self.signal("TERM");
        self.ended().await
    }

    /// The answer to a POST of JSON with a key or token.
    pub(crate) async fn post(&self, world: &World, key: &str, path: &str, body: &Value) -> reqwest::Response {
        let request = world.http.post(self.url(path)).header("host", host(world));
        request.bearer_auth(key).json(body).send().await.unwrap()
    }

    /// An address of this process.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn serve(world: &World) -> Command {
    gatepost(world, &["serve", "--listen", "127.0.0.1:0"])
}

/// The binary, with the settings of `world`'s gateway.
pub(crate) fn gatepost(world: &World, arguments: &[&str]) -> Command {
    gatepost_in(world, &world.app.settings.data, arguments)
}

/// The same with another data folder.
pub(crate) fn gatepost_in(world: &World, data: &Path, arguments: &[&str]) -> Command {
    let settings = &world.app.settings;
    let mut command = Command::new(env!("CARGO_BIN_EXE_gatepost"));
    command
        .args(arguments)
        .arg("--data")
        .arg(data)
        .current_dir(&settings.data)
        .env("GATEPOST_PUBLIC_URL", &settings.public_url)
        .env("GATEPOST_LOG_JSON", "true")
        .env("GATEPOST_LIST_CALLS_PER_MINUTE", "0")
        .env("GATEPOST_DATABASE_URL", &settings.database_url)
        .env("GATEPOST_DATABASE_SCHEMA", &settings.database_schema)
        .env("GATEPOST_CLOUDS", clouds(settings))
        .stdout(Stdio::null());
    command
}

/// The clouds of the settings, as a variable gives them.
pub(crate) fn clouds(settings: &Settings) -> String {
    let entries = settings.clouds.iter().map(|(id, it)| {
        format!(
            "{id}={{name={:?},login={:?},resource={:?},api={:?},portal={:?}}}",
            it.name, it.login, it.resource, it.api, it.portal
        )
    });
    format!("{{{}}}", entries.collect::<Vec<_>>().join(","))
}

/// The host that a request names, wherever the process listens.
fn host(world: &World) -> String {
    world.url.trim_start_matches("http://").to_owned()
}

async fn refreshes(world: &World) -> usize {
    let asked = world.ledger("kind=entra").await;
    asked.iter().filter(|it| it["grant_type"] == "refresh_token").count()
}

/// Two processes where the database may be shared by several, one on SQLite.
fn replicas(world: &World) -> Vec<Process> {
    let many = if world.app.settings.database_url.is_empty() {
        1
    } else {
        2
    };
    (0..many).map(|_| Process::start(world)).collect()
}

/// RAC-01
#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_calls_to_processes_of_their_own_make_one_refresh() {
    let world = Arc::new(World::in_real_time().await);
    let ada = world.connect(ADA).await;
    let key = world.key(&ada.person).await;
    let connection = connections::of_person(&world.app.db, &ada.person)
        .await
        .unwrap()
        .remove(0);
    entra::expire(&world.app.means(), &connection, connection.generation)
        .await
        .unwrap();
    let processes = Arc::new(replicas(&world));
    let next = Arc::new(AtomicUsize::new(0));
    let callers = (0..100).map(|_| {
        let (world, processes, next, key) = (world.clone(), processes.clone(), next.clone(), key.clone());
        tokio::spawn(async move {
            for _ in 0..10 {
                let process = &processes[next.fetch_add(1, Ordering::Relaxed) % processes.len()];
                let answer = process.get(&world, &key, "/powerbi/v1.0/myorg/groups").await;
                let status = answer.status();
                assert_eq!(status, 200, "{}", answer.text().await.unwrap());
            }
        })
    });
    for caller in futures_util::future::join_all(callers).await {
        caller.unwrap();
    }
    assert_eq!(refreshes(&world).await, 1);
    let calls = world.ledger("kind=powerbi").await;
    assert!(1000 <= calls.len(), "{} calls reached Power BI", calls.len());
}

/// A fresh code of a person who is signed in and consents.
async fn code(world: &World, browser: &mut Visitor, client: &str) -> String {
    browser.stop_at(CB);
    let page = browser
        .open(&world.authorize_url(client, CB, "powerbi.read"))
        .await
        .unwrap();
    let back = browser
        .submit(&page, "/authorize", &[("answer", "approve")])
        .await
        .unwrap();
    back.parameter("code").unwrap()
}

/// The form that redeems a code.
fn redemption<'a>(code: &'a str, client: &'a str) -> [(&'static str, &'a str); 5] {
    [
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", CB),
        ("client_id", client),
        ("code_verifier", VERIFIER),
    ]
}

/// The same form many times at once, to each process in turn.
async fn race(world: &World, processes: &[Process], fields: &[(&str, &str)], many: usize) -> Vec<(u16, Value)> {
    let one = |at: usize| token(world, &processes[at % processes.len()], fields);
    let answers = futures_util::future::join_all((0..many).map(one)).await;
    let is_fit = |(status, body): &(u16, Value)| *status == 200 || text(body, "error") == "invalid_grant";
    assert!(answers.iter().all(is_fit), "{answers:?}");
    answers
}

/// AS-07, AS-11: codes and refresh tokens, raced over processes of their own.
#[tokio::test(flavor = "multi_thread")]
async fn of_many_redemptions_and_refreshes_over_processes_one_branch_lives() {
    let world = World::in_real_time().await;
    let mut ada = world.connect(ADA).await;
    let client = world.register_client(&[CB]).await;
    let processes = replicas(&world);
    let first = code(&world, &mut ada.browser, &client).await;
    let answers = race(&world, &processes, &redemption(&first, &client), 200).await;
    assert_eq!(answers.iter().filter(|(status, _)| *status == 200).count(), 1);

    let second = code(&world, &mut ada.browser, &client).await;
    let redeemed = race(&world, &processes, &redemption(&second, &client), 1)
        .await
        .remove(0);
    let used = text(&redeemed.1, "refresh_token");
    let refresh = [
        ("grant_type", "refresh_token"),
        ("refresh_token", &used),
        ("client_id", &client),
    ];
    let answers = race(&world, &processes, &refresh, 500).await;
    let given = answers.iter().filter(|(status, _)| *status == 200);
    let mut pairs: Vec<String> = given.map(|(_, body)| text(body, "refresh_token")).collect();
    pairs.sort();
    pairs.dedup();
    assert_eq!(pairs.len(), 1, "one successor, however many asked");
}

/// AS-12
#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_token_used_before_a_kill_is_refused_after_it() {
    let world = World::in_real_time().await;
    let mut ada = world.connect(ADA).await;
    let client = world.register_client(&[CB]).await;
    let code = code(&world, &mut ada.browser, &client).await;
    let process = Process::start(&world);
    let code = redemption(&code, &client);
    let first = token(&world, &process, &code).await.1;
    let used = text(&first, "refresh_token");
    let refresh = [
        ("grant_type", "refresh_token"),
        ("refresh_token", &used),
        ("client_id", &client),
    ];
    let second = token(&world, &process, &refresh).await.1;
    let access = text(&second, "access_token");
    assert_eq!(
        whoami(&world, &process, &access).await,
        200,
        "the successor is in use now"
    );

    drop(process);
    let process = Process::start(&world);
    assert_eq!(
        whoami(&world, &process, &access).await,
        200,
        "what was granted outlives the process"
    );
    let (status, body) = token(&world, &process, &refresh).await;
    assert_eq!((status, text(&body, "error")), (400, "invalid_grant".into()));
    assert_eq!(whoami(&world, &process, &access).await, 401, "reuse ends the family");
    let (status, body) = token(&world, &process, &code).await;
    assert_eq!((status, text(&body, "error")), (400, "invalid_grant".into()));
}

async fn token(world: &World, process: &Process, fields: &[(&str, &str)]) -> (u16, Value) {
    let answer = world
        .http
        .post(process.url("/token"))
        .header("host", host(world))
        .form(fields)
        .send()
        .await
        .unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

/// The status of a call of the tool `whoami`.
async fn whoami(world: &World, process: &Process, access: &str) -> u16 {
    let call = serde_json::json!({
        "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": { "name": "whoami", "arguments": {} },
    });
    let answer = world
        .http
        .post(process.url("/mcp"))
        .header("host", host(world))
        .header("accept", "application/json, text/event-stream")
        .header("mcp-protocol-version", "2025-03-26")
        .bearer_auth(access)
        .json(&call)
        .send()
        .await
        .unwrap();
    answer.status().as_u16()
}

/// VLT-05
#[tokio::test(flavor = "multi_thread")]
async fn another_key_a_short_one_or_none_does_not_start_over_sealed_data() {
    let world = World::in_real_time().await;
    world.connect(ADA).await;
    let path = world.app.settings.keys_path();
    let aside = path.with_extension("aside");
    let true_keys = std::fs::read_to_string(&path).unwrap();
    std::fs::rename(&path, &aside).unwrap();
    let id = true_keys.split(':').next().unwrap().to_owned();
    let cases = [
        (
            "another id",
            Some("elsewhere:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n".to_owned()),
        ),
        (
            "the same id, other bytes",
            Some(format!("{id}:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n")),
        ),
        (
            "one byte short",
            Some(format!("{id}:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==\n")),
        ),
        ("empty", Some(String::new())),
        ("gone", None),
    ];
    for (what, content) in cases {
        match &content {
            Some(text) => write_for_the_owner(&path, text),
            None => std::fs::remove_file(&path).unwrap(),
        }
        let ended = serve(&world).stderr(Stdio::piped()).output().unwrap();
        let said = String::from_utf8_lossy(&ended.stderr).into_owned();
        assert_eq!(ended.status.code(), Some(1), "{what}: {said}");
        assert!(said.contains("key"), "{what}: {said}");
        let after = std::fs::read_to_string(&path).ok();
        assert_eq!(after, content, "{what}: nothing is written over it");
    }
    std::fs::rename(aside, &path).unwrap();
    drop(Process::start(&world));
}

/// A key file that others may read is refused for that alone.
fn write_for_the_owner(path: &Path, text: &str) {
    std::fs::write(path, text).unwrap();
    std::fs::set_permissions(path, Permissions::from_mode(0o600)).unwrap();
}
