//! The scanner: asked, waited for, and read as deep as was asked.

use serde_json::Value;
use serde_json::json;

use crate::powerbi_support::Caller;
use crate::powerbi_support::Service;
use crate::powerbi_support::assert_empty;
use crate::powerbi_support::id;

const FULL: &str =
    "lineage=true&datasourceDetails=true&datasetSchema=true&datasetExpressions=true&getArtifactUsers=true";

async fn start(caller: &Caller, query: &str, homes: &[&str]) -> String {
    let reply = caller
        .post(
            &format!("admin/workspaces/getInfo?{query}"),
            json!({"workspaces": homes}),
        )
        .await;
    assert_eq!(reply.status, 202, "{}", reply.text());
    reply.json()["id"].as_str().unwrap().to_owned()
}

async fn scan(service: &Service, caller: &Caller, query: &str, homes: &[&str]) -> Value {
    let scan = start(caller, query, homes).await;
    service.advance_s(5);
    let reply = caller.get(&format!("admin/workspaces/scanResult/{scan}")).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    reply.json()
}

fn named<'v>(list: &'v Value, name: &str) -> &'v Value {
    let mut all = list.as_array().unwrap().iter();
    all.find(|item| item["name"] == name)
        .unwrap_or_else(|| panic!("{name} in {list}"))
}

#[tokio::test]
async fn a_scan_runs_and_its_result_is_kept_for_a_day() {
    let service = Service::start().await;
    let ada = service.person("ada");
    let started = ada
        .post("admin/workspaces/getInfo", json!({"workspaces": [id::SALES]}))
        .await;
    assert_eq!(
        (started.status.as_u16(), &started.json()["status"]),
        (202, &json!("NotStarted"))
    );
    let scan = started.json()["id"].as_str().unwrap().to_owned();
    assert!(
        started
            .header("location")
            .unwrap()
            .ends_with(&format!("admin/workspaces/scanStatus/{scan}"))
    );
    let status = format!("admin/workspaces/scanStatus/{scan}");
    let result = format!("admin/workspaces/scanResult/{scan}");
    service.advance_s(2);
    assert_eq!(ada.get(&status).await.json()["status"], "Running");
    assert_eq!(ada.get(&result).await.error(), (400, "InvalidRequest".to_owned()));
    service.advance_s(3);
    assert_eq!(ada.get(&status).await.json()["status"], "Succeeded");
    assert_eq!(ada.get(&result).await.json()["workspaces"][0]["name"], "Sales");
    let kim = service.with_scopes("kim@fabrikam.test", &["Tenant.Read.All"]);
    assert_eq!(kim.get(&result).await.status, 404);
    service.advance_s(24 * 3600);
    assert_eq!(
        ada.get(&result).await.error(),
        (404, "PowerBIEntityNotFound".to_owned())
    );
    assert_eq!(ada.get(&status).await.status, 404);
}

#[tokio::test]
async fn a_scan_shows_as_much_as_was_asked_for() {
    let service = Service::start().await;
    let ada = service.person("ada");
    let plain = scan(&service, &ada, "", &[id::SALES]).await;
    let home = &plain["workspaces"][0];
    assert_eq!((&home["state"], &home["type"]), (&json!("Active"), &json!("Workspace")));
    let model = named(&home["datasets"], "Sales model");
    for absent in [
        "tables",
        "users",
        "upstreamDataflows",
        "datasourceUsages",
        "expressions",
    ] {
        assert_eq!(model.get(absent), None, "{absent}");
    }
    assert_eq!((home.get("users"), plain.get("datasourceInstances")), (None, None));
    assert_eq!(home["dashboards"][0].get("tiles"), None);

    let full = scan(&service, &ada, FULL, &[id::SALES, id::FINANCE]).await;
    let home = &full["workspaces"][0];
    let model = named(&home["datasets"], "Sales model");
    let sales = named(&model["tables"], "Sales");
    let column = &sales["columns"][0];
    assert!(column["dataType"].is_string() && column["isHidden"].is_boolean());
    assert!(
        sales["source"][0]["expression"]
            .as_str()
            .unwrap()
            .contains("Sql.Database(\"sql1.contoso.test\", \"Shop\")")
    );
    let measures: Vec<&Value> = model["tables"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|table| table["measures"].as_array().unwrap())
        .collect();
    assert!(!measures.is_empty() && measures.iter().all(|measure| measure["expression"].is_string()));
    assert!(
        !model["roles"][0]["tablePermissions"][0]["filterExpression"]
            .as_str()
            .unwrap()
            .is_empty()
    );
    assert!(
        named(&model["expressions"], "ServerName")["expression"]
            .as_str()
            .unwrap()
            .starts_with("\"sql1.contoso.test\" meta")
    );
    assert_eq!(
        model["upstreamDataflows"],
        json!([{"targetDataflowId": id::STAGE_ORDERS, "groupId": id::SALES}])
    );
    let source = model["datasourceUsages"][0]["datasourceInstanceId"].clone();
    let instances = full["datasourceInstances"].as_array().unwrap();
    let instance = instances.iter().find(|known| known["datasourceId"] == source).unwrap();
    assert_eq!(instance["connectionDetails"]["database"], "Shop");
    // Several models use that source, and it is told once.
    assert_eq!(
        instances.iter().filter(|known| known["datasourceId"] == source).count(),
        1
    );
    assert_eq!(full["misconfiguredDatasourceInstances"], json!([]));
    assert_eq!(home["users"][0]["groupUserAccessRight"], "Admin");
    assert_eq!(home["reports"][0]["users"][0]["reportUserAccessRight"], "Owner");
    // A report in Finance reads a model in Sales.
    let regional = named(&full["workspaces"][1]["reports"], "Regional sales");
    assert_eq!(regional["datasetWorkspaceId"], id::SALES);
    assert_eq!(full["workspaces"][1]["capacityId"], id::CAPACITY);
}

#[tokio::test]
async fn the_schema_comes_without_expressions_unless_they_are_asked_for() {
    let service = Service::start().await;
    let ada = service.person("ada");
    let found = scan(&service, &ada, "datasetSchema=true", &[id::SALES]).await;
    let model = named(&found["workspaces"][0]["datasets"], "Sales model");
    assert_eq!(
        (model.get("expressions"), named(&model["tables"], "Sales").get("source")),
        (None, None)
    );
    let tables = model["tables"].as_array().unwrap().iter();
    let measures: Vec<&Value> = tables.flat_map(|table| table["measures"].as_array().unwrap()).collect();
    assert!(!measures.is_empty() && measures.iter().all(|measure| measure.get("expression").is_none()));
    let asked_badly = ada
        .post(
            "admin/workspaces/getInfo?lineage=perhaps",
            json!({"workspaces": [id::SALES]}),
        )
        .await;
    assert_eq!(asked_badly.status, 400);
}

#[tokio::test]
async fn a_scan_takes_a_hundred_workspaces_and_sixteen_run_at_once() {
    let service = Service::start().await;
    let ada = service.person("ada");
    let many: Vec<String> = (0..101)
        .map(|number| format!("5a4db0c5-0010-4000-8000-{number:012}"))
        .collect();
    for refused in [
        json!({}),
        json!({"workspaces": []}),
        json!({"workspaces": many}),
        json!({"workspaces": ["x"]}),
    ] {
        assert_eq!(
            ada.post("admin/workspaces/getInfo", refused).await.error(),
            (400, "InvalidRequest".to_owned())
        );
    }
    // What the organisation does not have is left out.
    let found = scan(&service, &ada, "", &[id::SALES, "5a4db0c5-0010-4000-8000-00000000ffff"]).await;
    assert_eq!(found["workspaces"].as_array().unwrap().len(), 1);
    for _ in 0..16 {
        start(&ada, "", &[id::ARCHIVE]).await;
    }
    let late = ada
        .post("admin/workspaces/getInfo", json!({"workspaces": [id::SALES]}))
        .await;
    assert_eq!(late.status, 429);
    assert!(late.header("retry-after").is_some());
    service.advance_s(5);
    start(&ada, "", &[id::SALES]).await;
}

fn ids(reply: &Value) -> Vec<&str> {
    reply
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["id"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn workspaces_changed_since_a_moment_are_listed_without_dressing() {
    let service = Service::start().await;
    let (ada, bo) = (service.person("ada"), service.person("bo"));
    let all = ada.get("admin/workspaces/modified").await.json();
    assert_eq!(ids(&all).len(), 13);
    let shared = ada
        .get("admin/workspaces/modified?excludePersonalWorkspaces=true")
        .await
        .json();
    assert_eq!(ids(&shared).len(), 7);
    let active = ada
        .get("admin/workspaces/modified?excludePersonalWorkspaces=True&excludeInActiveWorkspaces=True")
        .await
        .json();
    assert!(!ids(&active).contains(&"5a4db0c5-0010-4000-8000-000000000003") && ids(&active).contains(&id::SALES));
    service.advance_s(3600);
    let since = "admin/workspaces/modified?modifiedSince=2026-08-03T09:00:00.0000000Z";
    assert_eq!(ada.get(since).await.json(), json!([]));
    let rename = json!({"name": "Attic"});
    assert_empty(&ada.patch(&format!("groups/{}", id::ARCHIVE), rename).await);
    let board = bo
        .post(&format!("groups/{}/dashboards", id::SALES), json!({"name": "Returns"}))
        .await;
    assert_eq!(board.status, 200);
    // Looking on changes nothing.
    assert_eq!(
        bo.get(&format!("groups/{}/reports/{}", id::FINANCE, id::FINANCE_OVERVIEW))
            .await
            .status,
        200
    );
    assert_eq!(ids(&ada.get(since).await.json()), [id::SALES, id::ARCHIVE]);
    for refused in ["2026-08-03T09:59:00Z", "2026-07-03T09:00:00Z", "soon"] {
        let reply = ada
            .get(&format!("admin/workspaces/modified?modifiedSince={refused}"))
            .await;
        assert_eq!(reply.error(), (400, "InvalidRequest".to_owned()), "{refused}");
    }
}

#[tokio::test]
async fn workspaces_changed_may_be_asked_for_thirty_times_an_hour() {
    let service = Service::start().await;
    let ada = service.person("ada");
    for _ in 0..30 {
        assert_eq!(ada.get("admin/workspaces/modified").await.status, 200);
    }
    assert_eq!(
        ada.get("admin/workspaces/modified").await.header("retry-after"),
        Some("3601")
    );
}
