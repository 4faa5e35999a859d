//! Tests of what needs no network: fields, addresses, answers, refusals, returns and id tokens.

mod answers;
mod assertion;
mod errors;
mod forms;
mod identity;
mod keys;

use catalogue::clouds;
use secrecy::SecretString;

use super::{Credential, Registration, Tenant};

const CLIENT: &str = "11111111-2222-4333-8444-555555555555";
const TENANT: &str = "5a4db0c5-0000-4000-8000-00000000c001";

fn registration(tenant: &str) -> Registration {
    Registration {
        integration: "integration".into(),
        cloud: clouds::find("public").unwrap().clone(),
        tenant: Tenant::parse(tenant).unwrap(),
        client_id: CLIENT.to_owned(),
        credential: Credential::Secret(SecretString::from("not-a-secret")),
        scope_override: None,
    }
}
