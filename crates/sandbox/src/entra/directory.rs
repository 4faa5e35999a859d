//! What the pretend Entra ID knows: tenants, people, registrations, consents, sessions and grants.

use std::collections::HashMap;

use serde::Deserialize;
use serde::Serialize;

use crate::Sandbox;
use crate::entra::applications;
use crate::entra::applications::Application;
use crate::entra::applications::Platform;
use crate::entra::asked::Asked;
use crate::entra::consent::Consents;
use crate::entra::device::DeviceCode;
use crate::entra::keys::Keys;
use crate::entra::scopes::Wanted;
use crate::entra::sessions;
use crate::entra::sessions::Session;
use crate::entra::tenant::TenantPath;
use crate::ledger::fingerprint;
use crate::people;
use crate::people::Person;
use crate::people::Tenant;

/// How refresh tokens age.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RefreshMode {
    /// As Microsoft does: a used refresh token stays valid.
    #[default]
    Microsoft,
    /// A used refresh token is dead, and presenting it again kills the whole grant.
    Strict,
}

/// Everything Entra remembers.
pub struct Directory {
    pub(crate) tenants: Vec<Tenant>,
    pub(crate) people: Vec<Person>,
    pub(crate) applications: Vec<Application>,
    pub(crate) consents: Consents,
    pub(crate) keys: Keys,
    pub(crate) refresh_mode: RefreshMode,
    pub(crate) sessions: HashMap<String, Session>,
    pub(crate) codes: HashMap<String, Code>,
    pub(crate) device_codes: HashMap<String, DeviceCode>,
    pub(crate) refresh_tokens: HashMap<String, RefreshToken>,
    pub(crate) principals: HashMap<(String, String), String>,
}

/// Who signed in, where, and how: what every later token of the grant rests on.
#[derive(Clone, Debug)]
pub(crate) struct SignIn {
    pub(crate) client_id: String,
    /// The directory signed in to.
    pub(crate) tid: String,
    /// Object id in the home directory.
    pub(crate) home_oid: String,
    pub(crate) wanted: Wanted,
    pub(crate) platform: Platform,
    pub(crate) signed_in_ms: i64,
    /// A second factor was proved.
    pub(crate) with_factor: bool,
}

/// An authorization code.
#[derive(Clone, Debug)]
pub(crate) struct Code {
    pub(crate) sign_in: SignIn,
    pub(crate) tenant_path: TenantPath,
    pub(crate) redirect_uri: String,
    pub(crate) nonce: Option<String>,
    pub(crate) challenge: Option<Challenge>,
    pub(crate) made_ms: i64,
    /// The family of the tokens it was redeemed for.
    pub(crate) redeemed: Option<String>,
}

/// A PKCE challenge.
#[derive(Clone, Debug)]
pub(crate) struct Challenge {
    pub(crate) value: String,
    pub(crate) is_s256: bool,
}

/// A refresh token, kept by the fingerprint of its text.
#[derive(Clone, Debug)]
pub(crate) struct RefreshToken {
    pub(crate) sign_in: SignIn,
    /// All tokens that descend from one sign-in.
    pub(crate) family: String,
    pub(crate) last_used_ms: i64,
    pub(crate) is_used: bool,
    pub(crate) is_revoked: bool,
}

impl Directory {
    /// The seeded directory.
    pub(crate) fn seeded() -> Directory {
        Directory {
            tenants: people::tenants(),
            people: people::people(),
            applications: applications::seeded(),
            consents: Consents::default(),
            keys: Keys::seeded(),
            refresh_mode: RefreshMode::default(),
            sessions: HashMap::new(),
            codes: HashMap::new(),
            device_codes: HashMap::new(),
            refresh_tokens: HashMap::new(),
            principals: HashMap::new(),
        }
    }

    /// The person of this object id, at home or as a guest.
    pub fn find_by_oid(&self, oid: &str) -> Option<&Person> {
        self.people
            .iter()
            .find(|person| person.oid == oid || person.guest_in.iter().any(|guest| guest.oid == oid))
    }

    /// The person of this sign-in name, whatever its case.
    pub fn find_by_upn(&self, upn: &str) -> Option<&Person> {
        self.people.iter().find(|person| person.upn.eq_ignore_ascii_case(upn))
    }

    /// The person named by sign-in name or object id.
    pub fn find_person(&self, upn_or_oid: &str) -> Option<&Person> {
        self.find_by_upn(upn_or_oid).or_else(|| self.find_by_oid(upn_or_oid))
    }

    /// The person a request is about: who picked an account, or whose code or refresh token it carries.
    pub(crate) fn person_of(&self, asked: &Asked) -> Option<&Person> {
        if let Some(upn) = asked.form("account").or_else(|| asked.any("login_hint")) {
            return self.find_by_upn(upn);
        }
        let code = asked
            .form("code")
            .and_then(|code| self.codes.get(code))
            .map(|code| &code.sign_in);
        let token = asked
            .form("refresh_token")
            .and_then(|token| self.refresh_tokens.get(&fingerprint(token)));
        let sign_in = code.or(token.map(|token| &token.sign_in))?;
        self.find_by_oid(&sign_in.home_oid)
    }

    /// All people.
    pub fn people(&self) -> &[Person] {
        &self.people
    }

    /// The registration of this client id.
    pub fn find_application(&self, client_id: &str) -> Option<&Application> {
        self.applications
            .iter()
            .find(|application| application.client_id.eq_ignore_ascii_case(client_id))
    }

    /// Keeps a code; long dead ones are forgotten along the way.
    pub(crate) fn remember_code(&mut self, text: &str, code: Code) {
        const MANY: usize = 10_000;
        const DAY_MS: i64 = 24 * 60 * 60 * 1000;
        if MANY < self.codes.len() {
            let now_ms = code.made_ms;
            self.codes.retain(|_, old| now_ms - old.made_ms < DAY_MS);
        }
        self.codes.insert(text.to_owned(), code);
    }

    /// Revokes everything a person signed in to: browser sessions, codes and refresh tokens.
    pub(crate) fn revoke_sessions(&mut self, home_oid: &str) {
        sessions::sign_out_everywhere(self, home_oid);
        self.codes.retain(|_, code| code.sign_in.home_oid != home_oid);
        for token in self
            .refresh_tokens
            .values_mut()
            .filter(|token| token.sign_in.home_oid == home_oid)
        {
            token.is_revoked = true;
        }
    }

    /// Object id of an application's service principal in directory `tid`; each directory has its own.
    pub(crate) fn principal_oid(&mut self, sandbox: &Sandbox, application: &Application, tid: &str) -> String {
        if application.tid == tid {
            return application.principal_oid.clone();
        }
        let key = (application.client_id.clone(), tid.to_owned());
        self.principals.entry(key).or_insert_with(|| sandbox.new_id()).clone()
    }

    /// Ends every token that descends from one sign-in.
    pub(crate) fn end_family(&mut self, family: &str) {
        self.refresh_tokens.retain(|_, token| token.family != family);
    }
}
