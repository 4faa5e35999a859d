//! Signing in: the code flow as MSAL and browsers drive it, single sign-on, prompts and hints.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sandbox::entra::Application;
use sandbox::entra::RedirectUris;
use sandbox::people::BO;
use sandbox::people::CONTOSO;
use sandbox::people::FABRIKAM;
use sandbox::people::GUS;
use sandbox::people::GUS_AS_GUEST;
use serde_json::Value;
use serde_json::json;

use crate::entra_harness::Browser;
use crate::entra_harness::CALLBACK;
use crate::entra_harness::World;
use crate::entra_harness::claims;
use crate::entra_harness::form_action;

#[tokio::test]
async fn discovery_of_shared_tenants_names_the_issuer_template() {
    let world = World::start().await;
    for tenant in ["common", "organizations"] {
        let metadata = world
            .get_json(&format!("/{tenant}/v2.0/.well-known/openid-configuration"))
            .await;
        assert_eq!(metadata["issuer"], format!("{}/{{tenantid}}/v2.0", world.url));
        assert_eq!(
            metadata["token_endpoint"],
            format!("{}/{tenant}/oauth2/v2.0/token", world.url)
        );
        let keys = world.get_json(&format!("/{tenant}/discovery/v2.0/keys")).await;
        assert_eq!(keys["keys"][0]["issuer"], format!("{}/{{tenantid}}/v2.0", world.url));
    }
}

#[tokio::test]
async fn discovery_of_a_domain_names_the_directory_by_id() {
    let world = World::start().await;
    for tenant in ["contoso.test", CONTOSO] {
        let metadata = world
            .get_json(&format!("/{tenant}/v2.0/.well-known/openid-configuration"))
            .await;
        assert_eq!(metadata["issuer"], format!("{}/{CONTOSO}/v2.0", world.url));
        assert_eq!(
            metadata["jwks_uri"],
            format!("{}/{CONTOSO}/discovery/v2.0/keys", world.url)
        );
    }
}

#[tokio::test]
async fn discovery_refuses_unknown_and_malformed_tenants() {
    let world = World::start().await;
    let unknown = world.get("/nowhere.test/v2.0/.well-known/openid-configuration").await;
    assert_eq!(unknown.status(), 400);
    assert_eq!(unknown.json::<Value>().await.unwrap()["error_codes"], json!([90002]));
    let malformed = world.get("/undefined/v2.0/.well-known/openid-configuration").await;
    assert_eq!(malformed.json::<Value>().await.unwrap()["error_codes"], json!([900023]));
}

#[tokio::test]
async fn instance_discovery_is_served_for_msal() {
    let world = World::start().await;
    let body = world
        .get_json("/common/discovery/instance?api-version=1.1&authorization_endpoint=x")
        .await;
    assert_eq!(body["api-version"], "1.1");
    assert_eq!(body["metadata"], json!([]));
    assert!(
        body["tenant_discovery_endpoint"]
            .as_str()
            .unwrap()
            .starts_with(&world.url)
    );
}

#[tokio::test]
async fn over_tls_the_metadata_has_https_addresses() {
    let dir = std::env::temp_dir().join(format!("sandbox-tls-{}", std::process::id()));
    let world = World::start_at(Some(&dir)).await;
    let metadata = world.get_json("/common/v2.0/.well-known/openid-configuration").await;
    assert!(
        metadata["token_endpoint"]
            .as_str()
            .unwrap()
            .starts_with("https://localhost:")
    );
    let app = world.web_app();
    assert!(world.tokens("common", &app, "bo@contoso.test").await["refresh_token"].is_string());
    std::fs::remove_dir_all(dir).unwrap();
}

#[tokio::test]
async fn a_person_signs_in_consents_and_gets_tokens() {
    let world = World::start().await;
    let app = world.web_app();
    let tokens = world.tokens("organizations", &app, "bo@contoso.test").await;
    assert_eq!(tokens["token_type"], "Bearer");
    let id = claims(&tokens["id_token"]);
    assert_eq!(id["iss"], format!("{}/{CONTOSO}/v2.0", world.url));
    assert_eq!(id["aud"], app.client_id);
    assert_eq!([&id["tid"], &id["oid"]], [CONTOSO, BO]);
    assert_eq!(id["preferred_username"], "bo@contoso.test");
    assert_eq!(id["ver"], "2.0");
    let access = claims(&tokens["access_token"]);
    assert_eq!(access["aud"], "https://analysis.windows.net/powerbi/api");
    assert_eq!(
        [&access["oid"], &access["upn"], &access["appid"]],
        [BO, "bo@contoso.test", app.client_id.as_str()]
    );
    assert!(access["scp"].as_str().unwrap().contains("Dataset.Read.All"));
}

#[tokio::test]
async fn the_nonce_comes_back_in_the_id_token() {
    let world = World::start().await;
    let app = world.web_app();
    let tokens = world.tokens("common", &app, "bo@contoso.test").await;
    assert_eq!(claims(&tokens["id_token"])["nonce"], "the-nonce");
}

#[tokio::test]
async fn the_id_token_verifies_with_the_published_key() {
    let world = World::start().await;
    let app = world.web_app();
    let tokens = world.tokens("common", &app, "bo@contoso.test").await;
    let keys = world.get_json(&format!("/{CONTOSO}/discovery/v2.0/keys")).await;
    let token = tokens["id_token"].as_str().unwrap();
    let header = jsonwebtoken::decode_header(token).unwrap();
    assert_eq!(header.alg, jsonwebtoken::Algorithm::RS256);
    assert_eq!(keys["keys"][0]["kid"], header.kid.unwrap());
    let [n, e] = ["n", "e"].map(|part| keys["keys"][0][part].as_str().unwrap());
    let key = jsonwebtoken::DecodingKey::from_rsa_components(n, e).unwrap();
    let mut validation = jsonwebtoken::Validation::new(jsonwebtoken::Algorithm::RS256);
    validation.validate_exp = false;
    validation.set_audience(&[&app.client_id]);
    jsonwebtoken::decode::<Value>(token, &key, &validation).unwrap();
}

#[tokio::test]
async fn unknown_parameters_are_ignored_and_client_info_is_given_when_asked() {
    let world = World::start().await;
    let app = world.web_app();
    let url = world.authorize_url(
        "common",
        &app,
        &[
            ("client_info", "1"),
            ("X-AnchorMailbox", "Oid:1@2"),
            ("clidata", "1"),
            ("claims", r#"{"id_token":{"signin_state":{"essential":true}}}"#),
            ("x-client-SKU", "msal"),
        ],
    );
    let back = Browser::default()
        .sign_in(&world, &url, "bo@contoso.test")
        .await
        .back
        .unwrap();
    let decoded = |text: &str| serde_json::from_slice::<Value>(&URL_SAFE_NO_PAD.decode(text).unwrap()).unwrap();
    assert_eq!(decoded(&back["client_info"]), json!({ "uid": BO, "utid": CONTOSO }));
    let asked = world
        .redeem("common", &app, &back["code"], &[("client_info", "1")])
        .await;
    assert_eq!(
        decoded(&asked.member("client_info")),
        json!({ "uid": BO, "utid": CONTOSO })
    );
    let tokens = world.tokens("common", &app, "bo@contoso.test").await;
    assert!(tokens.get("client_info").is_none());
}

#[tokio::test]
async fn state_comes_back_without_html() {
    let world = World::start().await;
    let app = world.web_app();
    let url = world.authorize_url("common", &app, &[("state", "plain<script>x</script>-kept")]);
    let back = Browser::default()
        .sign_in(&world, &url, "bo@contoso.test")
        .await
        .back
        .unwrap();
    assert_eq!(back["state"], "plainx-kept");
    assert!(back.contains_key("session_state"));
}

#[tokio::test]
async fn the_answer_travels_in_the_query_the_fragment_or_a_form() {
    let world = World::start().await;
    let app = world.web_app();
    let mut browser = Browser::default();
    for (mode, mark) in [("query", "?code="), ("fragment", "#code=")] {
        let url = world.authorize_url("common", &app, &[("response_mode", mode)]);
        let landing = browser.sign_in(&world, &url, "bo@contoso.test").await;
        assert!(landing.location.unwrap().starts_with(&format!("{CALLBACK}{mark}")));
    }
    let url = world.authorize_url("common", &app, &[("response_mode", "form_post")]);
    let landing = browser.open(&world, &url).await;
    assert_eq!(form_action(&landing.body).as_deref(), Some(CALLBACK));
    assert!(landing.body.contains("name=\"code\"") && landing.body.contains("value=\"the-state\""));
}

#[tokio::test]
async fn a_redirect_address_without_a_path_comes_back_with_a_slash() {
    let world = World::start().await;
    let redirect_uris = RedirectUris {
        web: vec!["https://gateway.test".to_owned()],
        ..RedirectUris::default()
    };
    let app = world.app(Application {
        redirect_uris,
        ..Application::default()
    });
    let url = world.authorize_url("common", &app, &[]);
    let landing = Browser::default().sign_in(&world, &url, "bo@contoso.test").await;
    assert!(landing.location.unwrap().starts_with("https://gateway.test/?code="));
}

#[tokio::test]
async fn the_port_of_a_localhost_redirect_is_free_and_its_path_is_not() {
    let world = World::start().await;
    let redirect_uris = RedirectUris {
        web: vec!["http://localhost/callback".to_owned()],
        ..RedirectUris::default()
    };
    let app = world.app(Application {
        redirect_uris,
        ..Application::default()
    });
    let other_port = world.authorize_url("common", &app, &[("redirect_uri", "http://localhost:49152/callback")]);
    let landing = Browser::default().sign_in(&world, &other_port, "bo@contoso.test").await;
    assert!(
        landing
            .location
            .unwrap()
            .starts_with("http://localhost:49152/callback?code=")
    );
    for address in [
        "http://localhost:49152/Callback",
        "http://localhost.evil.test/callback",
        "http://localhost/callback/../callback",
        "http://user@localhost/callback",
    ] {
        let url = world.authorize_url("common", &app, &[("redirect_uri", address)]);
        Browser::default().open(&world, &url).await.shows(50011);
    }
}

#[tokio::test]
async fn a_signed_in_browser_is_sent_back_without_a_page() {
    let world = World::start().await;
    let app = world.web_app();
    let url = world.authorize_url("common", &app, &[]);
    let mut browser = Browser::default();
    browser.sign_in(&world, &url, "bo@contoso.test").await;
    assert!(browser.cookie.as_ref().unwrap().starts_with("sandbox_entra_sso="));
    let again = browser.open(&world, &url).await;
    assert!(again.back.unwrap().contains_key("code"));
}

#[tokio::test]
async fn select_account_and_login_show_the_accounts_even_to_a_signed_in_browser() {
    let world = World::start().await;
    let app = world.web_app();
    let mut browser = Browser::default();
    browser
        .sign_in(&world, &world.authorize_url("common", &app, &[]), "bo@contoso.test")
        .await;
    for prompt in ["select_account", "login"] {
        let page = browser
            .open(&world, &world.authorize_url("common", &app, &[("prompt", prompt)]))
            .await;
        assert!(page.back.is_none() && page.body.contains("name=\"account\" value=\"cy@contoso.test\""));
    }
    let url = world.authorize_url("common", &app, &[("prompt", "select_account")]);
    let other = browser.sign_in(&world, &url, "cy@contoso.test").await;
    assert!(other.back.unwrap().contains_key("code"));
}

#[tokio::test]
async fn prompt_none_never_shows_a_page() {
    let world = World::start().await;
    let app = world.web_app();
    let silent = world.authorize_url("common", &app, &[("prompt", "none")]);
    let mut browser = Browser::default();
    browser.open(&world, &silent).await.sends_back("login_required", 50058);

    let other = world.web_app();
    browser
        .sign_in(&world, &world.authorize_url("common", &other, &[]), "bo@contoso.test")
        .await;
    browser
        .open(&world, &silent)
        .await
        .sends_back("consent_required", 65001);
    browser
        .sign_in(&world, &world.authorize_url("common", &app, &[]), "bo@contoso.test")
        .await;
    assert!(browser.open(&world, &silent).await.back.unwrap().contains_key("code"));

    let second = world.authorize_url("common", &app, &[("prompt", "select_account")]);
    browser.sign_in(&world, &second, "cy@contoso.test").await;
    browser
        .open(&world, &silent)
        .await
        .sends_back("interaction_required", 16000);
    let hinted = world.authorize_url("common", &app, &[("prompt", "none"), ("login_hint", "cy@contoso.test")]);
    let code = browser.open(&world, &hinted).await.back.unwrap()["code"].clone();
    let tokens = world.redeem("common", &app, &code, &[]).await;
    assert_eq!(
        claims(&tokens.body["id_token"])["preferred_username"],
        "cy@contoso.test"
    );
}

#[tokio::test]
async fn hints_put_the_right_accounts_in_front() {
    let world = World::start().await;
    let app = world.web_app();
    let hinted = world.authorize_url("common", &app, &[("login_hint", "di@contoso.test")]);
    let page = Browser::default().open(&world, &hinted).await.body;
    let place = |upn: &str| page.find(&format!("value=\"{upn}\"")).unwrap();
    assert!(place("di@contoso.test") < place("ada@contoso.test"));
    let domain = world.authorize_url("common", &app, &[("domain_hint", "fabrikam.test")]);
    let page = Browser::default().open(&world, &domain).await.body;
    assert!(page.contains("gus@fabrikam.test") && !page.contains("ada@contoso.test"));
}

#[tokio::test]
async fn a_guest_is_one_object_at_home_and_another_where_he_visits() {
    let world = World::start().await;
    let app = world.web_app();
    let visiting = world.tokens(CONTOSO, &app, "gus@fabrikam.test").await;
    let id = claims(&visiting["id_token"]);
    assert_eq!([&id["tid"], &id["oid"]], [CONTOSO, GUS_AS_GUEST]);
    assert_eq!(id["idp"], format!("{}/{FABRIKAM}/", world.url));
    let home = claims(&world.tokens("organizations", &app, "gus@fabrikam.test").await["id_token"]);
    assert_eq!([&home["tid"], &home["oid"]], [FABRIKAM, GUS]);
    assert_ne!(id["sub"], home["sub"]);
}

#[tokio::test]
async fn a_second_factor_is_asked_for_once_per_browser() {
    let world = World::start().await;
    let app = world.web_app();
    let url = world.authorize_url("common", &app, &[]);
    let mut browser = Browser::default();
    let page = browser.submit(&world, &url, &[("account", "ivy@contoso.test")]).await;
    assert!(page.body.contains("name=\"factor\""), "{}", page.body);
    assert!(
        browser
            .sign_in(&world, &url, "ivy@contoso.test")
            .await
            .back
            .unwrap()
            .contains_key("code")
    );
    let silent = world.authorize_url("common", &app, &[("prompt", "none")]);
    assert!(browser.open(&world, &silent).await.back.unwrap().contains_key("code"));
}

#[tokio::test]
async fn signing_out_ends_the_browser_session() {
    let world = World::start().await;
    let app = world.web_app();
    let mut browser = Browser::default();
    browser
        .sign_in(&world, &world.authorize_url("common", &app, &[]), "bo@contoso.test")
        .await;
    let out = format!(
        "{}/common/oauth2/v2.0/logout?post_logout_redirect_uri={CALLBACK}",
        world.url
    );
    assert_eq!(browser.open(&world, &out).await.location.as_deref(), Some(CALLBACK));
    let silent = world.authorize_url("common", &app, &[("prompt", "none")]);
    browser.open(&world, &silent).await.sends_back("login_required", 50058);
    let stranger = format!(
        "{}/common/oauth2/v2.0/logout?post_logout_redirect_uri=https://evil.test/",
        world.url
    );
    assert_eq!(browser.open(&world, &stranger).await.status, 200);
}
