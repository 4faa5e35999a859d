//! A policy that denies one form of an operation says that the other is open, and offers to cover it: both forms reach the same
//! items (on My workspace or any workspace, and inside a named one).

use catalogue::Catalogue;
use gatepost::store::policies;
use http::StatusCode;
use sandbox::visitor::{Page, Visitor};

use crate::clouds::owner;
use crate::world::{ADA, World};

const WORKSPACE: &str = "5a4db0c5-0010-4000-8000-000000000001";
const PLAIN: &str = "datasets.list";
const INSIDE: &str = "datasets.list_in_group";

/// Saves the policy that is open in the form, or a new one.
async fn save(world: &World, browser: &mut Visitor, form: &str, both: bool) -> Page {
    let page = browser.open(&format!("{}{form}", world.url)).await.unwrap();
    let mut sent = page.form(form.trim_end_matches("/new")).unwrap();
    // Ticked at first, so that whoever does nothing covers both.
    let is_ticked = sent.fields.iter().any(|(name, _)| name == "both_forms");
    assert_eq!(is_ticked, form.ends_with("/new"), "{form}");
    sent.fields
        .retain(|(name, _)| !["both_forms", "operations", "effects"].contains(&name.as_str()));
    let mut fields = vec![
        ("written", "form"),
        ("name", "No lists of models"),
        ("enabled", "yes"),
        ("action", "deny"),
        ("operations", INSIDE),
    ];
    if both {
        fields.push(("both_forms", "yes"));
    }
    browser.send(&page, &sent, &fields).await.unwrap()
}

async fn lists(world: &World, key: &str) -> [StatusCode; 2] {
    let inside = format!("/groups/{WORKSPACE}/datasets");
    [
        world.get(key, &inside).await.status(),
        world.get(key, "/datasets").await.status(),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_denial_of_one_form_says_that_the_other_is_open_and_covers_both_when_told_to() {
    let catalogue = Catalogue::builtin();
    assert_eq!(catalogue.operation(INSIDE).unwrap().twin.as_deref(), Some(PLAIN));
    let world = World::new().await;
    let ada = world.connect(ADA).await;
    let key = world.key(&ada.person).await;
    let mut browser = owner(&world).await;
    assert_eq!(
        lists(&world, &key).await,
        [200, 200].map(|it| StatusCode::from_u16(it).unwrap())
    );

    let saved = save(&world, &mut browser, "/policies/new", false).await;
    assert_eq!(saved.status, 200, "{}", saved.text());
    assert!(saved.text().contains("The policy is saved"), "{}", saved.text());
    assert!(saved.text().contains("No lists of models"), "{}", saved.text());
    assert_eq!(
        lists(&world, &key).await,
        [403, 200].map(|it| StatusCode::from_u16(it).unwrap())
    );
    let open = format!("the other form stays open: {PLAIN}");
    let page = browser.open(&format!("{}/policies", world.url)).await.unwrap();
    assert!(page.text().contains(&open), "{}", page.text());
    let rows = policies::list(&world.app.db, &world.environment).await.unwrap();
    let row = rows.iter().find(|it| it.name == "No lists of models").unwrap();
    let form = format!("/policies/{}", row.id);
    let page = browser.open(&format!("{}{form}", world.url)).await.unwrap();
    let text = page.text();
    assert!(
        text.contains(&format!("leaves out the other form of what is chosen: {PLAIN}")),
        "{text}"
    );
    assert!(text.contains("Both forms"), "{text}");

    let saved = save(&world, &mut browser, &form, true).await;
    assert_eq!(saved.status, 200, "{}", saved.text());
    assert_eq!(
        lists(&world, &key).await,
        [403, 403].map(|it| StatusCode::from_u16(it).unwrap())
    );
    let page = browser.open(&format!("{}/policies", world.url)).await.unwrap();
    assert!(!page.text().contains("stays open"), "{}", page.text());
    let page = browser.open(&format!("{}{form}", world.url)).await.unwrap();
    assert!(!page.text().contains("leaves out the other form"), "{}", page.text());
}

/// Nothing says which of the two a policy was meant for, so no pair may differ in what a denial of an effect covers.
#[test]
fn both_forms_of_every_operation_do_the_same_kind_of_thing() {
    let catalogue = Catalogue::builtin();
    let mut pairs = 0;
    for operation in catalogue.operations() {
        let Some(twin) = operation.twin.as_deref() else {
            continue;
        };
        let twin = catalogue.operation(twin).unwrap();
        assert_eq!(twin.twin.as_deref(), Some(operation.id.as_str()));
        assert_eq!(twin.effect, operation.effect, "{} and {}", operation.id, twin.id);
        pairs += 1;
    }
    assert!(100 < pairs, "{pairs}");
}
