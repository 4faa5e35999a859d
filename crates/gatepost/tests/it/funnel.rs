//! The funnel from outside: what reaches Power BI is on record first, and nothing reaches it past the record.

use gatepost::store::Db;

use crate::world::{ADA, CY, DI, World};

#[tokio::test]
async fn every_request_at_power_bi_has_its_entry_before_and_after() {
    let world = World::new().await;
    for upn in [ADA, CY, DI] {
        let guest = world.connect(upn).await;
        let key = world.key(&guest.person).await;
        for path in [
            "/groups",
            "/groups?$top=1",
            "/apps",
            "/groups/5a4db0c5-0010-4000-8000-000000000001/reports",
        ] {
            world.get(&key, path).await.bytes().await.unwrap();
        }
        // Refused here: an unknown path, another method's effect, a path that hides something.
        for path in ["/nothing", "/groups/..%2fadmin", "/groups/not-a-guid/reports"] {
            assert!(world.get(&key, path).await.status().is_client_error());
        }
    }
    let sent = world.ledger("kind=powerbi").await.len();
    let (opened, closed) = (
        world.entries_of("call.opened").await,
        world.entries_of("call.closed").await,
    );
    assert_eq!((sent, opened.len(), closed.len()), (12, 12, 12));
    for (before, after) in opened.iter().zip(&closed) {
        assert!(
            closed.iter().any(|it| it["details"]["opened"] == before["seq"]),
            "{before} has no end"
        );
        assert!(after["details"]["request_id"].is_string());
    }
    let report = gatepost::audit::verify(&world.app.db, &world.app.signer.public_key(), None)
        .await
        .unwrap();
    assert_eq!(report.faults, vec![]);
}

/// AUD-02 (half)
#[tokio::test]
async fn nothing_is_sent_when_the_audit_log_cannot_be_written() {
    let world = World::new().await;
    let ada = world.connect(ADA).await;
    let key = world.key(&ada.person).await;
    let before = world.ledger("kind=powerbi").await.len();
    rename(&world.app.db, "ALTER TABLE audit_entries RENAME TO gone").await;
    let answer = world.get(&key, "/groups").await;
    assert_eq!(
        (
            answer.status().as_u16(),
            answer.headers()["gatepost-error"].to_str().unwrap()
        ),
        (503, "audit_unavailable")
    );
    assert_eq!(world.ledger("kind=powerbi").await.len(), before);
    rename(&world.app.db, "ALTER TABLE gone RENAME TO audit_entries").await;
    assert_eq!(world.get(&key, "/groups").await.status(), 200);
}

async fn rename(db: &Db, sql: &'static str) {
    match db {
        Db::Sqlite(pool) => sqlx::query(sql).execute(pool).await.map(drop).unwrap(),
        Db::Postgres(pool) => sqlx::query(sql).execute(pool).await.map(drop).unwrap(),
    }
}
