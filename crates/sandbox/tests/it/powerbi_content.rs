//! Dataflows, imports, data sources, parameters and pipelines.

use serde_json::Value;
use serde_json::json;

use crate::powerbi_support::Caller;
use crate::powerbi_support::Service;
use crate::powerbi_support::assert_empty;
use crate::powerbi_support::id;

#[tokio::test]
async fn a_dataflow_is_read_refreshed_and_cancelled() {
    let service = Service::start().await;
    let bo = service.person("bo");
    let flows = format!("groups/{}/dataflows", id::SALES);
    let flow = format!("{flows}/{}", id::STAGE_ORDERS);
    assert_eq!(bo.get(&flows).await.column("objectId"), [id::STAGE_ORDERS]);
    let file: Value = serde_json::from_slice(&bo.get(&flow).await.bytes).unwrap();
    assert_eq!(file["entities"][0]["name"], "Orders");
    let refresh = json!({"notifyOption": "NoNotification"});
    assert_empty(&bo.post(&format!("{flow}/refreshes"), refresh.clone()).await);
    assert_eq!(bo.post(&format!("{flow}/refreshes"), refresh.clone()).await.status, 400);
    let newest = bo.get(&format!("{flow}/transactions")).await.value()[0].clone();
    assert_eq!((&newest["status"], newest.get("endTime")), (&json!("InProgress"), None));
    let name = newest["id"].as_str().unwrap();
    assert!(name.contains('@') && name.contains('$'));
    let encoded = percent_encoding::utf8_percent_encode(name, percent_encoding::NON_ALPHANUMERIC);
    let cancel = format!("{flows}/transactions/{encoded}/cancel");
    assert_eq!(
        bo.post(&cancel, json!({})).await.json(),
        json!({"transactionId": name, "status": "SuccessfullyMarked"})
    );
    assert_eq!(bo.post(&cancel, json!({})).await.json()["status"], "AlreadyConcluded");
    assert_empty(&bo.post(&format!("{flow}/refreshes"), refresh).await);
    service.advance_s(10);
    assert_eq!(
        bo.get(&format!("{flow}/transactions")).await.column("status")[..2],
        ["Success", "Cancelled"]
    );
    assert_empty(&bo.patch(&flow, json!({"name": "Stage all orders"})).await);
    assert_eq!(bo.get(&flows).await.column("name"), ["Stage all orders"]);
    assert_eq!(
        service.person("cy").delete(&flow).await.refusal(),
        (401, Some("PowerBINotAuthorizedException"))
    );
    assert_empty(&bo.delete(&flow).await);
    assert_eq!(bo.get(&flow).await.status, 404);
}

async fn imported(service: &Service, caller: &Caller, query: &str, file: &[u8]) -> Value {
    let path = format!("groups/{}/imports", id::SALES);
    let started = caller.upload(&format!("{path}?{query}"), file).await;
    assert_eq!(started.status, 202, "{}", started.text());
    let place = format!("{path}/{}", started.json()["id"].as_str().unwrap());
    let publishing = caller.get(&place).await.json();
    assert_eq!(
        (&publishing["importState"], &publishing["datasets"]),
        (&json!("Publishing"), &json!([]))
    );
    service.advance_s(5);
    caller.get(&place).await.json()
}

#[tokio::test]
async fn a_downloaded_report_is_imported_again() {
    let service = Service::start().await;
    let bo = service.person("bo");
    let file = bo.get(&format!("reports/{}/Export", id::SALES_OVERVIEW)).await;
    assert_eq!(file.header("content-type"), Some("application/zip"));
    assert!(
        file.header("content-disposition")
            .unwrap()
            .contains("Sales%20overview%2Epbix")
    );
    let done = imported(&service, &bo, "datasetDisplayName=Copied.pbix", &file.bytes).await;
    assert_eq!(
        (&done["importState"], &done["name"]),
        (&json!("Succeeded"), &json!("Copied"))
    );
    let (model, report) = (
        done["datasets"][0]["id"].as_str().unwrap(),
        done["reports"][0]["id"].as_str().unwrap(),
    );
    assert_eq!(bo.get(&format!("reports/{report}/pages")).await.value().len(), 5);
    let rows = bo.rows(model, "EVALUATE ROW(\"n\", COUNTROWS('Region'))").await;
    assert_eq!(rows[0]["[n]"], 5);
    let rdl = bo.get(&format!("reports/{}/Export", id::BOOKING_LIST)).await;
    let done = imported(
        &service,
        &bo,
        "datasetDisplayName=List.rdl&nameConflict=Abort",
        &rdl.bytes,
    )
    .await;
    let report = done["reports"][0]["id"].as_str().unwrap();
    assert_eq!(
        bo.get(&format!("reports/{report}")).await.json()["reportType"],
        "PaginatedReport"
    );
}

#[tokio::test]
async fn a_name_that_is_taken_is_handled_as_asked() {
    let service = Service::start().await;
    let bo = service.person("bo");
    let file = bo.get(&format!("reports/{}/Export", id::SALES_OVERVIEW)).await.bytes;
    let path = format!("groups/{}/imports?datasetDisplayName=New.pbix", id::SALES);
    let missing = bo.upload(&format!("{path}&nameConflict=Overwrite"), &file).await;
    assert_eq!(missing.error(), (404, "DuplicatePackageNotFoundError".to_owned()));
    let first = imported(
        &service,
        &bo,
        "datasetDisplayName=New.pbix&nameConflict=CreateOrOverwrite",
        &file,
    )
    .await;
    let again = imported(
        &service,
        &bo,
        "datasetDisplayName=New.pbix&nameConflict=CreateOrOverwrite",
        &file,
    )
    .await;
    assert_eq!(first["datasets"][0]["id"], again["datasets"][0]["id"]);
    assert_eq!(first["reports"][0]["id"], again["reports"][0]["id"]);
    assert_eq!(
        bo.upload(&format!("{path}&nameConflict=Abort"), &file).await.status,
        409
    );
    // The service's own default makes a second item of the same name.
    let twin = imported(&service, &bo, "datasetDisplayName=New.pbix", &file).await;
    assert_ne!(twin["datasets"][0]["id"], first["datasets"][0]["id"]);
    let ambiguous = bo.upload(&format!("{path}&nameConflict=Overwrite"), &file).await;
    assert_eq!(
        ambiguous.error(),
        (409, "MoreThanOneDuplicatePackageFoundError".to_owned())
    );
}

#[tokio::test]
async fn a_file_that_cannot_be_read_fails_later() {
    let service = Service::start().await;
    let bo = service.person("bo");
    let failed = imported(&service, &bo, "datasetDisplayName=Broken.pbix", b"no zip").await;
    assert_eq!(
        (&failed["importState"], &failed["error"]["code"]),
        (&json!("Failed"), &json!("ImportFileNotReadable"))
    );
    let path = format!("groups/{}/imports", id::SALES);
    assert_eq!(
        bo.upload(&format!("{path}?datasetDisplayName=NoExtension"), b"x")
            .await
            .status,
        400
    );
    assert_eq!(bo.upload(&path, b"x").await.status, 400);
    let denied = service
        .person("cy")
        .upload(&format!("{path}?datasetDisplayName=a.pbix"), b"x")
        .await;
    assert_eq!(denied.refusal(), (401, Some("PowerBINotAuthorizedException")));
}

#[tokio::test]
async fn parameters_and_sources_of_a_model() {
    let service = Service::start().await;
    let bo = service.person("bo");
    let model = format!("groups/{}/datasets/{}", id::SALES, id::SALES_MODEL);
    let first = bo.get(&format!("{model}/parameters")).await.value()[0].clone();
    let expected = json!({"name": "ServerName", "type": "Text", "isRequired": true, "currentValue": "sql1.contoso.test",
        "suggestedValues": ["sql1.contoso.test", "sql2.contoso.test"]});
    assert_eq!(first, expected);
    let update = |name: &str, value: &str| json!({"updateDetails": [{"name": name, "newValue": value}]});
    let path = format!("{model}/Default.UpdateParameters");
    assert_empty(&bo.post(&path, update("FirstYear", "2025")).await);
    assert_eq!(
        bo.get(&format!("{model}/parameters")).await.value()[1]["currentValue"],
        "2025"
    );
    assert_eq!(bo.post(&path, update("FirstYear", "soon")).await.status, 400);
    assert_eq!(bo.post(&path, update("Colour", "red")).await.status, 400);
    let source = bo.get(&format!("{model}/datasources")).await.value()[0].clone();
    assert_eq!(
        source["connectionDetails"],
        json!({"server": "sql1.contoso.test", "database": "Shop"})
    );
    let gateway = source["gatewayId"].as_str().unwrap();
    assert_eq!(
        bo.get(&format!("{model}/Default.DiscoverGateways"))
            .await
            .column("name"),
        ["HQ gateway"]
    );
    // A gateway shows the same connection as text, and only to its administrators.
    let ada = service.person("ada");
    let defined = ada.get(&format!("gateways/{gateway}/datasources")).await.value()[0].clone();
    assert_eq!(
        defined["connectionDetails"],
        r#"{"server":"sql1.contoso.test","database":"Shop"}"#
    );
    assert_eq!(bo.get("gateways").await.value().len(), 0);
    let offline = ada
        .get("gateways/5a4db0c5-0019-4000-8000-000000000002/datasources/5a4db0c5-001b-4000-8000-000000000003/status")
        .await;
    assert_eq!(
        offline.error(),
        (400, "DM_GWPipeline_Client_GatewayUnreachable".to_owned())
    );
}

#[tokio::test]
async fn new_credentials_mend_a_failing_model() {
    let service = Service::start().await;
    let (ada, bo) = (service.person("ada"), service.person("bo"));
    let source = "gateways/5a4db0c5-0019-4000-8000-000000000001/datasources/5a4db0c5-001b-4000-8000-000000000001";
    let credentials = json!({"credentialDetails": {"credentialType": "Basic", "credentials": "sealed", "encryptedConnection": "Encrypted",
        "encryptionAlgorithm": "RSA-OAEP", "privacyLevel": "Organizational"}});
    assert_empty(&ada.patch(source, credentials).await);
    assert_eq!(
        bo.post(&format!("datasets/{}/refreshes", id::PAYROLL), json!({}))
            .await
            .status,
        202
    );
    service.advance_s(10);
    assert_eq!(
        bo.get(&format!("datasets/{}/refreshes?$top=1", id::PAYROLL))
            .await
            .column("status"),
        ["Completed"]
    );
}

#[tokio::test]
async fn a_deployment_copies_a_stage_to_the_next() {
    let service = Service::start().await;
    let bo = service.person("bo");
    let pipeline = bo.get("pipelines").await.column("id")[0].clone();
    let path = format!("pipelines/{pipeline}");
    let stages = bo.get(&format!("{path}/stages")).await.value();
    assert_eq!(stages[2], json!({"order": 2}));
    let target = stages[1]["workspaceId"].as_str().unwrap().to_owned();
    let body = |create: bool| json!({"sourceStageOrder": 0, "options": {"allowCreateArtifact": create, "allowOverwriteArtifact": true}, "note": "first"});
    assert_eq!(bo.post(&format!("{path}/deployAll"), body(false)).await.status, 400);
    let started = bo.post(&format!("{path}/deployAll"), body(true)).await;
    assert_eq!(
        (started.status.as_u16(), &started.json()["status"]),
        (202, &json!("NotStarted"))
    );
    let operation = format!("{path}/operations/{}", started.json()["id"].as_str().unwrap());
    assert_eq!(bo.post(&format!("{path}/deployAll"), body(true)).await.status, 400);
    service.advance_s(3);
    assert_eq!(bo.get(&operation).await.json()["status"], "Executing");
    let reports = format!("groups/{target}/reports");
    assert_eq!(bo.get(&reports).await.column("name"), ["Campaign results"]);
    service.advance_s(4);
    let done = bo.get(&operation).await.json();
    assert_eq!(
        (
            &done["status"],
            &done["preDeploymentDiffInformation"]["newArtifactsCount"]
        ),
        (&json!("Succeeded"), &json!(1))
    );
    assert_eq!(done["executionPlan"]["steps"].as_array().unwrap().len(), 3);
    assert_eq!(
        bo.get(&reports).await.column("name"),
        ["Campaign results", "Campaign ideas"]
    );
    // The new report reads the model of its own stage.
    let models = bo.get(&format!("groups/{target}/datasets")).await.column("id");
    assert_eq!(
        bo.get(&reports).await.column("datasetId"),
        [models[0].clone(), models[0].clone()]
    );
}
