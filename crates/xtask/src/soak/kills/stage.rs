//! Who takes part: a gateway that lets people change things, people with keys, and a Microsoft that is slow at the wrong moments.

use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;
use std::time::Instant;

use anyhow::Context;
use anyhow::Result;
use anyhow::anyhow;
use anyhow::ensure;
use serde_json::Value;
use serde_json::json;

use crate::bench::gateway::Gateway;
use crate::bench::http::Request;
use crate::bench::sign_in::Held;
use crate::bench::sign_in::Person;
use crate::soak::kills::load::Load;

/// How many people read and change; each of their tokens is due in every round.
const PEOPLE: usize = 4;
/// How many of them change things besides.
const CHANGING: usize = 2;
/// No address begins like this: the visit ends at a page.
const NOWHERE: &str = "nowhere:";

pub(super) struct Stage {
    pub(super) gateway: Gateway,
    /// The keys of those who read and change.
    pub(super) keys: Vec<String>,
    accounts: Vec<String>,
    /// Somebody whose client renews its tokens all the time.
    pub(super) renewing: Held,
    /// How many changes Microsoft carried out, by its own ledger.
    pub(super) carried_out: usize,
    last: u64,
    pub(super) rounds: usize,
}

impl Stage {
    /// Lets everybody in, once, in peace.
    pub(super) fn set(mut gateway: Gateway) -> Result<Self> {
        allow_changes(&mut gateway)?;
        let mut accounts = Vec::new();
        for number in 0..PEOPLE {
            let name = format!("kills-{number}");
            Person::new(&gateway, &name)?.enter(&gateway)?;
            accounts.push(format!("{name}@contoso.test"));
        }
        let renewing = Person::new(&gateway, "renews")?.enter(&gateway)?;
        gateway.stop()?;
        let keys = accounts.iter().map(|account| key(&gateway, account));
        let keys = keys.collect::<Result<_>>()?;
        gateway.rise()?;
        gateway.clear_ledger()?;
        Ok(Self {
            gateway,
            keys,
            accounts,
            renewing,
            carried_out: 0,
            last: 0,
            rounds: 0,
        })
    }

    /// Makes everybody's Microsoft token be refused once, and refreshes and changes slow enough for a kill to fall into them.
    pub(super) fn arm(&self) -> Result<()> {
        let faults = format!("{}/sandbox/faults", self.gateway.sandbox);
        Request::delete(&faults)?.once()?.expect(204)?;
        let arm = |rule: Value| self.gateway.at_sandbox("/sandbox/faults", &rule).map(drop);
        arm(json!({"kind": "delay", "ms": 250, "endpoint": "token", "grant": "refresh_token"}))?;
        arm(json!({"kind": "delay", "ms": 60, "operation": "POST ~/groups"}))?;
        for account in &self.accounts {
            arm(json!({
                "kind": "status", "status": 403, "headers": {"x-powerbi-error-info": "TokenExpired"},
                "operation": "GET ~/groups", "person": account, "remaining": 1,
            }))?;
        }
        Ok(())
    }

    /// Load for this long, then the kill, with everything under way.
    pub(super) fn run_and_kill(&mut self, load: &mut Load, life: Duration) -> Result<()> {
        self.rounds += 1;
        let ended = AtomicBool::new(false);
        let pid = self.gateway.id()?;
        let stage = &*self;
        let (renewing, done) = thread::scope(|scope| {
            let work = scope.spawn(|| load.run(stage, &ended));
            thread::sleep(life);
            // By its id, for the value is lent to those who work.
            let killed = std::process::Command::new("kill")
                .args(["-KILL", &pid.to_string()])
                .status();
            ended.store(true, Ordering::SeqCst);
            let worked = work.join().map_err(|_| anyhow!("a thread panicked"));
            (worked, killed)
        });
        ensure!(
            done.context("cannot run `kill`")?.success(),
            "the gateway had ended by itself"
        );
        self.renewing = renewing??;
        self.gateway.kill()
    }

    /// How long it takes until each of the people has an answer from Power BI, all of them asking.
    pub(super) fn everybody_is_back(&self, limit: Duration) -> Result<Duration> {
        let began = Instant::now();
        for key in &self.keys {
            let read = self.read(key)?;
            loop {
                let answer = read.once();
                if answer.as_ref().is_ok_and(|answer| answer.head.status == 200) {
                    break;
                }
                let told = answer.map_or_else(|error| error.to_string(), |answer| answer.text());
                ensure!(
                    began.elapsed() < limit,
                    "nobody answers: {told}\n{}",
                    self.gateway.log()?
                );
                thread::sleep(Duration::from_millis(20));
            }
        }
        Ok(began.elapsed())
    }

    /// Counts what Microsoft carried out since its ledger was last read; the ledger forgets what is old.
    pub(super) fn read_ledger(&mut self) -> Result<()> {
        let url = format!(
            "{}/sandbox/ledger?kind=powerbi&since={}",
            self.gateway.sandbox, self.last
        );
        let entries = Request::get(&url, &[])?.once()?.json(200)?;
        for entry in entries.as_array().context("the sandbox's ledger is no list")? {
            let seq = entry["seq"].as_u64().context("an entry of the ledger has no number")?;
            self.last = self.last.max(seq);
            let is_done = entry["status"]
                .as_u64()
                .is_some_and(|status| (200..300).contains(&status));
            self.carried_out += usize::from(entry["method"] == "POST" && is_done);
        }
        Ok(())
    }

    /// The names of the workspaces that are there, as those who make them see them.
    pub(super) fn workspaces(&self) -> Result<Vec<String>> {
        let mut names = Vec::new();
        for key in self.changing() {
            let list = self.read(key)?.once()?.json(200)?;
            let list = list["value"]
                .as_array()
                .context("Power BI listed no workspaces")?
                .iter();
            names.extend(list.filter_map(|one| Some(one["name"].as_str()?.to_owned())));
        }
        Ok(names)
    }

    /// The keys of those who change things.
    pub(super) fn changing(&self) -> &[String] {
        &self.keys[..CHANGING]
    }

    /// A read of Power BI.
    pub(super) fn read(&self, key: &str) -> Result<Request> {
        Request::get_as(&self.groups(), key)
    }

    /// A change of Power BI that nobody else makes.
    pub(super) fn change(&self, key: &str, name: &str) -> Result<Request> {
        let authorization = format!("Bearer {key}");
        let headers = [("authorization", &*authorization), ("content-type", "application/json")];
        Request::post(&self.groups(), &headers, &json!({ "name": name }).to_string())
    }

    fn groups(&self) -> String {
        format!("{}/powerbi/v1.0/myorg/groups", self.gateway.url())
    }
}

/// The policies a new gateway has ask for an approval before a change; here changes are simply allowed.
fn allow_changes(gateway: &mut Gateway) -> Result<()> {
    let policies = format!("{}/policies", gateway.url());
    let browser = &mut gateway.owner;
    let mut page = browser.open(&policies, NOWHERE)?;
    while let Some(form) = page.forms().into_iter().find(|form| form.action.ends_with("/disable")) {
        browser.submit(&page, &form, &[], NOWHERE)?;
        page = browser.open(&policies, NOWHERE)?;
    }
    let page = browser.open(&format!("{policies}/new"), NOWHERE)?;
    let fields = [
        ("written", "form"),
        ("name", "All is allowed"),
        ("enabled", "yes"),
        ("action", "allow"),
        ("effects", "read"),
        ("effects", "create"),
    ];
    let page = browser.submit(&page, &page.form("/policies")?, &fields, NOWHERE)?;
    ensure!(
        page.url.contains("done=policy-saved"),
        "the policy was not saved: {}",
        page.url
    );
    Ok(())
}

fn key(gateway: &Gateway, account: &str) -> Result<String> {
    let scope = "powerbi.read powerbi.write";
    let printed = gateway.command(&[
        "api-key", "add", "--name", "kills", "--person", account, "--scope", scope,
    ])?;
    Ok(printed.trim().to_owned())
}
