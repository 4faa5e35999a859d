//! What administrators and people change, each change checked against who asks and put on record before the answer.

mod account;
mod approvals;
mod clients;
mod ending;
mod environment;
mod grants;
mod groups;
mod integrations;
mod invitations;
mod keys;
mod password;
mod people;
mod policies;
mod proof;
mod provider;
pub mod provider_trip;
mod registration;
pub mod second_factor;
pub mod setup;
#[cfg(test)]
mod tests;
pub mod throttle;

pub use account::{change_password, end_other_sessions, end_session, remove_microsoft_sign_in};
pub use approvals::{decide as decide_approval, take_back as take_back_approval};
pub use clients::{
    AUTH_METHODS, ClientInput, NewSecret, create as create_client, delete as delete_client, find as client,
    revoke_grants as revoke_client_grants, rotate as rotate_client, save_locked as save_client_locked,
};
pub use environment::{rename as rename_environment, save_admission};
pub use grants::revoke as revoke_grant;
pub use groups::{add_member, create as create_group, delete as delete_group, find as group, remove_member};
pub use integrations::{
    IntegrationInput, Saved, Test, create as create_integration, delete as delete_integration, find as integration,
    save as save_integration, test as test_integration,
};
pub use invitations::{InvitationInput, invite, withdraw as withdraw_invitation};
pub use keys::{KeyInput, NewKey, create as create_key, revoke as revoke_key};
pub use password::{Password, verify as verify_password};
pub use people::{
    NewAdministrator, add_administrator, end_sessions, find as person, revoke_grants as revoke_person_grants,
    save_locked, save_role,
};
pub use policies::{
    PolicyInput, create as create_policy, delete as delete_policy, find as policy, in_words, open_twins,
    save as save_policy, set_enabled as set_policy_enabled, with_twins,
};
pub use proof::prove_by_password;
pub use provider::{ProviderInput, delete as delete_provider, save as save_provider};
pub use registration::{Scripts, redirect_problem, scripts, secret_notice};

use std::collections::BTreeMap;

use crate::audit::Unavailable;
use crate::caller::{Caller, look_of};
use crate::store;
use crate::unseen::is_disguise;

/// What is wrong with each field of a form, by the field's name.
pub type Problems = BTreeMap<&'static str, String>;

/// Why nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    #[error("your role does not allow this")]
    NotAllowed,
    #[error("there is nothing like that in this environment")]
    NotFound,
    #[error("{0}")]
    Conflict(String),
    #[error("the form has {} to mend", plural(.0.len()))]
    Invalid(Problems),
    #[error("{0}")]
    Audit(#[from] Unavailable),
    #[error("{0}")]
    Store(#[from] store::Error),
}

fn plural(fields: usize) -> String {
    if fields == 1 {
        "one field".to_owned()
    } else {
        format!("{fields} fields")
    }
}

/// Passes only those who may manage the environment of their call.
fn manages(caller: &Caller) -> Result<(), Refused> {
    if caller.role.may_manage() {
        Ok(())
    } else {
        Err(Refused::NotAllowed)
    }
}

/// No problems, or a refusal that lists them.
fn sound(problems: Problems) -> Result<(), Refused> {
    if problems.is_empty() {
        Ok(())
    } else {
        Err(Refused::Invalid(problems))
    }
}

/// A name for people: not empty, not too long, on one line.
fn check_name(problems: &mut Problems, field: &'static str, name: &str) {
    if look_of(name).is_empty() {
        problems.insert(field, "expected a name".to_owned());
    } else if 100 < name.chars().count() {
        problems.insert(field, "expected at most 100 characters".to_owned());
    } else if name.chars().any(char::is_control) {
        problems.insert(field, "expected one line of text".to_owned());
    } else if name.chars().any(is_disguise) {
        let text = "expected no invisible characters, and none that turn the direction of writing";
        problems.insert(field, text.to_owned());
    }
}

/// An address such as `ada@example.com`; whether mail arrives there is nobody's business here.
fn check_email(problems: &mut Problems, field: &'static str, email: &str) {
    let is_odd = |c: char| c.is_whitespace() || c.is_control() || "<>\",;".contains(c);
    let plain = email
        .split_once('@')
        .is_some_and(|(name, host)| !name.is_empty() && !host.is_empty() && !host.contains('@'));
    if !plain || email.chars().any(is_odd) || 254 < email.len() {
        problems.insert(field, "expected an e-mail address such as ada@example.com".to_owned());
    }
}
