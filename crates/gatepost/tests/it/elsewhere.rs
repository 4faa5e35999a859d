//! Tokens of another gateway, or of this one under another name, although it has the same keys (security row CFG-11).

use gatepost::app::App;
use gatepost::caller::PersonId;
use gatepost::store::people;
use serde_json::json;
use tokio::net::TcpListener;

use crate::oauth::{CB, signed, text};
use crate::world::World;

async fn ada(world: &World) -> PersonId {
    let (tid, oid) = (sandbox::people::CONTOSO, sandbox::people::ADA);
    let found = people::find_by_account(&world.app.db, &world.environment, tid, oid).await;
    found.unwrap().unwrap().id
}

/// CFG-11: production's tokens, keys, sessions and waiting states at a gateway with the same vault keys.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_production_opens_staging_although_its_keys_are_the_same() {
    let mut production = signed().await;
    let code = production.code().await;
    let unused = production.code().await;
    let pair = production.redeem(&code).await.1;
    let key = production.world.key(&ada(&production.world).await).await;
    let session = production
        .browser
        .cookie("localhost", "__Host-gatepost-session")
        .unwrap()
        .to_owned();
    let keys = std::fs::read_to_string(production.world.app.settings.keys_path()).unwrap();
    let staging = World::with(|it| it.vault_keys = Some(keys.clone().into())).await;
    // The same person, client and application are there too.
    staging.connect(crate::world::ADA).await;
    let client = staging.register_client(&[CB]).await;
    let (access, refresh) = (text(&pair, "access_token"), text(&pair, "refresh_token"));
    for secret in [&access, &refresh, &key, &unused] {
        assert_eq!(staging.get(secret, "/groups").await.status(), 401);
        let call = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list" });
        let request = staging.http.post(format!("{}/mcp", staging.url)).bearer_auth(secret);
        assert_eq!(request.json(&call).send().await.unwrap().status(), 401);
    }
    for client in [&client, &production.client] {
        let fields = [
            ("grant_type", "refresh_token"),
            ("refresh_token", &refresh),
            ("client_id", client),
        ];
        let (status, body) = crate::oauth::token(&staging, &fields).await;
        assert!(400 <= status && body["access_token"].is_null(), "{body}");
        let fields = [
            ("grant_type", "authorization_code"),
            ("code", &unused),
            ("redirect_uri", CB),
            ("client_id", client),
            ("code_verifier", crate::world::VERIFIER),
        ];
        let (status, body) = crate::oauth::token(&staging, &fields).await;
        assert!(400 <= status && body["access_token"].is_null(), "{body}");
    }
    let active = |it: &World| it.app.vault.keyring().active().clone();
    assert_eq!(active(&staging), active(&production.world), "the same secrets");
    let page = staging.http.get(format!("{}/account", staging.url));
    let page = page.header("cookie", format!("__Host-gatepost-session={session}"));
    assert_eq!(page.send().await.unwrap().status(), 303, "to the sign-in");
    assert_eq!(
        production.world.get(&key, "/groups").await.status(),
        200,
        "at home it opens"
    );
}

/// CFG-11: even on a copy of production's database, an access token is for the address it was issued for.
#[tokio::test(flavor = "multi_thread")]
async fn an_access_token_is_nothing_at_the_same_gateway_under_another_name() {
    let mut it = signed().await;
    let code = it.code().await;
    let pair = it.redeem(&code).await.1;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let staging = format!("http://localhost:{}", listener.local_addr().unwrap().port());
    let mut settings = it.world.app.settings.clone();
    settings.public_url.clone_from(&staging);
    let app = App::start(settings, it.world.clock.clone(), false).await.unwrap();
    tokio::spawn(gatepost::http::serve(app, listener, std::future::pending()));
    let asked = async |url: &str, access: &str| {
        let call = json!({
            "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": { "name": "whoami", "arguments": {} },
        });
        let request = it.world.http.post(format!("{url}/mcp")).bearer_auth(access);
        let request = request.header("accept", "application/json, text/event-stream");
        request.json(&call).send().await.unwrap().status().as_u16()
    };
    let access = text(&pair, "access_token");
    assert_eq!(asked(&it.world.url, &access).await, 200);
    assert_eq!(asked(&staging, &access).await, 401);
    // Nor does a refresh there make one that opens there.
    let (refresh, http) = (text(&pair, "refresh_token"), &it.world.http);
    let fields = [
        ("grant_type", "refresh_token"),
        ("refresh_token", refresh.as_str()),
        ("client_id", &it.client),
    ];
    let renewed = http
        .post(format!("{staging}/token"))
        .form(&fields)
        .send()
        .await
        .unwrap();
    let renewed: serde_json::Value = renewed.json().await.unwrap();
    assert_eq!(asked(&staging, &text(&renewed, "access_token")).await, 401);
}
