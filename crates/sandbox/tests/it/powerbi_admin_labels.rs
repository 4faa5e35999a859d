//! Sensitivity labels: put on, seen elsewhere, taken off.

use serde_json::Value;
use serde_json::json;

use crate::powerbi_support::Service;
use crate::powerbi_support::id;

const CONFIDENTIAL: &str = "5a4db0c5-0034-4000-8000-000000000003";
const SECRET: &str = "5a4db0c5-0034-4000-8000-000000000004";
const SET: &str = "admin/informationprotection/setLabels";
const REMOVE: &str = "admin/informationprotection/removeLabels";

fn items() -> Value {
    json!({
        "dashboards": [{"id": id::SALES_BOARD}],
        "reports": [{"id": id::SALES_OVERVIEW}, {"id": "5a4db0c5-0012-4000-8000-00000000ffff"}],
        "datasets": [{"id": id::SALES_MODEL}, {"id": "myDatabaseName"}],
        "dataflows": [{"id": id::STAGE_ORDERS}],
    })
}

#[tokio::test]
async fn a_label_shows_in_lists_and_scans_until_it_is_taken_off() {
    let service = Service::start().await;
    let ada = service.person("ada");
    let reply = ada
        .post(SET, json!({"artifacts": items(), "labelId": CONFIDENTIAL}))
        .await;
    let expected = json!({
        "dashboards": [{"id": id::SALES_BOARD, "status": "Succeeded"}],
        "reports": [{"id": id::SALES_OVERVIEW, "status": "Succeeded"}, {"id": "5a4db0c5-0012-4000-8000-00000000ffff", "status": "NotFound"}],
        "datasets": [{"id": id::SALES_MODEL, "status": "Succeeded"}, {"id": "myDatabaseName", "status": "NotFound"}],
        "dataflows": [{"id": id::STAGE_ORDERS, "status": "Succeeded"}],
    });
    assert_eq!((reply.status.as_u16(), reply.json()), (200, expected));
    let label = json!({"labelId": CONFIDENTIAL});
    let reports = ada.get(&format!("admin/groups/{}/reports", id::SALES)).await.value();
    assert_eq!(reports[0]["sensitivityLabel"], label);
    assert_eq!(reports[1].get("sensitivityLabel"), None);
    let rescan = || async {
        let started = ada
            .post("admin/workspaces/getInfo", json!({"workspaces": [id::SALES]}))
            .await
            .json();
        service.advance_s(5);
        let path = format!("admin/workspaces/scanResult/{}", started["id"].as_str().unwrap());
        ada.get(&path).await.json()["workspaces"][0].clone()
    };
    let home = rescan().await;
    for sort in ["reports", "dashboards", "datasets", "dataflows"] {
        assert_eq!(home[sort][0]["sensitivityLabel"], label, "{sort}");
    }
    assert_eq!(
        ada.post(REMOVE, items()).await.json()["reports"][0]["status"],
        "Succeeded"
    );
    assert_eq!(rescan().await["reports"][0].get("sensitivityLabel"), None);
}

#[tokio::test]
async fn a_query_tells_the_label_of_its_model() {
    let service = Service::start().await;
    let ada = service.person("ada");
    let labelled = json!({"artifacts": {"datasets": [{"id": id::FINANCE_MODEL}]}, "labelId": CONFIDENTIAL});
    assert_eq!(ada.post(SET, labelled).await.status, 200);
    let told = ada.query(id::FINANCE_MODEL, "EVALUATE ROW(\"n\", 1)").await.json();
    assert_eq!(
        told["informationProtectionLabel"],
        json!({"id": CONFIDENTIAL, "name": "Confidential"})
    );
    assert_eq!(told["results"][0]["tables"][0]["rows"], json!([{"[n]": 1}]));
    let silent = ada.query(id::SALES_MODEL, "EVALUATE ROW(\"n\", 1)").await.json();
    assert_eq!(silent.get("informationProtectionLabel"), None);
}

#[tokio::test]
async fn labels_are_written_down_item_by_item() {
    let service = Service::start().await;
    let ada = service.person("ada");
    let one = |label: &str| json!({"artifacts": {"reports": [{"id": id::SALES_OVERVIEW}]}, "labelId": label});
    assert_eq!(ada.post(SET, one(CONFIDENTIAL)).await.status, 200);
    assert_eq!(ada.post(SET, one(SECRET)).await.status, 200);
    assert_eq!(
        ada.post(REMOVE, json!({"reports": [{"id": id::SALES_OVERVIEW}]}))
            .await
            .status,
        200
    );
    let query = "startDateTime='2026-08-03T08:00:00Z'&endDateTime='2026-08-03T12:00:00Z'";
    let log = ada.get(&format!("admin/activityevents?{query}")).await.json();
    let events = log["activityEventEntities"].as_array().unwrap();
    let names: Vec<&str> = events.iter().map(|event| event["Activity"].as_str().unwrap()).collect();
    assert_eq!(
        names,
        [
            "SensitivityLabelApplied",
            "SensitivityLabelChanged",
            "SensitivityLabelRemoved"
        ]
    );
    assert!(events.iter().all(|event| event["ReportId"] == id::SALES_OVERVIEW));
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_and_twenty_five_calls_an_hour_are_enough() {
    let service = Service::start().await;
    let (ada, bo) = (service.person("ada"), service.person("bo"));
    let wish = json!({"artifacts": items(), "labelId": CONFIDENTIAL, "assignmentMethod": "Standard", "delegatedUser": {"emailAddress": "nobody@contoso.test"}});
    assert_eq!(
        bo.post(SET, wish.clone()).await.refusal(),
        (401, Some("PowerBINotAuthorizedException"))
    );
    assert_eq!(
        ada.post(SET, wish).await.json()["reports"][0]["status"],
        "FailedToGetUsageRights"
    );
    let many: Vec<Value> = (0..2_001).map(|number| json!({"id": format!("r{number}")})).collect();
    for refused in [
        json!({"artifacts": items()}),
        json!({"labelId": CONFIDENTIAL}),
        json!({"artifacts": {}, "labelId": CONFIDENTIAL}),
        json!({"artifacts": items(), "labelId": CONFIDENTIAL, "assignmentMethod": "Secretly"}),
        json!({"artifacts": {"reports": many}, "labelId": CONFIDENTIAL}),
    ] {
        assert_eq!(ada.post(SET, refused).await.error(), (400, "InvalidRequest".to_owned()));
    }
    for _ in 6..25 {
        assert_eq!(
            ada.post(SET, json!({"artifacts": items(), "labelId": SECRET}))
                .await
                .status,
            200
        );
    }
    assert_eq!(
        ada.post(SET, json!({"artifacts": items(), "labelId": SECRET}))
            .await
            .status,
        429
    );
    assert_eq!(ada.post(REMOVE, items()).await.status, 200);
}
