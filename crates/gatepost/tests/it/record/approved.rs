//! A call that waits for approval: its plan keeps no secret, and its approval comes back whenever nothing was sent.

use gatepost::admin;
use gatepost::caller::ApprovalId;
use gatepost::store::{Db, approvals};
use serde_json::{Value, json};

use super::log::{tamper, texts};
use crate::waiting::until;
use crate::world::{ADA, World};

const MODEL: &str = "5a4db0c5-0011-4000-8000-000000000001";
const CANARY: &str = "canary-of-a-password";
const LONG: &str = "UPDATE approvals SET plan_sealed = NULL, plan = 'long: canary-of-a-password'";

/// A person with a key, whose calls that change something need the owner's yes.
pub(super) struct Asking {
    pub(super) world: World,
    pub(super) key: String,
}

impl Asking {
    pub(super) async fn of(world: World) -> Self {
        let ada = world.connect(ADA).await;
        let key = world.key(&ada.person).await;
        Self { world, key }
    }

    /// Posts to the model and gives the status, the gateway's word for it, and the body.
    pub(super) async fn post(&self, path: &str, body: &Value) -> (u16, String, String) {
        let url = format!("{}/powerbi/v1.0/myorg/datasets/{MODEL}/{path}", self.world.url);
        let answer = self
            .world
            .http
            .post(url)
            .bearer_auth(&self.key)
            .json(body)
            .send()
            .await
            .unwrap();
        let word = answer
            .headers()
            .get("gatepost-error")
            .map(|it| it.to_str().unwrap().to_owned());
        (
            answer.status().as_u16(),
            word.unwrap_or_default(),
            answer.text().await.unwrap(),
        )
    }

    /// Asks, and the owner says yes.
    pub(super) async fn approved(&self, path: &str, body: &Value) {
        let (status, word, said) = self.post(path, body).await;
        assert_eq!((status, word.as_str()), (403, "approval_required"), "{said}");
        let pending = texts(&self.world.app.db, "SELECT id FROM approvals WHERE state = 'pending'").await;
        assert_eq!(pending.len(), 1);
        let id = ApprovalId(pending[0].clone());
        admin::decide_approval(&self.world.app, &self.world.owner_caller(), &id, true)
            .await
            .unwrap();
    }

    async fn states(&self) -> Vec<String> {
        texts(
            &self.world.app.db,
            "SELECT state FROM approvals ORDER BY created_at, id",
        )
        .await
    }

    async fn sent(&self) -> usize {
        self.world.ledger("kind=powerbi&method=POST").await.len()
    }
}

/// Whatever keeps an approved call from being sent, its approval can be used once that has passed.
#[tokio::test(flavor = "multi_thread")]
async fn an_approval_is_given_back_whenever_nothing_was_sent() {
    let refresh = json!({ "notifyOption": "NoNotification" });
    for cause in [
        "token endpoint down",
        "a wait after a failure",
        "log refuses",
        "rate budget used up",
    ] {
        let it = Asking::of(World::with(|settings| settings.power_bi_timeout_seconds = 5).await).await;
        let world = &it.world;
        if cause == "rate budget used up" {
            let pause = json!({ "method": "POST", "path": "/refreshes", "kind": "status", "status": 429, "headers": { "retry-after": "600" }, "remaining": 1 });
            world.fault(pause).await;
            let other = json!({ "notifyOption": "MailOnFailure" });
            it.approved("refreshes", &other).await;
            assert_eq!(it.post("refreshes", &other).await.0, 429);
        }
        it.approved("refreshes", &refresh).await;
        let before = it.sent().await;
        match cause {
            "token endpoint down" => {
                world.advance_seconds(2 * 3600);
                world
                    .fault(json!({ "endpoint": "token", "kind": "status", "status": 503, "remaining": 3 }))
                    .await;
            }
            "a wait after a failure" => {
                world.advance_seconds(2 * 3600);
                tamper(
                    &world.app.db,
                    "UPDATE connections SET lease_owner = NULL, lease_until = 1795446000000",
                )
                .await;
            }
            "log refuses" => tamper(&world.app.db, "ALTER TABLE audit_entries RENAME TO gone").await,
            _ => {}
        }
        let (status, word, said) = it.post("refreshes", &refresh).await;
        assert!(400 <= status, "{cause}: {status} {word} {said}");
        assert_eq!(it.sent().await, before, "{cause}: {word} {said}");
        if cause == "log refuses" {
            tamper(&world.app.db, "ALTER TABLE gone RENAME TO audit_entries").await;
        }
        assert_eq!(it.states().await.last().unwrap(), "approved", "{cause}: {word} {said}");
    }
}

/// A caller who leaves while the entry is being written has sent nothing. On SQLite nothing waits there.
#[tokio::test(flavor = "multi_thread")]
async fn an_approval_is_given_back_when_its_caller_leaves() {
    let it = Asking::of(World::new().await).await;
    if matches!(it.world.app.db, Db::Sqlite(_)) {
        return;
    }
    let refresh = json!({ "notifyOption": "NoNotification" });
    it.approved("refreshes", &refresh).await;
    let mut held = it.world.app.db.begin().await.unwrap();
    gatepost::store::audit::lock_head(&mut held).await.unwrap();
    let used = until("the approval is taken", async || it.states().await == ["used"]);
    tokio::select! {
        said = it.post("refreshes", &refresh) => panic!("{said:?}"),
        () = used => {}
    }
    held.commit().await.unwrap();
    until("the approval is free again", async || it.states().await == ["approved"]).await;
    until("what was opened meanwhile has its end", async || {
        it.world.entries_of("call.opened").await.len() == it.world.entries_of("call.closed").await.len()
    })
    .await;
}

/// Nobody listens at Power BI's address.
#[tokio::test(flavor = "multi_thread")]
async fn an_approval_is_given_back_when_nobody_is_there() {
    let it = Asking::of(World::calling("http://127.0.0.1:9").await).await;
    let refresh = json!({ "notifyOption": "NoNotification" });
    it.approved("refreshes", &refresh).await;
    let (status, word, said) = it.post("refreshes", &refresh).await;
    assert_eq!((status, word.as_str()), (502, "power_bi_unreachable"), "{said}");
    assert_eq!(it.states().await, ["approved"]);
}

/// What reached Power BI uses its approval up, whatever came back.
#[tokio::test(flavor = "multi_thread")]
async fn an_approval_is_used_up_by_what_reached_power_bi() {
    let refresh = json!({ "notifyOption": "NoNotification" });
    for fault in [
        json!({ "kind": "status", "status": 400 }),
        json!({ "kind": "drop_response" }),
        json!({ "kind": "malformed" }),
    ] {
        let it = Asking::of(World::new().await).await;
        it.approved("refreshes", &refresh).await;
        let mut rule = fault.clone();
        rule["path"] = "/refreshes".into();
        rule["method"] = "POST".into();
        it.world.fault(rule).await;
        let said = it.post("refreshes", &refresh).await;
        assert_eq!(it.states().await, ["used"], "{fault}: {said:?}");
    }
}

/// A change that Power BI made while the log would not say so is never told to be repeated.
#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_was_done_while_the_log_refused_its_end_is_told_as_done() {
    let it = Asking::of(World::new().await).await;
    let refresh = json!({ "notifyOption": "NoNotification" });
    it.approved("refreshes", &refresh).await;
    it.world
        .fault(json!({ "method": "POST", "path": "/refreshes", "kind": "delay", "ms": 1500, "remaining": 1 }))
        .await;
    let meanwhile = async {
        until("the call is opened", async || {
            !it.world.entries_of("call.opened").await.is_empty()
        })
        .await;
        tamper(&it.world.app.db, "ALTER TABLE audit_entries RENAME TO gone").await;
    };
    let ((status, word, said), ()) = tokio::join!(it.post("refreshes", &refresh), meanwhile);
    assert_eq!((status, word.as_str()), (409, "done_without_record"), "{said}");
    assert!(
        said.contains("RequestId") && said.contains("Do not repeat it"),
        "{said}"
    );
    assert_eq!(it.sent().await, 1);
    tamper(&it.world.app.db, "ALTER TABLE gone RENAME TO audit_entries").await;
    // As soon as the log takes entries again, it has the end.
    gatepost::jobs::due(&it.world.app).await.unwrap();
    let closed = it.world.entries_of("call.closed").await;
    assert_eq!(closed.len(), 1);
    assert_eq!(
        (&closed[0]["details"]["outcome"], &closed[0]["details"]["status"]),
        (&json!("answered"), &json!(202))
    );
}

/// Everything that is stored of plans and entries, as text.
async fn stored(db: &Db) -> String {
    let mut all = texts(db, "SELECT plan FROM approvals").await;
    all.extend(texts(db, "SELECT entry FROM audit_entries").await);
    all.join("\n")
}

/// AUD-08: a secret of a body that waits for approval is nowhere in clear: tables, record, page; and the page tells the rest.
#[tokio::test(flavor = "multi_thread")]
async fn a_secret_that_waits_for_approval_is_nowhere_in_clear() {
    let it = Asking::of(World::new().await).await;
    let body = json!({ "updateDetails": [{ "name": "Server", "newValue": CANARY }] });
    it.approved("Default.UpdateParameters", &body).await;
    for moment in ["waiting", "used"] {
        let all = stored(&it.world.app.db).await;
        assert!(!all.contains(CANARY), "{moment}: {all}");
        let id = ApprovalId(texts(&it.world.app.db, "SELECT id FROM approvals").await.remove(0));
        let row = approvals::find(&it.world.app.db, &it.world.environment, &id)
            .await
            .unwrap()
            .unwrap();
        let plan = it.world.app.plan_of(&row).unwrap();
        let shown = plan.body.unwrap().as_str().to_owned();
        assert_eq!(
            shown, r#"{"updateDetails":[{"name":"Server","newValue":"***"}]}"#,
            "{moment}"
        );
        // Another value is another plan.
        let other = json!({ "updateDetails": [{ "name": "Server", "newValue": "another" }] });
        if moment == "waiting" {
            assert_eq!(it.post("Default.UpdateParameters", &other).await.1, "approval_required");
            tamper(&it.world.app.db, "DELETE FROM approvals WHERE state = 'pending'").await;
            assert_ne!(it.post("Default.UpdateParameters", &body).await.1, "approval_required");
        }
    }
    assert_eq!(it.states().await, ["used"]);
}

/// What an older gateway left in clear is sealed at the next start, and erased from the file.
#[tokio::test(flavor = "multi_thread")]
async fn plans_of_an_older_gateway_are_sealed_and_erased() {
    let it = Asking::of(World::new().await).await;
    let world = &it.world;
    it.approved(
        "Default.UpdateParameters",
        &json!({ "updateDetails": [{ "name": "Server", "newValue": "x" }] }),
    )
    .await;
    for plan in [
        "UPDATE approvals SET plan_sealed = NULL, plan = '{\"operation\":\"datasets.update_parameters\",\"method\":\"POST\",\"path_and_query\":\"/x\",\"body\":\"{\\\"updateDetails\\\":[{\\\"name\\\":\\\"Server\\\",\\\"newValue\\\":\\\"canary-of-a-password\\\"}]}\",\"person\":\"p\",\"client\":\"c\",\"environment\":\"e\",\"connection\":\"n\"}'",
        "UPDATE approvals SET plan_sealed = NULL, plan = 'no plan: canary-of-a-password'",
        LONG,
    ] {
        tamper(&world.app.db, plan).await;
        if plan == LONG {
            // Longer than a page, so that it stands on pages which are free afterwards.
            for _ in 0..10 {
                tamper(&world.app.db, "UPDATE approvals SET plan = plan || plan").await;
            }
        }
        assert!(stored(&world.app.db).await.contains(CANARY));
        world.app.seal_plans().await.unwrap();
        assert!(!stored(&world.app.db).await.contains(CANARY), "{plan}");
        if matches!(world.app.db, Db::Sqlite(_)) {
            for file in ["gatepost.db", "gatepost.db-wal"] {
                let bytes = std::fs::read(world.app.settings.data.join(file)).unwrap_or_default();
                let there = bytes.windows(CANARY.len()).any(|it| it == CANARY.as_bytes());
                assert!(!there, "{file} still holds it after {plan}");
            }
        }
    }
}
