//! A rule that was saved holds for every call that begins afterwards.

use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::future::join_all;
use gatepost::admin;
use gatepost::policy::{Action, Form, Source};
use gatepost::store::{environments, policies};

use crate::portal::Gateway;
use crate::waiting::until;
use crate::world::{BO, World};

/// POL-08
#[tokio::test(flavor = "multi_thread")]
async fn no_call_that_begins_after_a_denial_was_saved_is_allowed_however_many_are_under_way() {
    let world = World::new().await;
    let guest = world.connect(BO).await;
    let key = world.key(&guest.person).await;
    let before = version(&world).await;
    let denied = AtomicBool::new(false);
    let caller = async || {
        let mut seen = Vec::new();
        for _ in 0..40 {
            let began_after = denied.load(Ordering::SeqCst);
            let status = world.get(&key, "/groups").await.status().as_u16();
            seen.push((began_after, status));
        }
        seen
    };
    let deny = async {
        until("twenty calls were made", async || {
            20 <= world.entries_of("call.closed").await.len()
        })
        .await;
        let form = Form::about("Nothing any more", Action::Deny, &[catalogue::Effect::Read]);
        let input = admin::PolicyInput {
            name: form.name.clone(),
            enabled: true,
            source: Source::Form(form),
        };
        admin::create_policy(&world.app, &world.owner_caller(), input)
            .await
            .unwrap();
        denied.store(true, Ordering::SeqCst);
    };
    let (seen, ()) = tokio::join!(join_all((0..8).map(|_| caller())), deny);
    let seen: Vec<(bool, u16)> = seen.concat();
    assert!(seen.contains(&(false, 200)) && seen.contains(&(true, 403)), "{seen:?}");
    assert!(!seen.contains(&(true, 200)), "{seen:?}");
    let after = version(&world).await;
    for opened in world.entries_of("call.opened").await {
        assert_eq!(
            opened["details"]["basis"]["policy_version"], before,
            "allowed by the old rules: {opened}"
        );
    }
    assert!(before < after);
}

async fn version(world: &World) -> i64 {
    let found = environments::policy_version(&world.app.db, &world.environment).await;
    found.unwrap().unwrap()
}

/// Many operations have two addresses: a rule covers both where that is ticked, and else says which one it leaves open.
#[tokio::test]
async fn a_denial_covers_both_forms_where_that_is_ticked_and_else_says_what_stays_open() {
    let (gateway, done) = Gateway::with_owner().await;
    let mut ada = gateway.signed_in("ada@example.com").await;
    for (name, both_forms) in [("One form", ""), ("Both forms", "yes")] {
        let fields = [
            ("name", name),
            ("enabled", "yes"),
            ("written", "form"),
            ("action", "deny"),
            ("operations", "datasets.get"),
            ("both_forms", both_forms),
        ];
        let fields: Vec<_> = fields.into_iter().filter(|it| !it.1.is_empty()).collect();
        let saved = ada.post("/policies", &fields).await;
        assert_eq!(saved.location(), "/policies?done=policy-saved", "{}", saved.body);
    }
    let list = ada.get("/policies").await.body;
    let told = "the other form stays open: datasets.get_in_group";
    assert_eq!(list.matches(told).count(), 1, "{list}");
    let all = policies::list(&gateway.app.db, &done.environment).await.unwrap();
    let covers = |name: &str| {
        let found = all.iter().find(|it| it.name == name).unwrap();
        found.source.contains("datasets.get_in_group")
    };
    assert_eq!((covers("One form"), covers("Both forms")), (false, true));
}
