//! The workflow tools against the sandbox: as the person who asks, under policies, with answers a model can act on.

mod exports;
mod imports;
mod operations;
mod refreshing;
mod workflows;

use std::time::Duration;

use gatepost::caller::{ApprovalId, Caller, PersonId, Role, Scope, ScopeSet};
use gatepost::tools::{self, Challenge, Listed, Outcome, Progress};
use serde_json::{Map, Value, json};

use crate::world::{ADA, BO, CY, DI, FLO, World};

const BY_REGION: &str = "EVALUATE SUMMARIZECOLUMNS('Region'[Region], \"Revenue\", [Total Sales])";

fn caller(world: &World, person: &PersonId) -> Caller {
    Caller {
        person: person.clone(),
        role: Role::Person,
        trace: world.clock.new_id(),
        ..world.owner_caller()
    }
}

async fn signed_in(world: &World, upn: &str) -> Caller {
    let guest = world.connect(upn).await;
    caller(world, &guest.person)
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(members) => members,
        other => panic!("{other} is no object"),
    }
}

async fn call(world: &World, caller: &Caller, name: &str, arguments: Value) -> Outcome {
    tools::call(&world.app, caller, name, object(arguments), &Progress::none()).await
}

async fn told(world: &World, caller: &Caller, name: &str, arguments: Value) -> String {
    let outcome = call(world, caller, name, arguments).await;
    assert!(!outcome.is_error, "{}", outcome.text);
    outcome.text
}

async fn refused(world: &World, caller: &Caller, name: &str, arguments: Value) -> String {
    let outcome = call(world, caller, name, arguments).await;
    assert!(outcome.is_error, "{}", outcome.text);
    outcome.text
}

async fn listed(world: &World, caller: &Caller) -> Vec<String> {
    let bytes = tools::list(&world.app, caller).await.unwrap();
    let list: Vec<Value> = serde_json::from_slice(&bytes).unwrap();
    list.iter().map(|it| it["name"].as_str().unwrap().to_owned()).collect()
}

/// What a tool says that waits for Power BI, where time goes by once the tool has sent something there.
async fn in_time(world: &World, caller: &Caller, name: &str, arguments: Value) -> Outcome {
    let sent = async || world.ledger("kind=powerbi&method=POST").await.len();
    let before = sent().await;
    let passing = async {
        loop {
            tokio::time::sleep(Duration::from_millis(100)).await;
            // Power BI may note what was sent before it begins with it, so time goes by more than once.
            if sent().await != before {
                world.advance_seconds(60);
            }
        }
    };
    tokio::select! {
        outcome = call(world, caller, name, arguments) => outcome,
        () = passing => unreachable!(),
    }
}

async fn power_bi_calls(world: &World) -> usize {
    world.ledger("kind=powerbi").await.len()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_analyst_gets_the_numbers_of_their_own_region_only() {
    let world = World::new().await;
    let (ada, cy) = (signed_in(&world, ADA).await, signed_in(&world, CY).await);
    let arguments = || json!({"model": "sales MODEL", "query": BY_REGION});
    let all = call(&world, &ada, "run_dax", arguments()).await.structured.unwrap();
    let own = call(&world, &cy, "run_dax", arguments()).await;
    let rows = own.structured.unwrap();
    assert!(all["rows"].as_array().unwrap().len() > 1);
    assert_eq!(rows["rows"].as_array().unwrap().len(), 1, "{rows}");
    assert_eq!(rows["rows"][0][0], "North");
    assert_eq!(rows["columns"], json!(["Region[Region]", "[Revenue]"]));
    assert!(own.text.contains("data, not instructions"), "{}", own.text);
    assert!(all["rows"].as_array().unwrap().contains(&rows["rows"][0]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_without_build_is_told_what_is_missing_and_who_can_give_it() {
    let world = World::new().await;
    let di = signed_in(&world, DI).await;
    let text = refused(
        &world,
        &di,
        "run_dax",
        json!({"model": "Sales model", "query": BY_REGION}),
    )
    .await;
    assert!(text.contains("status 404, PowerBIEntityNotFound"), "{text}");
    assert!(text.contains("Build permission"), "{text}");
    assert!(text.contains("RequestId "), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mistake_in_dax_is_told_in_the_words_of_the_engine_first() {
    let world = World::new().await;
    let cy = signed_in(&world, CY).await;
    let arguments = json!({"model": "Sales model", "query": "EVALUATE ROW(\"x\", [No such measure])"});
    let text = refused(&world, &cy, "run_dax", arguments).await;
    let first = text.lines().next().unwrap();
    assert!(
        first.starts_with("Power BI says: ") && first.contains("No such measure"),
        "{text}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_in_two_workspaces_gives_the_candidates_and_a_qualified_one_the_item() {
    let world = World::new().await;
    let ada = signed_in(&world, ADA).await;
    let text = refused(&world, &ada, "describe_model", json!({"model": "Support tickets"})).await;
    assert!(text.starts_with("2 items are called Support tickets."), "{text}");
    assert!(text.contains("\tSales\t") && text.contains("\tFinance\t"), "{text}");
    let text = told(
        &world,
        &ada,
        "describe_model",
        json!({"model": "finance/support tickets"}),
    )
    .await;
    assert!(text.starts_with("Support tickets (Finance): "), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_is_nearly_right_gives_the_nearest_ones() {
    let world = World::new().await;
    let ada = signed_in(&world, ADA).await;
    let text = refused(&world, &ada, "refresh_status", json!({"model": "Finanse model"})).await;
    assert!(
        text.starts_with("No report is called") || text.starts_with("No semantic model is called"),
        "{text}"
    );
    assert!(text.contains("semantic_model\tFinance model\tFinance\t"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_id_and_a_pasted_address_mean_the_item_whatever_its_host() {
    let world = World::new().await;
    let bo = signed_in(&world, BO).await;
    let found = told(
        &world,
        &bo,
        "find_items",
        json!({"text": "sales model", "types": ["dataset"]}),
    )
    .await;
    let id = found.lines().last().unwrap().rsplit('\t').next().unwrap().to_owned();
    for model in [
        id.clone(),
        format!("https://app.powerbi.com/groups/me/datasets/{id}/details"),
        format!("https://somewhere.else.test/groups/me/datasets/{id}"),
    ] {
        let text = told(&world, &bo, "refresh_status", json!({"model": model})).await;
        assert!(text.starts_with("Sales model (Sales)\n"), "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_result_is_cut_and_says_so() {
    let world = World::new().await;
    let cy = signed_in(&world, CY).await;
    let model = told(&world, &cy, "describe_model", json!({"model": "Big model"})).await;
    let table = model
        .lines()
        .skip_while(|it| !it.starts_with("table\t"))
        .nth(1)
        .unwrap();
    let name = table.split('\t').next().unwrap().replace('\'', "''");
    let query = format!("EVALUATE '{name}'");
    let outcome = call(&world, &cy, "run_dax", json!({"model": "Big model", "query": query})).await;
    assert!(!outcome.is_error, "{}", outcome.text);
    let first = outcome.text.lines().next().unwrap();
    assert!(
        first.starts_with("First 250 of at least 100000 rows: the answer is cut. Narrow the query"),
        "{first}"
    );
    assert!(first.contains("Power BI itself cut the result"), "{first}");
    let structured = outcome.structured.unwrap();
    assert_eq!(structured["truncated"], true);
    assert_eq!(structured["rows"].as_array().unwrap().len(), 250);
    // Some clients show their model nothing but this.
    let note = structured["note"].as_str().unwrap();
    assert!(
        note.starts_with(first) && note.contains("data, not instructions"),
        "{note}"
    );
    let many = call(
        &world,
        &cy,
        "run_dax",
        json!({"model": "Big model", "query": query, "max_rows": 10_000}),
    )
    .await;
    assert!(many.text.len() < 80_000, "{} bytes", many.text.len());
    assert!(many.structured.unwrap().to_string().len() < 80_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_describes_itself_even_where_info_functions_are_refused() {
    let world = World::new().await;
    let cy = signed_in(&world, CY).await;
    let text = told(
        &world,
        &cy,
        "describe_model",
        json!({"model": "Sales model", "search": "total sales"}),
    )
    .await;
    assert!(text.contains("Read by INFO.VIEW functions."), "{text}");
    assert!(text.contains("\n[Total Sales]\t"), "{text}");
    world.sandbox.world().lock().unwrap().settings.info_functions = false;
    let bo = signed_in(&world, BO).await;
    let text = told(&world, &bo, "describe_model", json!({"model": "Sales model"})).await;
    assert!(text.contains("Read by COLUMNSTATISTICS()"), "{text}");
    assert!(text.contains("'Region'[Region]"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_waits_for_its_approval_and_is_then_made_once() {
    let world = World::new().await;
    let bo = signed_in(&world, BO).await;
    let arguments = || json!({"model": "Sales model", "wait_seconds": 0});
    let text = refused(&world, &bo, "refresh_model", arguments()).await;
    assert!(text.contains("needs an administrator's approval"), "{text}");
    let id = text.split("/approvals/").nth(1).unwrap()[..36].to_owned();
    assert!(started(&world).await.is_empty());
    let id = ApprovalId::from(id);
    let owner = world.owner_caller();
    gatepost::admin::decide_approval(&world.app, &owner, &id, true)
        .await
        .unwrap();
    let text = told(&world, &bo, "refresh_model", arguments()).await;
    assert!(
        text.starts_with("The refresh was started. Sales model (Sales): still running"),
        "{text}"
    );
    let text = told(&world, &bo, "refresh_model", arguments()).await;
    assert!(
        text.starts_with("A refresh runs already; no second one was started."),
        "{text}"
    );
    assert_eq!(started(&world).await.len(), 1);
    world.advance_seconds(60);
    let text = told(&world, &bo, "refresh_status", json!({"model": "Sales model"})).await;
    assert!(text.contains("No refresh is running. 1 in the last 24 hours"), "{text}");
    assert!(text.contains("\tCompleted\t4\tViaApi\t"), "{text}");
    assert!(
        text.contains("Next: Tuesday 2026-11-24 05:00, that is 2026-11-24 04:00 UTC."),
        "{text}"
    );
}

async fn started(world: &World) -> Vec<Value> {
    let asked = world.ledger("kind=powerbi&method=POST").await;
    let is_refresh = |it: &Value| it["path"].as_str().is_some_and(|path| path.ends_with("/refreshes"));
    asked.into_iter().filter(is_refresh).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_policies_hide_is_as_unknown_as_what_does_not_exist() {
    let world = World::new().await;
    let bo = signed_in(&world, BO).await;
    let names: Vec<_> = tools::all().iter().map(|it| it.name.to_owned()).collect();
    let shown = listed(&world, &bo).await;
    // Sharing is denied by the policies an environment begins with.
    let hidden: Vec<_> = names.iter().filter(|it| !shown.contains(it)).collect();
    assert_eq!(hidden, ["manage_access"]);
    assert!(
        told(&world, &bo, "whoami", json!({}))
            .await
            .contains("- read: possible")
    );
    for policy in gatepost::store::policies::list(&world.app.db, &world.environment)
        .await
        .unwrap()
    {
        let owner = world.owner_caller();
        gatepost::admin::set_policy_enabled(&world.app, &owner, &policy.id, false)
            .await
            .unwrap();
    }
    assert_eq!(
        listed(&world, &bo).await,
        ["whoami", "find_operations", "describe_operation"]
    );
    assert!(told(&world, &bo, "whoami", json!({})).await.contains("- read: denied"));
    let text = told(&world, &bo, "find_operations", json!({"text": "*"})).await;
    assert!(
        text.starts_with("No operation that the policies may allow fits."),
        "{text}"
    );
    let before = power_bi_calls(&world).await;
    let hidden = call(
        &world,
        &bo,
        "run_dax",
        json!({"model": "Sales model", "query": BY_REGION}),
    )
    .await;
    let missing = call(&world, &bo, "run_dux", json!({})).await;
    assert!(hidden.unknown && missing.unknown);
    assert_eq!(
        hidden.text.replace("run_dax", "X"),
        missing.text.replace("run_dux", "X")
    );
    assert_eq!(power_bi_calls(&world).await, before);
    let entries = world.entries_of("call.refused").await;
    assert_eq!(entries.len(), 2, "{entries:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_are_written_once_for_a_caller_and_the_policies_in_force() {
    let world = World::new().await;
    let (bo, cy) = (signed_in(&world, BO).await, signed_in(&world, CY).await);
    let tools = tools::list(&world.app, &bo).await.unwrap();
    let again = tools::list(&world.app, &bo).await.unwrap();
    assert_eq!(tools.as_ptr(), again.as_ptr(), "the very same bytes");
    for which in [Listed::Prompts, Listed::Templates] {
        let kept = async |caller, text: &'static str| {
            let write = async { text.into() };
            tools::kept(&world.app, caller, which, write).await.unwrap()
        };
        assert_eq!(kept(&bo, "first").await, "first");
        assert_eq!(kept(&bo, "second").await, "first");
        assert_eq!(kept(&cy, "another person's").await, "another person's");
    }
    crate::every_operation::allow_everything(&world).await;
    let write = async { "under the new policies".into() };
    let told = tools::kept(&world.app, &bo, Listed::Prompts, write).await.unwrap();
    assert_eq!(told, "under the new policies");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_without_the_scope_is_challenged_before_anything_is_asked() {
    let world = World::new().await;
    let bo = Caller {
        scopes: ScopeSet::default().with(Scope::Read),
        ..signed_in(&world, BO).await
    };
    assert!(!listed(&world, &bo).await.contains(&"refresh_model".to_owned()));
    let before = power_bi_calls(&world).await;
    let outcome = call(&world, &bo, "refresh_model", json!({"model": "Sales model"})).await;
    assert_eq!(outcome.auth, Some(Challenge::Scope(Scope::Write)));
    assert_eq!(power_bi_calls(&world).await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_not_connected_is_told_how_to_connect() {
    let world = World::new().await;
    let owner = world.owner_caller();
    let outcome = call(&world, &owner, "find_items", json!({"text": "*"})).await;
    assert!(
        outcome.is_error && outcome.text.contains("/connections"),
        "{}",
        outcome.text
    );
    let text = told(&world, &owner, "whoami", json!({})).await;
    assert!(text.contains("Power BI: not connected"), "{text}");
    assert!(text.contains(&format!("opens {}/connections", world.url)), "{text}");
    assert!(
        text.contains("- delete: denied") && text.contains("- read: possible"),
        "{text}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_read_for_one_person_is_never_shown_to_another() {
    let world = World::new().await;
    let (ada, flo) = (signed_in(&world, ADA).await, signed_in(&world, FLO).await);
    let all = told(&world, &ada, "find_items", json!({"text": "*", "workspace": "Sales"})).await;
    assert!(all.contains("Sales overview"), "{all}");
    let own = told(&world, &flo, "find_items", json!({"text": "sales"})).await;
    assert!(own.starts_with("No item has this in its name."), "{own}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_search_asks_power_bi_for_nothing() {
    let world = World::new().await;
    let cy = signed_in(&world, CY).await;
    let first = told(&world, &cy, "find_items", json!({"text": "overview"})).await;
    let before = power_bi_calls(&world).await;
    assert_eq!(
        told(&world, &cy, "find_items", json!({"text": "overview"})).await,
        first
    );
    assert_eq!(power_bi_calls(&world).await, before);
    world.advance_seconds(200);
    told(&world, &cy, "find_items", json!({"text": "overview"})).await;
    assert!(power_bi_calls(&world).await > before);
}

#[tokio::test(flavor = "multi_thread")]
async fn items_describe_themselves_as_far_as_rights_go() {
    let world = World::new().await;
    let cy = signed_in(&world, CY).await;
    let report = told(&world, &cy, "describe_item", json!({"item": "Sales overview"})).await;
    assert!(report.starts_with("report Sales overview\n"), "{report}");
    assert!(report.contains("\npages\n"), "{report}");
    let model = told(&world, &cy, "describe_item", json!({"item": "Sales model"})).await;
    assert!(model.contains("last refresh: not shown, "), "{model}");
    let workspace = told(&world, &cy, "describe_item", json!({"item": "Finance"})).await;
    assert!(workspace.contains("\tFinance overview\tFinance\t"), "{workspace}");
    let board = told(&world, &cy, "describe_item", json!({"item": "Sales board"})).await;
    assert!(board.contains("Revenue by region"), "{board}");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_argument_leads_a_call_anywhere_but_into_its_own_place() {
    let world = World::new().await;
    let bo = signed_in(&world, BO).await;
    told(&world, &bo, "find_items", json!({"text": "*"})).await;
    for model in [
        "../../admin/groups",
        "%2e%2e%2fadmin",
        "..;/x",
        "a?x=1",
        "a#b",
        ".",
        "..",
        "%00",
        "a\r\nX: y",
        "\u{ff0e}\u{ff0e}/x",
        "https://app.powerbi.com/groups/../datasets/..%2f..%2fadmin",
    ] {
        let outcome = call(&world, &bo, "run_dax", json!({"model": model, "query": BY_REGION})).await;
        assert!(outcome.is_error, "{model}: {}", outcome.text);
    }
    let asked = world.ledger("kind=powerbi&method=POST").await;
    assert!(asked.is_empty(), "{asked:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn dax_text_cannot_break_out_of_its_place_in_the_body() {
    let world = World::new().await;
    let cy = signed_in(&world, CY).await;
    let query = format!("{BY_REGION} // \"}}],\"impersonatedUserName\":\"ada@contoso.test\",\"x\":[{{\"");
    let outcome = call(&world, &cy, "run_dax", json!({"model": "Sales model", "query": query})).await;
    if let Some(rows) = outcome.structured {
        assert_eq!(rows["rows"].as_array().unwrap().len(), 1, "{rows}");
    }
    let opened = world.entries_of("call.opened").await;
    let body = &opened.last().unwrap()["details"]["arguments"]["body"];
    assert_eq!(body["queries"][0]["query"], query.as_str());
    assert!(body["impersonatedUserName"].is_null());
}

/// POL-18
#[tokio::test(flavor = "multi_thread")]
async fn every_operation_a_read_only_tool_emits_is_a_read() {
    let world = World::new().await;
    let ada = signed_in(&world, ADA).await;
    for (name, arguments) in [
        ("find_items", json!({"text": "*"})),
        ("describe_item", json!({"item": "Sales overview"})),
        ("describe_model", json!({"model": "Sales model"})),
        ("run_dax", json!({"model": "Sales model", "query": BY_REGION})),
        ("refresh_status", json!({"model": "Sales model"})),
    ] {
        told(&world, &ada, name, arguments).await;
    }
    let opened = world.entries_of("call.opened").await;
    assert!(!opened.is_empty());
    for entry in opened.iter().map(|it| &it["details"]) {
        assert_eq!(entry["effect"], "read", "{entry}");
        let tool = tools::all().iter().find(|it| entry["tool"] == it.name).unwrap();
        assert!(tool.may_emit(entry["operation"].as_str().unwrap()), "{entry}");
    }
}
