//! Codes, tokens, rotation and revocation from outside (security rows AS-05 to AS-33).

use serde_json::{Value, json};

use crate::oauth::{CB, signed, text};
use crate::world::{ADA, VERIFIER, World};

/// AS-05, AS-06, AS-08, AS-16
#[tokio::test]
async fn a_code_is_redeemed_once_and_only_with_everything_right() {
    let mut it = signed().await;
    let code = it.code().await;
    let other = it.world.register_client(&[CB]).await;
    let with = |name: &'static str, value: String| {
        let mut fields = vec![
            ("grant_type", "authorization_code".to_owned()),
            ("code", code.clone()),
            ("redirect_uri", CB.to_owned()),
            ("client_id", it.client.clone()),
            ("code_verifier", VERIFIER.to_owned()),
        ];
        fields.retain(|(known, _)| *known != name);
        if !value.is_empty() {
            fields.push((name, value));
        }
        fields
    };
    for (fields, error) in [
        (with("code_verifier", String::new()), "invalid_grant"),
        (with("code_verifier", "x".repeat(43)), "invalid_grant"),
        (with("redirect_uri", "http://localhost:7778/cb".into()), "invalid_grant"),
        (with("redirect_uri", String::new()), "invalid_grant"),
        (with("client_id", other), "invalid_grant"),
        (with("code", "gp_ac_forged".into()), "invalid_grant"),
        (with("resource", "https://evil.example/mcp".into()), "invalid_target"),
        (with("grant_type", "password".into()), "unsupported_grant_type"),
        (
            with("grant_type", "client_credentials".into()),
            "unsupported_grant_type",
        ),
        (
            with("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange".into()),
            "unsupported_grant_type",
        ),
    ] {
        let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let (status, body) = it.token(&fields).await;
        assert_eq!((status, text(&body, "error")), (400, error.to_owned()), "{fields:?}");
    }
    let (status, first) = it.redeem(&code).await;
    assert_eq!(
        (status, text(&first, "token_type"), text(&first, "scope")),
        (200, "Bearer".into(), "powerbi.read".into())
    );
    let access = text(&first, "access_token");
    assert!(it.works(&access).await);
    let (status, again) = it.redeem(&code).await;
    assert_eq!((status, text(&again, "error")), (400, "invalid_grant".into()));
    assert!(!it.works(&access).await, "what came of a code used twice ends");
    assert_eq!(it.refresh(&text(&first, "refresh_token")).await.0, 400);
    assert_eq!(it.world.entries_of("client.code_reuse").await.len(), 1);
}

/// AS-07
#[tokio::test]
async fn of_two_hundred_redemptions_of_one_code_one_succeeds() {
    let mut it = signed().await;
    let code = it.code().await;
    let answers = futures_util::future::join_all((0..200).map(|_| it.redeem(&code))).await;
    assert_eq!(answers.iter().filter(|(status, _)| *status == 200).count(), 1);
    assert!(
        answers
            .iter()
            .all(|(status, body)| *status == 200 || text(body, "error") == "invalid_grant")
    );
}

/// AS-09
#[tokio::test]
async fn an_old_code_is_refused() {
    let mut it = signed().await;
    let code = it.code().await;
    it.world.advance_seconds(61);
    assert_eq!(text(&it.redeem(&code).await.1, "error"), "invalid_grant");
}

/// AS-10, AS-13
#[tokio::test]
async fn a_lost_refresh_answer_is_given_again_and_a_reused_token_ends_the_family() {
    let mut it = signed().await;
    let code = it.code().await;
    let first = it.redeem(&code).await.1;
    let rt1 = text(&first, "refresh_token");
    let second = it.refresh(&rt1).await.1;
    let again = it.refresh(&rt1).await.1;
    assert_eq!(second, again, "the same pair, because nobody used it yet");
    assert!(it.works(&text(&second, "access_token")).await);
    let (status, reused) = it.refresh(&rt1).await;
    assert_eq!((status, text(&reused, "error")), (400, "invalid_grant".into()));
    assert!(!it.works(&text(&second, "access_token")).await);
    assert_eq!(it.refresh(&text(&second, "refresh_token")).await.0, 400);
    assert_eq!(it.world.entries_of("client.refresh_reuse").await.len(), 1);
}

/// AS-11
#[tokio::test]
async fn of_five_hundred_refreshes_of_one_token_one_branch_lives() {
    let mut it = signed().await;
    let code = it.code().await;
    let rt1 = text(&it.redeem(&code).await.1, "refresh_token");
    let answers = futures_util::future::join_all((0..500).map(|_| it.refresh(&rt1))).await;
    let mut pairs: Vec<String> = answers
        .iter()
        .filter(|(status, _)| *status == 200)
        .map(|(_, body)| text(body, "refresh_token"))
        .collect();
    assert!(answers.iter().all(|(status, _)| *status == 200));
    pairs.dedup();
    assert_eq!(pairs.len(), 1, "every answer holds the same pair");
}

/// AS-31
#[tokio::test]
async fn a_refresh_asks_for_no_more_than_was_granted() {
    let mut it = signed().await;
    let code = it.code().await;
    let rt = text(&it.redeem(&code).await.1, "refresh_token");
    let fields = [
        ("grant_type", "refresh_token"),
        ("refresh_token", rt.as_str()),
        ("client_id", it.client.as_str()),
        ("scope", "powerbi.read powerbi.write"),
    ];
    assert_eq!(text(&it.token(&fields).await.1, "error"), "invalid_scope");
    assert_eq!(it.refresh(&rt).await.0, 200);
}

#[tokio::test]
async fn a_dead_grant_at_microsoft_makes_the_refresh_fail() {
    let mut it = signed().await;
    let code = it.code().await;
    let rt = text(&it.redeem(&code).await.1, "refresh_token");
    let caller = it.world.owner_caller();
    let connections = gatepost::store::connections::page(
        &it.world.app.db,
        &it.world.environment,
        &it.world.owner,
        &crate::listed::first(),
    )
    .await
    .unwrap()
    .rows;
    assert!(
        gatepost::connections::disconnect(&it.world.app, &caller, &connections[0].id)
            .await
            .unwrap()
    );
    assert_eq!(text(&it.refresh(&rt).await.1, "error"), "invalid_grant");
}

/// AS-14
#[tokio::test]
async fn tokens_of_another_kind_open_nothing() {
    let mut it = signed().await;
    let code = it.code().await;
    let pair = it.redeem(&code).await.1;
    let session = it
        .browser
        .cookie("localhost", "__Host-gatepost-session")
        .unwrap()
        .to_owned();
    let microsoft = it
        .world
        .sandbox
        .access_token_for(ADA, &["Dataset.Read.All"], 3600)
        .unwrap();
    assert!(!it.works(&text(&pair, "refresh_token")).await);
    for wrong in [code, session, microsoft, String::from("gp_at_"), "x".repeat(10_000)] {
        assert!(!it.works(&wrong).await);
        assert_eq!(it.refresh(&wrong).await.0, 400);
    }
    assert_eq!(
        it.refresh(&text(&pair, "access_token")).await.0,
        400,
        "an access token is no refresh token"
    );
}

/// AS-24
#[tokio::test]
async fn only_its_own_client_revokes_a_token_and_then_all_of_it_ends() {
    let mut it = signed().await;
    let code = it.code().await;
    let pair = it.redeem(&code).await.1;
    let (access, refresh) = (text(&pair, "access_token"), text(&pair, "refresh_token"));
    let other = it.world.register_client(&[CB]).await;
    let revoke = |client: String, token: String| {
        it.world
            .http
            .post(format!("{}/revoke", it.world.url))
            .form(&[("client_id", client), ("token", token)])
            .send()
    };
    for token in [&access, &refresh] {
        assert_eq!(revoke(other.clone(), token.clone()).await.unwrap().status(), 200);
    }
    assert!(it.works(&access).await);
    assert_eq!(revoke(it.client.clone(), refresh.clone()).await.unwrap().status(), 200);
    assert!(!it.works(&access).await);
    assert_eq!(it.refresh(&refresh).await.0, 400);
}

/// ISO-08: what another client says of somebody's code or token is told as what never was. (Of portal ids, `browser` tells it;
/// of tasks, `mcp::tasks`.)
#[tokio::test]
async fn what_belongs_to_another_client_answers_like_what_never_was() {
    let mut it = signed().await;
    let code = it.code().await;
    let pair = it.redeem(&code).await.1;
    let (unused, other) = (it.code().await, it.world.register_client(&[CB]).await);
    let (access, refresh) = (text(&pair, "access_token"), text(&pair, "refresh_token"));
    // The same shape, with other characters.
    let made_up = |token: &str| format!("{}{}", &token[..6], token[6..].chars().rev().collect::<String>());
    let ask = async |path: &str, fields: &[(&str, &str)]| {
        let request = it.world.http.post(format!("{}{path}", it.world.url));
        let answer = request.form(fields).send().await.unwrap();
        let mut headers = answer.headers().clone();
        for its_own in ["date", "gatepost-trace"] {
            headers.remove(its_own);
        }
        let status = answer.status();
        (status, headers, answer.text().await.unwrap())
    };
    let mut answers = Vec::new();
    for token in [access.clone(), made_up(&access), refresh.clone(), made_up(&refresh)] {
        answers.push(ask("/revoke", &[("client_id", &other), ("token", &token)]).await);
    }
    for token in [refresh.clone(), made_up(&refresh)] {
        let fields = [
            ("grant_type", "refresh_token"),
            ("refresh_token", &*token),
            ("client_id", &*other),
        ];
        answers.push(ask("/token", &fields).await);
    }
    for code in [unused.clone(), made_up(&unused)] {
        let fields = [
            ("grant_type", "authorization_code"),
            ("code", &*code),
            ("redirect_uri", CB),
            ("client_id", &*other),
            ("code_verifier", VERIFIER),
        ];
        answers.push(ask("/token", &fields).await);
    }
    for pair in answers.chunks(2) {
        assert_eq!(pair[0], pair[1]);
    }
    assert!(answers[4..].iter().all(|it| it.0 == 400));
    assert_eq!(it.redeem(&unused).await.0, 200, "and it harmed nothing");
}

/// AS-23
#[tokio::test]
async fn a_confidential_client_proves_itself_by_the_method_it_registered() {
    let world = World::new().await;
    let body = json!({ "redirect_uris": [CB], "token_endpoint_auth_method": "client_secret_basic" });
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
    let form = [("grant_type", "refresh_token"), ("refresh_token", "gp_rt_x")];
    let post = |form: Vec<(&'static str, String)>, auth: Option<String>| {
        let mut request = world.http.post(format!("{}/token", world.url)).form(&form);
        if let Some(auth) = auth {
            request = request.header("authorization", auth);
        }
        request.send()
    };
    let encode = |text: &str| {
        format!(
            "Basic {}",
            base64::Engine::encode(&base64::engine::general_purpose::STANDARD, text)
        )
    };
    let plain = || {
        form.iter()
            .map(|(name, value)| (*name, (*value).to_owned()))
            .collect::<Vec<_>>()
    };
    let with = |more: &[(&'static str, &str)]| {
        plain()
            .into_iter()
            .chain(more.iter().map(|(name, value)| (*name, (*value).to_owned())))
            .collect::<Vec<_>>()
    };
    for (form, auth) in [
        (with(&[("client_id", &id)]), None),
        (with(&[("client_id", &id), ("client_secret", &secret)]), None),
        (plain(), Some(encode(&format!("{id}:")))),
        (plain(), Some(encode(&format!("{id}:wrong")))),
        (plain(), Some("Basic ###".to_owned())),
        (plain(), Some(format!("Bearer {secret}"))),
    ] {
        let answer = post(form, auth).await.unwrap();
        assert_eq!(answer.status(), 401);
        assert!(
            answer.headers()["www-authenticate"]
                .to_str()
                .unwrap()
                .starts_with("Basic")
        );
    }
    for scheme in ["Basic", "basic"] {
        let good = encode(&format!("{id}:{secret}")).replace("Basic", scheme);
        let answer = post(plain(), Some(good)).await.unwrap();
        assert_eq!(
            (answer.status().as_u16(), text(&answer.json().await.unwrap(), "error")),
            (400, "invalid_grant".into()),
            "the client is proved; its token is not"
        );
    }
}

/// AS-27
#[tokio::test]
async fn malformed_token_requests_get_a_400() {
    let world = World::new().await;
    let url = format!("{}/token", world.url);
    let form = "application/x-www-form-urlencoded";
    for (kind, body) in [
        ("application/json", "{\"grant_type\":\"authorization_code\"}".to_owned()),
        (
            "application/json, application/x-www-form-urlencoded",
            "grant_type=refresh_token".into(),
        ),
        (form, "grant_type=refresh_token&grant_type=password".into()),
        (form, "grant_type=refresh_token&client_id=%00".into()),
        (form, format!("grant_type=refresh_token&x={}", "y".repeat(1_000_000))),
        (form, String::new()),
    ] {
        let answer = world
            .http
            .post(&url)
            .header("content-type", kind)
            .body(body)
            .send()
            .await
            .unwrap();
        assert_eq!(
            (answer.status().as_u16(), text(&answer.json().await.unwrap(), "error")),
            (400, "invalid_request".into())
        );
    }
}

/// AS-32
#[tokio::test]
async fn a_locked_person_has_no_living_token() {
    let mut it = signed().await;
    let code = it.code().await;
    let pair = it.redeem(&code).await.1;
    let people = crate::listed::people(&it.world.app.db, &it.world.environment).await;
    let ada = people
        .iter()
        .find(|person| person.email.as_deref() == Some(ADA))
        .unwrap();
    gatepost::admin::save_locked(&it.world.app, &it.world.owner_caller(), &ada.id, true)
        .await
        .unwrap();
    assert!(!it.works(&text(&pair, "access_token")).await);
    assert_eq!(
        text(&it.refresh(&text(&pair, "refresh_token")).await.1, "error"),
        "invalid_grant"
    );
}
