//! The token endpoint: redeeming codes, the shape of answers and errors, and applications on their own.

use sandbox::entra::Application;
use sandbox::entra::RedirectUris;
use sandbox::people::CONTOSO;
use sandbox::people::NIGHTLY_JOB;
use sandbox::people::NIGHTLY_JOB_APP;
use serde_json::Value;

use crate::entra_harness::Browser;
use crate::entra_harness::CALLBACK;
use crate::entra_harness::SCOPE;
use crate::entra_harness::VERIFIER;
use crate::entra_harness::World;
use crate::entra_harness::claims;

const POWER_BI: &str = "https://analysis.windows.net/powerbi/api";

#[tokio::test]
async fn the_scope_of_the_answer_lists_full_names_and_the_default() {
    let world = World::start().await;
    let app = world.web_app();
    let tokens = world.tokens("common", &app, "bo@contoso.test").await;
    let scopes: Vec<&str> = tokens["scope"].as_str().unwrap().split(' ').collect();
    assert!(scopes.contains(&"https://analysis.windows.net/powerbi/api/.default"));
    assert!(scopes.contains(&"https://analysis.windows.net/powerbi/api/Dataset.ReadWrite.All"));
    assert_eq!(scopes.len(), 11);
    assert!(scopes.iter().all(|scope| scope.starts_with(POWER_BI)));
}

#[tokio::test]
async fn an_access_token_lives_a_random_sixty_to_ninety_minutes() {
    let world = World::start().await;
    let app = world.web_app();
    let first = world.tokens("common", &app, "bo@contoso.test").await;
    let mut seen = vec![first["expires_in"].as_i64().unwrap()];
    for _ in 0..5 {
        let answer = world
            .refresh("common", &app, first["refresh_token"].as_str().unwrap(), &[])
            .await;
        seen.push(answer.body["expires_in"].as_i64().unwrap());
        let access = claims(&answer.body["access_token"]);
        let life = access["exp"].as_i64().unwrap() - access["iat"].as_i64().unwrap();
        assert_eq!(life, answer.body["expires_in"].as_i64().unwrap());
    }
    assert!(seen.iter().all(|life| (3600..=5400).contains(life)), "{seen:?}");
    seen.sort_unstable();
    seen.dedup();
    assert!(1 < seen.len());
}

#[tokio::test]
async fn without_offline_access_there_is_no_refresh_token() {
    let world = World::start().await;
    let app = world.web_app();
    let scope = format!("{POWER_BI}/.default openid profile");
    let url = world.authorize_url("common", &app, &[("scope", &scope)]);
    let code = Browser::default()
        .sign_in(&world, &url, "bo@contoso.test")
        .await
        .back
        .unwrap()["code"]
        .clone();
    let answer = world.redeem("common", &app, &code, &[]).await;
    assert!(answer.body["access_token"].is_string() && answer.body.get("refresh_token").is_none());
}

#[tokio::test]
async fn without_openid_there_is_no_id_token_and_without_profile_no_names() {
    let world = World::start().await;
    let app = world.web_app();
    for (scope, has_id, has_oid) in [
        ("offline_access", false, false),
        ("openid", true, false),
        ("openid profile", true, true),
    ] {
        let scope = format!("{POWER_BI}/.default {scope}");
        let url = world.authorize_url("common", &app, &[("scope", &scope)]);
        let code = Browser::default()
            .sign_in(&world, &url, "bo@contoso.test")
            .await
            .back
            .unwrap()["code"]
            .clone();
        let answer = world.redeem("common", &app, &code, &[]).await;
        assert_eq!(answer.body["id_token"].is_string(), has_id);
        if has_id {
            let id = claims(&answer.body["id_token"]);
            assert_eq!(
                [id["oid"].is_string(), id["preferred_username"].is_string()],
                [has_oid; 2]
            );
            assert_eq!(id["tid"], CONTOSO);
        }
    }
}

#[tokio::test]
async fn a_code_works_once() {
    let world = World::start().await;
    let app = world.web_app();
    let code = world.code("common", &app, "bo@contoso.test").await;
    assert_eq!(world.redeem("common", &app, &code, &[]).await.status, 200);
    let again = world.redeem("common", &app, &code, &[]).await;
    again.fails("invalid_grant", 54005);
    assert_eq!(again.status, 400);
}

#[tokio::test]
async fn a_code_used_by_many_at_once_works_for_one() {
    let world = World::start().await;
    let app = world.web_app();
    let code = world.code("common", &app, "bo@contoso.test").await;
    let all = futures_util::future::join_all((0..8).map(|_| world.redeem("common", &app, &code, &[]))).await;
    assert_eq!(all.iter().filter(|answer| answer.status == 200).count(), 1);
}

#[tokio::test]
async fn a_code_ends_after_ten_minutes() {
    let world = World::start().await;
    let app = world.web_app();
    let code = world.code("common", &app, "bo@contoso.test").await;
    world.sandbox.clock().advance(10 * 60 * 1000);
    world
        .redeem("common", &app, &code, &[])
        .await
        .fails("invalid_grant", 70008);
}

#[tokio::test]
async fn the_verifier_must_match_the_challenge() {
    let world = World::start().await;
    let app = world.web_app();
    let code = world.code("common", &app, "bo@contoso.test").await;
    let other = "b".repeat(50);
    for verifier in [other.as_str(), "-", "short"] {
        let answer = world
            .redeem("common", &app, &code, &[("code_verifier", verifier)])
            .await;
        answer.fails("invalid_grant", 501481);
    }
    assert_eq!(world.redeem("common", &app, &code, &[]).await.status, 200);
}

#[tokio::test]
async fn a_code_is_bound_to_tenant_path_address_and_client() {
    let world = World::start().await;
    let app = world.web_app();
    let code = world.code("organizations", &app, "bo@contoso.test").await;
    world
        .redeem(CONTOSO, &app, &code, &[])
        .await
        .fails("invalid_grant", 700005);
    world
        .redeem("common", &app, &code, &[])
        .await
        .fails("invalid_grant", 700005);
    let elsewhere = [("redirect_uri", "https://gateway.test/other")];
    world
        .redeem("organizations", &app, &code, &elsewhere)
        .await
        .fails("invalid_client", 500112);
    let other = world.web_app();
    world
        .redeem("organizations", &other, &code, &[])
        .await
        .fails("invalid_grant", 70000);
    world
        .redeem("organizations", &app, "garbage", &[])
        .await
        .fails("invalid_grant", 9002313);
    assert_eq!(world.redeem("organizations", &app, &code, &[]).await.status, 200);
}

#[tokio::test]
async fn a_tenant_named_by_domain_and_by_id_is_the_same_path() {
    let world = World::start().await;
    let app = world.web_app();
    let code = world.code("contoso.test", &app, "bo@contoso.test").await;
    assert_eq!(world.redeem(CONTOSO, &app, &code, &[]).await.status, 200);
}

#[tokio::test]
async fn a_token_is_for_one_resource() {
    let world = World::start().await;
    let app = world.web_app();
    let both = format!("{POWER_BI}/.default https://graph.microsoft.com/User.Read offline_access openid");
    let url = world.authorize_url("common", &app, &[("scope", &both)]);
    let code = Browser::default()
        .sign_in(&world, &url, "bo@contoso.test")
        .await
        .back
        .unwrap()["code"]
        .clone();
    world
        .redeem("common", &app, &code, &[("scope", &both)])
        .await
        .fails("invalid_scope", 70011);
    let answer = world
        .redeem("common", &app, &code, &[("scope", "User.Read offline_access")])
        .await;
    assert_eq!(
        claims(&answer.body["access_token"])["aud"],
        "https://graph.microsoft.com"
    );
    // The refresh token reaches every resource the application has consent for.
    let answer = world
        .refresh("common", &app, &answer.member("refresh_token"), &[])
        .await;
    assert_eq!(claims(&answer.body["access_token"])["aud"], POWER_BI);
}

#[tokio::test]
async fn errors_are_json_with_codes_ids_and_time() {
    let world = World::start().await;
    let app = world.web_app();
    let id = "0c4a5e8a-4a5b-4f6e-9d7b-2f6f0a1b2c3d";
    let form = [
        ("client_id", app.client_id.as_str()),
        ("grant_type", "refresh_token"),
        ("client_secret", "wrong"),
    ];
    let answer = world.token("common", &form, &[("client-request-id", id)]).await;
    answer.fails("invalid_client", 7000215);
    assert_eq!(answer.status, 401);
    assert_eq!(answer.body["correlation_id"], id);
    assert_eq!(answer.body["timestamp"], "2026-11-23 08:00:00Z");
    let description = answer.member("error_description");
    assert!(description.starts_with("AADSTS7000215: "), "{description}");
    assert!(
        description.contains(&format!("Trace ID: {}", answer.member("trace_id"))),
        "{description}"
    );
    assert!(
        description.contains(&format!("Correlation ID: {id} Timestamp: ")),
        "{description}"
    );
    assert!(answer.member("error_uri").ends_with("/error?code=7000215"));
    assert_eq!(answer.headers["x-ms-request-id"], answer.member("trace_id"));
    assert_eq!(answer.headers["x-sandbox"], "1");
}

#[tokio::test]
async fn malformed_token_requests_are_refused() {
    let world = World::start().await;
    let app = world.web_app();
    let id = app.client_id.as_str();
    world
        .token("common", &[("client_id", id)], &[])
        .await
        .fails("invalid_request", 900144);
    let odd = [("client_id", id), ("grant_type", "password")];
    world
        .token("common", &odd, &[])
        .await
        .fails("unsupported_grant_type", 70003);
    let got = world.get("/common/oauth2/v2.0/token").await;
    assert_eq!(got.json::<Value>().await.unwrap()["error_codes"][0], 900561);
    let nowhere = world.token("nowhere.test", &odd, &[]).await;
    nowhere.fails("invalid_request", 90002);
    let unknown = [
        ("client_id", "5a4db0c5-dead-4000-8000-000000000000"),
        ("grant_type", "refresh_token"),
    ];
    world
        .token("common", &unknown, &[])
        .await
        .fails("unauthorized_client", 700016);
}

#[tokio::test]
async fn a_single_page_application_redeems_across_origins_without_a_secret() {
    let world = World::start().await;
    let redirect_uris = RedirectUris {
        spa: vec![CALLBACK.to_owned()],
        ..RedirectUris::default()
    };
    let app = world.app(Application {
        redirect_uris,
        ..Application::default()
    });
    let code = world.code("common", &app, "bo@contoso.test").await;
    let form = [
        ("client_id", app.client_id.as_str()),
        ("grant_type", "authorization_code"),
        ("code", &code),
        ("redirect_uri", CALLBACK),
        ("code_verifier", VERIFIER),
    ];
    world
        .token("common", &form, &[])
        .await
        .fails("invalid_request", 9002327);
    let answer = world
        .token("common", &form, &[("origin", "https://gateway.test")])
        .await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(answer.headers["access-control-allow-origin"], "*");
}

#[tokio::test]
async fn a_web_application_may_not_redeem_across_origins() {
    let world = World::start().await;
    let app = world.web_app();
    let form = [
        ("client_id", app.client_id.as_str()),
        ("grant_type", "authorization_code"),
        ("code", "x"),
    ];
    let answer = world
        .token("common", &form, &[("origin", "https://gateway.test")])
        .await;
    answer.fails("invalid_request", 9002326);
}

#[tokio::test]
async fn a_public_client_may_not_send_a_secret() {
    let world = World::start().await;
    let redirect_uris = RedirectUris {
        public: vec![CALLBACK.to_owned()],
        ..RedirectUris::default()
    };
    let app = world.app(Application {
        redirect_uris,
        ..Application::default()
    });
    let code = world.code("common", &app, "bo@contoso.test").await;
    world
        .redeem("common", &app, &code, &[])
        .await
        .fails("invalid_client", 700025);
    assert_eq!(
        world
            .redeem("common", &app, &code, &[("client_secret", "-")])
            .await
            .status,
        200
    );
}

#[tokio::test]
async fn an_application_on_its_own_gets_a_token_without_refresh() {
    let world = World::start().await;
    let scope = format!("{POWER_BI}/.default");
    let form = |scope| {
        [
            ("grant_type", "client_credentials"),
            ("client_id", NIGHTLY_JOB_APP),
            ("client_secret", sandbox::entra::SAMPLE_SECRET),
            ("scope", scope),
        ]
    };
    let answer = world.token(CONTOSO, &form(&scope), &[]).await;
    assert!(answer.body.get("refresh_token").is_none() && answer.body.get("id_token").is_none());
    let access = claims(&answer.body["access_token"]);
    assert_eq!(
        [&access["idtyp"], &access["oid"], &access["tid"]],
        ["app", NIGHTLY_JOB, CONTOSO]
    );
    assert!(access.get("scp").is_none() && access.get("upn").is_none());
    let named = format!("{POWER_BI}/Dataset.Read.All");
    world
        .token(CONTOSO, &form(&named), &[])
        .await
        .fails("invalid_scope", 1002012);
    world.token(CONTOSO, &form(SCOPE), &[]).await;
    world
        .token("common", &form(&scope), &[])
        .await
        .fails("invalid_request", 50194);
}

#[tokio::test]
async fn an_application_on_its_own_must_name_its_tenant() {
    let world = World::start().await;
    let app = world.web_app();
    let form = [
        ("grant_type", "client_credentials"),
        ("client_id", app.client_id.as_str()),
        ("client_secret", crate::entra_harness::SECRET),
        ("scope", "https://analysis.windows.net/powerbi/api/.default"),
    ];
    world
        .token("organizations", &form, &[])
        .await
        .fails("invalid_request", 50059);
    world
        .token("common", &form, &[])
        .await
        .fails("invalid_request", 9001023);
    assert_eq!(world.token("contoso.test", &form, &[]).await.status, 200);
}

#[tokio::test]
async fn a_device_signs_in_by_the_code_it_shows() {
    let world = World::start().await;
    let redirect_uris = RedirectUris {
        public: vec!["http://localhost".to_owned()],
        ..RedirectUris::default()
    };
    let app = world.app(Application {
        redirect_uris,
        ..Application::default()
    });
    let begin = format!("{}/organizations/oauth2/v2.0/devicecode", world.url);
    let form = [("client_id", app.client_id.as_str()), ("scope", SCOPE)];
    let begun: Value = world
        .http
        .post(begin)
        .form(&form)
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!([&begun["expires_in"], &begun["interval"]], [900, 5]);
    let device_code = begun["device_code"].as_str().unwrap();
    let form = [
        ("client_id", app.client_id.as_str()),
        ("grant_type", "urn:ietf:params:oauth:grant-type:device_code"),
        ("device_code", device_code),
    ];
    world
        .token("organizations", &form, &[])
        .await
        .fails("authorization_pending", 70016);
    let typed = [
        ("user_code", begun["user_code"].as_str().unwrap()),
        ("account", "bo@contoso.test"),
    ];
    let page = Browser::default()
        .submit(&world, begun["verification_uri"].as_str().unwrap(), &typed)
        .await;
    assert!(page.body.contains("You are signed in"), "{}", page.body);
    let answer = world.token("organizations", &form, &[]).await;
    assert_eq!(
        claims(&answer.body["id_token"])["preferred_username"],
        "bo@contoso.test"
    );
    world
        .token("organizations", &form, &[])
        .await
        .fails("bad_verification_code", 70018);
}
