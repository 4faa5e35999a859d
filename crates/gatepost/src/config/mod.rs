//! Settings, from `gatepost.toml` and from `GATEPOST_*` in the environment.

mod check;
mod clouds;
mod describe;
mod refused;
#[cfg(test)]
mod tests;

pub use check::{Problem, check_public_url};
pub use clouds::CloudEntry;
pub use describe::{Described, described, example_file};

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use figment::Figment;
use figment::providers::{Env, Format as _, Serialized, Toml};
use ipnet::IpNet;
use secrecy::SecretString;

/// Everything an administrator can set. Each field is described in `describe.rs`.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    pub listen: String,
    pub public_url: String,
    pub data: PathBuf,
    pub database_url: String,
    pub database_schema: String,
    pub vault_keys_file: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vault_keys: Option<Secret>,
    pub audit_checkpoint_file: String,
    pub masked_fields: Vec<String>,
    pub session_idle_minutes: i64,
    pub session_hours: i64,
    pub access_token_minutes: i64,
    pub refresh_token_days: i64,
    pub code_seconds: i64,
    pub registrations_per_hour: i64,
    pub unused_client_days: i64,
    pub approval_hours: i64,
    pub keep_alive_days: i64,
    pub token_refreshes_per_minute: u32,
    pub power_bi_timeout_seconds: u64,
    pub request_body_bytes: usize,
    pub memory_mib: usize,
    pub memory_per_person_mib: usize,
    pub upload_bytes: u64,
    pub download_bytes: u64,
    pub list_calls_per_minute: u32,
    pub connections: usize,
    pub connections_per_address: usize,
    pub sign_ins_per_minute: u32,
    pub known_networks: Vec<String>,
    pub trusted_proxies: Vec<String>,
    pub header_seconds: u64,
    pub idle_seconds: u64,
    pub unready_seconds: u64,
    pub drain_seconds: u64,
    pub log: String,
    pub log_json: bool,
    pub clouds: BTreeMap<String, CloudEntry>,
    /// How long one request waits for a person who is in the browser; clients and proxies give up after a minute.
    #[serde(skip, default = "consent_wait_seconds")]
    pub consent_wait_seconds: u64,
    /// Serves what the MCP conformance suite expects beside our own tools. No file or variable can set it, and start
    /// refuses it anywhere but on this machine.
    #[serde(skip)]
    pub conformance: bool,
}

fn consent_wait_seconds() -> u64 {
    20
}

/// A secret setting, which does not print.
#[derive(Clone, Debug, serde::Deserialize)]
#[serde(from = "String")]
pub struct Secret(pub SecretString);

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(text.into())
    }
}

impl serde::Serialize for Secret {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str("***")
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            listen: "127.0.0.1:8420".into(),
            public_url: "http://localhost:8420".into(),
            data: "gatepost-data".into(),
            database_url: String::new(),
            database_schema: String::new(),
            vault_keys_file: String::new(),
            vault_keys: None,
            audit_checkpoint_file: String::new(),
            masked_fields: Vec::new(),
            session_idle_minutes: 8 * 60,
            session_hours: 24 * 7,
            access_token_minutes: 60,
            refresh_token_days: 30,
            code_seconds: 60,
            registrations_per_hour: 200,
            unused_client_days: 1,
            approval_hours: 24,
            keep_alive_days: 7,
            token_refreshes_per_minute: 1200,
            power_bi_timeout_seconds: 120,
            request_body_bytes: 16 * 1024 * 1024,
            memory_mib: 192,
            memory_per_person_mib: 64,
            upload_bytes: 2 * 1024 * 1024 * 1024,
            download_bytes: 10 * 1024 * 1024 * 1024,
            list_calls_per_minute: 600,
            connections: 4096,
            connections_per_address: 1024,
            sign_ins_per_minute: 300,
            known_networks: Vec::new(),
            trusted_proxies: Vec::new(),
            header_seconds: 10,
            idle_seconds: 75,
            unready_seconds: 3,
            drain_seconds: 20,
            log: "info".into(),
            log_json: false,
            clouds: BTreeMap::new(),
            consent_wait_seconds: consent_wait_seconds(),
            conformance: false,
        }
    }
}

impl Settings {
    /// Reads the file (when given, it must exist; else `gatepost.toml` here if there is one), then the environment, then `overrides`.
    pub fn read(file: Option<&Path>, overrides: &[(&str, String)]) -> Result<Self, Problem> {
        let figment = Figment::from(Serialized::defaults(Self::default()));
        let used = file.unwrap_or(Path::new("gatepost.toml"));
        if used.is_file() {
            check::check_file(used)?;
        }
        let figment = match file {
            Some(path) if !path.is_file() => {
                return Err(Problem(format!("there is no configuration file {}", path.display())));
            }
            Some(path) => figment.merge(Toml::file_exact(path)),
            None => figment.merge(Toml::file("gatepost.toml")),
        };
        let figment = figment.merge(Env::prefixed("GATEPOST_").ignore(&["config", "log_style"]));
        let figment = overrides
            .iter()
            .fold(figment, |figment, (name, value)| figment.merge((*name, value.as_str())));
        let settings: Self = figment.extract().map_err(refused::told)?;
        refused::check_texts(&settings)?;
        settings.check()?;
        Ok(settings)
    }

    /// Where the vault's key file is.
    pub fn keys_path(&self) -> PathBuf {
        if self.vault_keys_file.is_empty() {
            self.data.join("vault.keys")
        } else {
            self.vault_keys_file.clone().into()
        }
    }

    /// Where audit checkpoints are written outside the database.
    pub fn anchor_path(&self) -> PathBuf {
        if self.audit_checkpoint_file.is_empty() {
            self.data.join("audit-checkpoints.txt")
        } else {
            self.audit_checkpoint_file.clone().into()
        }
    }

    /// Where the SQLite file is, when no `database_url` is set.
    pub fn sqlite_path(&self) -> PathBuf {
        self.data.join("gatepost.db")
    }

    /// The networks of `trusted_proxies`; what is none was refused at start.
    pub fn proxies(&self) -> Vec<IpNet> {
        self.trusted_proxies.iter().filter_map(|it| network(it)).collect()
    }

    /// The networks of `known_networks`; what is none was refused at start.
    pub fn known(&self) -> Vec<IpNet> {
        self.known_networks.iter().filter_map(|it| network(it)).collect()
    }

    /// An address of this gateway as people and Microsoft see it; `path` begins with `/`.
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.public_url)
    }

    /// Where Microsoft sends people back to: exactly this is registered in Entra.
    pub fn redirect_uri(&self) -> String {
        self.url("/integration-callback")
    }
}

/// A network such as `10.0.0.0/8`, or one address.
fn network(text: &str) -> Option<IpNet> {
    let one = |it: IpAddr| IpNet::from(it.to_canonical());
    text.parse().ok().or_else(|| text.parse().ok().map(one))
}
