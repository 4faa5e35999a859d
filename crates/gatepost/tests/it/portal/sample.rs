//! Sample data: an environment in which something of everything has happened.

use catalogue::clouds;
use gatepost::admin::{self, IntegrationInput, KeyInput};
use gatepost::audit::Entry;
use gatepost::caller::{Caller, ConnectionId, PersonId, Role, ScopeSet, Through};
use gatepost::clock::Timestamp;
use gatepost::policy::{CanonicalJson, Plan};
use gatepost::store::approvals::{self, Approval};
use gatepost::store::clients::{self, Client};
use gatepost::store::connections::{self, Connection};
use gatepost::store::grants::{self, Grant};
use gatepost::store::integrations::{self, Integration};
use gatepost::store::people::{self, Person};
use serde_json::json;

use super::{Gateway, NOW};

/// Ids of what the sample holds.
pub(crate) struct Sample {
    pub gateway: Gateway,
    pub owner: Caller,
    pub person: PersonId,
    pub integration: Integration,
    pub connection: ConnectionId,
    pub grant: String,
    pub approval: String,
    pub group: String,
    pub key: String,
    pub policy: String,
}

/// Everything, as Ada, the owner, left it.
pub(crate) async fn sample() -> Sample {
    let (gateway, done) = Gateway::with_owner().await;
    let owner = caller(&done.owner, &done.environment.0, Role::Owner, "Ada Byron");
    let person = add_person(&gateway, &owner).await;
    let integration = add_integration(&gateway, &owner).await;
    let connection = connect(
        &gateway,
        &owner,
        &integration,
        &owner.person,
        "Ada Byron",
        "connected",
        ALL,
    )
    .await;
    connect(
        &gateway,
        &owner,
        &integration,
        &person,
        "Bob Reader",
        "needs_reconnect",
        "App.Read.All Dataset.Read.All",
    )
    .await;
    let grant = allow(&gateway, &owner, &integration).await;
    let approval = ask(&gateway, &owner, &person, &connection).await;
    let group = admin::create_group(&gateway.app, &owner, "Finance").await.unwrap();
    admin::add_member(&gateway.app, &owner, &group, &person).await.unwrap();
    let input = KeyInput {
        name: "nightly refresh".into(),
        is_application: false,
        scopes: ScopeSet::parse("powerbi.write").unwrap(),
        days: Some(90),
    };
    let key = admin::create_key(&gateway.app, &owner, &input).await.unwrap();
    calls(&gateway, &owner).await;
    let policy = gatepost::store::policies::list(&gateway.app.db, &owner.environment)
        .await
        .unwrap()
        .remove(0);
    Sample {
        owner,
        person,
        integration,
        connection,
        grant,
        approval,
        group: group.0,
        key: key.id.0,
        policy: policy.id.0,
        gateway,
    }
}

const ALL: &str = "App.Read.All Dashboard.Read.All Dashboard.ReadWrite.All Dataflow.ReadWrite.All Dataset.Read.All Dataset.ReadWrite.All Report.Read.All Report.ReadWrite.All Workspace.Read.All Workspace.ReadWrite.All";

pub(crate) fn caller(person: &PersonId, environment: &str, role: Role, name: &str) -> Caller {
    Caller {
        environment: environment.into(),
        person: person.clone(),
        person_name: name.into(),
        role,
        groups: vec![],
        through: Through::Portal,
        scopes: ScopeSet::all(),
        authenticated_at: NOW,
        address: Some("192.0.2.7".parse().unwrap()),
        trace: "trace-of-the-sample".into(),
    }
}

async fn add_person(gateway: &Gateway, owner: &Caller) -> PersonId {
    let new = admin::NewAdministrator::check("Bob Reader", "bob@example.com", super::PASSWORD).unwrap();
    let id = admin::add_administrator(&gateway.app, owner, &new).await.unwrap();
    admin::save_role(&gateway.app, owner, &id, Role::Person).await.unwrap();
    id
}

/// A person of another environment, whom nobody of the first may see.
pub(crate) async fn stranger(gateway: &Gateway) -> Person {
    let environment = gatepost::store::environments::Environment {
        id: "other-environment".into(),
        slug: "other".into(),
        name: "Other".into(),
        is_default: false,
        admission: "{}".into(),
        policy_version: 1,
        created_at: NOW,
    };
    let mut tx = gateway.app.db.begin().await.unwrap();
    gatepost::store::environments::create(&mut tx, &environment)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    let person = Person {
        id: "stranger".into(),
        environment_id: environment.id,
        name: "Eve Elsewhere".into(),
        email: None,
        external_id: None,
        role: "person".into(),
        password_hash: None,
        tenant_id: None,
        object_id: None,
        locked_at: None,
        created_at: NOW,
        last_seen_at: None,
    };
    people::create(&gateway.app.db, &person).await.unwrap();
    person
}

pub(crate) fn registration() -> IntegrationInput {
    IntegrationInput {
        name: "Power BI".into(),
        client_id: "11111111-2222-4333-8444-555555555555".into(),
        secret: format!("abc8Q~{}", "x".repeat(34)).into(),
        tenant: "contoso.onmicrosoft.com".into(),
        cloud: clouds::all()[0].id.clone(),
        secret_expires: "2026-12-20".into(),
        ends: None,
    }
}

async fn add_integration(gateway: &Gateway, owner: &Caller) -> Integration {
    let saved = admin::create_integration(&gateway.app, owner, &registration())
        .await
        .unwrap();
    integrations::find(&gateway.app.db, &saved.id).await.unwrap().unwrap()
}

async fn connect(
    gateway: &Gateway,
    owner: &Caller,
    through: &Integration,
    person: &PersonId,
    name: &str,
    state: &str,
    scopes: &str,
) -> ConnectionId {
    let it = Connection {
        id: gateway.app.clock.new_id().into(),
        environment_id: owner.environment.clone(),
        integration_id: through.id.clone(),
        person_id: person.clone(),
        state: state.into(),
        tenant_id: "aaaaaaaa-0000-4000-8000-000000000001".into(),
        object_id: format!(
            "bbbbbbbb-0000-4000-8000-00000000000{}",
            if *person == owner.person { 2 } else { 3 }
        ),
        account_name: name.into(),
        account_username: format!("{}@contoso.com", name.split(' ').next().unwrap().to_lowercase()),
        scopes: scopes.into(),
        access_sealed: None,
        refresh_sealed: None,
        access_expires_at: NOW,
        refresh_after: NOW,
        generation: 1,
        lease_owner: None,
        lease_until: NOW,
        failures: 0,
        reason: None,
        reason_code: None,
        claims: None,
        connected_at: NOW.plus_seconds(-3 * 24 * 3600),
        refreshed_at: NOW,
        used_at: None,
    };
    let id = connections::save_connected(&gateway.app.db, &it).await.unwrap();
    if state == "needs_reconnect" {
        let reason = "The refresh token has expired. Sign in again.";
        assert!(
            gatepost::store::refresh::save_dead(&gateway.app.db, &id, 1, reason, "AADSTS700082", None)
                .await
                .unwrap()
        );
    } else {
        connections::touch(&gateway.app.db, &id, None, NOW.plus_seconds(-120))
            .await
            .unwrap();
    }
    id
}

async fn allow(gateway: &Gateway, owner: &Caller, integration: &Integration) -> String {
    let client = Client {
        id: "client-of-claude".into(),
        kind: "dynamic".into(),
        name: "Claude".into(),
        redirect_uris: r#"["https://claude.ai/api/mcp/auth_callback"]"#.into(),
        secret_hash: None,
        auth_method: "none".into(),
        application_type: "web".into(),
        metadata: "{}".into(),
        created_at: NOW,
        used_at: None,
        expires_at: None,
        environment_id: None,
        created_by: None,
    };
    clients::create(&gateway.app.db, &client).await.unwrap();
    let grant = Grant {
        id: gateway.app.clock.new_id().into(),
        environment_id: owner.environment.clone(),
        person_id: owner.person.clone(),
        client_id: client.id,
        integration_id: integration.id.clone(),
        scopes: "powerbi.read offline_access".into(),
        resource: "https://gate.example/mcp".into(),
        authenticated_at: NOW,
        created_at: NOW.plus_seconds(-7200),
        used_at: None,
        revoked_at: None,
        revoked_reason: None,
    };
    let mut tx = gateway.app.db.begin().await.unwrap();
    grants::create(&mut tx, &grant).await.unwrap();
    tx.commit().await.unwrap();
    grant.id.0
}

async fn ask(gateway: &Gateway, owner: &Caller, person: &PersonId, connection: &ConnectionId) -> String {
    let plan = Plan {
        operation: "datasets.refresh_in_group".into(),
        method: "POST".into(),
        path_and_query: "/v1.0/myorg/groups/f089354e-8366-4e18-aea3-4cb4a3a50b48/datasets/cfafbeb1-8037-4d0c-896e-a46fb27ff229/refreshes".into(),
        body: Some(CanonicalJson::of(&json!({ "type": "full", "notifyOption": "MailOnFailure", "objects": [{ "table": "Sales" }] })).unwrap()),
        person: person.clone(),
        client: "client:client-of-claude".into(),
        environment: owner.environment.clone(),
        connection: connection.clone(),
    };
    let approval = Approval {
        id: gateway.app.clock.new_id().into(),
        environment_id: owner.environment.clone(),
        person_id: person.clone(),
        plan_hash: plan.hash().to_vec(),
        plan: serde_json::to_string(&plan).unwrap(),
        plan_sealed: None,
        summary: "Refresh a semantic model in a workspace".into(),
        asked_through: "Claude".into(),
        state: "pending".into(),
        created_at: NOW.plus_seconds(-600),
        expires_at: NOW.plus_seconds(23 * 3600),
        decided_by: None,
        decided_at: None,
        used_at: None,
        void_why: None,
    };
    approvals::ask(&gateway.app.db, &approval, NOW).await.unwrap().id.0
}

/// A day of calls, more in the morning than at night.
async fn calls(gateway: &Gateway, owner: &Caller) {
    let clock = &gateway.app.clock;
    clock.advance_ms(-23 * 3_600_000);
    for hour in 0..24_u64 {
        for at in 0..(hour * hour * 7 % 13) {
            let caller = Caller {
                trace: format!("trace-{hour}-{at}"),
                ..owner.clone()
            };
            let kind = if at % 5 == 4 { "call.refused" } else { "call.opened" };
            let details = json!({ "operation": "datasets.execute_queries_in_group", "effect": "read", "decision": if at % 5 == 4 { "denied" } else { "" }, "reason": if at % 5 == 4 { "no policy allows it" } else { "" } });
            gateway
                .app
                .audit
                .append(Entry::of(kind, &caller, details))
                .await
                .unwrap();
        }
        clock.advance_ms(3_600_000);
    }
    clock.advance_ms(-3_600_000);
    assert_eq!(clock.now(), Timestamp(NOW.0));
}
