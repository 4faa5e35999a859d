//! Many requests for approval: none is hidden, none is long, and nobody has too many open.

use gatepost::store::approvals;
use serde_json::json;

use super::many::{numbers, run};
use crate::portal::NOW;
use crate::portal::sample::sample;
use crate::world::{BO, World};

/// S-M6: one person's many requests do not push another's off the page.
#[tokio::test(flavor = "multi_thread")]
async fn nobody_hides_anothers_request_by_asking_often() {
    let it = sample().await;
    let db = &it.gateway.app.db;
    let (bytes, n) = (
        if matches!(db, gatepost::store::Db::Sqlite(_)) {
            "CAST(i AS BLOB)"
        } else {
            "CAST(CAST(i AS TEXT) AS BYTEA)"
        },
        numbers(3_000),
    );
    let environment = &it.owner.environment;
    run(db, &format!("INSERT INTO people (id, environment_id, name, role, created_at) VALUES ('busy', '{environment}', 'Busy Bee', 'person', 0)")).await;
    // All of them are older than Bob's one request of the sample.
    run(
        db,
        &format!(
            "INSERT INTO approvals (id, environment_id, person_id, plan_hash, plan, summary, asked_through, state, created_at, expires_at)
             {n} SELECT 'busy-' || i, '{environment}', 'busy', {bytes}, '{{}}', 'Request ' || i, 'the portal', 'pending', {} + i, {} FROM n",
            NOW.0 - 1_000_000,
            NOW.0 + 1_000_000
        ),
    )
    .await;
    let mut ada = it.gateway.signed_in("ada@example.com").await;
    let page = ada.get("/approvals").await.body.replace('\u{202f}', "");
    assert!(page.contains("Bob Reader"), "Bob's request is on the first page");
    assert!(page.contains("of 3001 requests"), "and all are counted");
    assert!(
        page.contains("3001<span class=\"hidden-text\"> waiting</span>"),
        "by the badge too"
    );
    let found = ada.get("/approvals?q=Request%202999").await.body;
    assert!(found.contains("/approvals/busy-2999"), "{found}");
    let end = ada.get("/approvals?page=61").await.body;
    assert!(end.contains("/approvals/busy-3000"), "{end}");
    let over = ada.get("/approvals?show=expired").await.body;
    assert!(!over.contains("busy-"), "{over}");
}

/// S-M6: requests of one person are few and short; beyond that the agent is told, and nobody is asked.
#[tokio::test(flavor = "multi_thread")]
async fn requests_for_approval_are_few_and_short_and_the_agent_is_told() {
    let world = World::new().await;
    let bo = world.connect(BO).await;
    let key = world.key(&bo.person).await;
    let url = format!(
        "{}/powerbi/v1.0/myorg/groups/5a4db0c5-0010-4000-8000-000000000001/datasets/5a4db0c5-0011-4000-8000-000000000001/refreshes",
        world.url
    );
    let ask = async |table: String| {
        let body = json!({ "type": "full", "objects": [{ "table": table }] });
        let answer = world
            .http
            .post(&url)
            .bearer_auth(&key)
            .json(&body)
            .send()
            .await
            .unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    };
    let long = ask("x".repeat(300 * 1024)).await;
    assert!(long.0 == 413 && long.1.contains("256 KiB"), "{long:?}");
    for number in 0..20 {
        let asked = ask(format!("Table {number}")).await;
        assert!(asked.0 == 403 && asked.1.contains("approval_required"), "{asked:?}");
    }
    let one_more = ask("One more".into()).await;
    assert!(
        one_more.0 == 429 && one_more.1.contains("too_many_approvals") && one_more.1.contains("20 requests"),
        "{one_more:?}"
    );
    let again = ask("Table 7".into()).await;
    assert!(
        again.0 == 403 && again.1.contains("approval_required"),
        "what is open already is asked again: {again:?}"
    );
    let wanted = crate::listed::first();
    let open = approvals::page(&world.app.db, &world.environment, None, &wanted)
        .await
        .unwrap();
    assert_eq!(open.total, 20);
}

/// The badge, the overview and the list count the same, one's own requests among them.
#[tokio::test(flavor = "multi_thread")]
async fn the_badge_counts_what_the_list_shows() {
    let it = sample().await;
    let (environment, owner) = (&it.owner.environment, &it.owner.person);
    let hash = if matches!(it.gateway.app.db, gatepost::store::Db::Sqlite(_)) {
        "X'01'"
    } else {
        "'\\x01'::bytea"
    };
    run(
        &it.gateway.app.db,
        &format!("INSERT INTO approvals (id, environment_id, person_id, plan_hash, plan, summary, asked_through, state, created_at, expires_at)
            VALUES ('mine', '{environment}', '{owner}', {hash}, '{{}}', 'Mine', 'the portal', 'pending', {}, {})", NOW.0, NOW.0 + 1_000_000),
    )
    .await;
    for (who, number, of) in [
        ("ada@example.com", 2, "2 requests"),
        ("bob@example.com", 1, "1 request"),
    ] {
        let mut browser = it.gateway.signed_in(who).await;
        let list = browser.get("/approvals").await.body;
        assert!(
            list.contains(&format!("{number}<span class=\"hidden-text\"> waiting</span>")),
            "{who}: {list}"
        );
        assert_eq!(
            list.matches("class=\"strong\" href=\"/approvals/").count(),
            number,
            "{who}: {list}"
        );
        let overview = browser.get("/").await.body;
        assert!(overview.contains(of), "{who}: {overview}");
    }
}

/// The overview counts calls, not entries, and being told to wait is no refusal by policy.
#[tokio::test(flavor = "multi_thread")]
async fn the_overview_counts_what_policies_refused_and_nothing_else() {
    let world = World::new().await;
    let bo = world.connect(BO).await;
    let key = world.key(&bo.person).await;
    let model = format!(
        "{}/powerbi/v1.0/myorg/datasets/5a4db0c5-0011-4000-8000-000000000001",
        world.url
    );
    for number in 0..30 {
        let body = json!({ "updateDetails": [{ "name": "N", "newValue": number.to_string() }] });
        let post = world
            .http
            .post(format!("{model}/Default.UpdateParameters"))
            .bearer_auth(&key)
            .json(&body);
        assert_eq!(post.send().await.unwrap().status(), if number < 20 { 403 } else { 429 });
    }
    for _ in 0..7 {
        assert_eq!(
            world
                .http
                .delete(&model)
                .bearer_auth(&key)
                .send()
                .await
                .unwrap()
                .status(),
            403
        );
    }
    world.advance_seconds(61);
    gatepost::jobs::due(&world.app).await.unwrap();
    let mut owner = crate::record::inside::owner(&world).await;
    let page = owner.open(&format!("{}/", world.url)).await.unwrap();
    assert!(page.body.contains("<b>27</b><span>refused by policy"), "{}", page.body);
    // Counted later, as after an older version, they are as many.
    run(&world.app.db, "DELETE FROM audit_hours").await;
    run(&world.app.db, "UPDATE audit_head SET counted_seq = 0").await;
    while gatepost::store::audit_hours::catch_up(&world.app.db, world.app.clock.now())
        .await
        .unwrap()
    {}
    let page = owner.open(&format!("{}/", world.url)).await.unwrap();
    assert!(page.body.contains("<b>27</b><span>refused by policy"), "{}", page.body);
}
