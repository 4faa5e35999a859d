//! A gateway as a house runs it, apart from the sandbox: two processes, so that what is measured is the gateway alone.

use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::process::Stdio;
use std::time::Duration;
use std::time::Instant;

use anyhow::Context;
use anyhow::Result;
use anyhow::ensure;
use serde_json::Value;
use serde_json::json;

use crate::bench::browser::Browser;
use crate::bench::http::Request;
use crate::bench::memory;
use crate::demo;
use crate::process;
use crate::process::Background;

/// Contoso, the sandbox's directory in which the registration and the people are.
const TENANT: &str = "5a4db0c5-0000-4000-8000-00000000c001";
/// The secret of the app registration at the sandbox.
const REGISTERED_SECRET: &str = "bench~only~0123456789";
const READY: Duration = Duration::from_secs(60);

/// `gatepost serve`, set up against `gatepost sandbox`; on SQLite unless the environment names another database.
pub(crate) struct Gateway {
    // The processes end before their folder goes.
    program: Option<Background>,
    _sandbox: Background,
    path: PathBuf,
    folder: PathBuf,
    port: u16,
    /// Settings beside those of the bench.
    environment: Vec<(&'static str, String)>,
    pub(crate) sandbox: String,
    /// The browser of the owner who set it up.
    pub(crate) owner: Browser,
}

impl Gateway {
    /// Starts both and sets the gateway up as its owner would, in the browser.
    pub(crate) fn start(path: &Path) -> Result<Self> {
        Self::start_with(path, &[])
    }

    /// Likewise, with more settings as environment variables, such as `GATEPOST_DATABASE_URL`.
    pub(crate) fn start_with(path: &Path, environment: &[(&'static str, String)]) -> Result<Self> {
        let (port, of_sandbox) = (process::free_port()?, process::free_port()?);
        let folder = std::env::temp_dir().join(format!("gatepost-bench-{port}"));
        fs::create_dir_all(&folder)?;
        let mut command = Command::new(path);
        command.args(["sandbox", "--listen", &format!("127.0.0.1:{of_sandbox}")]);
        let mut sandbox = Background::start(command.stdout(Stdio::null()))?;
        sandbox.wait_until(READY, || process::is_listening(of_sandbox))?;
        let mut gateway = Self {
            program: None,
            _sandbox: sandbox,
            path: path.canonicalize().context("there is no such program")?,
            folder,
            port,
            environment: environment.to_vec(),
            sandbox: format!("http://localhost:{of_sandbox}"),
            owner: Browser::default(),
        };
        let link = gateway.run()?.context("a new gateway printed no link for its set-up")?;
        gateway.set_up(&link)?;
        Ok(gateway)
    }

    /// Ends the gateway and starts it again with the same data, for memory that remembers nothing.
    pub(crate) fn restart(&mut self) -> Result<()> {
        self.stop()?;
        self.run()?;
        Ok(())
    }

    /// Ends the gateway as an operator would; its data stays.
    pub(crate) fn stop(&mut self) -> Result<()> {
        if let Some(mut program) = self.program.take() {
            ensure!(program.interrupt(Duration::from_secs(30))?, "the gateway did not end");
        }
        Ok(())
    }

    /// Runs another command of the program on this gateway's data, while the gateway is stopped; what it printed.
    pub(crate) fn command(&self, arguments: &[&str]) -> Result<String> {
        ensure!(self.program.is_none(), "the gateway runs");
        let mut command = Command::new(&self.path);
        command
            .args(arguments)
            .arg("--data")
            .arg(self.folder.join("data"))
            .current_dir(&self.folder)
            .envs(self.environment.iter().map(|(name, value)| (name, value)));
        let output = command.output().context("the program cannot be started")?;
        let (printed, told) = (
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr),
        );
        ensure!(
            output.status.success(),
            "`gatepost {}`: {printed}{told}",
            arguments.join(" ")
        );
        Ok(printed.into_owned())
    }

    /// Ends the gateway in the middle of whatever it does, as a power cut or the kernel would (SIGKILL).
    pub(crate) fn kill(&mut self) -> Result<()> {
        let mut program = self.program.take().context("the gateway does not run")?;
        program.kill()
    }

    /// Starts a gateway that was killed again, with the same data; how long it took until it took connections.
    pub(crate) fn rise(&mut self) -> Result<Duration> {
        let began = Instant::now();
        self.run()?;
        Ok(began.elapsed())
    }

    /// The process id of the gateway.
    pub(crate) fn id(&self) -> Result<u32> {
        Ok(self.program.as_ref().context("the gateway does not run")?.id())
    }

    /// What the gateway wrote to its log since it was last started.
    pub(crate) fn log(&self) -> Result<String> {
        fs::read_to_string(self.folder.join("log")).context("the gateway wrote no log")
    }

    /// Starts the gateway; the link it prints when it is new.
    fn run(&mut self) -> Result<Option<String>> {
        let mut command = Command::new(&self.path);
        let listen = format!("127.0.0.1:{}", self.port);
        command
            .args(["serve", "--listen", &listen, "--data"])
            .arg(self.folder.join("data"))
            .current_dir(&self.folder)
            .env("GATEPOST_LOG", "warn")
            .env("GATEPOST_CLOUDS", self.clouds())
            // As many clients as the bench makes known would take days at the usual pace.
            .env("GATEPOST_REGISTRATIONS_PER_HOUR", "1000000")
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .stderr(fs::File::create(self.folder.join("log"))?);
        let is_new = !self.folder.join("data").exists();
        command.stdout(if is_new { Stdio::piped() } else { Stdio::null() });
        let mut program = Background::start(&mut command)?;
        let link = match program.take_stdout() {
            Some(output) => Some(demo::first_line(output, READY, |line| line.contains("http://"))?),
            None => None,
        };
        let port = self.port;
        program.wait_until(READY, || process::is_listening(port))?;
        self.program = Some(program);
        Ok(link.map(|link| link.trim().to_owned()))
    }

    /// The sandbox as a cloud of the settings.
    fn clouds(&self) -> String {
        let it = &self.sandbox;
        format!(
            r#"{{sandbox={{login="{it}",resource="https://analysis.windows.net/powerbi/api",api="{it}",portal="{it}"}}}}"#
        )
    }

    /// The first owner, and the integration with an app registration at the sandbox.
    fn set_up(&mut self, link: &str) -> Result<()> {
        let client = self.register_app(REGISTERED_SECRET)?;
        let browser = &mut self.owner;
        let page = browser.open(link, NOWHERE)?;
        let password = "only as long as the bench runs";
        let owner = [
            ("name", "Owner"),
            ("email", "owner@example.com"),
            ("password", password),
            ("again", password),
        ];
        let page = browser.submit(&page, &page.form("/setup")?, &owner, NOWHERE)?;
        let fields = [
            ("name", "Power BI (sandbox)"),
            ("client_id", &*client),
            ("secret", REGISTERED_SECRET),
            ("tenant", TENANT),
            ("cloud", "sandbox"),
        ];
        let page = browser.submit(&page, &page.form("/integrations")?, &fields, NOWHERE)?;
        ensure!(
            page.url.contains("done=integration"),
            "the integration was not saved: {}",
            page.url
        );
        Ok(())
    }

    fn register_app(&self, secret: &str) -> Result<String> {
        let wish = json!({
            "name": "Gatepost bench",
            "tid": TENANT,
            "tenants": "single",
            "secrets": [{ "value": secret }],
            "redirect_uris": { "web": [format!("{}/integration-callback", self.url())] },
            "permissions": catalogue::scopes::wanted(),
            "user_consent": true,
        });
        let made = self.at_sandbox("/sandbox/apps", &wish)?;
        let id = made["client_id"]
            .as_str()
            .context("the sandbox registered no application")?;
        Ok(id.to_owned())
    }

    /// Asks the sandbox to make something.
    pub(crate) fn at_sandbox(&self, path: &str, wish: &Value) -> Result<Value> {
        Request::post_json(&format!("{}{path}", self.sandbox), wish)?
            .once()?
            .json(201)
    }

    /// Lets the sandbox forget what it was asked.
    pub(crate) fn clear_ledger(&self) -> Result<()> {
        let ledger = format!("{}/sandbox/ledger", self.sandbox);
        Request::delete(&ledger)?.once()?.expect(204)
    }

    /// How many requests the sandbox was asked since, by whomever.
    pub(crate) fn ledger_length(&self) -> Result<usize> {
        let ledger = format!("{}/sandbox/ledger", self.sandbox);
        let entries = Request::get(&ledger, &[])?.once()?.json(200)?;
        Ok(entries.as_array().context("the sandbox's ledger is no list")?.len())
    }

    /// The gateway's address.
    pub(crate) fn url(&self) -> String {
        format!("http://localhost:{}", self.port)
    }

    /// Resident memory of the gateway, in bytes, once it has come to rest.
    pub(crate) fn memory_at_rest(&self) -> Result<u64> {
        std::thread::sleep(Duration::from_secs(2));
        let program = self.program.as_ref().context("the gateway does not run")?;
        memory::resident(program.id())
    }

    /// Where the gateway keeps its data.
    pub(crate) fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// The size of the gateway's database and audit checkpoints, in bytes.
    pub(crate) fn size_on_disk(&self) -> Result<u64> {
        memory::of_folder(&self.folder.join("data"))
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        self.program = None;
        // A leftover in the temporary folder does no harm.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// No address begins like this: the visit ends at a page.
const NOWHERE: &str = "nowhere:";
