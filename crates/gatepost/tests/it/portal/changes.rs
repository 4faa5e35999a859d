//! What changes through forms: stored, on record, within one's rights and one's own environment.

use gatepost::admin::{self, Refused};
use gatepost::caller::{Role, ScopeSet};
use gatepost::policy::{Action, Form, Source};
use gatepost::store::{api_keys, environments, integrations, policies};
use http::StatusCode;
use secrecy::SecretString;

use super::sample::{caller, registration, sample, stranger};
use crate::listed;

async fn last_kind(it: &super::sample::Sample) -> String {
    let rows = listed::newest(&it.gateway.app.db, &it.owner.environment, 1).await;
    rows[0].kind.clone()
}

#[tokio::test]
async fn an_integration_is_checked_sealed_and_kept_secret() {
    let it = sample().await;
    let mut ada = it.gateway.signed_in("ada@example.com").await;
    let bad = [
        ("name", ""),
        ("client_id", "not-a-guid"),
        ("secret", "11111111-2222-4333-8444-555555555555"),
        ("tenant", "consumers"),
        ("cloud", "nowhere"),
        ("secret_expires", "tomorrow"),
    ];
    let refused = ada.post("/integrations", &bad).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    for problem in [
        "expected a name",
        "expected the Application (client) ID",
        "this is the Secret ID",
        "personal Microsoft accounts",
        "expected one of the clouds",
        "expected a day such as",
    ] {
        assert!(refused.body.contains(problem), "{problem}");
    }
    assert!(
        !refused.body.contains("value=\"11111111"),
        "a refused secret is not shown again"
    );
    let secret = format!("xyz8Q~{}", "s".repeat(34));
    let good = [
        ("name", "Second"),
        ("client_id", "{11111111-2222-4333-8444-555555555555}"),
        ("secret", &secret),
        ("tenant", ""),
        ("cloud", "public"),
        ("secret_expires", ""),
    ];
    let saved = ada.post("/integrations", &good).await;
    assert!(saved.location().ends_with("?done=integration-saved"), "{}", saved.body);
    let page = ada.get(saved.location()).await.body;
    assert!(page.contains("xyz… is stored") && !page.contains(&secret));
    assert_eq!(last_kind(&it).await, "integration.created");
    let row = integrations::list(&it.gateway.app.db, &it.owner.environment)
        .await
        .unwrap()
        .into_iter()
        .find(|row| row.name == "Second")
        .unwrap();
    assert_eq!(row.client_id, "11111111-2222-4333-8444-555555555555");
    let entries = listed::newest(&it.gateway.app.db, &it.owner.environment, 50).await;
    assert!(entries.iter().all(|it| !it.entry.contains(&secret)));
}

#[tokio::test]
async fn editing_keeps_the_secret_clears_the_fault_and_never_sends_it_elsewhere() {
    let it = sample().await;
    let (app, id) = (&it.gateway.app, &it.integration.id);
    integrations::save_broken(
        &app.db,
        id,
        "AADSTS7000222",
        "The secret has expired.",
        it.owner.authenticated_at,
    )
    .await
    .unwrap();
    let mut input = registration();
    input.secret = SecretString::default();
    input.name = "Renamed".into();
    admin::save_integration(app, &it.owner, id, &input).await.unwrap();
    let row = integrations::find(&app.db, id).await.unwrap().unwrap();
    assert_eq!((row.state.as_str(), row.name.as_str()), ("ok", "Renamed"));
    assert_eq!(row.secret_sealed, it.integration.secret_sealed);
    input.cloud = "usgov".into();
    let Err(Refused::Invalid(problems)) = admin::save_integration(app, &it.owner, id, &input).await else {
        panic!("expected a refusal")
    };
    assert!(problems["secret"].contains("enter the secret again"), "{problems:?}");
}

#[tokio::test]
async fn a_policy_by_form_and_by_text_bumps_the_version() {
    let it = sample().await;
    let mut ada = it.gateway.signed_in("ada@example.com").await;
    let db = &it.gateway.app.db;
    let version = environments::policy_version(db, &it.owner.environment)
        .await
        .unwrap()
        .unwrap();
    let form = [
        ("written", "form"),
        ("name", "Finance may refresh"),
        ("enabled", "yes"),
        ("action", "approval"),
        ("effects", "run"),
        ("effects", "create"),
        ("groups", it.group.as_str()),
        (
            "workspaces",
            "https://app.powerbi.com/groups/F089354E-8366-4E18-AEA3-4CB4A3A50B48/list",
        ),
    ];
    let saved = ada.post("/policies", &form).await;
    assert_eq!(saved.location(), "/policies?done=policy-saved", "{}", saved.body);
    let page = ada.get("/policies").await.body;
    assert!(page.contains("The group Finance may run refreshes and exports or create once an administrator has approved the exact call, in the workspace f089354e-8366-4e18-aea3-4cb4a3a50b48."), "{page}");
    let wrong = ada
        .post(
            "/policies",
            &[
                ("written", "cedar"),
                ("name", "By hand"),
                ("enabled", "yes"),
                ("cedar", "permit (\n  principal,\n  action,\n  resorce\n);"),
            ],
        )
        .await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(wrong.body.contains("line 4, column 3"), "{}", wrong.body);
    let right = ada
        .post(
            "/policies",
            &[
                ("written", "cedar"),
                ("name", "By hand"),
                ("cedar", "forbid (principal, action in Action::\"delete\", resource);"),
            ],
        )
        .await;
    assert_eq!(right.location(), "/policies?done=policy-saved", "{}", right.body);
    assert_eq!(
        environments::policy_version(db, &it.owner.environment).await.unwrap(),
        Some(version + 2)
    );
    let by_hand = policies::list(db, &it.owner.environment)
        .await
        .unwrap()
        .into_iter()
        .find(|row| row.name == "By hand")
        .unwrap();
    assert!(!by_hand.enabled);
    ada.post(&format!("/policies/{}/enable", by_hand.id), &[]).await;
    assert_eq!(last_kind(&it).await, "policy.enabled");
    ada.post(&format!("/policies/{}/delete", by_hand.id), &[]).await;
    assert_eq!(
        environments::policy_version(db, &it.owner.environment).await.unwrap(),
        Some(version + 4)
    );
    assert!(it.gateway.app.policies.of(db, &it.owner.environment).await.is_ok());
}

/// WEB-13, WEB-14
#[tokio::test]
async fn a_key_is_shown_once_and_never_wider_than_its_maker() {
    let it = sample().await;
    let mut bob = it.gateway.signed_in("bob@example.com").await;
    for wider in [
        [("name", "x"), ("scopes", "powerbi.admin"), ("days", "30")],
        [("name", "x"), ("scopes", "powerbi.read"), ("kind", "application")],
    ] {
        assert_eq!(bob.post("/keys", &wider).await.status, StatusCode::FORBIDDEN);
    }
    let made = bob
        .post(
            "/keys",
            &[
                ("name", "mine"),
                ("scopes", "powerbi.read"),
                ("days", "30"),
                ("role", "owner"),
                ("person_id", &it.owner.person.0),
            ],
        )
        .await;
    assert_eq!(made.status, StatusCode::OK, "{}", made.body);
    let key = made
        .body
        .split(['<', '>', ' ', '\''])
        .find(|it| it.starts_with("gp_key_") && it.len() == 50)
        .expect("the key is on the page")
        .to_owned();
    let stored = api_keys::find_by_hash(&it.gateway.app.db, &gatepost::session::hash(&key))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(stored.key.person_id.as_ref(), Some(&it.person));
    assert!(!bob.get("/keys").await.body.contains(&key));
    let ada = it.gateway.signed_in("ada@example.com").await;
    drop(ada);
    assert_eq!(
        bob.post(&format!("/keys/{}/revoke", it.key), &[]).await.status,
        StatusCode::NOT_FOUND,
        "somebody else's key"
    );
    assert_eq!(
        bob.post(&format!("/keys/{}/revoke", stored.key.id), &[])
            .await
            .location(),
        "/keys?done=revoked"
    );
    assert_eq!(last_kind(&it).await, "api_key.revoked");
}

#[tokio::test]
async fn who_asked_does_not_approve_and_a_decision_is_made_once() {
    let it = sample().await;
    let app = &it.gateway.app;
    let bob = caller(&it.person, &it.owner.environment.0, Role::Administrator, "Bob Reader");
    let id = it.approval.as_str().into();
    assert!(matches!(
        admin::decide_approval(app, &bob, &id, true).await,
        Err(Refused::Conflict(_))
    ));
    admin::decide_approval(app, &it.owner, &id, true).await.unwrap();
    assert_eq!(last_kind(&it).await, "approval.approved");
    assert!(matches!(
        admin::decide_approval(app, &it.owner, &id, false).await,
        Err(Refused::Conflict(_))
    ));
}

/// WEB-14
#[tokio::test]
async fn roles_are_not_widened_and_nobody_locks_themselves_out() {
    let it = sample().await;
    let app = &it.gateway.app;
    let administrator = caller(&"somebody".into(), &it.owner.environment.0, Role::Administrator, "Carl");
    assert!(matches!(
        admin::save_role(app, &administrator, &it.person, Role::Owner).await,
        Err(Refused::NotAllowed)
    ));
    assert!(matches!(
        admin::save_role(app, &administrator, &it.owner.person, Role::Person).await,
        Err(Refused::NotAllowed)
    ));
    assert!(matches!(
        admin::save_locked(app, &it.owner, &it.owner.person, true).await,
        Err(Refused::Conflict(_))
    ));
    let bob = caller(&it.person, &it.owner.environment.0, Role::Person, "Bob Reader");
    assert!(matches!(
        admin::save_role(app, &bob, &it.person, Role::Owner).await,
        Err(Refused::NotAllowed)
    ));
    assert!(matches!(
        admin::create_group(app, &bob, "Mine").await,
        Err(Refused::NotAllowed)
    ));
    admin::save_role(app, &administrator, &it.person, Role::Administrator)
        .await
        .unwrap();
    assert_eq!(last_kind(&it).await, "person.role_changed");
}

/// WEB-22, ISO-06: ids of another environment are refused as unknown.
#[tokio::test]
async fn ids_of_another_environment_are_unknown() {
    let it = sample().await;
    let app = &it.gateway.app;
    let eve = stranger(&it.gateway).await;
    let elsewhere = caller(&eve.id, "other-environment", Role::Owner, "Eve");
    assert!(matches!(
        admin::person(app, &it.owner, &eve.id).await,
        Err(Refused::NotFound)
    ));
    assert!(matches!(
        admin::save_locked(app, &it.owner, &eve.id, true).await,
        Err(Refused::NotFound)
    ));
    assert!(matches!(
        admin::integration(app, &elsewhere, &it.integration.id).await,
        Err(Refused::NotFound)
    ));
    assert!(matches!(
        admin::delete_integration(app, &elsewhere, &it.integration.id).await,
        Err(Refused::NotFound)
    ));
    assert!(matches!(
        admin::delete_policy(app, &elsewhere, &it.policy.as_str().into()).await,
        Err(Refused::NotFound)
    ));
    assert!(matches!(
        admin::decide_approval(app, &elsewhere, &it.approval.as_str().into(), true).await,
        Err(Refused::NotFound)
    ));
    assert!(matches!(
        admin::revoke_grant(app, &elsewhere, &it.grant.as_str().into()).await,
        Err(Refused::NotFound)
    ));
    assert!(matches!(
        admin::revoke_key(app, &elsewhere, &it.key.as_str().into()).await,
        Err(Refused::NotFound)
    ));
    assert!(matches!(
        admin::add_member(app, &it.owner, &it.group.as_str().into(), &eve.id).await,
        Err(Refused::NotFound)
    ));
    assert!(ScopeSet::all().covers(&elsewhere.scopes));
}

/// ISO-12
#[tokio::test]
async fn exports_hold_everything_asked_for_and_only_ones_own() {
    let it = sample().await;
    let mut ada = it.gateway.signed_in("ada@example.com").await;
    let lines = ada.get("/activity/export/jsonl?kind=call.").await;
    assert_eq!(lines.headers["content-type"], "application/jsonl; charset=utf-8");
    let calls: Vec<serde_json::Value> = lines.body.lines().map(|it| serde_json::from_str(it).unwrap()).collect();
    assert!(
        20 < calls.len()
            && calls
                .iter()
                .all(|it| it["entry"]["kind"].as_str().unwrap().starts_with("call.")),
        "{}",
        calls.len()
    );
    assert_eq!(last_kind(&it).await, "audit.exported");
    let table = ada.get("/activity/export/csv").await;
    assert!(table.body.starts_with("seq,time,environment,person,kind"));
    let mut bob = it.gateway.signed_in("bob@example.com").await;
    let mine = bob
        .get(&format!("/activity/export/jsonl?person={}", it.owner.person))
        .await;
    assert!(
        mine.body.lines().all(|line| line.contains(&it.person.0)),
        "{}",
        mine.body
    );
    assert_eq!(ada.get("/activity/export/exe").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn people_joining_is_set_by_directory_ids() {
    let it = sample().await;
    let mut ada = it.gateway.signed_in("ada@example.com").await;
    let wrong = ada
        .post(
            "/settings/admission",
            &[("joining", "open"), ("tenants", "contoso.com")],
        )
        .await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    let saved = ada
        .post(
            "/settings/admission",
            &[
                ("joining", "closed"),
                ("tenants", "AAAAAAAA-0000-4000-8000-000000000001\n"),
            ],
        )
        .await;
    assert_eq!(saved.location(), "/settings?done=saved", "{}", saved.body);
    let environment = environments::find(&it.gateway.app.db, &it.owner.environment)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        environment.admission,
        r#"{"closed":true,"tenants":["aaaaaaaa-0000-4000-8000-000000000001"]}"#
    );
}

/// WEB-18
#[tokio::test]
async fn ones_own_sessions_can_be_ended_and_nobody_elses() {
    let it = sample().await;
    let mut first = it.gateway.signed_in("ada@example.com").await;
    let mut second = it.gateway.signed_in("ada@example.com").await;
    let mut bob = it.gateway.signed_in("bob@example.com").await;
    let hash: String = gatepost::session::hash(&first.cookies[gatepost::session::SESSION])
        .iter()
        .map(|it| format!("{it:02x}"))
        .collect();
    assert_eq!(
        bob.post(&format!("/account/sessions/{hash}/end"), &[]).await.status,
        StatusCode::NOT_FOUND
    );
    assert_eq!(first.get("/account").await.status, StatusCode::OK);
    second.post("/account/sessions/end-others", &[]).await;
    assert_eq!(first.get("/account").await.status, StatusCode::SEE_OTHER);
    assert_eq!(second.get("/account").await.status, StatusCode::OK);
    let changed = second
        .post(
            "/account/password",
            &[
                ("present", super::PASSWORD),
                ("password", "a quite new password"),
                ("again", "a quite new password"),
            ],
        )
        .await;
    assert_eq!(changed.location(), "/account?done=password-changed", "{}", changed.body);
}

/// POL-05
#[tokio::test]
async fn groups_and_policies_whose_names_look_the_same_are_refused_and_ids_decide() {
    let it = sample().await;
    let app = &it.gateway.app;
    let finance = |name: &str| admin::PolicyInput {
        name: name.into(),
        enabled: true,
        source: Source::Form(Form::about(name, Action::Allow, &[catalogue::Effect::Read])),
    };
    admin::create_policy(app, &it.owner, finance("Finance")).await.unwrap();
    for name in [
        "FINANCE",
        " Finance",
        "Fin\u{200d}ance",
        "Finаnce",
        "Ｆinance",
        "Fin\u{202e}ance",
        "",
        " \u{a0}",
        "\u{200b}",
    ] {
        let group = admin::create_group(app, &it.owner, name).await;
        assert!(matches!(group, Err(Refused::Invalid(_))), "group {name:?}: {group:?}");
        let policy = admin::create_policy(app, &it.owner, finance(name)).await;
        assert!(
            matches!(policy, Err(Refused::Invalid(_))),
            "policy {name:?}: {policy:?}"
        );
    }
    // A policy names the group's id: a new group by an old name takes nothing over.
    let old = gatepost::caller::GroupId(it.group.clone());
    let form = Form {
        groups: vec![old.clone()],
        ..Form::about("Of the group", Action::Deny, &[catalogue::Effect::Read])
    };
    let input = admin::PolicyInput {
        name: form.name.clone(),
        enabled: true,
        source: Source::Form(form),
    };
    let id = admin::create_policy(app, &it.owner, input).await.unwrap();
    admin::delete_group(app, &it.owner, &old).await.unwrap();
    let new = admin::create_group(app, &it.owner, "Finance").await.unwrap();
    assert_ne!(new, old);
    let stored = admin::policy(app, &it.owner, &id).await.unwrap();
    assert!(stored.source.contains(&old.0) && !stored.source.contains(&new.0));
}
