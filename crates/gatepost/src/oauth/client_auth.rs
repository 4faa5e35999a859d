//! Which client is speaking at the token and revocation endpoints (OAuth 2.1 §2.4).

use std::net::IpAddr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use http::header::AUTHORIZATION;
use percent_encoding::percent_decode_str;
use subtle::ConstantTimeEq as _;

use super::error::OauthError;
use super::form::Parameters;
use crate::admin::throttle::{self, Guess};
use crate::app::App;
use crate::caller::ClientId;
use crate::session;
use crate::store::clients::{self, Client};

/// The client that sent this request, proved by the method it registered.
pub(super) async fn client(
    app: &App,
    headers: &HeaderMap,
    address: Option<IpAddr>,
    form: &Parameters,
) -> Result<Client, OauthError> {
    let basic = basic(headers)?;
    let posted = form.find("client_secret");
    if basic.is_some() && posted.is_some() {
        return Err(OauthError::InvalidRequest(
            "expected one way of client authentication, not two".into(),
        ));
    }
    let id = match (&basic, form.find("client_id")) {
        (Some((id, _)), Some(named)) if id != named => {
            return Err(OauthError::InvalidClient("two different clients are named"));
        }
        (Some((id, _)), _) => id.clone(),
        (None, Some(named)) => named.to_owned(),
        (None, None) => return Err(OauthError::InvalidClient("`client_id` is missing")),
    };
    let found = clients::find(&app.db, &ClientId(id), app.clock.now()).await?;
    let client = found.ok_or(OauthError::InvalidClient("this client is not registered here"))?;
    let secret = match client.auth_method.as_str() {
        "none" if basic.is_none() && posted.is_none() => return Ok(client),
        "client_secret_basic" => basic.map(|(_, secret)| secret),
        "client_secret_post" => posted.map(str::to_owned),
        _ => None,
    };
    let guess = throttle::guess(app, address, &client.id.0).map_err(OauthError::TooManyGuesses)?;
    if !is_secret_of(&guess, &client, &secret.unwrap_or_default()) {
        return Err(OauthError::InvalidClient(
            "the client did not prove who it is by the method it registered",
        ));
    }
    guess.right(app);
    Ok(client)
}

fn is_secret_of(_counted: &Guess, client: &Client, given: &str) -> bool {
    let expected = client.secret_hash.as_deref().unwrap_or_default();
    bool::from(session::hash(given).as_slice().ct_eq(expected))
}

/// HTTP Basic as OAuth uses it: id and secret are form-encoded first (RFC 6749 §2.3.1).
fn basic(headers: &HeaderMap) -> Result<Option<(String, String)>, OauthError> {
    let malformed = OauthError::InvalidClient("the Authorization header is not HTTP Basic");
    let mut all = headers.get_all(AUTHORIZATION).iter();
    let Some(header) = all.next() else { return Ok(None) };
    let text = header.to_str().ok().filter(|_| all.next().is_none());
    let Some((scheme, encoded)) = text.and_then(|it| it.split_once(' ')) else {
        return Err(malformed);
    };
    let decoded = STANDARD
        .decode(encoded.trim())
        .ok()
        .and_then(|it| String::from_utf8(it).ok());
    let pair = decoded.as_deref().and_then(|it| it.split_once(':'));
    let Some((id, secret)) = pair.filter(|_| scheme.eq_ignore_ascii_case("basic")) else {
        return Err(malformed);
    };
    let plain = |text: &str| {
        percent_decode_str(&text.replace('+', " "))
            .decode_utf8()
            .map(|it| it.into_owned())
            .ok()
    };
    match (plain(id), plain(secret)) {
        (Some(id), Some(secret)) => Ok(Some((id, secret))),
        _ => Err(malformed),
    }
}
