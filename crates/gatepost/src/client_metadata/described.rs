//! A published description, read and checked (draft-ietf-oauth-client-id-metadata-document).

use serde_json::{Map, Value};

use super::{host_of, plain_name, redirect, web_address_problem};

const MOST_REDIRECTS: usize = 20;
const SHOWN_ADDRESSES: [&str; 5] = ["client_uri", "logo_uri", "tos_uri", "policy_uri", "jwks_uri"];

/// What a client published of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Described {
    /// The address of the description.
    pub id: String,
    pub name: String,
    pub redirects: Vec<String>,
}

/// Reads the description that was found at `id`, or says what is wrong with it.
pub(super) fn read(id: &str, body: &[u8]) -> Result<Described, &'static str> {
    let Ok(document) = serde_json::from_slice::<Map<String, Value>>(body) else {
        return Err("it is not a JSON object");
    };
    let text = |name: &str| document.get(name).and_then(Value::as_str);
    // Letter for letter: whoever controls another address must not speak for this one.
    if text("client_id") != Some(id) {
        return Err("its `client_id` is not its own address");
    }
    // Everybody can read it, so a secret in it is none.
    if document.keys().any(|name| name.starts_with("client_secret")) {
        return Err("it holds a client secret");
    }
    // `private_key_jwt` is read as public: it is not offered here, and clients that name it then send nothing.
    if !matches!(
        text("token_endpoint_auth_method"),
        None | Some("none" | "private_key_jwt")
    ) {
        return Err("its `token_endpoint_auth_method` needs a shared secret");
    }
    if !lists(&document, "grant_types", "authorization_code") || !lists(&document, "response_types", "code") {
        return Err("it does not use authorization codes");
    }
    let addresses = SHOWN_ADDRESSES.iter().filter_map(|name| document.get(*name));
    if addresses
        .into_iter()
        .any(|it| it.as_str().is_none_or(|it| web_address_problem(it).is_some()))
    {
        return Err("one of its addresses is not https");
    }
    Ok(Described {
        id: id.to_owned(),
        name: name(id, text("client_name").unwrap_or_default()),
        redirects: redirects(&document)?,
    })
}

fn lists(document: &Map<String, Value>, name: &str, needed: &str) -> bool {
    match document.get(name) {
        None | Some(Value::Null) => true,
        Some(Value::Array(listed)) => listed.iter().any(|it| it == needed),
        Some(_) => false,
    }
}

fn redirects(document: &Map<String, Value>) -> Result<Vec<String>, &'static str> {
    let listed = document.get("redirect_uris").and_then(Value::as_array);
    let listed = listed.filter(|it| (1..=MOST_REDIRECTS).contains(&it.len()));
    let listed = listed.ok_or("expected `redirect_uris` with 1 to 20 addresses")?;
    let addresses: Option<Vec<String>> = listed.iter().map(|it| it.as_str().map(str::to_owned)).collect();
    let addresses = addresses.ok_or("its `redirect_uris` are not text")?;
    match addresses.iter().all(|it| redirect::check(it).is_ok()) {
        true => Ok(addresses),
        false => Err("one of its `redirect_uris` is not acceptable"),
    }
}

fn name(id: &str, asked: &str) -> String {
    let name = plain_name(asked);
    match name.is_empty() {
        true => host_of(id).unwrap_or_default(),
        false => name,
    }
}
