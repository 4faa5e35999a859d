//! `import_file`: a small file becomes items of a workspace, under the same rules as everything that changes something.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gatepost::admin;
use gatepost::caller::Caller;
use serde_json::{Value, json};

use super::{call, in_time, power_bi_calls, refused, signed_in};
use crate::every_operation::allow_everything;
use crate::world::{ADA, CY, World};

const DATAFLOW: &str = r#"{ "name": "Orders \"flow\"", "version": "1.0", "entities": [] }"#;

fn dataflow() -> Value {
    json!({ "workspace": "Sales", "file_name": "model.json", "text": DATAFLOW })
}

async fn open_world() -> (World, Caller) {
    let world = World::new().await;
    allow_everything(&world).await;
    let ada = signed_in(&world, ADA).await;
    (world, ada)
}

/// What comes of an import that succeeds.
async fn imported(world: &World, caller: &Caller, arguments: Value) -> String {
    let outcome = in_time(world, caller, "import_file", arguments).await;
    assert!(!outcome.is_error, "{}", outcome.text);
    outcome.text
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_becomes_items_and_a_second_one_of_its_name_is_refused() {
    let (world, ada) = open_world().await;
    let done = imported(&world, &ada, dataflow()).await;
    assert!(done.starts_with("model.json into Sales: imported."), "{done}");
    assert!(done.contains("dataflow\tOrders \"flow\"\t"), "{done}");
    let again = refused(&world, &ada, "import_file", dataflow()).await;
    assert!(again.contains("Duplicate"), "{again}");
    let entry = world.entries_of("call.opened").await;
    let entry = entry
        .iter()
        .find(|it| it["details"]["operation"] == "imports.create_in_group")
        .unwrap();
    let file = &entry["details"]["arguments"]["file"];
    assert_eq!(
        (&file["name"], &file["bytes"]),
        (&json!("model.json"), &json!(DATAFLOW.len()))
    );
    assert_eq!(file["sha256"].as_str().unwrap().len(), 64);
    assert!(!entry.to_string().contains("entities"), "the content is not on record");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_that_was_exported_comes_back_under_another_name_and_replaces_itself() {
    let (world, ada) = open_world().await;
    let key = crate::every_operation::full_key(&world, &ada.person).await;
    let sales = "5a4db0c5-0010-4000-8000-000000000001";
    let reports: Value = world
        .get(&key, &format!("/groups/{sales}/reports"))
        .await
        .json()
        .await
        .unwrap();
    let report = reports["value"]
        .as_array()
        .unwrap()
        .iter()
        .find(|it| it["reportType"] == "PowerBIReport")
        .unwrap_or_else(|| panic!("{reports}"));
    let id = report["id"].as_str().unwrap();
    let file = world.get(&key, &format!("/groups/{sales}/reports/{id}/Export")).await;
    assert_eq!(file.status(), 200);
    let content = STANDARD.encode(file.bytes().await.unwrap());
    let import = json!({ "workspace": "Sales", "file_name": "Copied by an agent.pbix", "base64": content });
    let done = imported(&world, &ada, import.clone()).await;
    assert!(
        done.contains("report\tCopied by an agent\t") && done.contains("semantic model\tCopied by an agent\t"),
        "{done}"
    );
    let mut replace = import;
    replace["if_exists"] = json!("replace");
    let replaced = imported(&world, &ada, replace).await;
    assert_eq!(replaced, done, "the same items, with the same ids");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_imported_is_told_before_anything_is_sent() {
    let (world, ada) = open_world().await;
    let before = power_bi_calls(&world).await;
    for (arguments, words) in [
        (json!({ "file_name": "a.pbix" }), "exactly one of"),
        (
            json!({ "file_name": "a.pbix", "text": "x", "base64": "eHh4eA==" }),
            "exactly one of",
        ),
        (json!({ "file_name": "a.pbix", "base64": "no base64!" }), "RFC 4648"),
        (
            json!({ "file_name": "a.rdl", "onedrive_url": "https://contoso.test/a.rdl" }),
            "xlsx files only",
        ),
        (
            json!({ "file_name": "model.json", "text": "{}", "if_exists": "replace" }),
            "no dataflow",
        ),
    ] {
        let mut arguments = arguments;
        arguments["workspace"] = json!("Sales");
        let told = refused(&world, &ada, "import_file", arguments).await;
        assert!(told.contains(words), "{told}");
    }
    for name in [
        "a.exe",
        "../a.pbix",
        "a\".pbix",
        "a\r\nb.pbix",
        ".pbix",
        "model.json.exe",
    ] {
        let arguments = json!({ "workspace": "Sales", "file_name": name, "text": "x" });
        let outcome = call(&world, &ada, "import_file", arguments).await;
        assert!(outcome.invalid, "{name}: {}", outcome.text);
    }
    assert_eq!(power_bi_calls(&world).await, before);
    let broken = json!({ "workspace": "Sales", "file_name": "a.pbix", "text": "no pbix" });
    let outcome = in_time(&world, &ada, "import_file", broken).await;
    assert!(outcome.is_error);
    let told = outcome.text;
    assert!(told.contains("the import failed"), "{told}");
    let cy = signed_in(&world, CY).await;
    let told = refused(&world, &cy, "import_file", dataflow()).await;
    assert!(
        told.contains("Power BI refused") || told.contains("no workspace"),
        "{told}"
    );
}

/// An approval is for the bytes that were asked about, and for no others.
#[tokio::test(flavor = "multi_thread")]
async fn an_approved_file_is_the_one_that_is_sent() {
    let world = World::new().await;
    let ada = signed_in(&world, ADA).await;
    let asked = refused(&world, &ada, "import_file", dataflow()).await;
    let id = asked.split("/approvals/").nth(1).unwrap()[..36].to_owned();
    admin::decide_approval(&world.app, &world.owner_caller(), &id.into(), true)
        .await
        .unwrap();
    let mut other = dataflow();
    other["text"] = json!(DATAFLOW.replace("1.0", "2.0"));
    let told = refused(&world, &ada, "import_file", other).await;
    assert!(told.contains("approval"), "{told}");
    let done = imported(&world, &ada, dataflow()).await;
    assert!(done.contains("imported"), "{done}");
}
