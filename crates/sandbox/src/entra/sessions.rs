//! The single sign-on cookie: who is signed in to the pretend Entra ID in this browser.

use http::HeaderMap;
use http::header::COOKIE;

use crate::Sandbox;
use crate::entra::Directory;
use crate::people::Person;

/// Cookies ignore ports, so the name must never meet one of a gateway on the same host.
const COOKIE_NAME: &str = "sandbox_entra_sso";

/// One browser's signed-in accounts.
#[derive(Clone, Debug, Default)]
pub(crate) struct Session {
    accounts: Vec<Account>,
}

/// One signed-in account.
#[derive(Clone, Debug)]
pub(crate) struct Account {
    pub(crate) home_oid: String,
    pub(crate) signed_in_ms: i64,
    pub(crate) with_factor: bool,
}

/// The session id a browser sent, if it is a known one.
pub(crate) fn id_of(directory: &Directory, headers: &HeaderMap) -> Option<String> {
    let cookies = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = cookies
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='));
    let (_, id) = pairs.find(|(name, id)| *name == COOKIE_NAME && directory.sessions.contains_key(*id))?;
    Some(id.to_owned())
}

/// Accounts that are signed in.
pub(crate) fn accounts(directory: &Directory, headers: &HeaderMap) -> Vec<(Person, Account)> {
    let session = id_of(directory, headers).and_then(|id| directory.sessions.get(&id));
    let accounts = session.into_iter().flat_map(|session| &session.accounts);
    let known = accounts.filter_map(|account| {
        let person = directory.people.iter().find(|person| person.oid == account.home_oid)?;
        Some((person.clone(), account.clone()))
    });
    known.collect()
}

/// Signs an account in to the browser's session and returns the `Set-Cookie` value.
pub(crate) fn sign_in(sandbox: &Sandbox, headers: &HeaderMap, account: Account) -> String {
    let fresh = sandbox.new_id();
    let mut directory = sandbox.directory();
    let id = id_of(&directory, headers).unwrap_or(fresh);
    let session = directory.sessions.entry(id.clone()).or_default();
    session.accounts.retain(|known| known.home_oid != account.home_oid);
    session.accounts.push(account);
    cookie(sandbox, &id, "")
}

/// Signs a person out of every browser.
pub(crate) fn sign_out_everywhere(directory: &mut Directory, home_oid: &str) {
    for session in directory.sessions.values_mut() {
        session.accounts.retain(|account| account.home_oid != home_oid);
    }
}

/// Ends the browser's session and returns the `Set-Cookie` value that forgets it.
pub(crate) fn sign_out(sandbox: &Sandbox, headers: &HeaderMap) -> String {
    let mut directory = sandbox.directory();
    if let Some(id) = id_of(&directory, headers) {
        directory.sessions.remove(&id);
    }
    cookie(sandbox, "", "; Max-Age=0")
}

fn cookie(sandbox: &Sandbox, id: &str, more: &str) -> String {
    // Microsoft's own is `SameSite=None`, which browsers take over TLS only.
    let policy = if sandbox.url().starts_with("https:") {
        "; Secure; SameSite=None"
    } else {
        "; SameSite=Lax"
    };
    format!("{COOKIE_NAME}={id}; Path=/; HttpOnly{policy}{more}")
}
