//! The authorization server from outside: what clients may register, ask and redeem (security rows AS).

use serde_json::{Value, json};

use crate::world::{ADA, CHALLENGE, VERIFIER, World};

pub(crate) const CB: &str = "http://localhost:7777/cb";

pub(crate) struct Signed {
    pub(crate) world: World,
    pub(crate) client: String,
    pub(crate) browser: sandbox::visitor::Visitor,
}

pub(crate) async fn signed() -> Signed {
    let world = World::new().await;
    let mut guest = world.connect(ADA).await;
    guest.browser.stop_at(CB);
    let client = world.register_client(&[CB]).await;
    Signed {
        world,
        client,
        browser: guest.browser,
    }
}

impl Signed {
    /// A fresh code, from a person who is connected already.
    pub(crate) async fn code(&mut self) -> String {
        let page = self
            .browser
            .open(&self.world.authorize_url(&self.client, CB, "powerbi.read"))
            .await
            .unwrap();
        let back = self
            .browser
            .submit(&page, "/authorize", &[("answer", "approve")])
            .await
            .unwrap();
        assert_eq!(
            (back.parameter("state").unwrap(), back.parameter("iss").unwrap()),
            ("s-1".into(), self.world.url.clone())
        );
        back.parameter("code").unwrap()
    }

    pub(crate) async fn token(&self, fields: &[(&str, &str)]) -> (u16, Value) {
        token(&self.world, fields).await
    }

    pub(crate) async fn redeem(&self, code: &str) -> (u16, Value) {
        self.token(&[
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", CB),
            ("client_id", &self.client),
            ("code_verifier", VERIFIER),
        ])
        .await
    }

    pub(crate) async fn refresh(&self, token: &str) -> (u16, Value) {
        self.token(&[
            ("grant_type", "refresh_token"),
            ("refresh_token", token),
            ("client_id", &self.client),
        ])
        .await
    }

    /// Whether an access token opens the MCP endpoint's resource.
    pub(crate) async fn works(&self, access: &str) -> bool {
        let door = gatepost::call::door(&self.world.app, None, "mcp")
            .await
            .unwrap()
            .unwrap();
        let mut headers = http::HeaderMap::new();
        headers.insert("authorization", format!("Bearer {access}").parse().unwrap());
        gatepost::call::authenticate(&self.world.app, &door, &headers, None)
            .await
            .is_ok()
    }
}

pub(crate) async fn token(world: &World, fields: &[(&str, &str)]) -> (u16, Value) {
    let answer = world
        .http
        .post(format!("{}/token", world.url))
        .form(fields)
        .send()
        .await
        .unwrap();
    assert_eq!(answer.headers()["cache-control"], "no-store");
    (answer.status().as_u16(), answer.json().await.unwrap())
}

pub(crate) fn text(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap_or_default().to_owned()
}

/// AS-18
#[tokio::test]
async fn metadata_names_the_public_address_whatever_the_headers_say() {
    let world = World::new().await;
    let mut bodies = Vec::new();
    for spoof in [None, Some("evil.example")] {
        for path in [
            "oauth-authorization-server",
            "oauth-protected-resource",
            "oauth-protected-resource/mcp",
            "oauth-protected-resource/e/production/mcp",
        ] {
            let mut request = world
                .http
                .get(format!("{}/.well-known/{path}", world.url))
                .header("mcp-protocol-version", "2025-11-25");
            if let Some(host) = spoof {
                request = request
                    .header("x-forwarded-host", host)
                    .header("x-forwarded-proto", "https")
                    .header("forwarded", format!("host={host}"));
            }
            let answer = request.send().await.unwrap();
            assert_eq!(
                (
                    answer.status().as_u16(),
                    answer.headers()["access-control-allow-origin"].to_str().unwrap()
                ),
                (200, "*")
            );
            bodies.push(answer.text().await.unwrap());
        }
    }
    assert_eq!(bodies[..4], bodies[4..]);
    let server: Value = serde_json::from_str(&bodies[0]).unwrap();
    assert_eq!(server["issuer"], world.url);
    assert_eq!(server["code_challenge_methods_supported"], json!(["S256"]));
    let resource: Value = serde_json::from_str(&bodies[1]).unwrap();
    assert_eq!(resource["resource"], format!("{}/mcp", world.url));
    assert_eq!(
        serde_json::from_str::<Value>(&bodies[3]).unwrap()["resource"],
        format!("{}/e/production/mcp", world.url)
    );
    let none = world
        .http
        .get(format!(
            "{}/.well-known/oauth-protected-resource/e/other/mcp",
            world.url
        ))
        .send()
        .await
        .unwrap();
    assert_eq!(none.status(), 404);
}

/// AS-01, AS-02, AS-33
#[tokio::test]
async fn a_redirect_address_that_is_not_registered_gets_a_page_here_and_no_redirect() {
    let world = World::new().await;
    let client = world
        .register_client(&["https://app.example/cb", "http://127.0.0.1/cb"])
        .await;
    for good in ["https://app.example/cb", "http://127.0.0.1:51234/cb"] {
        let page = world
            .http
            .get(world.authorize_url(&client, good, "powerbi.read"))
            .send()
            .await
            .unwrap();
        assert_eq!(page.status(), 200, "{good}");
    }
    for bad in [
        "https://evil.example/cb",
        "https://app.example/cb/x",
        "https://app.example/cb/../evil",
        "https://app.example/cb%2f..%2fevil",
        "https://app.example@evil.example/cb",
        "https://APP.example/cb",
        "https://app.example./cb",
        "https://app.example/cb?x=1",
        "https://app.example/cb#f",
        "https://app.example:444/cb",
        "http://app.example/cb",
        "https://xn--pp-1ca.example/cb",
        "https://app.example/CB",
        "https://app.example/cb/",
        " https://app.example/cb",
        "https://app.example/cb%00",
        "javascript:alert(1)",
        "//app.example/cb",
        "http://localhost.evil.com/cb",
        "http://127.0.0.1.evil/cb",
        "http://0.0.0.0/cb",
        "http://[::ffff:127.0.0.1]/cb",
        "http://127.0.0.1:1/other",
        "http://127.0.0.1:99999999/cb",
        "http://127.0.0.1:1@evil.example/cb",
        "http://localhost:1/cb",
        "http://2130706433/cb",
        "https://127.0.0.1/cb",
    ] {
        let answer = world
            .http
            .get(world.authorize_url(&client, bad, "powerbi.read"))
            .send()
            .await
            .unwrap();
        assert_eq!(
            (answer.status().as_u16(), answer.headers().get("location")),
            (400, None),
            "{bad}"
        );
    }
    let twice = format!(
        "{}&redirect_uri=https://evil.example/",
        world.authorize_url(&client, "https://app.example/cb", "powerbi.read")
    );
    assert_eq!(world.http.get(twice).send().await.unwrap().status(), 400);
    let unknown = world
        .http
        .get(world.authorize_url("nobody", "https://app.example/cb", "powerbi.read"))
        .send()
        .await
        .unwrap();
    assert_eq!(
        (unknown.status().as_u16(), unknown.headers().get("location")),
        (400, None)
    );
}

/// AS-03
#[tokio::test]
async fn dangerous_addresses_are_not_registered() {
    let world = World::new().await;
    let register = |body: Value| world.http.post(format!("{}/register", world.url)).json(&body).send();
    for bad in [
        "javascript:alert(1)",
        "data:text/html,x",
        "file:///etc/passwd",
        "vbscript:x",
        "http://app.example/cb",
        "https://a.example/cb#x",
        "https://u:p@a.example/",
        "https://a.example/../x",
        "https://*.example/",
        "ftp://a.example/",
        "blob:https://a.example/x",
        "about:blank",
        "",
        "cb",
        "https://a.example/%2e%2e/x",
    ] {
        let answer = register(json!({ "redirect_uris": [bad] })).await.unwrap();
        assert_eq!(answer.status(), 400, "{bad}");
        assert_eq!(
            answer.json::<Value>().await.unwrap()["error"],
            "invalid_redirect_uri",
            "{bad}"
        );
    }
    for name in ["client_uri", "logo_uri", "tos_uri", "policy_uri", "jwks_uri"] {
        let answer = register(json!({ "redirect_uris": ["https://a.example/cb"], name: "javascript:alert(1)" }))
            .await
            .unwrap();
        assert_eq!(
            answer.json::<Value>().await.unwrap()["error"],
            "invalid_client_metadata",
            "{name}"
        );
    }
    let many: Vec<String> = (0..1000).map(|at| format!("https://a.example/{at}")).collect();
    assert_eq!(register(json!({ "redirect_uris": many })).await.unwrap().status(), 400);
    assert_eq!(
        register(json!({ "redirect_uris": ["https://a.example/"], "x": "y".repeat(1_000_000) }))
            .await
            .unwrap()
            .status(),
        400
    );
    for good in [
        "cursor://anysphere.cursor-mcp/oauth/callback",
        "com.example.app:/cb",
        "http://[::1]:3000/cb",
    ] {
        assert_eq!(
            register(json!({ "redirect_uris": [good] })).await.unwrap().status(),
            201,
            "{good}"
        );
    }
}

/// AS-19
#[tokio::test]
async fn registrations_are_limited_and_lapse_when_unused() {
    let world = World::with(|it| it.registrations_per_hour = 3).await;
    let body = json!({ "redirect_uris": [CB] });
    let mut statuses = Vec::new();
    for _ in 0..5 {
        statuses.push(
            world
                .http
                .post(format!("{}/register", world.url))
                .json(&body)
                .send()
                .await
                .unwrap()
                .status()
                .as_u16(),
        );
    }
    assert_eq!(statuses, [201, 201, 201, 429, 429]);
    world.advance_seconds(3601);
    let client = world.register_client(&[CB]).await;
    assert_eq!(
        world
            .http
            .get(world.authorize_url(&client, CB, "powerbi.read"))
            .send()
            .await
            .unwrap()
            .status(),
        200
    );
    world.advance_seconds(25 * 3600);
    assert_eq!(
        world
            .http
            .get(world.authorize_url(&client, CB, "powerbi.read"))
            .send()
            .await
            .unwrap()
            .status(),
        400
    );
}

/// AS-04, AS-05
#[tokio::test]
async fn pkce_with_s256_is_required() {
    let world = World::new().await;
    let client = world.register_client(&[CB]).await;
    let good = world.authorize_url(&client, CB, "powerbi.read");
    for (from, to) in [
        (format!("code_challenge={CHALLENGE}&"), String::new()),
        (
            "code_challenge_method=S256".into(),
            "code_challenge_method=plain".into(),
        ),
        ("code_challenge_method=S256".into(), "code_challenge_method=S512".into()),
        ("code_challenge_method=S256&".into(), String::new()),
        (CHALLENGE.into(), CHALLENGE[1..].to_owned()),
        (CHALLENGE.into(), "a".repeat(129)),
        (CHALLENGE.into(), format!("{}!", &CHALLENGE[1..])),
    ] {
        let answer = world.http.get(good.replace(&from, &to)).send().await.unwrap();
        let location = answer
            .headers()
            .get("location")
            .map(|it| it.to_str().unwrap().to_owned())
            .unwrap_or_default();
        assert!(
            location.starts_with(CB) && location.contains("error=invalid_request") && location.contains("iss="),
            "{from} -> {to}: {location}"
        );
    }
}

/// AS-16, AS-25, AS-31
#[tokio::test]
async fn resource_and_scope_and_response_type_are_checked_before_anything_is_stored() {
    let world = World::new().await;
    let client = world.register_client(&[CB]).await;
    let good = world.authorize_url(&client, CB, "powerbi.read");
    let resource = url::form_urlencoded::byte_serialize(format!("{}/mcp", world.url).as_bytes()).collect::<String>();
    let upper = resource.replace("localhost", "LOCALHOST");
    for (from, to, error) in [
        (format!("&resource={resource}"), String::new(), "invalid_target"),
        (resource.clone(), format!("{resource}%2F"), "invalid_target"),
        (resource.clone(), format!("{resource}%23x"), "invalid_target"),
        (resource.clone(), upper, "invalid_target"),
        (
            resource.clone(),
            "https%3A%2F%2Fevil.example%2Fmcp".into(),
            "invalid_target",
        ),
        (
            "scope=powerbi.read".into(),
            "scope=powerbi.everything".into(),
            "invalid_scope",
        ),
        (
            "response_type=code".into(),
            "response_type=token".into(),
            "unsupported_response_type",
        ),
        (
            "response_type=code".into(),
            "response_type=code+token".into(),
            "unsupported_response_type",
        ),
    ] {
        let answer = world.http.get(good.replace(&from, &to)).send().await.unwrap();
        let location = answer
            .headers()
            .get("location")
            .map(|it| it.to_str().unwrap().to_owned())
            .unwrap_or_default();
        assert!(
            location.contains(&format!("error={error}")),
            "{from} -> {to}: {location}"
        );
    }
    let twice = world
        .http
        .get(format!("{good}&resource={resource}"))
        .send()
        .await
        .unwrap();
    assert_eq!(twice.status(), 400);
}
