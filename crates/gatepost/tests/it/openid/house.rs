//! A small OpenID Connect provider, with one person signed in at it and knobs for what it says.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex};

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{KeyPair as _, RsaKeyPair};
use axum::extract::{Form, Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use http::{HeaderMap, StatusCode};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};
use tokio::net::TcpListener;

pub(super) const CLIENT: &str = "gatepost-app";
pub(super) const SECRET: &str = "house+secret/&=";

struct Signer {
    key: EncodingKey,
    jwk: Value,
}

static SIGNER: LazyLock<Signer> = LazyLock::new(|| {
    let pair = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
    let der: Pkcs8V1Der<'_> = pair.as_der().unwrap();
    let pem = format!(
        "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n",
        STANDARD.encode(der.as_ref())
    );
    let public = pair.public_key();
    let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    Signer {
        key: EncodingKey::from_rsa_pem(pem.as_bytes()).unwrap(),
        jwk: json!({
            "kty": "RSA", "kid": "house", "use": "sig", "alg": "RS256",
            "n": encode(public.modulus().big_endian_without_leading_zero()), "e": encode(public.exponent().big_endian_without_leading_zero()),
        }),
    }
});

/// The provider. Cheap to clone.
#[derive(Clone)]
pub(super) struct House {
    pub(super) url: String,
    state: Arc<Mutex<Inner>>,
}

#[derive(Default)]
struct Inner {
    /// Claims of the person signed in, over the usual ones.
    claims: Value,
    /// Members of the description, over the usual ones.
    description: Value,
    /// Challenge and nonce by code.
    codes: HashMap<String, (String, String)>,
    redemptions: usize,
    now_s: i64,
}

impl House {
    #[expect(clippy::disallowed_methods, reason = "a pretend provider meets no stalled peers")]
    pub(super) async fn start(now_s: i64) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://localhost:{}", listener.local_addr().unwrap().port());
        let inner = Inner {
            claims: json!({}),
            description: json!({}),
            now_s,
            ..Inner::default()
        };
        let house = Self {
            url,
            state: Arc::new(Mutex::new(inner)),
        };
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(describe))
            .route("/authorize", get(authorize))
            .route("/token", post(token))
            .route("/keys", get(|| async { Json(json!({ "keys": [SIGNER.jwk] })) }))
            .with_state(house.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        house
    }

    /// What the next id tokens say.
    pub(super) fn says(&self, claims: Value) {
        self.state.lock().unwrap().claims = claims;
    }

    pub(super) fn describes(&self, description: Value) {
        self.state.lock().unwrap().description = description;
    }

    pub(super) fn is_at(&self, now_s: i64) {
        self.state.lock().unwrap().now_s = now_s;
    }

    /// How many codes somebody tried to redeem.
    pub(super) fn redemptions(&self) -> usize {
        self.state.lock().unwrap().redemptions
    }
}

fn over(mut usual: Value, changed: &Value) -> Value {
    for (name, value) in changed.as_object().unwrap() {
        usual[name] = value.clone();
    }
    usual
}

async fn describe(State(house): State<House>) -> Json<Value> {
    let url = &house.url;
    let usual = json!({ "issuer": url, "authorization_endpoint": format!("{url}/authorize"), "token_endpoint": format!("{url}/token"), "jwks_uri": format!("{url}/keys") });
    Json(over(usual, &house.state.lock().unwrap().description))
}

async fn authorize(State(house): State<House>, Query(asked): Query<HashMap<String, String>>) -> Response {
    let part = |name: &str| asked.get(name).cloned().unwrap_or_default();
    assert_eq!(
        (part("client_id").as_str(), part("code_challenge_method").as_str()),
        (CLIENT, "S256")
    );
    assert!(part("scope").contains("openid") && !part("state").is_empty());
    let code = format!("code-{}", house.state.lock().unwrap().codes.len());
    house
        .state
        .lock()
        .unwrap()
        .codes
        .insert(code.clone(), (part("code_challenge"), part("nonce")));
    let query = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("code", &code)
        .append_pair("state", &part("state"))
        .finish();
    Redirect::to(&format!("{}?{query}", part("redirect_uri"))).into_response()
}

async fn token(State(house): State<House>, headers: HeaderMap, Form(form): Form<HashMap<String, String>>) -> Response {
    let mut inner = house.state.lock().unwrap();
    inner.redemptions += 1;
    let posts = inner.description.get("token_endpoint_auth_methods_supported").is_some();
    let encode = |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let basic = format!(
        "Basic {}",
        STANDARD.encode(format!("{}:{}", encode(CLIENT), encode(SECRET)))
    );
    let is_proved = match posts {
        true => form.get("client_secret").map(String::as_str) == Some(SECRET),
        false => headers.get("authorization").is_some_and(|it| it == basic.as_str()),
    };
    let Some((challenge, nonce)) = inner.codes.remove(&form["code"]) else {
        return (StatusCode::BAD_REQUEST, Json(json!({ "error": "invalid_grant" }))).into_response();
    };
    let verifier = gatepost::session::hash(&form["code_verifier"]);
    if !is_proved || URL_SAFE_NO_PAD.encode(verifier) != challenge {
        return (StatusCode::BAD_REQUEST, Json(json!({ "error": "invalid_grant" }))).into_response();
    }
    let usual = json!({
        "iss": house.url, "aud": CLIENT, "sub": "person-1", "nonce": nonce, "iat": inner.now_s, "exp": inner.now_s + 600,
        "auth_time": inner.now_s, "name": "Hana House", "email": "hana@house.example", "email_verified": true,
    });
    let header = Header {
        kid: Some("house".into()),
        ..Header::new(Algorithm::RS256)
    };
    let id_token = jsonwebtoken::encode(&header, &over(usual, &inner.claims), &SIGNER.key).unwrap();
    Json(json!({ "access_token": "x", "token_type": "Bearer", "id_token": id_token })).into_response()
}
