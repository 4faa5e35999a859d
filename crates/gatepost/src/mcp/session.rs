//! The legacy `Mcp-Session-Id`: whose session it is and in which version, sealed, so that no server keeps it.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde::Serialize;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use crate::caller::Caller;
use crate::caller::Through;
use crate::mcp::era;
use crate::vault::Vault;

const PURPOSE: &str = "mcp session";
const MAX_BYTES: usize = 1024;

/// The version agreed on in `initialize`, whose session it is, and what later messages do not repeat.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Session {
    #[serde(rename = "v")]
    version: String,
    #[serde(rename = "e")]
    environment: String,
    #[serde(rename = "p")]
    person: String,
    #[serde(rename = "c")]
    client: String,
    /// Whether the client can show a person an address.
    #[serde(rename = "u", default)]
    pub takes_urls: bool,
}

impl Session {
    /// A new session of this caller.
    pub(super) fn new(caller: &Caller, version: &str, takes_urls: bool) -> Self {
        Self {
            takes_urls,
            version: version.to_owned(),
            environment: caller.environment.0.clone(),
            person: caller.person.0.clone(),
            client: client(caller),
        }
    }

    /// The session as a header value.
    pub(super) fn seal(&self, vault: &Vault) -> String {
        let text = serde_json::to_vec(self).expect("texts are written as JSON");
        let mac = vault.mac(PURPOSE, &text);
        format!("{}.{}", URL_SAFE_NO_PAD.encode(text), URL_SAFE_NO_PAD.encode(mac))
    }

    /// The session of a header value, if the gateway made it for this caller.
    ///
    /// Invariant: a session of another person, client or environment is as unknown as a forged one.
    pub(super) fn of(vault: &Vault, caller: &Caller, header: &str) -> Option<Self> {
        let session = Self::open(vault, header)?;
        let is_served = era::LEGACY.contains(&session.version.as_str());
        (is_served && session == Self::new(caller, &session.version, session.takes_urls)).then_some(session)
    }

    /// The version that was agreed on.
    pub(super) fn version(&self) -> &str {
        &self.version
    }

    /// The capabilities that the session keeps, in the client's own form.
    pub(super) fn capabilities(&self) -> Map<String, Value> {
        let mut kept = Map::new();
        if self.takes_urls {
            kept.insert("elicitation".into(), json!({ "url": {} }));
        }
        kept
    }

    fn open(vault: &Vault, header: &str) -> Option<Self> {
        let (text, mac) = header.split_once('.').filter(|_| header.len() <= MAX_BYTES)?;
        let (text, mac) = (URL_SAFE_NO_PAD.decode(text).ok()?, URL_SAFE_NO_PAD.decode(mac).ok()?);
        // A key that was replaced still opens, so that a rotation ends no session.
        if vault.verify_mac(PURPOSE, &text, &mac) {
            serde_json::from_slice(&text).ok()
        } else {
            None
        }
    }
}

/// Names what the caller speaks through.
pub(super) fn client(caller: &Caller) -> String {
    match &caller.through {
        Through::Portal => "portal".to_owned(),
        Through::Client { client, .. } => client.0.clone(),
        Through::ApiKey { key, .. } => key.0.clone(),
        Through::Job { name } => name.clone(),
    }
}
