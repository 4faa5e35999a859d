//! Client assertions: a token the client signed with the key of an uploaded certificate.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::Algorithm;
use jsonwebtoken::DecodingKey;
use jsonwebtoken::Validation;
use serde::Deserialize;

use crate::Sandbox;
use crate::entra::Directory;
use crate::entra::applications::Application;
use crate::entra::applications::Certificate;
use crate::entra::failure::Failure;
use crate::entra::tenant::TenantPath;

const SKEW_S: f64 = 300.0;

#[derive(Deserialize)]
struct Header {
    alg: String,
    #[serde(default, rename = "x5t#S256")]
    sha256: Option<String>,
    #[serde(default)]
    x5t: Option<String>,
}

/// Times may be fractions: MSAL for Python writes them so.
#[derive(Deserialize)]
struct Claims {
    aud: String,
    iss: String,
    sub: String,
    exp: f64,
    #[serde(default)]
    nbf: Option<f64>,
    #[serde(default)]
    iat: Option<f64>,
}

/// Checks that `token` was signed by the application for this tenant's endpoint, now.
pub(crate) fn check(
    sandbox: &Sandbox,
    directory: &Directory,
    tenant: &TenantPath,
    application: &Application,
    token: &str,
) -> Result<(), Failure> {
    let header: Header = decoded_header(token).ok_or_else(|| Failure::new(50027))?;
    let algorithm = match header.alg.as_str() {
        "PS256" => Algorithm::PS256,
        "RS256" => Algorithm::RS256,
        _ => return Err(Failure::about(50027, "the algorithm must be PS256 or RS256")),
    };
    let certificate = find_certificate(application, &header)
        .ok_or_else(|| Failure::about(700027, "no certificate of the application has this thumbprint"))?;
    let now_s = sandbox.clock().now_ms() as f64 / 1000.0;
    if certificate.expires.is_some_and(|at| at.as_second() as f64 <= now_s) {
        return Err(Failure::about(700027, "the certificate has expired"));
    }
    let key = DecodingKey::from_rsa_pem(certificate.pem.as_bytes()).map_err(|_| Failure::new(700030))?;
    let claims = verified(token, &key, algorithm)?;
    if !claims.iss.eq_ignore_ascii_case(&application.client_id) || claims.sub != claims.iss {
        return Err(Failure::new(700021));
    }
    if !is_audience(sandbox.url(), directory, tenant, &claims.aud) {
        return Err(Failure::new(700023));
    }
    let begins = claims.nbf.or(claims.iat).unwrap_or(now_s);
    if claims.exp + SKEW_S <= now_s || now_s + SKEW_S < begins {
        return Err(Failure::new(700024));
    }
    Ok(())
}

fn decoded_header(token: &str) -> Option<Header> {
    let (header, _) = token.split_once('.')?;
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(header).ok()?).ok()
}

/// The certificate the header names; MSAL for Python pads the thumbprint.
fn find_certificate<'a>(application: &'a Application, header: &Header) -> Option<&'a Certificate> {
    let named: Vec<&str> = [&header.sha256, &header.x5t]
        .into_iter()
        .flatten()
        .map(|thumbprint| thumbprint.trim_end_matches('='))
        .collect();
    application.certificates.iter().find(|certificate| {
        certificate
            .thumbprints()
            .is_some_and(|own| own.iter().any(|it| named.contains(&it.as_str())))
    })
}

fn verified(token: &str, key: &DecodingKey, algorithm: Algorithm) -> Result<Claims, Failure> {
    let mut validation = Validation::new(algorithm);
    // Times and audience are judged by the caller, with the sandbox's clock and addresses.
    validation.validate_exp = false;
    validation.validate_aud = false;
    validation.required_spec_claims.clear();
    let decoded = jsonwebtoken::decode::<Claims>(token, key, &validation);
    decoded.map(|data| data.claims).map_err(|error| match error.kind() {
        jsonwebtoken::errors::ErrorKind::InvalidSignature => Failure::about(700027, "the signature does not verify"),
        _ => Failure::new(50027),
    })
}

/// The audience names this tenant's token endpoint or issuer, by any of the tenant's names.
fn is_audience(url: &str, directory: &Directory, tenant: &TenantPath, audience: &str) -> bool {
    let Some(rest) = audience.strip_prefix(url).and_then(|rest| rest.strip_prefix('/')) else {
        return false;
    };
    let segment = rest
        .strip_suffix("/oauth2/v2.0/token")
        .or_else(|| rest.strip_suffix("/v2.0"));
    segment.is_some_and(|segment| TenantPath::read(directory, segment).is_ok_and(|named| named == *tenant))
}
