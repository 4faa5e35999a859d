//! One trip to a provider: the address to send the browser to, and the account it comes back with.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::header::{ACCEPT, AUTHORIZATION};
use reqwest::{Client, RequestBuilder};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;
use url::Url;

use super::OpenIdProblem;
use super::claims::{self, Account, Expected};
use super::discovery::{self, Addresses};
use crate::clock::Clock;
use crate::entra::{self, Keys, Pkce};

const LARGEST_BYTES: usize = 256 * 1024;

/// A provider as it was entered.
#[derive(Clone, Debug)]
pub struct Registration {
    pub issuer: String,
    pub client_id: String,
    pub secret: SecretString,
    pub addresses: Addresses,
}

/// What must be kept until the browser comes back.
#[derive(Clone, Debug)]
pub struct Trip {
    pub url: String,
    pub state: String,
    pub nonce: String,
    pub verifier: SecretString,
}

/// Our side of OpenID Connect.
pub struct OpenId {
    clock: Clock,
    http: Client,
    keys: Keys,
}

impl OpenId {
    /// A client over `http`, which follows no redirects.
    pub fn new(clock: Clock, http: Client) -> Self {
        Self {
            keys: Keys::new(clock.clone()),
            clock,
            http,
        }
    }

    /// The addresses that `issuer` publishes.
    pub async fn discover(&self, issuer: &str) -> Result<Addresses, OpenIdProblem> {
        let address = discovery::address(issuer)?;
        let body = self
            .send(self.http.get(address))
            .await?
            .ok_or(OpenIdProblem::NoDescription)?;
        discovery::read(issuer, &body)
    }

    /// A fresh trip; `is_proof` when a person who is signed in is to sign in anew.
    pub fn start(&self, to: &Registration, redirect_uri: &str, is_proof: bool) -> Result<Trip, OpenIdProblem> {
        let pkce = Pkce::new(&self.clock);
        let random = self.clock.random();
        let (state, nonce) = (random.token(), random.token());
        let mut url = Url::parse(&to.addresses.authorization).map_err(|_| OpenIdProblem::NoDescription)?;
        url.query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", &to.client_id)
            .append_pair("redirect_uri", redirect_uri)
            .append_pair("scope", "openid profile email")
            .append_pair("state", &state)
            .append_pair("nonce", &nonce)
            .append_pair("code_challenge", &pkce.challenge)
            .append_pair("code_challenge_method", "S256");
        if is_proof {
            url.query_pairs_mut()
                .append_pair("prompt", "login")
                .append_pair("max_age", "0");
        }
        Ok(Trip {
            url: url.into(),
            state,
            nonce,
            verifier: pkce.verifier,
        })
    }

    /// Redeems a code and tells whose it is.
    pub async fn account(
        &self,
        from: &Registration,
        code: &str,
        trip: &Trip,
        redirect_uri: &str,
        is_proof: bool,
    ) -> Result<Account, OpenIdProblem> {
        let body = self.send(self.redemption(from, code, trip, redirect_uri)).await?;
        let answer: Value =
            serde_json::from_slice(&body.ok_or(OpenIdProblem::Code)?).map_err(|_| OpenIdProblem::Malformed)?;
        let id_token = answer
            .get("id_token")
            .and_then(Value::as_str)
            .ok_or(OpenIdProblem::Malformed)?;
        let token = entra::read_id_token(id_token).map_err(|_| OpenIdProblem::Malformed)?;
        let address = &from.addresses.keys;
        let key = self.keys.find(address, token.kid(), || self.key_set(address)).await;
        let key = key.map_err(|_| OpenIdProblem::Signature)?;
        let claims = entra::verified_claims(&token, &key).map_err(|_| OpenIdProblem::Signature)?;
        let expected = Expected {
            issuer: &from.issuer,
            client_id: &from.client_id,
            nonce: &trip.nonce,
            is_proof,
            now_s: self.clock.now().unix_seconds(),
        };
        claims::check(&claims, &expected)
    }

    fn redemption(&self, from: &Registration, code: &str, trip: &Trip, redirect_uri: &str) -> RequestBuilder {
        let secret = from.secret.expose_secret();
        let mut form = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", redirect_uri),
            ("code_verifier", trip.verifier.expose_secret()),
        ];
        let request = self.http.post(&from.addresses.token);
        if from.addresses.posts_secret {
            form.extend([("client_id", from.client_id.as_str()), ("client_secret", secret)]);
            return request.form(&form);
        }
        // RFC 6749 §2.3.1: both are form-encoded before they are joined.
        let encode = |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
        let pair = STANDARD.encode(format!("{}:{}", encode(&from.client_id), encode(secret)));
        request.header(AUTHORIZATION, format!("Basic {pair}")).form(&form)
    }

    async fn key_set(&self, address: &str) -> Option<Vec<u8>> {
        self.send(self.http.get(address)).await.ok()?
    }

    /// The body of a 200, or nothing when the answer is another one.
    async fn send(&self, request: RequestBuilder) -> Result<Option<Vec<u8>>, OpenIdProblem> {
        let answer = request.header(ACCEPT, "application/json").send().await;
        let mut answer = answer.map_err(|_| OpenIdProblem::Unreachable)?;
        let is_good = answer.status() == 200;
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(|_| OpenIdProblem::Unreachable)? {
            if LARGEST_BYTES < body.len() + chunk.len() {
                return Err(OpenIdProblem::Malformed);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(is_good.then_some(body))
    }
}
