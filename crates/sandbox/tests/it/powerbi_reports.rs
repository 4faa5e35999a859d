//! Reports, dashboards and tiles.

use sandbox::world::report::ReportKind;
use serde_json::json;

use crate::powerbi_support::Service;
use crate::powerbi_support::assert_empty;
use crate::powerbi_support::id;

#[tokio::test]
async fn reports_look_as_the_service_shows_them() {
    let service = Service::start().await;
    let bo = service.person("bo");
    let reports = bo.get(&format!("groups/{}/reports", id::FINANCE)).await;
    let first = &reports.value()[0];
    let url = service.sandbox.url();
    assert_eq!(
        first["webUrl"],
        format!("{url}/groups/{}/reports/{}", id::FINANCE, id::FINANCE_OVERVIEW)
    );
    assert_eq!(
        (&first["reportType"], &first["format"], &first["isOwnedByMe"]),
        (&json!("PowerBIReport"), &json!("PBIR"), &json!(true))
    );
    assert_eq!(first["datasetId"], id::FINANCE_MODEL);
    let paginated = bo.get(&format!("reports/{}", id::BOOKING_LIST)).await.json();
    assert_eq!(
        (&paginated["reportType"], &paginated["format"]),
        (&json!("PaginatedReport"), &json!("RDL"))
    );
    assert!(paginated.get("datasetId").is_none());
    let pages = bo
        .get(&format!("groups/{}/reports/{}/pages", id::SALES, id::SALES_OVERVIEW))
        .await;
    assert_eq!(
        pages.column("displayName"),
        ["Overview", "Products", "Customers", "Months", "Notes"]
    );
    assert_eq!(
        pages.value()[1],
        json!({"name": "ReportSection1", "displayName": "Products", "order": 1})
    );
    let page = bo
        .get(&format!("reports/{}/pages/ReportSection", id::SALES_OVERVIEW))
        .await;
    assert_eq!(page.json()["displayName"], "Overview");
    assert_eq!(
        bo.get(&format!("reports/{}/pages/Nowhere", id::SALES_OVERVIEW))
            .await
            .status,
        404
    );
    let source = bo.get(&format!("reports/{}/datasources", id::BOOKING_LIST)).await;
    assert_eq!(source.value()[0]["connectionDetails"]["database"], "Finance model");
}

#[tokio::test]
async fn a_report_is_copied_rebound_overwritten_and_deleted() {
    let service = Service::start().await;
    let (bo, cy) = (service.person("bo"), service.person("cy"));
    let clone = format!("groups/{}/reports/{}/Clone", id::FINANCE, id::FINANCE_OVERVIEW);
    let copy = bo
        .post(
            &clone,
            json!({"name": "Copy", "targetWorkspaceId": id::SALES, "targetModelId": id::SALES_MODEL}),
        )
        .await;
    let copy_id = copy.json()["id"].as_str().unwrap().to_owned();
    assert_eq!(copy.json()["datasetId"], id::SALES_MODEL);
    let there = format!("groups/{}/reports/{copy_id}", id::SALES);
    assert_eq!(bo.get(&there).await.json()["name"], "Copy");
    assert_eq!(
        cy.post(&clone, json!({"name": "Mine"})).await.refusal(),
        (401, Some("PowerBINotAuthorizedException"))
    );
    assert_empty(
        &bo.post(&format!("{there}/Rebind"), json!({"datasetId": id::FINANCE_MODEL}))
            .await,
    );
    assert_eq!(bo.get(&there).await.json()["datasetId"], id::FINANCE_MODEL);
    assert_eq!(bo.get(&format!("{there}/Export")).await.status, 400);
    let content = json!({"sourceType": "ExistingReport", "sourceReport": {"sourceReportId": id::SALES_OVERVIEW, "sourceWorkspaceId": id::SALES}});
    assert_eq!(
        bo.post(&format!("{there}/UpdateReportContent"), content).await.json()["datasetId"],
        id::SALES_MODEL
    );
    assert_eq!(bo.get(&format!("{there}/pages")).await.value().len(), 5);
    assert_eq!(
        cy.delete(&there).await.refusal(),
        (401, Some("PowerBINotAuthorizedException"))
    );
    assert_empty(&bo.delete(&there).await);
    assert_eq!(bo.get(&there).await.status, 404);
}

#[tokio::test]
async fn deleting_a_model_takes_its_reports_along() {
    let service = Service::start().await;
    let bo = service.person("bo");
    assert_empty(
        &bo.delete(&format!("groups/{}/datasets/{}", id::SALES, id::SALES_MODEL))
            .await,
    );
    assert_eq!(
        bo.get(&format!("groups/{}/reports", id::SALES)).await.column("name"),
        ["Support tickets"]
    );
    assert_eq!(bo.get(&format!("datasets/{}", id::SALES_MODEL)).await.status, 404);
}

#[tokio::test]
async fn dashboards_and_tiles_come_and_go() {
    let service = Service::start().await;
    let bo = service.person("bo");
    let board = format!("groups/{}/dashboards/{}", id::SALES, id::SALES_BOARD);
    assert_eq!(bo.get(&board).await.json()["displayName"], "Sales board");
    assert_eq!(service.person("di").get(&board).await.json()["isReadOnly"], true);
    let tiles = bo.get(&format!("{board}/tiles")).await;
    assert_eq!(
        tiles.column("title"),
        [
            "Revenue",
            "Revenue by region",
            "Open tickets",
            "Orders of the last hour"
        ]
    );
    let made = bo.post("dashboards", json!({"name": "Mine"})).await.json();
    let target = made["id"].as_str().unwrap().to_owned();
    let tile = tiles.value()[0]["id"].as_str().unwrap().to_owned();
    let nil = "00000000-0000-0000-0000-000000000000";
    let copied = bo
        .post(
            &format!("{board}/tiles/{tile}/Clone"),
            json!({"targetDashboardId": target, "targetWorkspaceId": nil}),
        )
        .await;
    assert_eq!(copied.status, 200, "{}", copied.text());
    assert_eq!(
        bo.get(&format!("dashboards/{target}/tiles")).await.column("title"),
        ["Revenue"]
    );
    assert_eq!(bo.get("dashboards").await.column("displayName"), ["My board", "Mine"]);
    assert_empty(&bo.delete(&format!("dashboards/{target}")).await);
    assert_eq!(bo.get(&format!("dashboards/{target}")).await.status, 404);
    assert_eq!(
        service
            .person("flo")
            .get(&format!("dashboards/{}", id::SALES_BOARD))
            .await
            .status,
        404
    );
}

#[tokio::test]
async fn every_visual_of_every_seeded_report_has_rows() {
    let service = Service::start().await;
    let world = service.sandbox.world().lock().unwrap();
    let everybody = sandbox::dax::Identity {
        bypass: true,
        ..Default::default()
    };
    // The archive's reports are all alike.
    for report in world
        .reports
        .iter()
        .filter(|report| report.workspace.to_string() != id::ARCHIVE)
    {
        let ReportKind::Interactive { pages } = &report.kind else {
            continue;
        };
        let model = report.model.and_then(|id| world.model(id)).unwrap();
        for visual in pages.iter().flat_map(|page| &page.visuals) {
            let order = visual
                .order_by
                .as_ref()
                .map(|order| format!(" ORDER BY {order}"))
                .unwrap_or_default();
            let query = format!("EVALUATE {}{order}", visual.table);
            let rows = sandbox::dax::run(&model.data, &query, &everybody, &sandbox::dax::Limits::default());
            let rows = rows.unwrap_or_else(|error| panic!("{}: {query}: {error}", report.name));
            assert!(!rows.rows.is_empty(), "{}: {query}", report.name);
        }
    }
}

#[tokio::test]
async fn every_paginated_report_lists_rows_with_its_parameters_filled_in() {
    let service = Service::start().await;
    let world = service.sandbox.world().lock().unwrap();
    let everybody = sandbox::dax::Identity {
        bypass: true,
        ..Default::default()
    };
    for report in &world.reports {
        let ReportKind::Paginated { table, parameters, .. } = &report.kind else {
            continue;
        };
        let mut query = format!("EVALUATE {table}");
        for parameter in parameters {
            let value = parameter.default.first().or(parameter.allowed.first()).unwrap();
            let literal = if parameter.is_number {
                value.clone()
            } else {
                format!("\"{value}\"")
            };
            query = query.replace(&format!("@{}", parameter.name), &literal);
        }
        let model = report.model.and_then(|id| world.model(id)).unwrap();
        let rows = sandbox::dax::run(&model.data, &query, &everybody, &sandbox::dax::Limits::default());
        assert!(
            !rows.unwrap_or_else(|error| panic!("{query}: {error}")).rows.is_empty(),
            "{query}"
        );
    }
}
