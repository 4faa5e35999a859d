//! Consent: when it is asked for, what it lists, and who may give it.

use sandbox::entra::Application;
use sandbox::people::CONTOSO;
use serde_json::json;

use crate::entra_harness::Browser;
use crate::entra_harness::CALLBACK;
use crate::entra_harness::SCOPE;
use crate::entra_harness::World;
use crate::entra_harness::claims;

const READ: &str = "https://analysis.windows.net/powerbi/api/Dataset.Read.All";

#[tokio::test]
async fn default_lists_the_whole_registration_while_nothing_is_granted() {
    let world = World::start().await;
    let app = world.web_app();
    let url = world.authorize_url("common", &app, &[]);
    let page = Browser::default()
        .submit(&world, &url, &[("account", "bo@contoso.test")])
        .await
        .body;
    for name in ["Dataset.Read.All", "Workspace.ReadWrite.All", "User.Read"] {
        assert!(page.contains(name), "{name} is missing: {page}");
    }
    assert!(page.contains("value=\"accept\"") && page.contains("value=\"cancel\""));
}

#[tokio::test]
async fn a_permission_added_later_stays_absent_until_consent_is_asked_again() {
    let world = World::start().await;
    let app = world.app(Application {
        permissions: vec!["Dataset.Read.All".to_owned()],
        ..Application::default()
    });
    world.tokens("common", &app, "bo@contoso.test").await;
    let path = format!("/sandbox/apps/{}", app.client_id);
    world
        .patch(&path, json!({ "permissions": ["Dataset.Read.All", "Report.Read.All"] }))
        .await;
    let before = world.tokens("common", &app, "bo@contoso.test").await;
    assert_eq!(claims(&before["access_token"])["scp"], "Dataset.Read.All");

    let url = world.authorize_url("common", &app, &[("prompt", "consent")]);
    let code = Browser::default()
        .sign_in(&world, &url, "bo@contoso.test")
        .await
        .back
        .unwrap()["code"]
        .clone();
    let after = world.redeem("common", &app, &code, &[]).await;
    assert_eq!(
        claims(&after.body["access_token"])["scp"],
        "Dataset.Read.All Report.Read.All"
    );
}

#[tokio::test]
async fn declining_goes_back_to_the_client() {
    let world = World::start().await;
    let app = world.web_app();
    let url = world.authorize_url("common", &app, &[]);
    let landing = Browser::default()
        .drive(&world, &url, "bo@contoso.test", "cancel")
        .await;
    landing.sends_back("access_denied", 65004);
}

#[tokio::test]
async fn named_scopes_ask_only_for_what_is_missing() {
    let world = World::start().await;
    let app = world.web_app();
    let scope = format!("{READ} offline_access openid");
    let url = world.authorize_url("common", &app, &[("scope", &scope)]);
    let mut browser = Browser::default();
    let page = browser
        .submit(&world, &url, &[("account", "bo@contoso.test")])
        .await
        .body;
    assert!(page.contains("Dataset.Read.All") && !page.contains("Report.Read.All"));
    browser.sign_in(&world, &url, "bo@contoso.test").await;
    assert!(browser.open(&world, &url).await.back.unwrap().contains_key("code"));
}

#[tokio::test]
async fn what_only_an_administrator_may_grant_stops_everyone_else() {
    let world = World::start().await;
    let app = world.app(Application {
        permissions: vec!["Tenant.Read.All".to_owned()],
        ..Application::default()
    });
    let url = world.authorize_url("common", &app, &[]);
    Browser::default()
        .sign_in(&world, &url, "bo@contoso.test")
        .await
        .shows(90094);
    assert!(
        Browser::default()
            .sign_in(&world, &url, "ada@contoso.test")
            .await
            .back
            .unwrap()
            .contains_key("code")
    );
}

#[tokio::test]
async fn where_people_may_not_consent_an_administrator_does_it_for_all() {
    let world = World::start().await;
    let app = world.app(Application {
        user_consent: false,
        ..Application::default()
    });
    let url = world.authorize_url("common", &app, &[]);
    Browser::default()
        .sign_in(&world, &url, "bo@contoso.test")
        .await
        .shows(90094);
    let form = [
        ("account", "ada@contoso.test"),
        ("decision", "accept"),
        ("for_all", "true"),
    ];
    assert!(
        Browser::default()
            .submit(&world, &url, &form)
            .await
            .back
            .unwrap()
            .contains_key("code")
    );
    assert!(
        Browser::default()
            .sign_in(&world, &url, "bo@contoso.test")
            .await
            .back
            .unwrap()
            .contains_key("code")
    );
}

#[tokio::test]
async fn a_person_cannot_consent_for_all() {
    let world = World::start().await;
    let app = world.web_app();
    let url = world.authorize_url("common", &app, &[]);
    let form = [
        ("account", "bo@contoso.test"),
        ("decision", "accept"),
        ("for_all", "true"),
    ];
    Browser::default().submit(&world, &url, &form).await;
    let page = Browser::default()
        .submit(&world, &url, &[("account", "cy@contoso.test")])
        .await;
    assert!(page.body.contains("name=\"decision\""));
}

#[tokio::test]
async fn admin_consent_grants_for_the_directory_and_says_so() {
    let world = World::start().await;
    let app = world.web_app();
    let scope = SCOPE.split(' ').next().unwrap();
    let url = format!(
        "{}/{CONTOSO}/v2.0/adminconsent?client_id={}&scope={scope}&redirect_uri={CALLBACK}&state=the-state",
        world.url, app.client_id
    );
    let back = Browser::default()
        .sign_in(&world, &url, "ada@contoso.test")
        .await
        .back
        .unwrap();
    assert_eq!(
        [&back["admin_consent"], &back["tenant"], &back["state"]],
        ["True", CONTOSO, "the-state"]
    );
    assert_eq!(back["scope"], scope);
    let authorize = world.authorize_url("common", &app, &[]);
    let landing = Browser::default()
        .submit(&world, &authorize, &[("account", "bo@contoso.test")])
        .await;
    assert!(landing.back.unwrap().contains_key("code"));
}

#[tokio::test]
async fn a_refused_admin_consent_still_says_true_beside_the_error() {
    let world = World::start().await;
    let app = world.web_app();
    let old_form = format!(
        "{}/{CONTOSO}/adminconsent?client_id={}&redirect_uri={CALLBACK}&state=the-state",
        world.url, app.client_id
    );
    let landing = Browser::default()
        .drive(&world, &old_form, "ada@contoso.test", "cancel")
        .await;
    landing.sends_back("consent_required", 65004);
    assert_eq!(landing.back.unwrap()["admin_consent"], "True");
    Browser::default()
        .sign_in(&world, &old_form, "bo@contoso.test")
        .await
        .shows(90094);
}
