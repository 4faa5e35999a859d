//! Secrets inside addresses and connection strings are hidden wherever a call is written down, and sent as they were given.

use gatepost::audit::old_secrets;
use gatepost::caller::ApprovalId;
use gatepost::store::approvals;
use sandbox::visitor::Visitor;
use serde_json::{Value, json};

use super::approved::Asking;
use super::log::{tamper, texts};
use crate::world::{BO, OWNER, World};

const CANARY: &str = "canary-of-an-address";
const SOURCES: &str = "/datasets/5a4db0c5-0011-4000-8000-000000000001/datasources";

/// Everything that is stored, as text.
async fn stored(world: &World) -> String {
    let mut all = texts(&world.app.db, "SELECT plan FROM approvals").await;
    all.extend(texts(&world.app.db, "SELECT entry FROM audit_entries").await);
    for row in texts(&world.app.db, "SELECT id FROM approvals").await {
        let row = approvals::find(&world.app.db, &world.environment, &ApprovalId(row)).await;
        all.push(format!("{:?}", world.app.plan_of(&row.unwrap().unwrap())));
    }
    all.join("\n")
}

/// The owner's browser.
pub(crate) async fn owner(world: &World) -> Visitor {
    let mut owner = Visitor::new();
    let page = owner.open(&format!("{}/sign-in", world.url)).await.unwrap();
    let fields = [("email", OWNER.0), ("password", OWNER.1)];
    owner.submit(&page, "/sign-in", &fields).await.unwrap();
    owner
}

/// What the owner is shown.
async fn pages(world: &World) -> String {
    let mut owner = owner(world).await;
    let mut paths = vec!["/activity/export/jsonl".to_owned(), "/activity/export/csv".to_owned()];
    let approvals = texts(&world.app.db, "SELECT id FROM approvals").await;
    paths.extend(approvals.iter().map(|it| format!("/approvals/{it}")));
    let traces = texts(
        &world.app.db,
        "SELECT DISTINCT trace FROM audit_entries WHERE kind LIKE 'call.%' OR kind = 'request.refused'",
    )
    .await;
    paths.extend(traces.iter().map(|it| format!("/activity/trace/{it}")));
    let mut all = String::new();
    for path in ["/activity".to_owned()].into_iter().chain(paths) {
        let page = owner.open(&format!("{}{path}", world.url)).await.unwrap();
        assert_eq!(page.status, 200, "{path}");
        all += &page.body;
    }
    all
}

async fn sources(it: &Asking) -> Value {
    it.world.get(&it.key, SOURCES).await.json().await.unwrap()
}

/// AUD-08: in an object, as text, in a query and in a message, each is hidden in tables, pages and exports; Power BI gets it.
#[tokio::test(flavor = "multi_thread")]
async fn a_secret_inside_an_address_is_written_nowhere_and_sent_as_given() {
    let world = World::new().await;
    // The model is his.
    let bo = world.connect(BO).await;
    let key = world.key(&bo.person).await;
    let it = Asking { world, key };
    let old = sources(&it).await["value"][0]["connectionDetails"].clone();
    let url = format!("https://ada:{CANARY}@files.example/x?sv=1&sig={CANARY}&key={CANARY}");
    let body = json!({ "updateDetails": [{
        "datasourceSelector": { "datasourceType": "Sql", "connectionDetails": old },
        "connectionDetails": { "url": url, "server": format!("db;Password={CANARY}") },
    }] });
    it.approved("Default.UpdateDatasources", &body).await;
    let (status, _, said) = it.post("Default.UpdateDatasources", &body).await;
    assert_eq!(status, 200, "{said}");
    let there = sources(&it).await.to_string();
    assert!(
        there.contains(&url) && there.contains(&format!("Password={CANARY}")),
        "{there}"
    );

    let create = json!({
        "connectionDetails": json!({ "url": url, "password": CANARY }).to_string(), "dataSourceName": "x", "dataSourceType": "Web",
        "credentialDetails": { "credentials": CANARY, "credentialType": "Basic", "encryptedConnection": "Encrypted", "encryptionAlgorithm": "RSA-OAEP", "privacyLevel": "None" },
    });
    let gateways = format!(
        "{}/powerbi/v1.0/myorg/gateways/{}/datasources",
        it.world.url,
        it.world.clock.new_id()
    );
    let asked = it
        .world
        .http
        .post(&gateways)
        .bearer_auth(&it.key)
        .json(&create)
        .send()
        .await
        .unwrap();
    assert_eq!(asked.status(), 403, "{}", asked.text().await.unwrap());
    for path in [
        format!("/groups?$filter=name%20eq%20'https%3A%2F%2Fada%3A{CANARY}%40files.example'"),
        format!("/groups?https%3A%2F%2Fada%3A{CANARY}%40files.example=1"),
        format!("/groups?x%3Bpassword%3D{CANARY}=1"),
    ] {
        it.world.get(&it.key, &path).await;
    }

    let all = stored(&it.world).await;
    assert!(!all.contains(CANARY), "{all}");
    for kept in [
        "https://***@files.example/x?sv=1&sig=***&key=***",
        "db;Password=***",
        "https://***@files.example'",
    ] {
        assert!(all.contains(kept), "{kept}: {all}");
    }
    let all = pages(&it.world).await;
    assert!(!all.contains(CANARY), "{all}");
    assert!(all.contains("***@files.example"), "{all}");
    assert!(all.contains("*** stands for a secret"), "{all}");
}

/// What gateways wrote before such secrets were known is counted.
#[tokio::test(flavor = "multi_thread")]
async fn a_check_counts_older_entries_that_hold_a_secret_inside_an_address() {
    let it = Asking::of(World::new().await).await;
    let catalogue = catalogue::Catalogue::builtin();
    let body = json!({ "updateDetails": [{
        "datasourceSelector": { "datasourceType": "Web", "connectionDetails": { "url": "https://a:b@old.example" } },
        "connectionDetails": { "url": "https://new.example" },
    }] });
    it.post("Default.UpdateDatasources", &body).await;
    assert_eq!(old_secrets(&it.world.app.db, catalogue).await.unwrap().entries, 0);
    let older =
        "UPDATE audit_entries SET entry = replace(replace(entry, '***@old', 'a:b@old'), '\"form\":3', '\"form\":2')";
    tamper(&it.world.app.db, older).await;
    let found = old_secrets(&it.world.app.db, catalogue).await.unwrap();
    assert_eq!(
        (found.entries, &found.operations[..]),
        (1, &["datasets.update_datasources".to_owned()][..])
    );
}
