//! Clients that administrators enter, lock and revoke, and services that ask what a token allows (RFC 7662).

use gatepost::admin::{self, ClientInput, Refused};
use gatepost::caller::{ClientId, Role};
use http::StatusCode;
use secrecy::ExposeSecret as _;
use serde_json::Value;

use crate::oauth::{CB, Signed, signed, text};
use crate::portal::sample::{caller, sample, stranger};
use crate::world::{VERIFIER, World};

fn input(auth_method: &str, introspects: bool) -> ClientInput {
    ClientInput {
        name: "House service".into(),
        auth_method: auth_method.into(),
        redirects: vec![CB.into()],
        introspects,
    }
}

pub(crate) async fn entered(world: &World, auth_method: &str, introspects: bool) -> (String, String) {
    let made = admin::create_client(&world.app, &world.owner_caller(), &input(auth_method, introspects))
        .await
        .unwrap();
    let secret = made.secret.map(|it| it.expose_secret().to_owned()).unwrap_or_default();
    (made.id.0, secret)
}

fn basic(id: &str, secret: &str) -> String {
    let pair = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, format!("{id}:{secret}"));
    format!("Basic {pair}")
}

async fn introspect(world: &World, id: &str, secret: &str, token: &str) -> (u16, Value) {
    let request = world
        .http
        .post(format!("{}/introspect", world.url))
        .header("authorization", basic(id, secret));
    let answer = request.form(&[("token", token)]).send().await.unwrap();
    assert_eq!(answer.headers()["cache-control"], "no-store");
    (answer.status().as_u16(), answer.json().await.unwrap())
}

async fn redeem(it: &Signed, id: &str, secret: &str, code: &str) -> (u16, Value) {
    let fields = [
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", CB),
        ("code_verifier", VERIFIER),
    ];
    let request = it
        .world
        .http
        .post(format!("{}/token", it.world.url))
        .header("authorization", basic(id, secret));
    let answer = request.form(&fields).send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

#[tokio::test]
async fn an_entered_client_signs_people_in_with_its_secret_until_that_is_replaced() {
    let mut it = signed().await;
    let (id, secret) = entered(&it.world, "client_secret_basic", false).await;
    it.client.clone_from(&id);
    let page = it
        .browser
        .open(&it.world.authorize_url(&id, CB, "powerbi.read powerbi.write"))
        .await
        .unwrap();
    let words = page.text();
    for part in [
        "an administrator of Production entered this client",
        "House service",
        "Semantic models",
        "refresh, create, change",
    ] {
        assert!(words.contains(part), "{part}: {words}");
    }
    let code = it.code().await;
    assert_eq!(it.redeem(&code).await.0, 401, "without the secret");
    assert_eq!(redeem(&it, &id, "gp_cs_wrong", &code).await.0, 401);
    let (status, pair) = redeem(&it, &id, &secret, &code).await;
    assert_eq!(status, 200, "{pair}");
    let owner = it.world.owner_caller();
    let rotated = admin::rotate_client(&it.world.app, &owner, &ClientId(id.clone()))
        .await
        .unwrap();
    let code = it.code().await;
    assert_eq!(redeem(&it, &id, &secret, &code).await.0, 401, "the old secret is over");
    let new = rotated.secret.unwrap().expose_secret().to_owned();
    assert_eq!(redeem(&it, &id, &new, &code).await.0, 200);
    let entries = it.world.entries().await;
    assert!(
        entries
            .iter()
            .all(|it| !it.to_string().contains(&secret) && !it.to_string().contains(&new))
    );
    admin::delete_client(&it.world.app, &owner, &ClientId(id.clone()))
        .await
        .unwrap();
    assert!(
        !it.works(&text(&pair, "access_token")).await,
        "its tokens are gone with it"
    );
    let gone = it
        .world
        .http
        .get(it.world.authorize_url(&id, CB, "powerbi.read"))
        .send()
        .await
        .unwrap();
    assert_eq!(gone.status(), 400);
}

#[tokio::test]
async fn a_locked_client_is_refused_everywhere_from_its_next_request_on() {
    let mut it = signed().await;
    let code = it.code().await;
    let pair = it.redeem(&code).await.1;
    let waiting = it.code().await;
    let (owner, id) = (it.world.owner_caller(), ClientId(it.client.clone()));
    admin::save_client_locked(&it.world.app, &owner, &id, true)
        .await
        .unwrap();
    assert!(!it.works(&text(&pair, "access_token")).await);
    assert_eq!(
        text(&it.refresh(&text(&pair, "refresh_token")).await.1, "error"),
        "invalid_grant"
    );
    assert_eq!(text(&it.redeem(&waiting).await.1, "error"), "invalid_grant");
    let asked = it
        .browser
        .open(&it.world.authorize_url(&it.client, CB, "powerbi.read"))
        .await
        .unwrap();
    assert!(
        asked.status == 400 && asked.text().contains("locked this client"),
        "{}",
        asked.text()
    );
    admin::save_client_locked(&it.world.app, &owner, &id, false)
        .await
        .unwrap();
    assert!(it.works(&text(&pair, "access_token")).await, "consents are kept");
    assert_eq!(
        admin::revoke_client_grants(&it.world.app, &owner, &id).await.unwrap(),
        2
    );
    assert!(!it.works(&text(&pair, "access_token")).await);
    assert_eq!(it.refresh(&text(&pair, "refresh_token")).await.0, 400);
}

/// AS-23
#[tokio::test]
async fn a_service_learns_of_tokens_of_its_environment_and_a_client_of_its_own() {
    let mut it = signed().await;
    let code = it.code().await;
    let pair = it.redeem(&code).await.1;
    let (access, refresh) = (text(&pair, "access_token"), text(&pair, "refresh_token"));
    let (service, secret) = entered(&it.world, "client_secret_basic", true).await;
    let (other, other_secret) = entered(&it.world, "client_secret_basic", false).await;
    let (status, facts) = introspect(&it.world, &service, &secret, &access).await;
    assert_eq!(status, 200);
    let now = it.world.clock.now().unix_seconds();
    for (name, value) in [
        ("active", Value::from(true)),
        ("scope", "powerbi.read".into()),
        ("client_id", it.client.clone().into()),
        ("token_type", "Bearer".into()),
        ("aud", format!("{}/mcp", it.world.url).into()),
        ("iss", it.world.url.clone().into()),
        ("iat", now.into()),
        ("exp", (now + 3600).into()),
    ] {
        assert_eq!(facts[name], value, "{name}");
    }
    let inactive = serde_json::json!({ "active": false });
    for (id, secret, token) in [
        (&service, &secret, refresh.as_str()),
        (&other, &other_secret, &access),
        (&other, &other_secret, &refresh),
        (&service, &secret, "gp_at_unknown"),
        (&service, &secret, &code),
    ] {
        assert_eq!(introspect(&it.world, id, secret, token).await, (200, inactive.clone()));
    }
    for auth in [
        None,
        Some(basic(&service, "wrong")),
        Some(basic("nobody", "x")),
        Some(basic(&it.client, "")),
    ] {
        let mut request = it
            .world
            .http
            .post(format!("{}/introspect", it.world.url))
            .form(&[("token", access.as_str())]);
        if let Some(auth) = auth {
            request = request.header("authorization", auth);
        }
        assert_eq!(request.send().await.unwrap().status(), 401);
    }
    let public = it
        .world
        .http
        .post(format!("{}/introspect", it.world.url))
        .form(&[("token", access.as_str()), ("client_id", &it.client)]);
    assert_eq!(
        public.send().await.unwrap().status(),
        401,
        "a public client proves nothing"
    );
    it.world.advance_seconds(3601);
    assert_eq!(introspect(&it.world, &service, &secret, &access).await.1, inactive);
}

#[tokio::test]
async fn a_service_of_another_environment_learns_nothing() {
    let mut it = signed().await;
    let code = it.code().await;
    let access = text(&it.redeem(&code).await.1, "access_token");
    let environment = gatepost::store::environments::Environment {
        id: "other".into(),
        slug: "other".into(),
        name: "Other".into(),
        is_default: false,
        admission: "{}".into(),
        policy_version: 1,
        created_at: it.world.clock.now(),
    };
    let mut tx = it.world.app.db.begin().await.unwrap();
    gatepost::store::environments::create(&mut tx, &environment)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    let elsewhere = gatepost::caller::Caller {
        environment: "other".into(),
        ..it.world.owner_caller()
    };
    let made = admin::create_client(&it.world.app, &elsewhere, &input("client_secret_basic", true))
        .await
        .unwrap();
    let secret = made.secret.unwrap().expose_secret().to_owned();
    let told = introspect(&it.world, &made.id.0, &secret, &access).await;
    assert_eq!(told, (200, serde_json::json!({ "active": false })));
    let here = it
        .world
        .http
        .get(it.world.authorize_url(&made.id.0, CB, "powerbi.read"))
        .send()
        .await
        .unwrap();
    assert_eq!(here.status(), 400, "nor does it sign anybody in here");
    let ours = it.world.owner_caller();
    assert!(matches!(
        admin::rotate_client(&it.world.app, &ours, &made.id).await,
        Err(Refused::NotFound)
    ));
    assert!(matches!(
        admin::save_client_locked(&it.world.app, &ours, &made.id, true).await,
        Err(Refused::NotFound)
    ));
}

#[tokio::test]
async fn clients_are_entered_and_locked_in_the_portal() {
    let it = sample().await;
    let mut ada = it.gateway.signed_in("ada@example.com").await;
    for bad in [
        vec![
            ("name", ""),
            ("auth_method", "none"),
            ("redirects", "https://a.example/cb"),
        ],
        vec![("name", "x"), ("auth_method", "none"), ("redirects", "")],
        vec![
            ("name", "x"),
            ("auth_method", "none"),
            ("redirects", "javascript:alert(1)"),
        ],
        vec![
            ("name", "x"),
            ("auth_method", "mtls"),
            ("redirects", "https://a.example/cb"),
        ],
        vec![("name", "x"), ("auth_method", "none"), ("introspects", "yes")],
    ] {
        assert_eq!(
            ada.post("/clients", &bad).await.status,
            StatusCode::UNPROCESSABLE_ENTITY,
            "{bad:?}"
        );
    }
    let good = [
        ("name", "House service"),
        ("auth_method", "client_secret_post"),
        ("redirects", "https://a.example/cb\nhttps://b.example/cb"),
    ];
    let made = ada.post("/clients", &good).await;
    assert_eq!(made.status, StatusCode::OK, "{}", made.body);
    let secret = made
        .body
        .split(['<', '>'])
        .find(|it| it.starts_with("gp_cs_"))
        .expect("the secret is shown once");
    assert!(!ada.get("/clients").await.body.contains(secret));
    let locked = ada.post("/clients/lock", &[("client", "client-of-claude")]).await;
    assert_eq!(locked.location(), "/clients?done=saved", "{}", locked.body);
    assert!(
        ada.get("/clients/one?id=client-of-claude")
            .await
            .body
            .contains("Locked")
    );
    assert_eq!(
        ada.post("/clients/delete", &[("client", "client-of-claude")])
            .await
            .status,
        StatusCode::CONFLICT
    );
    assert_eq!(
        ada.post("/clients/rotate", &[("client", "client-of-claude")])
            .await
            .status,
        StatusCode::CONFLICT
    );
    assert_eq!(
        ada.post("/clients/lock", &[("client", "nobody")]).await.status,
        StatusCode::NOT_FOUND
    );
    let eve = stranger(&it.gateway).await;
    let elsewhere = caller(&eve.id, "other-environment", Role::Owner, "Eve");
    let id = ClientId("client-of-claude".into());
    assert!(matches!(
        admin::save_client_locked(&it.gateway.app, &elsewhere, &id, true).await,
        Err(Refused::NotFound)
    ));
    let bob = caller(&it.person, &it.owner.environment.0, Role::Person, "Bob");
    assert!(matches!(
        admin::create_client(&it.gateway.app, &bob, &input("none", false)).await,
        Err(Refused::NotAllowed)
    ));
}
