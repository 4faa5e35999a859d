//! What a provider says of itself, read once when an administrator enters it, and kept.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::Url;

use super::OpenIdProblem;

/// The addresses of one provider, as they were found when it was entered.
///
/// Invariant: these are read from the description of the very issuer that was entered, while the administrator looks on;
/// no sign-in reads them anew, so whoever changes the description later moves neither the secret nor the keys.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Addresses {
    pub authorization: String,
    pub token: String,
    pub keys: String,
    /// The secret goes into the form because the provider does not take HTTP Basic.
    pub posts_secret: bool,
    /// The provider names itself in its answers (RFC 9207).
    pub names_itself: bool,
}

/// The address of the description of `issuer`.
pub(super) fn address(issuer: &str) -> Result<Url, OpenIdProblem> {
    let url = Url::parse(issuer).map_err(|_| OpenIdProblem::Issuer)?;
    let is_plain =
        url.query().is_none() && url.fragment().is_none() && url.username().is_empty() && url.password().is_none();
    if !is_plain || !is_safe(&url) || 500 < issuer.len() {
        return Err(OpenIdProblem::Issuer);
    }
    let text = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
    Url::parse(&text).map_err(|_| OpenIdProblem::Issuer)
}

/// Reads the description of `issuer` (OpenID Connect Discovery §4.3).
pub(super) fn read(issuer: &str, body: &[u8]) -> Result<Addresses, OpenIdProblem> {
    let description: Value = serde_json::from_slice(body).map_err(|_| OpenIdProblem::NoDescription)?;
    if description.get("issuer").and_then(Value::as_str) != Some(issuer) {
        return Err(OpenIdProblem::OtherIssuer);
    }
    let endpoint = |name: &str| {
        let text = description
            .get(name)
            .and_then(Value::as_str)
            .ok_or(OpenIdProblem::NoDescription)?;
        let url = Url::parse(text).map_err(|_| OpenIdProblem::NoDescription)?;
        match is_safe(&url) && url.fragment().is_none() {
            true => Ok(text.to_owned()),
            false => Err(OpenIdProblem::Insecure),
        }
    };
    let takes_basic = match description
        .get("token_endpoint_auth_methods_supported")
        .and_then(Value::as_array)
    {
        None => true,
        Some(methods) => methods.iter().any(|it| it == "client_secret_basic"),
    };
    Ok(Addresses {
        authorization: endpoint("authorization_endpoint")?,
        token: endpoint("token_endpoint")?,
        keys: endpoint("jwks_uri")?,
        posts_secret: !takes_basic,
        names_itself: description.get("authorization_response_iss_parameter_supported") == Some(&Value::Bool(true)),
    })
}

/// https, or http on this machine, as a provider under test has it.
fn is_safe(url: &Url) -> bool {
    match url.scheme() {
        "https" => url.has_host(),
        "http" => matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]")),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn description() -> Value {
        json!({ "issuer": "https://id.example", "authorization_endpoint": "https://id.example/a", "token_endpoint": "https://tokens.example/t", "jwks_uri": "https://id.example/k" })
    }

    /// CB-17
    #[test]
    fn a_description_counts_for_its_own_issuer_and_safe_addresses_only() {
        let read_with = |name: &str, value: Value| {
            let mut it = description();
            it[name] = value;
            read("https://id.example", it.to_string().as_bytes())
        };
        assert!(read("https://id.example", description().to_string().as_bytes()).is_ok());
        for other in [
            "https://id.example/",
            "https://ID.example",
            "https://evil.example",
            "http://id.example",
        ] {
            assert_eq!(
                read_with("issuer", json!(other)),
                Err(OpenIdProblem::OtherIssuer),
                "{other}"
            );
        }
        for name in ["authorization_endpoint", "token_endpoint", "jwks_uri"] {
            assert_eq!(
                read_with(name, json!("http://id.example/x")),
                Err(OpenIdProblem::Insecure),
                "{name}"
            );
            assert_eq!(
                read_with(name, json!("javascript:alert(1)")),
                Err(OpenIdProblem::Insecure),
                "{name}"
            );
            assert_eq!(
                read_with(name, Value::Null),
                Err(OpenIdProblem::NoDescription),
                "{name}"
            );
        }
        for bad in [
            "http://id.example",
            "https://u:p@id.example",
            "https://id.example?x",
            "id.example",
            "https://id.example/#f",
            "",
        ] {
            assert_eq!(address(bad), Err(OpenIdProblem::Issuer), "{bad}");
        }
    }
}
