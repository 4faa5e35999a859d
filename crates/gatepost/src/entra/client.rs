//! The calls to Microsoft: codes, refresh tokens and credentials in, tokens or explained refusals out.

use std::sync::Arc;
use std::time::Duration;

use catalogue::clouds::Cloud;
use reqwest::header::{ACCEPT, RETRY_AFTER};
use reqwest::{Client, RequestBuilder, Response};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;

use super::addresses;
use super::answer::TokenAnswer;
use super::assertion;
use super::authorize::{everything, scope};
use super::error::{Class, EntraError};
use super::identity::{Identity, IdentityProblem};
use super::keys::Keys;
use super::registration::{Credential, Registration};
use super::tenant::{Tenant, is_guid};
use crate::clock::Clock;
use crate::vault;

const TIMEOUT: Duration = Duration::from_secs(20);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const LARGEST_ANSWER: usize = 1024 * 1024;
const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// The client for Microsoft's fixed hosts: no redirects, and no proxy but the one that is configured.
pub fn http_client(proxy: Option<&str>) -> Result<Client, reqwest::Error> {
    let builder = Client::builder()
        .user_agent(concat!("gatepost/", env!("CARGO_PKG_VERSION")))
        .redirect(reqwest::redirect::Policy::none())
        .timeout(TIMEOUT)
        .connect_timeout(CONNECT_TIMEOUT)
        .tcp_nodelay(true)
        .no_proxy();
    match proxy {
        Some(address) => builder.proxy(reqwest::Proxy::all(address)?).build(),
        None => builder.build(),
    }
}

/// Our side of Microsoft Entra ID. Cheap to clone; clones share the key cache.
#[derive(Clone)]
pub struct Entra {
    clock: Clock,
    http: Client,
    keys: Arc<Keys>,
}

/// What a test of a registration proved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tested {
    /// The id of the directory, when one directory was entered.
    pub tenant_id: Option<String>,
    /// Whether Client ID and credential were tried; without a directory they cannot be.
    pub credential_proven: bool,
}

impl Entra {
    /// A client over `http`, which should come from [`http_client`].
    pub fn new(clock: Clock, http: Client) -> Self {
        Self {
            keys: Arc::new(Keys::new(clock.clone())),
            clock,
            http,
        }
    }

    /// Redeems the code of a sign-in, at the directory path the sign-in was started with.
    pub async fn redeem(
        &self,
        registration: &Registration,
        code: &SecretString,
        verifier: &SecretString,
        redirect_uri: &str,
        tenant_path: &str,
    ) -> Result<TokenAnswer, EntraError> {
        let scope = scope(registration);
        let form = [
            ("grant_type", "authorization_code"),
            ("code", code.expose_secret()),
            ("redirect_uri", redirect_uri),
            ("code_verifier", verifier.expose_secret()),
            ("scope", &scope),
        ];
        self.token(registration, tenant_path, &form).await
    }

    /// Trades a refresh token for fresh tokens; the old one stays good until the answer is stored.
    pub async fn refresh(
        &self,
        registration: &Registration,
        refresh_token: &SecretString,
        tenant_path: &str,
        claims: Option<&str>,
    ) -> Result<TokenAnswer, EntraError> {
        let scope = scope(registration);
        let mut form = vec![
            ("grant_type", "refresh_token"),
            ("refresh_token", refresh_token.expose_secret()),
            ("scope", &scope),
        ];
        form.extend(claims.map(|it| ("claims", it)));
        self.token(registration, tenant_path, &form).await
    }

    /// Proves directory, Client ID and credential before anybody signs in. The token it gets is dropped.
    pub async fn test_registration(&self, registration: &Registration) -> Result<Tested, EntraError> {
        let tenant_id = self.tenant_id(&registration.cloud, &registration.tenant).await?;
        if registration.tenant.is_any_organization() {
            return Ok(Tested {
                tenant_id: None,
                credential_proven: false,
            });
        }
        let scope = everything(registration);
        let form = [("grant_type", "client_credentials"), ("scope", scope.as_str())];
        self.token(registration, registration.tenant.path(), &form).await?;
        Ok(Tested {
            tenant_id,
            credential_proven: true,
        })
    }

    /// Asks whether the directory exists in this cloud, and for its id.
    pub async fn tenant_id(&self, cloud: &Cloud, tenant: &Tenant) -> Result<Option<String>, EntraError> {
        let (status, retry_after, body) = self.send(self.http.get(addresses::discovery(cloud, tenant))).await?;
        if status != 200 {
            return Err(EntraError::of_answer(status, retry_after.as_deref(), &body));
        }
        let description: Value = serde_json::from_slice(&body).map_err(|_| unexpected())?;
        let issuer = description
            .get("issuer")
            .and_then(Value::as_str)
            .ok_or_else(unexpected)?;
        if issuer == addresses::issuer(cloud, "{tenantid}") {
            return Ok(None);
        }
        // Invariant: nothing else of the description is used; every address is built by `addresses`.
        let id = issuer
            .strip_suffix("/v2.0")
            .and_then(|it| it.rsplit('/').next())
            .map(str::to_ascii_lowercase);
        let id = id.filter(|it| is_guid(it) && addresses::issuer(cloud, it).eq_ignore_ascii_case(issuer));
        id.map(Some).ok_or_else(unexpected)
    }

    /// Who signed in, from the id token of an answer.
    pub async fn identity(
        &self,
        registration: &Registration,
        id_token: &SecretString,
        expected_nonce: &str,
    ) -> Result<Identity, IdentityProblem> {
        let token = super::identity::read(id_token.expose_secret())?;
        let address = addresses::keys(&registration.cloud, &registration.tenant);
        let key = self
            .keys
            .find(address.as_str(), token.kid(), || self.key_set(address.clone()))
            .await?;
        let now = self.clock.now().unix_seconds();
        super::identity::check(&token, &key, registration, expected_nonce, now)
    }

    async fn key_set(&self, address: url::Url) -> Option<Vec<u8>> {
        let (status, _, body) = self.send(self.http.get(address)).await.ok()?;
        (status == 200).then_some(body)
    }

    async fn token(
        &self,
        registration: &Registration,
        tenant_path: &str,
        form: &[(&str, &str)],
    ) -> Result<TokenAnswer, EntraError> {
        let tenant =
            Tenant::parse(tenant_path).map_err(|_| EntraError::local(Class::Configuration, "invalid_tenant"))?;
        let address = addresses::token(&registration.cloud, &tenant);
        let assertion = self.assertion(registration, address.as_str())?;
        let mut form = form.to_vec();
        form.push(("client_id", &registration.client_id));
        match (&registration.credential, &assertion) {
            (Credential::Secret(secret), _) => form.push(("client_secret", secret.expose_secret())),
            (_, Some(assertion)) => {
                form.push(("client_assertion_type", ASSERTION_TYPE));
                form.push(("client_assertion", assertion.expose_secret()));
            }
            (_, None) => return Err(EntraError::local(Class::IntegrationBroken, "invalid_client")),
        }
        let (status, retry_after, body) = self.send(self.http.post(address).form(&form)).await?;
        match status {
            200 => TokenAnswer::parse(&body, &registration.cloud.resource),
            _ => Err(EntraError::of_answer(
                status,
                retry_after.as_deref(),
                &without_secrets(&form, body),
            )),
        }
    }

    #[expect(
        clippy::result_large_err,
        reason = "a refusal is rare, and its parts are read by many"
    )]
    fn assertion(&self, registration: &Registration, address: &str) -> Result<Option<SecretString>, EntraError> {
        match &registration.credential {
            Credential::Secret(_) => Ok(None),
            Credential::Federated(token) => Ok(Some(token.clone())),
            Credential::Certificate {
                private_key_pem,
                thumbprint,
            } => {
                let signed = assertion::sign(
                    &self.clock,
                    &registration.client_id,
                    address,
                    private_key_pem,
                    thumbprint,
                );
                signed
                    .map(Some)
                    .ok_or_else(|| EntraError::local(Class::IntegrationBroken, "invalid_client"))
            }
        }
    }

    /// One exchange: status, `Retry-After` and a body of bounded size.
    async fn send(&self, request: RequestBuilder) -> Result<(u16, Option<String>, Vec<u8>), EntraError> {
        // No `Origin`: Microsoft takes a request with one for a browser's and refuses the credential.
        let request = request
            .header(ACCEPT, "application/json")
            .header("client-request-id", self.clock.new_id());
        let answer = request.send().await.map_err(|error| on_the_way(&error))?;
        let status = answer.status().as_u16();
        let retry_after = answer
            .headers()
            .get(RETRY_AFTER)
            .and_then(|it| it.to_str().ok())
            .map(str::to_owned);
        Ok((status, retry_after, bounded(answer).await?))
    }
}

/// A refusal without the secrets of the request it repeats.
fn without_secrets(form: &[(&str, &str)], body: Vec<u8>) -> Vec<u8> {
    let is_public = |name: &str| {
        [
            "grant_type",
            "scope",
            "client_id",
            "redirect_uri",
            "client_assertion_type",
            "claims",
        ]
        .contains(&name)
    };
    let secrets = form.iter().filter(|(name, _)| !is_public(name));
    secrets.fold(body, |body, (_, value)| {
        vault::without(&SecretString::from((*value).to_owned()), &body)
    })
}

async fn bounded(mut answer: Response) -> Result<Vec<u8>, EntraError> {
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(|error| on_the_way(&error))? {
        if LARGEST_ANSWER < body.len() + chunk.len() {
            return Err(unexpected());
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// The library's error names addresses and is not kept.
fn on_the_way(error: &reqwest::Error) -> EntraError {
    let what = match error {
        it if it.is_timeout() => "timeout",
        it if was_unknown(it) => "unknown_host",
        _ => "unreachable",
    };
    EntraError::local(Class::Transient, what)
}

/// Whether the host's name could not be looked up, which the library tells only in words.
fn was_unknown(error: &reqwest::Error) -> bool {
    let mut causes = std::iter::successors(std::error::Error::source(error), |it| it.source());
    causes.any(|it| it.to_string().starts_with("dns error"))
}

fn unexpected() -> EntraError {
    EntraError::local(Class::Transient, "unexpected_answer")
}
