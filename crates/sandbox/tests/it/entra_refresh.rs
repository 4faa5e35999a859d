//! Refreshing: Microsoft's forgiving rotation and a strict one, and everything that ends a grant.

use sandbox::entra::Application;
use sandbox::entra::RedirectUris;
use sandbox::people::CONTOSO;
use sandbox::people::FABRIKAM;
use serde_json::Value;
use serde_json::json;

use crate::entra_harness::Answer;
use crate::entra_harness::CALLBACK;
use crate::entra_harness::SCOPE;
use crate::entra_harness::VERIFIER;
use crate::entra_harness::World;
use crate::entra_harness::claims;

/// A sandbox with one connected person: Bo.
struct Connected {
    world: World,
    app: Application,
    token: String,
}

impl Connected {
    async fn new() -> Connected {
        let world = World::start().await;
        let app = world.web_app();
        let tokens = world.tokens("organizations", &app, "bo@contoso.test").await;
        let token = tokens["refresh_token"].as_str().unwrap().to_owned();
        Connected { world, app, token }
    }

    async fn refresh(&self, token: &str) -> Answer {
        self.world.refresh(CONTOSO, &self.app, token, &[]).await
    }

    async fn change_bo(&self, change: Value) {
        self.world.patch("/sandbox/people/bo@contoso.test", change).await;
    }
}

#[tokio::test]
async fn every_refresh_gives_a_new_token_and_the_old_one_stays_valid() {
    let it = Connected::new().await;
    let second = it.refresh(&it.token).await.member("refresh_token");
    assert_ne!(second, it.token);
    let third = it.refresh(&it.token).await.member("refresh_token");
    assert_ne!(third, second);
    assert_eq!(it.refresh(&second).await.status, 200);
    assert!(1000 < second.len(), "as long as Microsoft's");
}

#[tokio::test]
async fn in_strict_mode_a_used_token_is_dead_and_kills_its_family() {
    let it = Connected::new().await;
    it.world.post("/sandbox/mode", json!({ "refresh": "strict" })).await;
    let second = it.refresh(&it.token).await.member("refresh_token");
    let third = it.refresh(&second).await.member("refresh_token");
    it.refresh(&second).await.fails("invalid_grant", 70000);
    it.refresh(&third).await.fails("invalid_grant", 70000);
}

#[tokio::test]
async fn in_strict_mode_one_of_many_refreshes_at_once_wins() {
    let it = Connected::new().await;
    it.world.post("/sandbox/mode", json!({ "refresh": "strict" })).await;
    let all = futures_util::future::join_all((0..8).map(|_| it.refresh(&it.token))).await;
    assert_eq!(all.iter().filter(|answer| answer.status == 200).count(), 1);
}

#[tokio::test]
async fn in_strict_mode_a_code_used_twice_ends_what_it_gave() {
    let world = World::start().await;
    world.post("/sandbox/mode", json!({ "refresh": "strict" })).await;
    let app = world.web_app();
    let code = world.code("common", &app, "bo@contoso.test").await;
    let token = world.redeem("common", &app, &code, &[]).await.member("refresh_token");
    world
        .redeem("common", &app, &code, &[])
        .await
        .fails("invalid_grant", 54005);
    world
        .refresh("common", &app, &token, &[])
        .await
        .fails("invalid_grant", 70000);
}

#[tokio::test]
async fn without_offline_access_a_refresh_gives_no_new_refresh_token() {
    let it = Connected::new().await;
    let scope = [("scope", "https://analysis.windows.net/powerbi/api/.default openid")];
    let answer = it.world.refresh(CONTOSO, &it.app, &it.token, &scope).await;
    assert!(answer.body["access_token"].is_string() && answer.body.get("refresh_token").is_none());
    let same = it.world.refresh(CONTOSO, &it.app, &it.token, &[("scope", "-")]).await;
    assert!(
        same.body["refresh_token"].is_string(),
        "without a scope the sign-in's is used"
    );
}

#[tokio::test]
async fn ninety_quiet_days_end_a_grant_and_each_use_starts_them_anew() {
    let it = Connected::new().await;
    it.world.advance_days(89);
    let second = it.refresh(&it.token).await.member("refresh_token");
    it.world.advance_days(89);
    let third = it.refresh(&second).await.member("refresh_token");
    it.world.advance_days(90);
    let answer = it.refresh(&third).await;
    answer.fails("invalid_grant", 700082);
    assert_eq!(answer.body["suberror"], "token_expired");
}

#[tokio::test]
async fn tokens_of_a_single_page_application_end_after_a_day() {
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
    let origin = [("origin", "https://gateway.test")];
    let id = app.client_id.as_str();
    let form = [
        ("client_id", id),
        ("grant_type", "authorization_code"),
        ("code", &code),
        ("redirect_uri", CALLBACK),
        ("code_verifier", VERIFIER),
    ];
    let token = world.token("common", &form, &origin).await.member("refresh_token");
    world.sandbox.clock().advance(23 * 60 * 60 * 1000);
    let form = [
        ("client_id", id),
        ("grant_type", "refresh_token"),
        ("refresh_token", &token),
        ("scope", SCOPE),
    ];
    let second = world.token("common", &form, &origin).await.member("refresh_token");
    world.sandbox.clock().advance(60 * 60 * 1000);
    let form = [
        ("client_id", id),
        ("grant_type", "refresh_token"),
        ("refresh_token", &second),
        ("scope", SCOPE),
    ];
    world
        .token("common", &form, &origin)
        .await
        .fails("invalid_grant", 700084);
}

#[tokio::test]
async fn revoked_sessions_end_refresh_tokens_and_browser_sessions() {
    let it = Connected::new().await;
    it.change_bo(json!({ "revoke_sessions": true })).await;
    it.refresh(&it.token).await.fails("invalid_grant", 50173);
    let fresh = it.world.tokens("organizations", &it.app, "bo@contoso.test").await;
    assert_eq!(it.refresh(fresh["refresh_token"].as_str().unwrap()).await.status, 200);
}

#[tokio::test]
async fn a_disabled_and_a_deleted_person_cannot_refresh() {
    let it = Connected::new().await;
    it.change_bo(json!({ "disabled": true })).await;
    let answer = it.refresh(&it.token).await;
    answer.fails("invalid_grant", 50057);
    it.change_bo(json!({ "disabled": false })).await;
    assert_eq!(it.refresh(&it.token).await.status, 200);
    let path = format!("{}/sandbox/people/bo@contoso.test", it.world.url);
    assert_eq!(it.world.http.delete(path).send().await.unwrap().status(), 204);
    it.refresh(&it.token).await.fails("invalid_grant", 500341);
}

#[tokio::test]
async fn withdrawn_consent_shows_at_the_next_refresh() {
    let it = Connected::new().await;
    it.change_bo(json!({ "withdraw_consent": it.app.client_id })).await;
    let answer = it.refresh(&it.token).await;
    answer.fails("invalid_grant", 65001);
    assert_eq!(answer.body["suberror"], "consent_required");
}

#[tokio::test]
async fn a_second_factor_asked_for_later_interrupts_the_refresh_until_the_next_sign_in() {
    let it = Connected::new().await;
    it.change_bo(json!({ "needs_second_factor": true })).await;
    let answer = it.refresh(&it.token).await;
    answer.fails("interaction_required", 50076);
    assert_eq!(answer.body["suberror"], "basic_action");
    let claims: Value = serde_json::from_str(&answer.member("claims")).unwrap();
    assert!(claims["access_token"]["capolids"].is_object());
    let fresh = it.world.tokens("organizations", &it.app, "bo@contoso.test").await;
    assert_eq!(it.refresh(fresh["refresh_token"].as_str().unwrap()).await.status, 200);
}

#[tokio::test]
async fn a_refresh_token_is_its_clients_alone() {
    let it = Connected::new().await;
    let other = it.world.web_app();
    it.world
        .refresh(CONTOSO, &other, &it.token, &[])
        .await
        .fails("invalid_grant", 70000);
    it.world
        .refresh(CONTOSO, &it.app, "garbage", &[])
        .await
        .fails("invalid_grant", 9002313);
    let cut = &it.token[..it.token.len() - 8];
    it.refresh(cut).await.fails("invalid_grant", 70000);
}

#[tokio::test]
async fn an_application_deleted_or_disabled_stops_the_refresh() {
    let it = Connected::new().await;
    let path = format!("/sandbox/apps/{}", it.app.client_id);
    it.world.patch(&path, json!({ "disabled": true })).await;
    it.refresh(&it.token).await.fails("unauthorized_client", 7000112);
    it.world
        .http
        .delete(format!("{}{path}", it.world.url))
        .send()
        .await
        .unwrap();
    it.refresh(&it.token).await.fails("unauthorized_client", 700016);
}

#[tokio::test]
async fn a_guest_refreshes_where_he_signed_in_and_in_his_home() {
    let world = World::start().await;
    let app = world.web_app();
    let tokens = world.tokens(CONTOSO, &app, "gus@fabrikam.test").await;
    let token = tokens["refresh_token"].as_str().unwrap();
    let there = world.refresh(CONTOSO, &app, token, &[]).await;
    assert_eq!(claims(&there.body["access_token"])["tid"], CONTOSO);
    // His home directory has its own consent.
    world
        .refresh(FABRIKAM, &app, token, &[])
        .await
        .fails("invalid_grant", 65001);
    let bo = world.tokens(CONTOSO, &app, "bo@contoso.test").await;
    let stranger = world
        .refresh(FABRIKAM, &app, bo["refresh_token"].as_str().unwrap(), &[])
        .await;
    stranger.fails("invalid_grant", 50020);
}
