//! Sign-ins that cannot go on: which show on Entra's own page, and which go back to the client.

use sandbox::entra::Application;
use sandbox::entra::Audience;
use sandbox::entra::RedirectUris;
use sandbox::people::CONTOSO;
use sandbox::people::FABRIKAM;
use serde_json::json;

use crate::entra_harness::Browser;
use crate::entra_harness::World;

/// Opens the authorize page with parameters changed; `-` leaves one out.
async fn open(world: &World, tenant: &str, app: &Application, more: &[(&str, &str)]) -> crate::entra_harness::Landing {
    Browser::default()
        .open(world, &world.authorize_url(tenant, app, more))
        .await
}

#[tokio::test]
async fn an_unregistered_redirect_address_is_never_visited() {
    let world = World::start().await;
    let app = world.web_app();
    for address in [
        "https://evil.test/integration-callback",
        "https://gateway.test/integration-callback/",
        "https://gateway.test/Integration-Callback",
        "http://gateway.test/integration-callback",
        "https://gateway.test/integration-callback?more=1",
        "https://gateway.test:8443/integration-callback",
        "https://gateway.test/x/../integration-callback",
    ] {
        open(&world, "common", &app, &[("redirect_uri", address)])
            .await
            .shows(50011);
    }
}

#[tokio::test]
async fn an_application_without_redirect_addresses_says_so() {
    let world = World::start().await;
    let app = world.sandbox.register(Application::default()).unwrap();
    open(&world, "common", &app, &[]).await.shows(500113);
    open(&world, "common", &app, &[("redirect_uri", "-")])
        .await
        .shows(500113);
}

#[tokio::test]
async fn an_unknown_application_is_refused() {
    let world = World::start().await;
    let app = Application {
        client_id: "5a4db0c5-dead-4000-8000-000000000000".to_owned(),
        ..Application::default()
    };
    open(&world, "common", &app, &[]).await.shows(700016);
    open(&world, "common", &app, &[("client_id", "-")]).await.shows(900144);
}

#[tokio::test]
async fn a_single_tenant_application_serves_its_own_directory_only() {
    let world = World::start().await;
    let app = world.app(Application {
        tenants: Audience::Single,
        ..Application::default()
    });
    open(&world, "common", &app, &[]).await.shows(50194);
    open(&world, "organizations", &app, &[]).await.shows(50194);
    open(&world, FABRIKAM, &app, &[]).await.shows(700016);
    assert!(
        open(&world, "contoso.test", &app, &[])
            .await
            .body
            .contains("Pick an account")
    );
}

#[tokio::test]
async fn unknown_and_malformed_tenants_are_refused() {
    let world = World::start().await;
    let app = world.web_app();
    open(&world, "nowhere.test", &app, &[]).await.shows(90002);
    open(&world, "5a4db0c5-0000-4000-8000-00000000dead", &app, &[])
        .await
        .shows(90002);
    open(&world, "undefined", &app, &[]).await.shows(900023);
    open(&world, "consumers", &app, &[]).await.shows(9002332);
}

#[tokio::test]
async fn an_account_of_another_directory_is_refused() {
    let world = World::start().await;
    let app = world.web_app();
    let url = world.authorize_url(CONTOSO, &app, &[]);
    Browser::default()
        .sign_in(&world, &url, "kim@fabrikam.test")
        .await
        .shows(50020);
    let url = world.authorize_url(FABRIKAM, &app, &[]);
    Browser::default()
        .sign_in(&world, &url, "bo@contoso.test")
        .await
        .shows(50020);
    Browser::default()
        .sign_in(&world, &url, "nobody@fabrikam.test")
        .await
        .shows(50034);
}

#[tokio::test]
async fn a_personal_account_is_refused() {
    let world = World::start().await;
    let app = world.web_app();
    let url = world.authorize_url("organizations", &app, &[]);
    Browser::default()
        .sign_in(&world, &url, "joy@outlook.test")
        .await
        .shows(500208);
    let url = world.authorize_url("common", &app, &[]);
    Browser::default()
        .sign_in(&world, &url, "joy@outlook.test")
        .await
        .shows(50020);
}

#[tokio::test]
async fn a_disabled_account_and_a_disabled_application_are_refused() {
    let world = World::start().await;
    let app = world.web_app();
    let url = world.authorize_url("common", &app, &[]);
    Browser::default()
        .sign_in(&world, &url, "hal@contoso.test")
        .await
        .shows(50057);
    world
        .patch(&format!("/sandbox/apps/{}", app.client_id), json!({ "disabled": true }))
        .await;
    Browser::default().open(&world, &url).await.shows(7000112);
}

#[tokio::test]
async fn where_assignment_is_required_only_the_assigned_get_in() {
    let world = World::start().await;
    let sales = sandbox::people::SALES_TEAM.to_owned();
    let app = world.app(Application {
        assignment_required: true,
        assigned: vec!["di@contoso.test".to_owned(), sales],
        ..Application::default()
    });
    let url = world.authorize_url("common", &app, &[]);
    Browser::default()
        .sign_in(&world, &url, "flo@contoso.test")
        .await
        .shows(50105);
    for upn in ["di@contoso.test", "bo@contoso.test"] {
        assert!(
            Browser::default()
                .sign_in(&world, &url, upn)
                .await
                .back
                .unwrap()
                .contains_key("code")
        );
    }
}

#[tokio::test]
async fn an_application_that_lists_no_power_bi_permission_is_refused() {
    let world = World::start().await;
    let app = world.app(Application {
        permissions: vec!["User.Read".to_owned()],
        ..Application::default()
    });
    let url = world.authorize_url("common", &app, &[]);
    Browser::default()
        .sign_in(&world, &url, "bo@contoso.test")
        .await
        .shows(650057);
}

#[tokio::test]
async fn wrong_scopes_go_back_to_the_client() {
    let world = World::start().await;
    let app = world.web_app();
    let power_bi = "https://analysis.windows.net/powerbi/api";
    let mixed = format!("{power_bi}/.default {power_bi}/Dataset.Read.All");
    open(&world, "common", &app, &[("scope", &mixed)])
        .await
        .sends_back("invalid_scope", 70011);
    open(&world, "common", &app, &[("scope", "Dataset.Read.All")])
        .await
        .sends_back("invalid_client", 650053);
    let unknown = open(
        &world,
        "common",
        &app,
        &[("scope", "https://elsewhere.test/api/.default")],
    )
    .await;
    unknown.shows(500011);
    let slash = format!("{power_bi}//.default");
    open(&world, "common", &app, &[("scope", &slash)]).await.shows(500011);
    open(&world, "common", &app, &[("scope", "-")]).await.shows(900144);
}

#[tokio::test]
async fn requests_that_are_not_well_formed_are_refused() {
    let world = World::start().await;
    let app = world.web_app();
    open(&world, "common", &app, &[("response_type", "-")])
        .await
        .shows(900144);
    open(&world, "common", &app, &[("response_type", "token")])
        .await
        .sends_back("unsupported_response_type", 700054);
    open(&world, "common", &app, &[("response_mode", "carrier_pigeon")])
        .await
        .sends_back("invalid_request", 90023);
    open(&world, "common", &app, &[("prompt", "please")])
        .await
        .sends_back("invalid_request", 90023);
    open(&world, "common", &app, &[("code_challenge_method", "S512")])
        .await
        .sends_back("invalid_request", 90023);
    open(&world, "common", &app, &[("code_challenge", "short")])
        .await
        .sends_back("invalid_request", 501491);
    let odd = "!".repeat(43);
    open(&world, "common", &app, &[("code_challenge", &odd)])
        .await
        .sends_back("invalid_request", 50147);
}

#[tokio::test]
async fn the_only_redirect_address_may_be_left_out() {
    let world = World::start().await;
    let app = world.web_app();
    let url = world.authorize_url("common", &app, &[("redirect_uri", "-")]);
    assert!(
        Browser::default()
            .sign_in(&world, &url, "bo@contoso.test")
            .await
            .back
            .unwrap()
            .contains_key("code")
    );
    let redirect_uris = RedirectUris {
        web: vec!["https://one.test/a".to_owned(), "https://one.test/b".to_owned()],
        ..RedirectUris::default()
    };
    let two = world.app(Application {
        redirect_uris,
        ..Application::default()
    });
    open(&world, "common", &two, &[("redirect_uri", "-")])
        .await
        .shows(900144);
}

#[tokio::test]
async fn page_fields_in_an_address_press_no_buttons() {
    let world = World::start().await;
    let app = world.web_app();
    let link = [
        ("account", "bo@contoso.test"),
        ("decision", "accept"),
        ("factor", "approved"),
    ];
    let landing = open(&world, "common", &app, &link).await;
    assert!(landing.back.is_none() && landing.body.contains("Pick an account"));
}

#[tokio::test]
async fn the_error_page_names_the_ids_support_asks_for() {
    let world = World::start().await;
    let app = world.web_app();
    let id = "0c4a5e8a-4a5b-4f6e-9d7b-2f6f0a1b2c3d";
    let more = [("redirect_uri", "https://evil.test/"), ("client-request-id", id)];
    let page = open(&world, "common", &app, &more).await.body;
    assert!(page.contains(&format!("Correlation ID</th><td><code>{id}")), "{page}");
    assert!(page.contains("Trace ID") && page.contains("2026-11-23"), "{page}");
}
