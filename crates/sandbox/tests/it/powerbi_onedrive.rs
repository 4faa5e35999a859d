//! Imports of workbooks on the pretend `OneDrive` for Business.

use serde_json::Value;
use serde_json::json;

use crate::powerbi_support::Caller;
use crate::powerbi_support::Service;
use crate::powerbi_support::id;

const DRIVES: &str = "https://contoso-my.sharepoint.test/personal";

fn imports() -> String {
    format!("groups/{}/imports", id::SALES)
}

/// An import as it is right after it began, and when it has ended.
async fn imported(service: &Service, caller: &Caller, query: &str, body: Value) -> (Value, Value) {
    let started = caller.post(&format!("{}{query}", imports()), body).await;
    assert_eq!(started.status, 202, "{}", started.text());
    let place = format!("{}/{}", imports(), started.json()["id"].as_str().unwrap());
    let first = caller.get(&place).await.json();
    service.advance_s(5);
    (first, caller.get(&place).await.json())
}

#[tokio::test]
async fn a_workbook_on_onedrive_becomes_a_model_with_its_tables() {
    let service = Service::start().await;
    let bo = service.person("bo");
    let (first, done) = imported(&service, &bo, "", json!({"filePath": "Budget%202026.xlsx"})).await;
    assert_eq!(
        (&first["importState"], &first["datasets"]),
        (&json!("Publishing"), &json!([]))
    );
    let facts = json!({"importState": "Succeeded", "name": "Budget 2026", "connectionType": "import",
        "source": "OneDriveSharePoint", "reports": []});
    for (name, value) in facts.as_object().unwrap() {
        assert_eq!(done[name], *value, "{name}");
    }
    let model = done["datasets"][0]["id"].as_str().unwrap();
    let sum = bo.rows(model, "EVALUATE ROW(\"sum\", SUM('Budget'[Amount]))").await;
    assert_eq!(sum[0]["[sum]"], 5_100_000);
    assert_eq!(
        bo.get(&format!("datasets/{model}")).await.json()["configuredBy"],
        "bo@contoso.test"
    );
    assert!(
        bo.get(&imports())
            .await
            .column("name")
            .contains(&"Budget 2026".to_owned()),
        "it is in the list of imports"
    );
}

#[tokio::test]
async fn a_connected_workbook_makes_no_model() {
    let service = Service::start().await;
    let bo = service.person("bo");
    let models = format!("groups/{}/datasets", id::SALES);
    let before = bo.get(&models).await.value().len();
    let body = json!({"filePath": "/Documents/Loose cells.xlsx", "connectionType": "connect"});
    let (_, done) = imported(&service, &bo, "", body.clone()).await;
    assert_eq!(
        (&done["importState"], &done["connectionType"], &done["name"]),
        (&json!("Succeeded"), &json!("connect"), &json!("Loose cells"))
    );
    assert_eq!((&done["datasets"], &done["reports"]), (&json!([]), &json!([])));
    assert_eq!(bo.get(&models).await.value().len(), before);
    // Without a table there is nothing to import.
    let (_, failed) = imported(&service, &bo, "", json!({"filePath": "Loose cells.xlsx"})).await;
    assert_eq!(
        (&failed["importState"], &failed["error"]["code"]),
        (&json!("Failed"), &json!("ImportFileNotReadable"))
    );
    let workbooks = || {
        let path = format!("admin/groups/{}?$expand=workbooks", id::SALES);
        let ada = service.person("ada");
        async move { ada.get(&path).await.json()["workbooks"].clone() }
    };
    assert_eq!(workbooks().await, json!([{"name": "Loose cells"}]));
    imported(&service, &bo, "?nameConflict=Overwrite", body.clone()).await;
    assert_eq!(workbooks().await, json!([{"name": "Loose cells"}]));
    let again = bo.post(&format!("{}?nameConflict=Abort", imports()), body).await;
    assert_eq!(again.error(), (409, "DuplicatePackageFoundError".to_owned()));
}

#[tokio::test]
async fn a_workbook_imported_again_replaces_its_model_or_is_refused_as_asked() {
    let service = Service::start().await;
    let bo = service.person("bo");
    let body = json!({"filePath": "Budget 2026.xlsx", "connectionType": "Import"});
    let overwrite = format!("{}?nameConflict=Overwrite", imports());
    assert_eq!(
        bo.post(&overwrite, body.clone()).await.error(),
        (404, "DuplicatePackageNotFoundError".to_owned())
    );
    let (_, first) = imported(&service, &bo, "?nameConflict=CreateOrOverwrite", body.clone()).await;
    // The name asked for does not count: the file has one.
    let named = "?nameConflict=CreateOrOverwrite&datasetDisplayName=Other.xlsx";
    let (_, second) = imported(&service, &bo, named, body.clone()).await;
    assert_eq!(first["datasets"], second["datasets"]);
    let abort = format!("{}?nameConflict=Abort", imports());
    assert_eq!(
        bo.post(&abort, body.clone()).await.error(),
        (409, "DuplicatePackageFoundError".to_owned())
    );
    let (_, twin) = imported(&service, &bo, "", body).await;
    assert_ne!(twin["datasets"][0]["id"], first["datasets"][0]["id"]);
}

#[tokio::test]
async fn colleagues_read_what_is_shared_with_everyone_and_nothing_else() {
    let service = Service::start().await;
    let (bo, cy) = (service.person("bo"), service.person("cy"));
    let address = format!("{DRIVES}/ada_contoso_test/Documents/Shared%20with%20Everyone/Targets.xlsx");
    let (_, done) = imported(&service, &bo, "", json!({"filePath": address})).await;
    let model = done["datasets"][0]["id"].as_str().unwrap();
    assert_eq!(bo.rows(model, "EVALUATE 'Targets'").await.len(), 3);
    let own = format!("{DRIVES}/bo_contoso_test/Documents/Budget%202026.xlsx");
    let (_, done) = imported(&service, &bo, "", json!({"filePath": own})).await;
    assert_eq!(done["importState"], "Succeeded");
    let absent = [
        format!("{DRIVES}/ada_contoso_test/Documents/Budget%202026.xlsx"),
        format!("{DRIVES}/nobody_contoso_test/Documents/Shared%20with%20Everyone/Targets.xlsx"),
        "https://contoso-my.sharepoint.test/sites/team/Targets.xlsx".to_owned(),
        "Nowhere.xlsx".to_owned(),
    ];
    for path in absent {
        let refused = bo.post(&imports(), json!({"filePath": path})).await;
        assert_eq!(refused.error(), (404, "PowerBIEntityNotFound".to_owned()), "{path}");
    }
    let viewer = cy.post(&imports(), json!({"filePath": "Budget 2026.xlsx"})).await;
    assert_eq!(viewer.refusal(), (401, Some("PowerBINotAuthorizedException")));
}

#[tokio::test]
async fn paths_that_make_no_sense_are_refused_with_a_reason() {
    let service = Service::start().await;
    let bo = service.person("bo");
    let wrong = [
        json!({"filePath": ""}),
        json!({"filePath": 7}),
        json!({"filePath": "Report.pbix"}),
        json!({"filePath": "Budget 2026.csv"}),
        json!({"filePath": "../Budget 2026.xlsx"}),
        json!({"filePath": "Shared with Everyone//Targets.xlsx"}),
        json!({"filePath": "%ff.xlsx"}),
        json!({"filePath": "http://contoso-my.sharepoint.test/personal/bo_contoso_test/Documents/Budget%202026.xlsx"}),
        json!({"filePath": "https://fabrikam-my.sharepoint.test/personal/kim_fabrikam_test/Documents/Budget%202026.xlsx"}),
        json!({"filePath": "Budget 2026.xlsx", "connectionType": "embed"}),
        json!({"filePath": "Budget 2026.xlsx", "fileUrl": "https://elsewhere.test/x.pbix"}),
    ];
    for body in wrong {
        let refused = bo.post(&imports(), body.clone()).await;
        assert_eq!(refused.error(), (400, "InvalidRequest".to_owned()), "{body}");
        assert!(refused.json()["error"]["message"].as_str().unwrap().len() > 10);
    }
    let unique = format!("{}?nameConflict=GenerateUniqueName", imports());
    let file = json!({"filePath": "Budget 2026.xlsx"});
    assert_eq!(bo.post(&unique, file.clone()).await.status, 400);
    // A service principal has no drive.
    let job = service.job().post(&imports(), file).await;
    assert_eq!(job.error(), (400, "InvalidRequest".to_owned()));
}
