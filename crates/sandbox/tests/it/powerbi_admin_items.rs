//! Administrators and items: lists over the organisation and in a workspace, who reaches them, what lies unused.

use serde_json::json;

use crate::powerbi_support::Caller;
use crate::powerbi_support::Service;
use crate::powerbi_support::assert_empty;
use crate::powerbi_support::id;

#[tokio::test]
async fn items_are_listed_over_the_organisation_and_in_a_workspace() {
    let service = Service::start().await;
    let ada = service.person("ada");
    let everywhere = ada.get("admin/reports").await;
    assert!(everywhere.value().len() > 1_200);
    let context = "https://wabi-sandbox-redirect.analysis.windows.test/v1.0/myorg/admin/$metadata#reports";
    assert_eq!(everywhere.json()["@odata.context"], context);
    assert_eq!(everywhere.json().get("@odata.count"), None);
    let page = ada
        .get("admin/reports?$filter=startswith(name,'Archived')&$top=2&$skip=3")
        .await;
    assert_eq!(page.column("name"), ["Archived report 0004", "Archived report 0005"]);
    let here = ada.get(&format!("admin/groups/{}/reports", id::SALES)).await;
    assert_eq!(here.column("name"), ["Sales overview", "Order slip", "Support tickets"]);
    assert_eq!(here.value()[0]["modifiedBy"], "bo@contoso.test");
    // Bo's private items are seen too.
    let boards = ada.get("admin/dashboards?$expand=tiles").await;
    assert_eq!(
        boards.column("displayName"),
        ["Sales board", "Finance board", "My board"]
    );
    assert_eq!(boards.value()[0]["tiles"][0]["title"], "Revenue");
    assert_eq!(ada.get("admin/dashboards").await.value()[0].get("tiles"), None);
    let tiles = ada.get(&format!("admin/dashboards/{}/tiles", id::SALES_BOARD)).await;
    assert_eq!(tiles.column("title")[..2], ["Revenue", "Revenue by region"]);
    let models = ada.get("admin/datasets?$filter=addRowsAPIEnabled eq true").await;
    assert_eq!(models.column("name"), ["Live orders"]);
    let in_sales = ada.get(&format!("admin/groups/{}/datasets?$top=1", id::SALES)).await;
    assert_eq!(in_sales.column("workspaceId"), [id::SALES]);
    assert_eq!(
        ada.get(&format!("admin/groups/{}/dashboards", id::FINANCE))
            .await
            .column("id"),
        [id::FINANCE_BOARD]
    );
    let nowhere = "5a4db0c5-0010-4000-8000-00000000ffff";
    assert_eq!(ada.get(&format!("admin/groups/{nowhere}/reports")).await.status, 404);
}

#[tokio::test]
async fn items_of_a_deleted_workspace_are_not_listed() {
    let service = Service::start().await;
    let ada = service.person("ada");
    assert_empty(&ada.delete(&format!("groups/{}", id::SALES)).await);
    let reports = ada.get("admin/reports?$top=5").await;
    assert!(!reports.column("workspaceId").contains(&id::SALES.to_owned()));
    assert_eq!(
        ada.get(&format!("admin/reports/{}/users", id::SALES_OVERVIEW))
            .await
            .status,
        404
    );
    let expanded = ada
        .get(&format!("admin/groups/{}?$expand=reports", id::SALES))
        .await
        .json();
    assert_eq!(
        (&expanded["state"], &expanded["reports"]),
        (&json!("Deleted"), &json!([]))
    );
}

#[tokio::test]
async fn dataflows_are_listed_traced_and_downloaded() {
    let service = Service::start().await;
    let ada = service.person("ada");
    let all = ada.get("admin/dataflows?$filter=contains(name,'Stage')").await;
    assert_eq!(all.column("name"), ["Stage orders", "Stage costs"]);
    let stage_costs = all.value()[1]["objectId"].as_str().unwrap().to_owned();
    let in_finance = ada.get(&format!("admin/groups/{}/dataflows", id::FINANCE)).await;
    assert_eq!(in_finance.column("objectId"), [stage_costs.as_str()]);
    let upstream = format!("admin/groups/{}/dataflows/{stage_costs}/upstreamDataflows", id::FINANCE);
    let feeds = json!([{"targetDataflowId": id::STAGE_ORDERS, "groupId": id::SALES}]);
    assert_eq!(ada.get(&upstream).await.json()["value"], feeds);
    let misplaced = upstream.replace(id::FINANCE, id::SALES);
    assert_eq!(ada.get(&misplaced).await.status, 404);
    let links = ada
        .get(&format!("admin/groups/{}/datasets/upstreamDataflows", id::SALES))
        .await;
    let link = json!([{"datasetObjectId": id::SALES_MODEL, "dataflowObjectId": id::STAGE_ORDERS, "workspaceObjectId": id::SALES}]);
    assert_eq!(links.json()["value"], link);
    let file = ada.get(&format!("admin/dataflows/{}/export", id::STAGE_ORDERS)).await;
    assert!(file.header("content-disposition").unwrap().contains("model.json"));
    assert_eq!(file.json()["entities"][0]["name"], "Orders");
    let sources = ada
        .get(&format!("admin/dataflows/{}/datasources", id::STAGE_ORDERS))
        .await;
    assert_eq!(
        sources.value()[0]["connectionDetails"]["url"],
        "https://files.contoso.test/orders.csv"
    );
    let users = ada.get(&format!("admin/dataflows/{}/users", id::STAGE_ORDERS)).await;
    let rights: Vec<String> = users.column("dataflowUserAccessRight");
    assert_eq!(rights[..2], ["Owner", "Owner"]);
}

#[tokio::test]
async fn apps_imports_and_data_sources_are_listed() {
    let service = Service::start().await;
    let (ada, bo) = (service.person("ada"), service.person("bo"));
    assert_eq!(ada.get("admin/apps").await.error(), (400, "InvalidRequest".to_owned()));
    let apps = ada.get("admin/apps?$top=10").await;
    assert_eq!(apps.column("name"), ["Board pack", "Finance app"]);
    assert_eq!(
        ada.get("admin/apps?$top=1&$skip=1").await.column("name"),
        ["Finance app"]
    );
    let users = ada.get(&format!("admin/apps/{}/users", id::FINANCE_APP)).await;
    let eve = users
        .value()
        .into_iter()
        .find(|user| user["identifier"] == "eve@contoso.test")
        .unwrap();
    assert_eq!(eve["appUserAccessRight"], "ReadExplore");
    let sources = ada
        .get(&format!("admin/datasets/{}/datasources", id::SALES_MODEL))
        .await;
    assert_eq!(sources.value()[0]["connectionDetails"]["database"], "Shop");
    assert_eq!(ada.get("admin/imports").await.value().len(), 0);
    let upload = format!("groups/{}/imports?datasetDisplayName=model.json", id::SALES);
    let file = json!({"name": "Stage returns", "version": "1.0", "entities": []}).to_string();
    assert_eq!(bo.upload(&upload, file.as_bytes()).await.status, 202);
    assert_eq!(ada.get("admin/imports").await.column("importState"), ["Publishing"]);
    service.advance_s(4);
    let done = ada.get("admin/imports?$filter=importState eq 'Succeeded'").await;
    assert_eq!(done.value().len(), 1);
}

async fn right_of(ada: &Caller, path: &str, field: &str, person: &str) -> String {
    let users = ada.get(path).await.value();
    let found = users
        .iter()
        .find(|user| user["identifier"] == format!("{person}@contoso.test"));
    found
        .map(|user| user[field].as_str().unwrap().to_owned())
        .unwrap_or_default()
}

#[tokio::test]
async fn the_people_who_reach_an_item_follow_roles_shares_and_apps() {
    let service = Service::start().await;
    let ada = service.person("ada");
    let report = format!("admin/reports/{}/users", id::FINANCE_OVERVIEW);
    let field = "reportUserAccessRight";
    assert_eq!(right_of(&ada, &report, field, "ada").await, "Owner");
    assert_eq!(right_of(&ada, &report, field, "cy").await, "Read");
    // Eve has the app, and nothing else.
    assert_eq!(right_of(&ada, &report, field, "eve").await, "Read");
    assert_eq!(right_of(&ada, &report, field, "flo").await, "");
    let board = format!("admin/dashboards/{}/users", id::FINANCE_BOARD);
    assert_eq!(right_of(&ada, &board, "dashboardUserAccessRight", "eve").await, "Read");
    let model = format!("admin/datasets/{}/users", id::SALES_MODEL);
    let field = "datasetUserAccessRight";
    assert_eq!(right_of(&ada, &model, field, "cy").await, "ReadExplore");
    assert_eq!(right_of(&ada, &model, field, "flo").await, "");
    let share =
        json!({"identifier": "flo@contoso.test", "principalType": "User", "datasetUserAccessRight": "ReadReshare"});
    assert_empty(
        &ada.post(
            &format!("groups/{}/datasets/{}/users", id::SALES, id::SALES_MODEL),
            share,
        )
        .await,
    );
    assert_eq!(right_of(&ada, &model, field, "flo").await, "ReadReshare");
    let guest = ada
        .get(&report)
        .await
        .value()
        .into_iter()
        .find(|user| user["userType"] == "Guest");
    assert_eq!(guest.unwrap()["identifier"], "gus_fabrikam.test#EXT#@contoso.test");
}

#[tokio::test]
async fn what_nobody_uses_for_a_month_is_listed_in_pages() {
    let service = Service::start().await;
    let ada = service.person("ada");
    let path = format!("admin/groups/{}/unused", id::ARCHIVE);
    let mut address = path.clone();
    let mut pages = Vec::new();
    loop {
        let page = ada.get(&address).await.json();
        assert_eq!(page.get("@odata.context"), None);
        pages.push(page["unusedArtifactEntities"].as_array().unwrap().len());
        match page["continuationUri"].as_str() {
            Some(next) => address = next.to_owned(),
            None => {
                assert!(page["continuationToken"].is_null());
                break;
            }
        }
    }
    // 1,200 reports and their model.
    assert_eq!(pages.iter().sum::<usize>(), 1_201);
    assert_eq!(pages[0], 100);
    // Sales overview was opened all month long, and so its model was in use; the order slip was not touched.
    let sales = format!("admin/groups/{}/unused", id::SALES);
    let names = |reply: &serde_json::Value| -> Vec<String> {
        let items = reply["unusedArtifactEntities"].as_array().unwrap().iter();
        items
            .map(|item| item["displayName"].as_str().unwrap().to_owned())
            .collect()
    };
    let before = names(&ada.get(&sales).await.json());
    assert!(before.contains(&"Order slip".to_owned()));
    assert!(!before.contains(&"Sales overview".to_owned()) && !before.contains(&"Sales model".to_owned()));
    let slip = "5a4db0c5-0012-4000-8000-000000000008";
    assert_eq!(
        ada.get(&format!("groups/{}/reports/{slip}", id::SALES)).await.status,
        200
    );
    assert!(!names(&ada.get(&sales).await.json()).contains(&"Order slip".to_owned()));
    let foreign = ada.get(&format!("{path}?continuationToken='bm8='")).await;
    assert_eq!(foreign.error(), (400, "InvalidRequest".to_owned()));
}
