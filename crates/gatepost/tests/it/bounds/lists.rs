//! What every call reads whole has an end: policies of an environment, groups of a person.

use gatepost::admin::{self, PolicyInput, Refused};
use gatepost::caller::{GroupId, PolicyId};
use gatepost::policy::{Action, Form, Source};
use gatepost::store::groups::{self, Group};
use gatepost::store::policies::{self, Policy};

use crate::world::{ADA, World};

fn input(name: &str) -> PolicyInput {
    let form = Form::about(name, Action::Allow, &[catalogue::Effect::Read]);
    PolicyInput {
        name: name.into(),
        enabled: true,
        source: Source::Form(form),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn policies_that_every_call_is_judged_by_have_an_end() {
    let world = World::new().await;
    let owner = world.owner_caller();
    let first = admin::create_policy(&world.app, &owner, input("The first"))
        .await
        .unwrap();
    let there = policies::list(&world.app.db, &world.environment).await.unwrap();
    let one = there.iter().find(|it| it.id == first).unwrap();
    let mut tx = world.app.db.begin().await.unwrap();
    for at in there.len()..policies::MOST {
        let row = Policy {
            id: PolicyId(format!("made-{at}")),
            name: format!("Made {at}"),
            ..one.clone()
        };
        policies::save(&mut tx, &row).await.unwrap();
    }
    tx.commit().await.unwrap();
    let refused = admin::create_policy(&world.app, &owner, input("One more")).await;
    let Err(Refused::Conflict(why)) = refused else {
        panic!("{refused:?}");
    };
    assert!(why.contains("1000 policies") && why.contains("delete some"), "{why}");
    // What is there is changed and deleted as ever, and calls are judged.
    admin::save_policy(&world.app, &owner, &first, input("The first, mended"))
        .await
        .unwrap();
    let ada = world.connect(ADA).await;
    let key = world.key(&ada.person).await;
    assert_eq!(world.get(&key, "/groups").await.status(), 200);
    admin::delete_policy(&world.app, &owner, &PolicyId("made-500".into()))
        .await
        .unwrap();
    admin::create_policy(&world.app, &owner, input("One more"))
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn groups_of_one_person_that_every_call_is_judged_by_have_an_end() {
    let world = World::new().await;
    let owner = world.owner_caller();
    let ada = world.connect(ADA).await.person;
    for at in 0..=groups::MOST_OF_ONE {
        let group = Group {
            id: GroupId::from(format!("group-{at}")),
            environment_id: world.environment.clone(),
            name: format!("Group {at}"),
            created_at: world.clock.now(),
        };
        groups::create(&world.app.db, &group).await.unwrap();
        if at < groups::MOST_OF_ONE {
            assert!(groups::add(&world.app.db, &group.id, &ada).await.unwrap());
        }
    }
    let last = GroupId::from(format!("group-{}", groups::MOST_OF_ONE));
    let refused = admin::add_member(&world.app, &owner, &last, &ada).await;
    let Err(Refused::Conflict(why)) = refused else {
        panic!("{refused:?}");
    };
    assert!(why.contains("in 500 groups"), "{why}");
    let first = GroupId::from("group-0".to_owned());
    admin::add_member(&world.app, &owner, &first, &ada).await.unwrap();
    admin::remove_member(&world.app, &owner, &first, &ada).await.unwrap();
    admin::add_member(&world.app, &owner, &last, &ada).await.unwrap();
}
