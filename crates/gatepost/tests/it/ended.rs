//! What a lock or a lost role ended stays ended, is on record, and is told with its cause.

use gatepost::admin::{self, InvitationInput, Refused};
use gatepost::caller::Role;
use gatepost::store::Db;
use serde_json::Value;

use crate::givers::{REFRESH, administrator, as_person, asked, call, refreshes};
use crate::lists::many::run;
use crate::oauth::text;
use crate::record::inside::owner;
use crate::record::log::texts;
use crate::world::{ADA, BO, World, sign_in_at_microsoft};

/// Locks or demotes, and takes it back.
async fn away_and_back(world: &World, person: &gatepost::caller::PersonId, change: &str) {
    let by = world.owner_caller();
    for is_back in [false, true] {
        match change {
            "locked" => admin::save_locked(&world.app, &by, person, !is_back).await,
            // As a gateway that ended nothing left it.
            "locked by an older version" if !is_back => {
                run(
                    &world.app.db,
                    "UPDATE people SET locked_at = 1 WHERE email = 'second@example.com'",
                )
                .await;
                Ok(())
            }
            "locked by an older version" => admin::save_locked(&world.app, &by, person, false).await,
            _ if is_back => admin::save_role(&world.app, &by, person, Role::Administrator).await,
            _ => admin::save_role(&world.app, &by, person, Role::Person).await,
        }
        .unwrap();
    }
}

async fn shown(world: &World, path: &str) -> String {
    let page = owner(world).await.open(&format!("{}{path}", world.url)).await.unwrap();
    assert_eq!(page.status, 200, "{path}");
    page.text()
}

fn causes(entries: &[Value]) -> Vec<&str> {
    entries
        .iter()
        .map(|it| it["details"]["why"].as_str().unwrap())
        .collect()
}

/// POL-10: whoever gave a yes and was locked or demoted gives it anew, or nobody does.
#[tokio::test(flavor = "multi_thread")]
async fn letting_somebody_in_again_revives_no_approval_they_gave() {
    for (change, why, told) in [
        ("locked", "giver_locked", "withdrawn when its maker was locked"),
        (
            "locked by an older version",
            "giver_locked",
            "withdrawn when its maker was locked",
        ),
        ("demoted", "giver_demoted", "withdrawn when its maker lost the role"),
    ] {
        let world = World::new().await;
        let guest = world.connect(BO).await;
        let key = world.key(&guest.person).await;
        let second = administrator(&world, &world.owner_caller(), "second@example.com").await;
        let approval = asked(&world, &key).await;
        let caller = as_person(&world, &second, Role::Administrator);
        admin::decide_approval(&world.app, &caller, &approval, true)
            .await
            .unwrap();
        away_and_back(&world, &second, change).await;
        assert_eq!(causes(&world.entries_of("approval.void").await), [why], "{change}");
        assert_eq!(
            texts(&world.app.db, "SELECT CAST(length(plan_sealed) AS TEXT) FROM approvals").await,
            ["0"]
        );
        let (status, problem) = call(&world, &key, http::Method::POST, REFRESH).await;
        assert_eq!(
            (status, text(&problem, "code")),
            (403, "approval_required".into()),
            "{change}: {problem}"
        );
        assert!(
            text(&problem, "detail").contains("may not approve any more"),
            "{change}: {problem}"
        );
        assert_eq!(refreshes(&world).await, 0, "{change}");
        let page = shown(&world, &format!("/approvals/{approval}")).await;
        assert!(page.contains(told) && page.contains("Void"), "{change}: {page}");
    }
}

/// POL-10: what somebody asked for before they were locked is not decided, nor sent, afterwards.
#[tokio::test(flavor = "multi_thread")]
async fn unlocking_somebody_revives_no_request_they_made() {
    for is_approved in [false, true] {
        let world = World::new().await;
        let by = world.owner_caller();
        let guest = world.connect(BO).await;
        let key = world.key(&guest.person).await;
        let request = asked(&world, &key).await;
        if is_approved {
            admin::decide_approval(&world.app, &by, &request, true).await.unwrap();
        }
        away_and_back(&world, &guest.person, "locked").await;
        assert_eq!(causes(&world.entries_of("approval.void").await), ["asker_locked"]);
        let decided = admin::decide_approval(&world.app, &by, &request, true).await;
        assert!(matches!(decided, Err(Refused::Conflict(_))), "{decided:?}");
        let page = shown(&world, &format!("/approvals/{request}")).await;
        assert!(
            page.contains("request was withdrawn when its maker was locked"),
            "{page}"
        );
        assert_ne!(asked(&world, &key).await, request, "it is asked for anew");
        assert_eq!(refreshes(&world).await, 0);
    }
}

/// WEB-14: the link stays dead, and says why to whoever has it.
#[tokio::test(flavor = "multi_thread")]
async fn letting_somebody_in_again_revives_no_invitation_they_sent() {
    for (change, told) in [
        ("locked", "withdrawn when its maker was locked"),
        ("locked by an older version", "withdrawn when its maker was locked"),
        ("demoted", "withdrawn when its maker lost the role"),
    ] {
        let world = World::new().await;
        let second = administrator(&world, &world.owner_caller(), "second@example.com").await;
        let input = InvitationInput {
            email: ADA.into(),
            is_exact: true,
            role: Role::Person,
        };
        let inviter = as_person(&world, &second, Role::Administrator);
        let link = admin::invite(&world.app, &inviter, &input).await.unwrap();
        let mut browser = sandbox::visitor::Visitor::new();
        let page = browser.open(&link).await.unwrap();
        let at_microsoft = browser.submit(&page, "/sign-in/microsoft", &[]).await.unwrap();
        away_and_back(&world, &second, change).await;
        assert_eq!(
            world.entries_of("person.invitation_withdrawn").await.len(),
            1,
            "{change}"
        );
        let page = sandbox::visitor::Visitor::new().open(&link).await.unwrap();
        assert_eq!(page.status, 404, "{change}");
        assert!(page.text().contains(told), "{change}: {}", page.text());
        let page = sign_in_at_microsoft(&mut browser, at_microsoft, ADA).await;
        assert!(page.text().contains(told), "{change}: {}", page.text());
        assert!(world.entries_of("person.joined").await.is_empty(), "{change}");
        assert!(
            !shown(&world, "/people").await.contains(ADA),
            "{change}: it is not listed as open"
        );
    }
}

/// Each end of an invitation is told as what it was; a link that never was tells nothing.
#[tokio::test(flavor = "multi_thread")]
async fn an_invitation_that_is_over_says_why() {
    let world = World::new().await;
    let open = async |link: &str| sandbox::visitor::Visitor::new().open(link).await.unwrap().text();
    let invite = async |email: &str| {
        let input = InvitationInput {
            email: email.into(),
            is_exact: true,
            role: Role::Person,
        };
        admin::invite(&world.app, &world.owner_caller(), &input).await.unwrap()
    };
    let used = invite(ADA).await;
    let mut browser = sandbox::visitor::Visitor::new();
    let page = browser.open(&used).await.unwrap();
    let there = browser.submit(&page, "/sign-in/microsoft", &[]).await.unwrap();
    assert_eq!(sign_in_at_microsoft(&mut browser, there, ADA).await.status, 200);
    assert!(open(&used).await.contains("was used already"));
    let old = invite("old@example.com").await;
    world.advance_seconds(7 * 24 * 3600 + 1);
    assert!(open(&old).await.contains("older than seven days"));
    assert!(
        open(&format!("{}/invitation/none", world.url))
            .await
            .contains("not complete")
    );
}

/// Nothing of a call that was not sent is kept but its line, and what is kept of it opens nothing.
#[tokio::test(flavor = "multi_thread")]
async fn the_plan_of_a_request_that_ended_unsent_is_erased() {
    for end in ["refused", "expired", "taken back"] {
        let world = World::new().await;
        let by = world.owner_caller();
        let guest = world.connect(BO).await;
        let key = world.key(&guest.person).await;
        let request = asked(&world, &key).await;
        let sealed = async || texts(&world.app.db, "SELECT CAST(length(plan_sealed) AS TEXT) FROM approvals").await;
        assert_ne!(sealed().await, ["0"]);
        match end {
            "refused" => admin::decide_approval(&world.app, &by, &request, false).await.unwrap(),
            "expired" => {
                world.advance_seconds(40 * 24 * 3600);
                gatepost::jobs::due(&world.app).await.unwrap();
            }
            _ => {
                admin::decide_approval(&world.app, &by, &request, true).await.unwrap();
                admin::take_back_approval(&world.app, &by, &request).await.unwrap();
            }
        }
        assert_eq!(sealed().await, ["0"], "{end}");
        let page = shown(&world, &format!("/approvals/{request}")).await;
        assert!(
            page.contains("the body of the call is not kept") && page.contains("/refreshes"),
            "{end}: {page}"
        );
        // What an older gateway left goes at the next start.
        if !matches!(world.app.db, Db::Sqlite(_)) {
            continue;
        }
        run(&world.app.db, "UPDATE approvals SET plan_sealed = X'0102'").await;
        world.app.seal_plans().await.unwrap();
        assert_eq!(sealed().await, ["0"], "{end}");
    }
}
