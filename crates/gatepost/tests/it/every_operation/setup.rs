//! A world in which everybody may do everything that Power BI lets them.

use gatepost::admin;
use gatepost::caller::{Caller, PersonId, Role, ScopeSet};
use gatepost::policy::{Action, Form, Source};
use serde_json::{Value, json};

use crate::world::{SECRET, World};

/// One policy in place of all others.
pub(crate) async fn allow_everything(world: &World) {
    let form = Form {
        speaks_for_others: true,
        name: "everything".into(),
        enabled: true,
        action: Action::Allow,
        effects: vec![],
        operations: vec![],
        people: vec![],
        groups: vec![],
        clients: vec![],
        workspaces: vec![],
        max_authentication_age_s: None,
    };
    for rule in gatepost::store::policies::list(&world.app.db, &world.environment)
        .await
        .unwrap()
    {
        admin::delete_policy(&world.app, &world.owner_caller(), &rule.id)
            .await
            .unwrap();
    }
    let input = admin::PolicyInput {
        name: "everything".into(),
        enabled: true,
        source: Source::Form(form),
    };
    admin::create_policy(&world.app, &world.owner_caller(), input)
        .await
        .unwrap();
}

/// A key with every scope a key can have.
pub(crate) async fn full_key(world: &World, person: &PersonId) -> String {
    admin::save_role(&world.app, &world.owner_caller(), person, Role::Administrator)
        .await
        .unwrap();
    let caller = Caller {
        person: person.clone(),
        role: Role::Administrator,
        ..world.owner_caller()
    };
    let scopes = ScopeSet::parse("powerbi.read powerbi.write powerbi.admin").unwrap();
    let input = admin::KeyInput {
        name: "everything".into(),
        is_application: false,
        scopes,
        days: None,
    };
    let made = admin::create_key(&world.app, &caller, &input).await.unwrap();
    secrecy::ExposeSecret::expose_secret(&made.key).to_owned()
}

/// The application of a tenant that grants everything, so that only the person's own rights count.
pub(crate) async fn register_with_every_scope(world: &World) {
    let application = json!({
        "name": "Gatepost with every scope",
        "tid": sandbox::people::CONTOSO,
        "tenants": "single",
        "secrets": [{ "value": SECRET }],
        "redirect_uris": { "web": [format!("{}/integration-callback", world.url)] },
        "permissions": catalogue::scopes::all().iter().map(|it| it.name.as_str()).collect::<Vec<_>>(),
        "user_consent": true,
    });
    let answer = world
        .http
        .post(format!("{}/sandbox/apps", world.sandbox_url))
        .json(&application)
        .send()
        .await
        .unwrap();
    let registered: Value = answer.json().await.unwrap();
    let consent = json!({ "client_id": registered["client_id"] });
    let consents = format!("{}/sandbox/consents", world.sandbox_url);
    assert!(
        world
            .http
            .post(consents)
            .json(&consent)
            .send()
            .await
            .unwrap()
            .status()
            .is_success()
    );
    let input = admin::IntegrationInput {
        client_id: registered["client_id"].as_str().unwrap().to_owned(),
        ends: Some(1),
        ..world.integration_input()
    };
    admin::save_integration(&world.app, &world.owner_caller(), &world.integration, &input)
        .await
        .unwrap();
}

/// A profile of the seeded service principal, asked for at the sandbox itself.
pub(crate) async fn made_profile(world: &World) -> String {
    let form = [
        ("grant_type", "client_credentials"),
        ("client_id", sandbox::people::NIGHTLY_JOB_APP),
        ("client_secret", "sandbox-sample-secret"),
        ("scope", "https://analysis.windows.net/powerbi/api/.default"),
    ];
    let url = format!("{}/{}/oauth2/v2.0/token", world.sandbox_url, sandbox::people::CONTOSO);
    let tokens: Value = world
        .http
        .post(url)
        .form(&form)
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    let token = tokens["access_token"].as_str().unwrap_or_else(|| panic!("{tokens}"));
    let profiles = world.http.post(format!("{}/v1.0/myorg/profiles", world.sandbox_url));
    let made = profiles
        .bearer_auth(token)
        .json(&json!({"displayName": "Of the nightly job"}))
        .send()
        .await
        .unwrap();
    let made: Value = made.json().await.unwrap();
    made["id"].as_str().unwrap_or_default().to_owned()
}
