//! Signing tokens and writing the answer of the token endpoint.

use aws_lc_rs::digest::SHA256;
use aws_lc_rs::digest::digest;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::Algorithm;
use jsonwebtoken::Header;
use serde_json::Value;
use serde_json::json;

use crate::Sandbox;
use crate::entra::authorize::client_info;
use crate::entra::discovery::issuer;
use crate::entra::exchange::Exchange;
use crate::entra::scopes::Resource;
use crate::entra::token::Granted;
use crate::entra::token::Holder;
use crate::ledger::fingerprint;
use crate::people::Person;

/// The answer's body, and the fingerprints of what was issued for the ledger.
pub(super) struct Issued {
    pub(super) body: Value,
    pub(super) marks: Vec<(&'static str, String)>,
}

/// What an access token says.
pub(crate) struct Claims<'a> {
    pub(crate) tid: &'a str,
    pub(crate) oid: &'a str,
    pub(crate) client_id: &'a str,
    pub(crate) audience: &'a str,
    pub(crate) scopes: &'a [String],
    /// Sign-in name and display name; `None` for an application.
    pub(crate) person: Option<(&'a str, &'a str)>,
    pub(crate) lifetime_s: i64,
}

/// Signs everything `granted` says and writes the answer.
pub(super) fn tokens(sandbox: &Sandbox, granted: &Granted, exchange: &Exchange) -> Issued {
    // Microsoft draws each lifetime from 60 to 90 minutes, so nobody may count on one.
    let lifetime_s = sandbox.random_between(3600, 5400);
    let access = access_token(sandbox, &granted.claims(lifetime_s));
    let mut marks = vec![("access_token", fingerprint(&access))];
    let mut body = json!({
        "token_type": "Bearer",
        "scope": granted.scope_text(),
        "expires_in": lifetime_s,
        "ext_expires_in": lifetime_s,
        "access_token": access,
    });
    if let Some(refresh) = &granted.refresh_token {
        marks.push(("refresh_token", fingerprint(refresh)));
        body["refresh_token"] = Value::from(refresh.as_str());
    }
    if let Holder::Person(person) = &granted.holder {
        if granted.wanted.openid {
            body["id_token"] = Value::from(id_token(sandbox, granted, person, exchange));
        }
        if exchange.asked.form("client_info") == Some("1") {
            body["client_info"] = Value::from(client_info(person));
        }
    }
    Issued { body, marks }
}

/// Signs an access token.
pub(crate) fn access_token(sandbox: &Sandbox, claims: &Claims<'_>) -> String {
    let now_s = sandbox.clock().now_s();
    let mut body = json!({
        "aud": claims.audience,
        "iss": format!("{}/{}/", sandbox.url(), claims.tid),
        "iat": now_s,
        "nbf": now_s,
        "exp": now_s + claims.lifetime_s,
        "tid": claims.tid,
        "oid": claims.oid,
        "sub": pairwise(claims.audience, claims.oid),
        "appid": claims.client_id,
        "appidacr": "1",
        "uti": sandbox.new_token("", 16),
        "ver": "1.0",
    });
    match claims.person {
        Some((upn, name)) => {
            body["upn"] = Value::from(upn);
            body["unique_name"] = Value::from(upn);
            body["name"] = Value::from(name);
            body["scp"] = Value::from(claims.scopes.join(" "));
        }
        None => {
            body["idtyp"] = Value::from("app");
            body["sub"] = Value::from(claims.oid);
            body["roles"] = json!(claims.scopes);
        }
    }
    signed(sandbox, &body)
}

fn id_token(sandbox: &Sandbox, granted: &Granted, signed_in: &Person, exchange: &Exchange) -> String {
    let other = exchange.demand.id_token_of.as_ref();
    let other = other.and_then(|named| sandbox.directory().find_person(named).cloned());
    let person = other.as_ref().unwrap_or(signed_in);
    let oid = person.oid_in(&granted.tid).unwrap_or(&person.oid);
    let now_s = sandbox.clock().now_s();
    let mut body = json!({
        "aud": granted.client_id,
        "iss": issuer(sandbox, &granted.tid),
        "iat": now_s,
        "nbf": now_s,
        "exp": now_s + 3900,
        "tid": granted.tid,
        "sub": pairwise(&granted.client_id, oid),
        "uti": sandbox.new_token("", 16),
        "ver": "2.0",
    });
    if granted.wanted.profile {
        body["oid"] = Value::from(oid);
        body["name"] = Value::from(person.name.as_str());
        body["preferred_username"] = Value::from(person.upn.as_str());
    }
    if granted.wanted.email {
        body["email"] = Value::from(person.upn.as_str());
    }
    if person.tid != granted.tid {
        body["idp"] = Value::from(format!("{}/{}/", sandbox.url(), person.tid));
    }
    if let Some(nonce) = &granted.nonce {
        body["nonce"] = Value::from(nonce.as_str());
    }
    signed(sandbox, &body)
}

fn signed(sandbox: &Sandbox, claims: &Value) -> String {
    let key = sandbox.directory().keys.current();
    let mut header = Header::new(Algorithm::RS256);
    header.kid = Some(key.kid.clone());
    jsonwebtoken::encode(&header, claims, &key.signing).expect("an RSA key signs any JSON object")
}

/// A subject that is one person's in one application, and says nothing elsewhere.
fn pairwise(audience: &str, oid: &str) -> String {
    URL_SAFE_NO_PAD.encode(digest(&SHA256, format!("{audience}|{oid}").as_bytes()))
}

impl Granted {
    fn claims(&self, lifetime_s: i64) -> Claims<'_> {
        let (oid, person) = match &self.holder {
            Holder::Person(person) => (
                person.oid_in(&self.tid).unwrap_or(&person.oid),
                Some((person.upn.as_str(), person.name.as_str())),
            ),
            Holder::Application { oid } => (oid.as_str(), None),
        };
        Claims {
            tid: &self.tid,
            oid,
            client_id: &self.client_id,
            audience: self.resource.uri(),
            scopes: &self.scopes,
            person,
            lifetime_s,
        }
    }

    /// The answer's scope: full addresses, `.default` echoed; Graph's are bare and carry the sign-in scopes.
    fn scope_text(&self) -> String {
        let mut scopes: Vec<String> = match self.resource {
            Resource::PowerBi => self
                .scopes
                .iter()
                .map(|name| format!("{}/{name}", self.resource.uri()))
                .collect(),
            Resource::Graph => {
                let wanted = &self.wanted;
                let sign_in = [
                    ("openid", wanted.openid),
                    ("profile", wanted.profile),
                    ("email", wanted.email),
                ];
                let asked = sign_in
                    .iter()
                    .filter(|(_, is_asked)| *is_asked)
                    .map(|(name, _)| (*name).to_owned());
                asked.chain(self.scopes.iter().cloned()).collect()
            }
        };
        if self.is_default {
            scopes.push(format!("{}/.default", self.resource.uri()));
        }
        scopes.join(" ")
    }
}
