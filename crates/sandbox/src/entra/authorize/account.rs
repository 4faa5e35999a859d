//! Which account signs in, and whether it may.

use serde_json::Value;
use serde_json::json;

use crate::Sandbox;
use crate::entra::authorize::request::Prompt;
use crate::entra::authorize::request::Request;
use crate::entra::exchange::Exchange;
use crate::entra::failure::Failure;
use crate::entra::sessions;
use crate::entra::sessions::Account;
use crate::entra::tenant::TenantPath;
use crate::people::Person;

/// Who signs in, or the accounts to choose from.
pub(crate) enum Choice {
    Account(Person, Account),
    Ask(Vec<Value>),
}

/// Decides on the account: the one just picked, the one signed in already, or nobody yet.
pub(crate) fn choose(sandbox: &Sandbox, request: &Request, exchange: &Exchange) -> Result<Choice, Failure> {
    let directory = sandbox.directory();
    let signed_in = sessions::accounts(&directory, &exchange.headers);
    if let Some(picked) = exchange.asked.form("account") {
        let Some(person) = directory.find_by_upn(picked).cloned() else {
            return Err(Failure::new(50034));
        };
        let known = signed_in
            .into_iter()
            .find(|(known, _)| known.oid == person.oid)
            .map(|(_, account)| account);
        return Ok(Choice::Account(
            person.clone(),
            picked_account(sandbox, request, exchange, &person, known),
        ));
    }
    match request.prompt {
        Prompt::None => silent(request, signed_in),
        Prompt::Login | Prompt::SelectAccount => Ok(Choice::Ask(listed(request, directory.people(), &signed_in))),
        _ => match sole(request, &signed_in) {
            Some((person, account)) => Ok(Choice::Account(person, account)),
            None => Ok(Choice::Ask(listed(request, directory.people(), &signed_in))),
        },
    }
}

/// The directory the person signs in to, if the account may be used there at all.
pub(crate) fn admit(request: &Request, person: &Person) -> Result<String, Failure> {
    if person.is_personal() {
        let code = if request.tenant == TenantPath::Organizations {
            500208
        } else {
            50020
        };
        return Err(Failure::about(code, format!("account '{}'", person.upn)));
    }
    let tid = request.tenant.one().unwrap_or(&person.tid);
    if person.oid_in(tid).is_none() {
        return Err(Failure::about(
            50020,
            format!("account '{}', directory '{tid}'", person.upn),
        ));
    }
    if person.disabled {
        return Err(Failure::new(50057));
    }
    Ok(tid.to_owned())
}

/// Refuses a person the application was not assigned to, where an assignment is needed.
pub(crate) fn assigned(request: &Request, person: &Person, tid: &str) -> Result<(), Failure> {
    if request.application.admits(person, tid) {
        return Ok(());
    }
    Err(Failure::about(
        50105,
        format!(
            "account '{}', application '{}'",
            person.upn, request.application.client_id
        ),
    ))
}

/// A picked account that is signed in already stays as it is, unless a fresh sign-in was demanded.
fn picked_account(
    sandbox: &Sandbox,
    request: &Request,
    exchange: &Exchange,
    person: &Person,
    known: Option<Account>,
) -> Account {
    let is_later_step = exchange.asked.form("decision").is_some() || exchange.asked.form("factor").is_some();
    match known {
        Some(account) if is_later_step || request.prompt != Prompt::Login => account,
        _ => Account {
            home_oid: person.oid.clone(),
            signed_in_ms: sandbox.clock().now_ms(),
            with_factor: false,
        },
    }
}

fn silent(request: &Request, signed_in: Vec<(Person, Account)>) -> Result<Choice, Failure> {
    if let Some((person, account)) = sole(request, &signed_in) {
        return Ok(Choice::Account(person, account));
    }
    let is_hinted = request.login_hint.is_some();
    Err(Failure::new(if signed_in.is_empty() || is_hinted {
        50058
    } else {
        16000
    }))
}

/// The one signed-in account that is meant: the hinted one, or the only one.
fn sole(request: &Request, signed_in: &[(Person, Account)]) -> Option<(Person, Account)> {
    match &request.login_hint {
        Some(hint) => signed_in
            .iter()
            .find(|(person, _)| person.upn.eq_ignore_ascii_case(hint))
            .cloned(),
        None => match signed_in {
            [only] => Some(only.clone()),
            _ => None,
        },
    }
}

fn listed(request: &Request, people: &[Person], signed_in: &[(Person, Account)]) -> Vec<Value> {
    let mut shown: Vec<&Person> = people.iter().filter(|person| fits_domain(request, person)).collect();
    if let Some(hint) = &request.login_hint {
        shown.sort_by_key(|person| !person.upn.eq_ignore_ascii_case(hint));
    }
    let listed = shown.into_iter().map(|person| {
        let is_signed_in = signed_in.iter().any(|(known, _)| known.oid == person.oid);
        json!({ "upn": person.upn, "name": person.name, "signed_in": is_signed_in, "note": person.note() })
    });
    listed.collect()
}

fn fits_domain(request: &Request, person: &Person) -> bool {
    match request.domain_hint.as_deref() {
        None => true,
        Some("organizations") => !person.is_personal(),
        Some("consumers") => person.is_personal(),
        Some(domain) => person.upn.rsplit_once('@').is_some_and(|(_, known)| known == domain),
    }
}
