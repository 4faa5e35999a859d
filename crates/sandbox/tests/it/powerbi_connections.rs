//! Workload switches, gateways and connection strings, embed tokens, and dataflows of the second generation.

use serde_json::Value;
use serde_json::json;

use crate::powerbi_support::Service;
use crate::powerbi_support::assert_empty;
use crate::powerbi_support::id;

#[tokio::test]
async fn administrators_of_a_capacity_switch_its_workloads() {
    let service = Service::start().await;
    let (ada, bo) = (service.person("ada"), service.person("bo"));
    let all = format!("capacities/{}/Workloads", id::CAPACITY);
    assert_eq!(
        ada.get(&all).await.column("state"),
        ["Enabled", "Disabled", "Unsupported"]
    );
    let rdl = format!("{all}/PaginatedReports");
    let change = json!({"state": "Enabled", "maxMemoryPercentageSetByUser": 66});
    assert_empty(&ada.patch(&rdl, change.clone()).await);
    let now = ada.get(&rdl).await.json();
    assert_eq!(
        (&now["state"], &now["maxMemoryPercentageSetByUser"]),
        (&json!("Enabled"), &json!(66))
    );
    assert_empty(&ada.patch(&rdl, json!({"state": "Disabled"})).await);
    assert_eq!(ada.get(&rdl).await.json()["maxMemoryPercentageSetByUser"], 66);
    assert_eq!(ada.patch(&format!("{all}/AI"), change.clone()).await.status, 400);
    assert_eq!(ada.patch(&format!("{all}/Chess"), change.clone()).await.status, 404);
    for wrong in [
        json!({}),
        json!({"state": "Unsupported"}),
        json!({"state": "Enabled", "maxMemoryPercentageSetByUser": 101}),
    ] {
        assert_eq!(ada.patch(&rdl, wrong).await.error(), (400, "InvalidRequest".to_owned()));
    }
    assert_eq!(
        bo.patch(&rdl, change).await.refusal(),
        (401, Some("PowerBINotAuthorizedException"))
    );
    assert_eq!(bo.get(&all).await.status, 401);
    let reader = service.with_scopes("ada@contoso.test", &["Capacity.Read.All"]);
    assert_eq!(reader.get(&all).await.status, 200);
    assert_eq!(
        reader.patch(&rdl, json!({"state": "Enabled"})).await.refusal(),
        (403, Some("InsufficientScopes"))
    );
}

#[tokio::test]
async fn bound_gateway_sources_are_those_behind_a_gateway() {
    let service = Service::start().await;
    let bo = service.person("bo");
    let path = format!("datasets/{}/Default.GetBoundGatewayDatasources", id::SALES_MODEL);
    let sources = bo.get(&path).await.value();
    assert_eq!(sources.len(), 1);
    assert_eq!(
        (&sources[0]["gatewayId"], &sources[0]["datasourceName"]),
        (&json!(id::GATEWAY), &json!("Shop"))
    );
    let details: Value = serde_json::from_str(sources[0]["connectionDetails"].as_str().unwrap()).unwrap();
    assert_eq!(details["database"], "Shop");
    assert_eq!(service.person("cy").get(&path).await.status, 401);
    assert_eq!(service.person("flo").get(&path).await.status, 404);
    let grouped = format!("groups/{}/{path}", id::SALES);
    assert_eq!(bo.get(&grouped).await.value(), sources);
}

#[tokio::test]
async fn all_connections_of_a_direct_query_model_are_set_at_once() {
    let service = Service::start().await;
    let bo = service.person("bo");
    let path = format!("datasets/{}/Default.SetAllConnections", id::INVENTORY);
    let text = "data source=sql7.contoso.test;initial catalog=Store;encrypt=True";
    assert_empty(&bo.post(&path, json!({"connectionString": text})).await);
    let details =
        bo.get(&format!("datasets/{}/datasources", id::INVENTORY)).await.value()[0]["connectionDetails"].clone();
    assert_eq!(details, json!({"server": "sql7.contoso.test", "database": "Store"}));
    for wrong in [json!({}), json!({"connectionString": "server=only"})] {
        assert_eq!(bo.post(&path, wrong).await.error(), (400, "InvalidRequest".to_owned()));
    }
    let import = format!("datasets/{}/Default.SetAllConnections", id::SALES_MODEL);
    assert_eq!(bo.post(&import, json!({"connectionString": text})).await.status, 400);
    assert_eq!(
        service
            .person("ada")
            .post(&path, json!({"connectionString": text}))
            .await
            .status,
        403,
        "only the owner may"
    );
}

#[tokio::test]
async fn a_paginated_report_is_bound_to_a_gateway() {
    let service = Service::start().await;
    let bo = service.person("bo");
    let report = format!("reports/{}", id::BOOKING_LIST);
    let path = format!("{report}/Default.BindToGateway");
    let shop = "5a4db0c5-001b-4000-8000-000000000001";
    let binding = |name: &str, source: &str| json!({"gatewayObjectId": id::GATEWAY, "bindDetails": [{"dataSourceName": name, "dataSourceObjectId": source}]});
    assert_empty(&bo.post(&path, binding("DataSource1", shop)).await);
    let source = bo.get(&format!("{report}/datasources")).await.value()[0].clone();
    assert_eq!(
        (&source["gatewayId"], &source["datasourceId"]),
        (&json!(id::GATEWAY), &json!(shop))
    );
    assert_eq!(bo.post(&path, binding("DataSource2", shop)).await.status, 400);
    assert_eq!(bo.post(&path, binding("DataSource1", id::CAPACITY)).await.status, 400);
    let unknown = json!({"gatewayObjectId": id::CAPACITY, "bindDetails": []});
    assert_eq!(
        bo.post(&path, unknown).await.error(),
        (404, "DMTS_GatewayNotFoundError".to_owned())
    );
    let interactive = format!("reports/{}/Default.BindToGateway", id::SALES_OVERVIEW);
    assert_eq!(bo.post(&interactive, binding("DataSource1", shop)).await.status, 400);
    // In a workspace the permission asked for is another one.
    let grouped = format!("groups/{}/{path}", id::FINANCE);
    let narrow = service.with_scopes("bo@contoso.test", &["Workspace.Read.All"]);
    assert_empty(&narrow.post(&grouped, binding("DataSource1", shop)).await);
    assert_eq!(
        narrow.post(&path, binding("DataSource1", shop)).await.refusal(),
        (403, Some("InsufficientScopes"))
    );
}

#[tokio::test]
async fn tokens_for_tiles_and_for_new_reports_follow_the_rights() {
    let service = Service::start().await;
    let (bo, cy) = (service.person("bo"), service.person("cy"));
    let tiles = format!("groups/{}/dashboards/{}/tiles", id::FINANCE, id::FINANCE_BOARD);
    let tile = bo.get(&tiles).await.column("id")[0].clone();
    let given = bo
        .post(&format!("{tiles}/{tile}/GenerateToken"), json!({"accessLevel": "View"}))
        .await;
    assert_eq!(given.status, 200, "{}", given.text());
    assert!(given.json()["tokenId"].is_string());
    let nowhere = format!("{tiles}/{}/GenerateToken", id::CAPACITY);
    assert_eq!(bo.post(&nowhere, json!({})).await.status, 404);
    let create = format!("groups/{}/reports/GenerateToken", id::FINANCE);
    let body = json!({"accessLevel": "Create", "datasetId": id::FINANCE_MODEL});
    assert_eq!(bo.post(&create, body.clone()).await.status, 200);
    assert_eq!(
        bo.post(&create, json!({"accessLevel": "View", "datasetId": id::FINANCE_MODEL}))
            .await
            .status,
        400
    );
    assert_eq!(bo.post(&create, json!({"accessLevel": "Create"})).await.status, 400);
    let secured = format!("groups/{}/reports/GenerateToken", id::SALES);
    let without = json!({"accessLevel": "Create", "datasetId": id::SALES_MODEL});
    assert_eq!(
        bo.post(&secured, without.clone()).await.status,
        400,
        "roles need an identity"
    );
    assert_eq!(cy.post(&secured, without).await.status, 401);
}

#[tokio::test]
async fn a_dataflow_is_saved_as_one_of_the_second_generation() {
    let service = Service::start().await;
    let bo = service.person("bo");
    let path = format!(
        "groups/{}/dataflows/{}/saveAsNativeArtifact",
        id::SALES,
        id::STAGE_ORDERS
    );
    let body = json!({"displayName": "Orders 2", "description": "The new one", "includeSchedule": "true", "targetWorkspaceId": id::FINANCE});
    let saved = bo.post(&path, body.clone()).await;
    assert_eq!(saved.status, 200, "{}", saved.text());
    let saved = saved.json();
    assert_eq!(saved["errors"], json!([]));
    let item = &saved["artifactMetadata"];
    assert_eq!(
        (&item["displayName"], &item["provisionState"], &item["capacityObjectId"]),
        (&json!("Orders 2"), &json!("Active"), &json!(id::CAPACITY))
    );
    assert_eq!(item["ownerUser"]["emailAddress"], "bo@contoso.test");
    assert_eq!(
        bo.post(&path, body.clone()).await.error(),
        (409, "PowerBIEntityAlreadyExists".to_owned())
    );
    let flows = format!("groups/{}/dataflows", id::SALES);
    assert_eq!(bo.get(&flows).await.value().len(), 1, "the first generation stays");
    assert_eq!(
        bo.post(&path, json!({"displayName": "Here"})).await.error(),
        (400, "WorkspaceNotOnCapacity".to_owned())
    );
    let flo = json!({"targetWorkspaceId": "5a4db0c5-0010-4000-8000-0000000000ff"});
    assert_eq!(bo.post(&path, flo).await.refusal(), (401, Some("GroupNotAccessible")));
    assert_eq!(
        service.person("cy").post(&path, body).await.refusal(),
        (401, Some("PowerBINotAuthorizedException"))
    );
}

#[tokio::test]
async fn refreshables_are_filtered_and_refreshes_of_dataflows_take_a_process_type() {
    let service = Service::start().await;
    let ada = service.person("ada");
    let all = ada.get("capacities/refreshables?$top=100").await.value();
    let named = |items: &[Value]| items.iter().map(|item| item["name"].clone()).collect::<Vec<_>>();
    let failed: Vec<Value> = all
        .iter()
        .filter(|item| item["refreshFailures"].as_i64() == Some(0))
        .cloned()
        .collect();
    let filtered = ada
        .get("capacities/refreshables?$top=100&$filter=refreshFailures eq 0 and lastRefresh/status eq 'Completed'")
        .await
        .value();
    assert!(!filtered.is_empty());
    assert_eq!(named(&filtered), named(&failed));
    assert_eq!(
        ada.get("capacities/refreshables?$top=1&$filter=averageDuration gt 1000000")
            .await
            .value(),
        Vec::<Value>::new()
    );
    assert_eq!(ada.get("capacities/refreshables?$top=1&$filter=x").await.status, 400);
    let refreshes = format!("groups/{}/dataflows/{}/refreshes", id::SALES, id::STAGE_ORDERS);
    let body = json!({"notifyOption": "NoNotification"});
    assert_eq!(
        ada.post(&format!("{refreshes}?processType=other"), body.clone())
            .await
            .status,
        400
    );
    assert_empty(&ada.post(&format!("{refreshes}?processType=processFull"), body).await);
}
