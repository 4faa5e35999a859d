//! Where a long list goes on: an opaque text, good for one person and one list.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde::Serialize;
use serde_json::Value;

use crate::caller::Caller;
use crate::mcp::rpc::Failure;
use crate::mcp::rpc::Message;
use crate::vault::Vault;

const PURPOSE: &str = "mcp cursor";
const MAX_BYTES: usize = 512;

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Cursor {
    #[serde(rename = "e")]
    environment: String,
    #[serde(rename = "p")]
    person: String,
    #[serde(rename = "l")]
    list: String,
    #[serde(rename = "o")]
    offset: usize,
}

fn cursor(caller: &Caller, list: &str, offset: usize) -> Cursor {
    Cursor {
        environment: caller.environment.0.clone(),
        person: caller.person.0.clone(),
        list: list.to_owned(),
        offset,
    }
}

/// The cursor of a place in a list.
pub(super) fn seal(vault: &Vault, caller: &Caller, list: &str, offset: usize) -> String {
    let text = serde_json::to_vec(&cursor(caller, list, offset)).expect("plain fields become JSON");
    let mac = vault.mac(PURPOSE, &text);
    format!("{}.{}", URL_SAFE_NO_PAD.encode(text), URL_SAFE_NO_PAD.encode(mac))
}

/// Where a request wants its list to begin.
///
/// Invariant: a cursor that was changed, made up, or made for another person or list is refused.
pub(super) fn of(vault: &Vault, caller: &Caller, message: &Message) -> Result<usize, Failure> {
    let sealed = match message.params.get("cursor") {
        None | Some(Value::Null) => return Ok(0),
        Some(Value::String(sealed)) => sealed,
        Some(_) => return Err(refused()),
    };
    let offset = open(vault, sealed).filter(|it| *it == cursor(caller, &message.method, it.offset));
    offset.map(|it| it.offset).ok_or_else(refused)
}

fn open(vault: &Vault, sealed: &str) -> Option<Cursor> {
    let (text, mac) = sealed.split_once('.').filter(|_| sealed.len() <= MAX_BYTES)?;
    let (text, mac) = (URL_SAFE_NO_PAD.decode(text).ok()?, URL_SAFE_NO_PAD.decode(mac).ok()?);
    let is_ours = vault.verify_mac(PURPOSE, &text, &mac);
    is_ours.then(|| serde_json::from_slice(&text).ok()).flatten()
}

fn refused() -> Failure {
    Failure::invalid_params("expected a cursor that this list gave to you, or none")
}
