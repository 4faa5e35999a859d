//! The bearer check of the pretend Power BI, with its empty 403 answers.

use axum::response::IntoResponse;
use axum::response::Response;
use http::HeaderMap;
use http::HeaderName;
use http::StatusCode;
use http::header::AUTHORIZATION;
use jsonwebtoken::Algorithm;
use jsonwebtoken::Validation;
use serde::Deserialize;

use crate::Sandbox;

/// The one resource the sandbox is.
pub const POWER_BI: &str = "https://analysis.windows.net/powerbi/api";

/// Who holds a valid access token for Power BI.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bearer {
    /// The directory the token was issued by.
    pub tid: String,
    /// Object id of the person (or service principal) in that directory.
    pub oid: String,
    /// Sign-in name; empty for an application.
    pub upn: String,
    /// Display name.
    pub name: String,
    /// Application the token was issued to.
    pub app_id: String,
    /// Delegated permissions, bare names such as `Dataset.Read.All`; an application's roles when `app_only`.
    pub scopes: Vec<String>,
    /// The token belongs to an application, not to a person.
    pub app_only: bool,
}

/// Why a token was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuthFailure {
    /// No bearer token at all.
    Missing,
    /// Malformed, or meant for another resource.
    InvalidToken,
    /// Too old, or not signed by a published key.
    TokenExpired,
}

#[derive(Deserialize)]
struct Claims {
    aud: String,
    exp: i64,
    nbf: i64,
    tid: String,
    oid: String,
    appid: String,
    #[serde(default)]
    upn: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    scp: String,
    #[serde(default)]
    roles: Vec<String>,
    #[serde(default)]
    idtyp: String,
}

/// Checks the bearer token of a request as the service does.
pub fn check(sandbox: &Sandbox, headers: &HeaderMap) -> Result<Bearer, AuthFailure> {
    let token = bearer_token(headers).ok_or(AuthFailure::Missing)?;
    let header = jsonwebtoken::decode_header(token).map_err(|_| AuthFailure::InvalidToken)?;
    let kid = header.kid.ok_or(AuthFailure::InvalidToken)?;
    let key = sandbox.directory().keys.find(&kid).ok_or(AuthFailure::TokenExpired)?;
    let mut validation = Validation::new(Algorithm::RS256);
    // Times are judged by the sandbox's clock below.
    validation.validate_exp = false;
    validation.validate_aud = false;
    validation.required_spec_claims.clear();
    let claims =
        jsonwebtoken::decode::<Claims>(token, &key.verifying, &validation).map_err(|error| match error.kind() {
            jsonwebtoken::errors::ErrorKind::InvalidSignature => AuthFailure::TokenExpired,
            _ => AuthFailure::InvalidToken,
        })?;
    bearer_of(claims.claims, sandbox.clock().now_s())
}

fn bearer_of(claims: Claims, now_s: i64) -> Result<Bearer, AuthFailure> {
    const SKEW_S: i64 = 300;
    if claims.aud != POWER_BI || claims.nbf > now_s + SKEW_S {
        return Err(AuthFailure::InvalidToken);
    }
    if claims.exp <= now_s {
        return Err(AuthFailure::TokenExpired);
    }
    let app_only = claims.idtyp == "app";
    let scopes = if app_only {
        claims.roles
    } else {
        claims
            .scp
            .split(' ')
            .filter(|it| !it.is_empty())
            .map(str::to_owned)
            .collect()
    };
    Ok(Bearer {
        tid: claims.tid,
        oid: claims.oid,
        upn: claims.upn,
        name: claims.name,
        app_id: claims.appid,
        scopes,
        app_only,
    })
}

/// The token of an `Authorization: Bearer` header.
pub(crate) fn bearer_token(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    (scheme.eq_ignore_ascii_case("bearer") && !token.trim().is_empty()).then(|| token.trim())
}

impl AuthFailure {
    /// The reason as the service names it.
    pub fn reason(self) -> Option<&'static str> {
        match self {
            AuthFailure::Missing => None,
            AuthFailure::InvalidToken => Some("InvalidToken"),
            AuthFailure::TokenExpired => Some("TokenExpired"),
        }
    }
}

impl IntoResponse for AuthFailure {
    fn into_response(self) -> Response {
        let reason = self
            .reason()
            .map(|reason| [(HeaderName::from_static("x-powerbi-error-info"), reason)]);
        match reason {
            Some(header) => (StatusCode::FORBIDDEN, header).into_response(),
            None => StatusCode::FORBIDDEN.into_response(),
        }
    }
}
