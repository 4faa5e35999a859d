//! How a client proves itself: secrets in body and header, and assertions signed by a certificate.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use base64::engine::general_purpose::URL_SAFE;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::Algorithm;
use jsonwebtoken::EncodingKey;
use jsonwebtoken::Header;
use sandbox::entra::Application;
use sandbox::entra::Certificate;
use sandbox::entra::Secret;
use sandbox::people::CONTOSO;
use serde_json::Value;
use serde_json::json;

use crate::entra_harness::Answer;
use crate::entra_harness::SECRET;
use crate::entra_harness::START_MS;
use crate::entra_harness::World;

const DEFAULT: &str = "https://analysis.windows.net/powerbi/api/.default";

async fn by_itself(world: &World, app: &Application, more: &[(&str, &str)], headers: &[(&str, &str)]) -> Answer {
    let mut form = vec![
        ("grant_type", "client_credentials"),
        ("client_id", app.client_id.as_str()),
        ("scope", DEFAULT),
    ];
    form.extend(more);
    world.token(CONTOSO, &form, headers).await
}

#[tokio::test]
async fn a_secret_with_odd_letters_works_in_body_and_header() {
    let world = World::start().await;
    let app = world.web_app();
    assert_eq!(
        by_itself(&world, &app, &[("client_secret", SECRET)], &[]).await.status,
        200
    );
    let encoded: String = url::form_urlencoded::byte_serialize(SECRET.as_bytes()).collect();
    let basic = format!("Basic {}", STANDARD.encode(format!("{}:{encoded}", app.client_id)));
    let form = [("grant_type", "client_credentials"), ("scope", DEFAULT)];
    assert_eq!(
        world.token(CONTOSO, &form, &[("authorization", &basic)]).await.status,
        200
    );
}

#[tokio::test]
async fn a_missing_and_a_wrong_secret_are_told_apart() {
    let world = World::start().await;
    let app = world.web_app();
    let missing = by_itself(&world, &app, &[], &[]).await;
    missing.fails("invalid_client", 7000218);
    assert_eq!(missing.status, 401);
    by_itself(&world, &app, &[("client_secret", "wrong")], &[])
        .await
        .fails("invalid_client", 7000215);
    // The id is what people paste by mistake.
    by_itself(&world, &app, &[("client_secret", &app.secrets[0].id)], &[])
        .await
        .fails("invalid_client", 7000215);
}

#[tokio::test]
async fn an_expired_secret_is_told_apart_and_the_next_one_works_beside_it() {
    let world = World::start().await;
    let secret = |value: &str, days: i64| Secret {
        value: value.to_owned(),
        expires: Some(jiff::Timestamp::from_millisecond(START_MS + days * 24 * 60 * 60 * 1000).unwrap()),
        id: String::new(),
    };
    let app = world.app(Application {
        secrets: vec![secret("first", 1), secret("second", 10)],
        ..Application::default()
    });
    assert_eq!(
        by_itself(&world, &app, &[("client_secret", "first")], &[]).await.status,
        200
    );
    world.advance_days(1);
    by_itself(&world, &app, &[("client_secret", "first")], &[])
        .await
        .fails("invalid_client", 7000222);
    assert_eq!(
        by_itself(&world, &app, &[("client_secret", "second")], &[])
            .await
            .status,
        200
    );
    world.advance_days(10);
    by_itself(&world, &app, &[("client_secret", "anything")], &[])
        .await
        .fails("invalid_client", 7000222);
}

/// A certificate with its key, as a gateway would make one.
struct Signer {
    key: EncodingKey,
    pem: String,
    sha256: Vec<u8>,
    sha1: Vec<u8>,
}

impl Signer {
    fn new() -> Signer {
        let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_RSA_SHA256).unwrap();
        let params = rcgen::CertificateParams::new(vec!["gateway.test".to_owned()]).unwrap();
        let certificate = params.self_signed(&key).unwrap();
        let digest = |algorithm| {
            aws_lc_rs::digest::digest(algorithm, certificate.der())
                .as_ref()
                .to_vec()
        };
        Signer {
            key: EncodingKey::from_rsa_pem(key.serialize_pem().as_bytes()).unwrap(),
            pem: certificate.pem(),
            sha256: digest(&aws_lc_rs::digest::SHA256),
            sha1: digest(&aws_lc_rs::digest::SHA1_FOR_LEGACY_USE_ONLY),
        }
    }

    fn app(&self, world: &World) -> Application {
        let certificate = Certificate {
            pem: self.pem.clone(),
            expires: None,
        };
        let redirect_uris = sandbox::entra::RedirectUris {
            web: vec![crate::entra_harness::CALLBACK.to_owned()],
            ..Default::default()
        };
        world
            .sandbox
            .register(Application {
                certificates: vec![certificate],
                redirect_uris,
                ..Application::default()
            })
            .unwrap()
    }

    /// A signed assertion, with claims changed.
    fn assertion(&self, world: &World, app: &Application, header: Header, changes: Value) -> String {
        let now = START_MS as f64 / 1000.0;
        let mut claims = json!({
            "aud": format!("{}/{CONTOSO}/oauth2/v2.0/token", world.url),
            "iss": app.client_id, "sub": app.client_id, "jti": "one",
            "nbf": now, "iat": now, "exp": now + 600.25,
        });
        for (name, value) in changes.as_object().unwrap() {
            claims[name] = value.clone();
        }
        jsonwebtoken::encode(&header, &claims, &self.key).unwrap()
    }

    fn ps256(&self) -> Header {
        Header {
            x5t_s256: Some(URL_SAFE_NO_PAD.encode(&self.sha256)),
            ..Header::new(Algorithm::PS256)
        }
    }
}

async fn with_assertion(world: &World, app: &Application, assertion: &str) -> Answer {
    let more = [
        (
            "client_assertion_type",
            "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        ),
        ("client_assertion", assertion),
    ];
    by_itself(world, app, &more, &[]).await
}

#[tokio::test]
async fn assertions_work_with_ps256_and_rs256_and_a_padded_thumbprint() {
    let world = World::start().await;
    let signer = Signer::new();
    let app = signer.app(&world);
    let padded = Header {
        x5t_s256: Some(URL_SAFE.encode(&signer.sha256)),
        ..Header::new(Algorithm::PS256)
    };
    let old = Header {
        x5t: Some(URL_SAFE_NO_PAD.encode(&signer.sha1)),
        ..Header::new(Algorithm::RS256)
    };
    for header in [signer.ps256(), padded, old] {
        let assertion = signer.assertion(&world, &app, header, json!({}));
        let answer = with_assertion(&world, &app, &assertion).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
    }
}

#[tokio::test]
async fn an_assertion_may_name_the_tenant_by_domain_and_be_five_minutes_off() {
    let world = World::start().await;
    let signer = Signer::new();
    let app = signer.app(&world);
    let now = START_MS as f64 / 1000.0;
    for changes in [
        json!({ "aud": format!("{}/contoso.test/oauth2/v2.0/token", world.url) }),
        json!({ "aud": format!("{}/{CONTOSO}/v2.0", world.url) }),
        json!({ "exp": now - 299.0 }),
        json!({ "nbf": now + 299.5 }),
    ] {
        let assertion = signer.assertion(&world, &app, signer.ps256(), changes);
        assert_eq!(with_assertion(&world, &app, &assertion).await.status, 200);
    }
}

#[tokio::test]
async fn assertions_that_are_not_right_are_refused() {
    let world = World::start().await;
    let signer = Signer::new();
    let app = signer.app(&world);
    let now = START_MS as f64 / 1000.0;
    for (changes, code) in [
        (json!({ "exp": now - 301.0 }), 700024),
        (json!({ "nbf": now + 301.0 }), 700024),
        (json!({ "aud": "https://elsewhere.test/token" }), 700023),
        (
            json!({ "aud": format!("{}/common/oauth2/v2.0/token", world.url) }),
            700023,
        ),
        (json!({ "sub": "somebody-else" }), 700021),
    ] {
        let assertion = signer.assertion(&world, &app, signer.ps256(), changes);
        with_assertion(&world, &app, &assertion)
            .await
            .fails("invalid_client", code);
    }
    let stranger = Signer::new();
    let unknown = stranger.assertion(&world, &app, stranger.ps256(), json!({}));
    with_assertion(&world, &app, &unknown)
        .await
        .fails("invalid_client", 700027);
    let forged = stranger.assertion(&world, &app, signer.ps256(), json!({}));
    with_assertion(&world, &app, &forged)
        .await
        .fails("invalid_client", 700027);
    with_assertion(&world, &app, "not a token")
        .await
        .fails("invalid_request", 50027);
}

#[tokio::test]
async fn codes_and_refresh_tokens_are_redeemed_with_assertions_too() {
    let world = World::start().await;
    let signer = Signer::new();
    let app = signer.app(&world);
    let assertion = signer.assertion(&world, &app, signer.ps256(), json!({}));
    let proof = [
        ("client_secret", "-"),
        (
            "client_assertion_type",
            "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        ),
        ("client_assertion", assertion.as_str()),
    ];
    let code = world.code(CONTOSO, &app, "bo@contoso.test").await;
    let token = world.redeem(CONTOSO, &app, &code, &proof).await.member("refresh_token");
    assert_eq!(world.refresh(CONTOSO, &app, &token, &proof).await.status, 200);
}
