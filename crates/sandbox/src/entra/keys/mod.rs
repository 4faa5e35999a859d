//! The keys that sign pretend tokens, and the set of their public halves.

use std::sync::Arc;

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::encoding::Pkcs8V1Der;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::KeyPair;
use aws_lc_rs::signature::RsaKeyPair;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::DecodingKey;
use jsonwebtoken::EncodingKey;
use serde_json::Value;
use serde_json::json;

/// Public on purpose, and marked so in its first line: with it start-up need not make a key.
const PUBLIC_TEST_KEY: &str = include_str!("public-test-key.pem");

/// One signing key with its public half.
pub(crate) struct SigningKey {
    pub(crate) kid: String,
    pub(crate) signing: EncodingKey,
    pub(crate) verifying: DecodingKey,
    modulus: String,
    exponent: String,
}

/// All keys that are published; the last one signs.
#[derive(Clone)]
pub(crate) struct Keys(Vec<Arc<SigningKey>>);

impl Keys {
    /// The fixed key alone.
    pub(crate) fn seeded() -> Keys {
        Keys(vec![Arc::new(SigningKey::from_pkcs8(&pem_bytes(PUBLIC_TEST_KEY)))])
    }

    /// The key that signs now.
    pub(crate) fn current(&self) -> Arc<SigningKey> {
        Arc::clone(self.0.last().expect("there is always one key: `retire` keeps the last"))
    }

    /// The published key named `kid`.
    pub(crate) fn find(&self, kid: &str) -> Option<Arc<SigningKey>> {
        self.0.iter().find(|key| key.kid == kid).cloned()
    }

    /// Signs with `key` from now on; the older ones stay published.
    pub(crate) fn roll_over(&mut self, key: SigningKey) {
        self.0.push(Arc::new(key));
    }

    /// Withdraws every key but the one that signs.
    pub(crate) fn retire(&mut self) {
        let current = self.current();
        self.0 = vec![current];
    }

    /// The public key set; with `{tenantid}` issuers on the endpoints that serve every tenant.
    pub(crate) fn published(&self, issuer: &str) -> Value {
        let keys: Vec<Value> = self.0.iter().map(|key| key.published(issuer)).collect();
        json!({ "keys": keys })
    }
}

impl SigningKey {
    /// A new key. Takes a while: never at start-up.
    pub(crate) fn generate() -> Result<SigningKey, aws_lc_rs::error::Unspecified> {
        let pair = RsaKeyPair::generate(KeySize::Rsa2048)?;
        let der: Pkcs8V1Der<'_> = pair.as_der()?;
        Ok(SigningKey::from_pkcs8(der.as_ref()))
    }

    fn from_pkcs8(der: &[u8]) -> SigningKey {
        let pair = RsaKeyPair::from_pkcs8(der).expect("the bytes are a key of the crate or freshly generated");
        let public = pair.public_key();
        let modulus = public.modulus().big_endian_without_leading_zero();
        let exponent = public.exponent().big_endian_without_leading_zero();
        let thumbprint = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, modulus);
        SigningKey {
            kid: format!("sandbox-{}", URL_SAFE_NO_PAD.encode(&thumbprint.as_ref()[..12])),
            signing: EncodingKey::from_rsa_der(&pkcs1_of(der)),
            verifying: DecodingKey::from_rsa_raw_components(modulus, exponent),
            modulus: URL_SAFE_NO_PAD.encode(modulus),
            exponent: URL_SAFE_NO_PAD.encode(exponent),
        }
    }

    fn published(&self, issuer: &str) -> Value {
        json!({
            "kty": "RSA", "use": "sig", "alg": "RS256", "kid": self.kid, "x5t": self.kid,
            "n": self.modulus, "e": self.exponent, "issuer": issuer,
        })
    }
}

fn pem_bytes(pem: &str) -> Vec<u8> {
    let body: String = pem
        .lines()
        .skip_while(|line| !line.starts_with("-----BEGIN"))
        .filter(|line| !line.starts_with("-----"))
        .collect();
    STANDARD.decode(body).expect("the key file of the crate is base64")
}

/// The inner RSA key of a PKCS#8 envelope, the form the signing library wants.
fn pkcs1_of(pkcs8: &[u8]) -> Vec<u8> {
    // The envelope's header before the inner SEQUENCE has a fixed length for RSA keys of this size.
    const HEADER_BYTES: usize = 26;
    pkcs8[HEADER_BYTES..].to_vec()
}
