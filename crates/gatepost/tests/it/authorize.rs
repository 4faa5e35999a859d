//! The authorization endpoint and its tokens beside the plain way: other audiences, odd requests, every answer's form
//! (security rows AS).

use serde_json::{Value, json};

use crate::oauth::{CB, signed, text};
use crate::world::{ADA, VERIFIER, World};

/// The parameters of the address a refused request sends the browser to.
async fn refusal(world: &World, url: &str) -> Vec<(String, String)> {
    let answer = world.http.get(url).send().await.unwrap();
    assert_eq!(answer.status(), 303, "{url}");
    let to = url::Url::parse(answer.headers()["location"].to_str().unwrap()).unwrap();
    assert!(to.as_str().starts_with(CB), "{to}");
    to.query_pairs().into_owned().collect()
}

fn find<'a>(parameters: &'a [(String, String)], name: &str) -> &'a str {
    let mut found = parameters.iter().filter(|(known, _)| known == name);
    let value = found.next().map_or("", |(_, value)| value);
    assert!(found.next().is_none(), "{name} stands twice in {parameters:?}");
    value
}

async fn mcp_status(world: &World, path: &str, scheme: &str, token: &str) -> u16 {
    let body = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": { "_meta": {} } });
    let answer = world
        .http
        .post(format!("{}{path}", world.url))
        .header("authorization", format!("{scheme} {token}"))
        .header("accept", "application/json, text/event-stream")
        .json(&body)
        .send()
        .await
        .unwrap();
    answer.status().as_u16()
}

/// AS-15
#[tokio::test]
async fn a_token_opens_only_the_resource_and_the_gateway_it_was_made_for() {
    let mut it = signed().await;
    let code = it.code().await;
    let access = text(&it.redeem(&code).await.1, "access_token");
    assert_ne!(mcp_status(&it.world, "/mcp", "Bearer", &access).await, 401);
    assert_eq!(mcp_status(&it.world, "/e/production/mcp", "Bearer", &access).await, 401);
    assert_eq!(
        it.world.get(&access, "/groups").await.status(),
        401,
        "the proxy is another resource"
    );
    let elsewhere = World::new().await;
    elsewhere.connect(ADA).await;
    assert_eq!(mcp_status(&elsewhere, "/mcp", "Bearer", &access).await, 401);
}

/// AS-37
#[tokio::test]
async fn proof_of_possession_is_not_offered_and_not_taken_for_a_bearer() {
    let mut it = signed().await;
    let code = it.code().await;
    let access = text(&it.redeem(&code).await.1, "access_token");
    for scheme in ["DPoP", "dpop", "Basic", "Token"] {
        assert_eq!(mcp_status(&it.world, "/mcp", scheme, &access).await, 401, "{scheme}");
    }
    let url = format!("{}/.well-known/oauth-authorization-server", it.world.url);
    let metadata: Value = it.world.http.get(url).send().await.unwrap().json().await.unwrap();
    assert!(metadata.get("dpop_signing_alg_values_supported").is_none());
}

/// AS-17, AS-35
#[tokio::test]
async fn every_answer_names_its_issuer_and_gives_the_state_back_as_it_came() {
    let mut it = signed().await;
    let state = format!("a b&c=d\r\nSet-Cookie: x=y ünï \u{1F512} #{}", "s".repeat(4000));
    let escaped: String = url::form_urlencoded::byte_serialize(state.as_bytes()).collect();
    let good = it
        .world
        .authorize_url(&it.client, CB, "powerbi.read")
        .replace("state=s-1", &format!("state={escaped}"));
    for bad in [
        good.replace("response_type=code", "response_type=token"),
        good.replace("scope=powerbi.read", "scope=everything"),
        good.replace("code_challenge_method=S256", "code_challenge_method=plain"),
        format!("{good}&prompt=none"),
    ] {
        let parameters = refusal(&it.world, &bad).await;
        assert_eq!(find(&parameters, "iss"), it.world.url);
        assert_eq!(find(&parameters, "state"), state);
        assert!(!find(&parameters, "error").is_empty());
    }
    for (answer, name) in [("cancel", "error"), ("approve", "code")] {
        let page = it.browser.open(&good).await.unwrap();
        let back = it
            .browser
            .submit(&page, "/authorize", &[("answer", answer)])
            .await
            .unwrap();
        assert_eq!(back.parameter("iss").unwrap(), it.world.url);
        assert_eq!(back.parameter("state").unwrap(), state);
        assert!(back.parameter(name).is_some(), "{}", back.url);
    }
    let long = good.replace(&escaped, &"s".repeat(4097));
    assert_eq!(it.world.http.get(long).send().await.unwrap().status(), 400);
}

/// AS-33
#[tokio::test]
async fn whatever_else_is_wrong_an_unknown_client_or_address_gets_no_redirect() {
    let world = World::new().await;
    let client = world.register_client(&[CB]).await;
    for (client, redirect) in [("nobody", CB), (client.as_str(), "https://evil.example/cb")] {
        let url = world
            .authorize_url(client, redirect, "everything")
            .replace("response_type=code", "response_type=token");
        for url in [
            format!("{url}&prompt=none"),
            url.replace("code_challenge=", "x="),
            format!("{url}&request_uri=https://evil.example"),
        ] {
            let answer = world.http.get(&url).send().await.unwrap();
            assert_eq!(
                (answer.status().as_u16(), answer.headers().get("location")),
                (400, None),
                "{url}"
            );
        }
    }
}

/// AS-26
#[tokio::test]
async fn request_objects_and_other_ways_of_answering_are_refused_and_nothing_is_fetched() {
    let world = World::new().await;
    let sentinel = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = sentinel.local_addr().unwrap().port();
    let client = world.register_client(&[CB]).await;
    let good = world.authorize_url(&client, CB, "powerbi.read");
    for (more, error) in [
        ("request=eyJhbGciOiJub25lIn0.e30.".to_owned(), "request_not_supported"),
        (
            format!("request_uri=http://127.0.0.1:{port}/"),
            "request_uri_not_supported",
        ),
        ("response_mode=web_message".into(), "invalid_request"),
        ("response_mode=fragment".into(), "invalid_request"),
        ("prompt=none+login".into(), "invalid_request"),
        ("prompt=none".into(), "login_required"),
        ("max_age=soon".into(), "invalid_request"),
    ] {
        let parameters = refusal(&world, &format!("{good}&{more}")).await;
        assert_eq!(find(&parameters, "error"), error, "{more}");
    }
    for fine in [
        "response_mode=query",
        "prompt=consent",
        "prompt=something-new",
        "max_age=86400",
    ] {
        assert_eq!(
            world.http.get(format!("{good}&{fine}")).send().await.unwrap().status(),
            200,
            "{fine}"
        );
    }
    let connects = tokio::time::timeout(std::time::Duration::from_millis(50), sentinel.accept()).await;
    assert!(connects.is_err(), "somebody connected to the request_uri");
}

/// AS-30
#[tokio::test]
async fn consent_is_asked_for_every_time_and_silence_is_never_consent() {
    let mut it = signed().await;
    it.code().await;
    let same = it.world.authorize_url(&it.client, CB, "powerbi.read");
    for url in [
        same.clone(),
        same.replace("powerbi.read", "powerbi.write"),
        same.replace("localhost%3A7777", "localhost%3A7778"),
        same.replace("%2Fmcp", "%2Fpowerbi"),
    ] {
        let page = it.browser.open(&url).await.unwrap();
        assert_eq!((page.status, page.url.path()), (200, "/authorize"), "{url}");
        assert!(page.form("/authorize").is_some(), "{url}");
    }
    let silent = it.browser.open(&format!("{same}&prompt=none")).await.unwrap();
    assert_eq!(silent.parameter("error").as_deref(), Some("consent_required"));
}

/// AS-25
#[tokio::test]
async fn grants_and_response_types_of_other_flows_do_not_exist() {
    let it = signed().await;
    for grant in [
        "password",
        "client_credentials",
        "implicit",
        "urn:ietf:params:oauth:grant-type:device_code",
        "urn:ietf:params:oauth:grant-type:jwt-bearer",
        "urn:ietf:params:oauth:grant-type:token-exchange",
        "AUTHORIZATION_CODE",
    ] {
        let fields = [
            ("grant_type", grant),
            ("client_id", &it.client),
            ("username", ADA),
            ("password", "x"),
            ("assertion", "x"),
        ];
        let (status, body) = it.token(&fields).await;
        assert_eq!(
            (status, text(&body, "error")),
            (400, "unsupported_grant_type".into()),
            "{grant}"
        );
    }
    let good = it.world.authorize_url(&it.client, CB, "powerbi.read");
    for kind in ["token", "id_token", "code+token", "code+id_token", "none", ""] {
        let url = good.replace("response_type=code", &format!("response_type={kind}"));
        assert_eq!(
            find(&refusal(&it.world, &url).await, "error"),
            "unsupported_response_type",
            "{kind}"
        );
    }
}

/// AS-28, AS-34
#[tokio::test]
async fn answers_with_tokens_are_json_that_nobody_stores_and_posts_answer_303() {
    let mut it = signed().await;
    let code = it.code().await;
    for (path, good, bad) in [
        (
            "/token",
            vec![
                ("grant_type", "authorization_code"),
                ("code", &code),
                ("redirect_uri", CB),
                ("client_id", &it.client),
                ("code_verifier", VERIFIER),
            ],
            "x=y",
        ),
        (
            "/revoke",
            vec![("token", "gp_rt_x"), ("client_id", it.client.as_str())],
            "token=",
        ),
    ] {
        let url = format!("{}{path}", it.world.url);
        let form = "application/x-www-form-urlencoded";
        for request in [
            it.world.http.post(&url).form(&good),
            it.world.http.post(&url).header("content-type", form).body(bad),
        ] {
            let answer = request.header("origin", "https://evil.example").send().await.unwrap();
            let headers = answer.headers();
            assert_eq!(headers["cache-control"], "no-store", "{path}");
            assert!(headers.get("access-control-allow-credentials").is_none());
            if path == "/token" {
                assert_eq!(headers["content-type"], "application/json");
            }
        }
    }
    let register = it.world.http.post(format!("{}/register", it.world.url));
    let answer = register
        .json(&json!({ "redirect_uris": [CB], "client_id": "mine", "role": "owner" }))
        .send()
        .await
        .unwrap();
    assert_eq!(
        (answer.status().as_u16(), &answer.headers()["cache-control"]),
        (201, &"no-store".parse().unwrap())
    );
    assert_ne!(text(&answer.json().await.unwrap(), "client_id"), "mine");
    it.browser.stop_at("http");
    let page = it
        .browser
        .open(&it.world.authorize_url(&it.client, CB, "powerbi.read"))
        .await
        .unwrap();
    let answer = it
        .browser
        .submit(&page, "/authorize", &[("answer", "approve")])
        .await
        .unwrap();
    assert_eq!(
        answer.status, 303,
        "never 307: the form must not be sent on (RFC 9700 §4.12)"
    );
}

/// AS-09, AS-38
#[tokio::test]
async fn codes_and_tokens_are_opaque_and_share_nothing() {
    let mut it = signed().await;
    let mut all = Vec::new();
    for _ in 0..20 {
        let code = it.code().await;
        let (_, pair) = it.redeem(&code).await;
        assert_eq!(pair["expires_in"], 3600);
        all.extend([code, text(&pair, "access_token"), text(&pair, "refresh_token")]);
    }
    for token in &all {
        let (_, random) = token.rsplit_once('_').unwrap();
        assert!(
            43 <= token.len() && !token.contains('.'),
            "{token} is no structured token"
        );
        assert!(all.iter().filter(|it| it.ends_with(random)).count() == 1);
    }
}

/// AS-23
#[tokio::test]
async fn a_secret_in_the_address_proves_nothing() {
    let world = World::new().await;
    let body = json!({ "redirect_uris": [CB], "token_endpoint_auth_method": "client_secret_post" });
    let made: Value = world
        .http
        .post(format!("{}/register", world.url))
        .json(&body)
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    let (id, secret) = (text(&made, "client_id"), text(&made, "client_secret"));
    let post = |query: String, fields: Vec<(&'static str, String)>| {
        world
            .http
            .post(format!("{}/token{query}", world.url))
            .form(&fields)
            .send()
    };
    let refresh = || {
        vec![
            ("grant_type", "refresh_token".to_owned()),
            ("refresh_token", "gp_rt_x".to_owned()),
            ("client_id", id.clone()),
        ]
    };
    let in_query = post(format!("?client_secret={secret}"), refresh()).await.unwrap();
    assert_eq!(in_query.status(), 401);
    let mut fields = refresh();
    fields.push(("client_secret", secret));
    assert_eq!(
        post(String::new(), fields).await.unwrap().status(),
        400,
        "proved; the token is not good"
    );
}
