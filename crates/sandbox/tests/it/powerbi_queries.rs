//! Queries: rows, row-level security, limits and the error form.

use serde_json::Value;
use serde_json::json;

use crate::powerbi_support::Service;
use crate::powerbi_support::id;

const BY_REGION: &str =
    "EVALUATE SUMMARIZECOLUMNS('Region'[Region], \"Revenue\", [Total Sales]) ORDER BY 'Region'[Region]";

fn regions(rows: &[Value]) -> Vec<&str> {
    rows.iter().map(|row| row["Region[Region]"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn readers_are_filtered_by_role_and_writers_are_not() {
    let service = Service::start().await;
    let all = service.person("ada").rows(id::SALES_MODEL, BY_REGION).await;
    assert_eq!(regions(&all), ["Central", "East", "North", "South", "West"]);
    let north = service.person("cy").rows(id::SALES_MODEL, BY_REGION).await;
    assert_eq!(regions(&north), ["North"]);
    assert_eq!(north[0]["[Revenue]"], all[2]["[Revenue]"]);
}

#[tokio::test]
async fn only_writers_ask_as_somebody_else() {
    let service = Service::start().await;
    let path = format!("datasets/{}/executeQueries", id::SALES_MODEL);
    let body = |who: &str| json!({"queries": [{"query": BY_REGION}], "impersonatedUserName": who});
    let as_cy = service.person("ada").post(&path, body("cy@contoso.test")).await;
    let rows = as_cy.json()["results"][0]["tables"][0]["rows"]
        .as_array()
        .unwrap()
        .clone();
    assert_eq!(regions(&rows), ["North"]);
    let as_ada = service.person("cy").post(&path, body("ada@contoso.test")).await;
    assert_eq!(as_ada.refusal(), (401, Some("PowerBINotAuthorizedException")));
    let nobody = service.person("ada").post(&path, body("nobody@contoso.test")).await;
    assert_eq!(nobody.error(), (400, "DatasetExecuteQueriesError".to_owned()));
    let stranger = service.person("ada").post(&path, body("flo@contoso.test")).await;
    assert_eq!(stranger.error(), (400, "DatasetExecuteQueriesError".to_owned()));
}

#[tokio::test]
async fn nulls_are_left_out_unless_wanted_and_columns_keep_their_order() {
    let service = Service::start().await;
    let bo = service.person("bo");
    let path = format!("datasets/{}/executeQueries", id::SALES_MODEL);
    let query = "EVALUATE ROW(\"z\", 1, \"nothing\", BLANK(), \"a\", \"ö\")";
    let lean = bo.post(&path, json!({"queries": [{"query": query}]})).await;
    assert_eq!(
        lean.text(),
        r#"{"results":[{"tables":[{"rows":[{"[z]":1,"[a]":"ö"}]}]}]}"#
    );
    let full = bo.query(id::SALES_MODEL, query).await;
    assert_eq!(
        full.text(),
        r#"{"results":[{"tables":[{"rows":[{"[z]":1,"[nothing]":null,"[a]":"ö"}]}]}]}"#
    );
}

#[tokio::test]
async fn a_wrong_query_is_explained_in_the_details() {
    let service = Service::start().await;
    let reply = service
        .person("ada")
        .query(id::SALES_MODEL, "EVALUATE 'No such table'")
        .await;
    assert_eq!(reply.error(), (400, "DatasetExecuteQueriesError".to_owned()));
    let inner = reply.json()["error"]["pbi.error"].clone();
    assert_eq!(inner["code"], "DatasetExecuteQueriesError");
    assert_eq!(inner["details"][0]["code"], "DetailsMessage");
    assert!(
        inner["details"][0]["detail"]["value"]
            .as_str()
            .unwrap()
            .contains("No such table"),
        "{inner}"
    );
    assert_eq!(inner["details"][1]["code"], "AnalysisServicesErrorCode");
    assert_eq!(inner["details"][1]["detail"]["type"], 1);
    let unknown = service
        .person("ada")
        .query(id::SALES_MODEL, "EVALUATE ROW(\"x\", XIRR(1))")
        .await;
    assert!(unknown.text().contains("sandbox"), "{}", unknown.text());
}

#[tokio::test]
async fn an_answer_with_too_many_rows_is_cut_and_says_so() {
    let service = Service::start().await;
    let reply = service.person("ada").query(id::BIG_MODEL, "EVALUATE 'Readings'").await;
    assert_eq!(reply.status, 200);
    let result = reply.json()["results"][0].clone();
    let rows = result["tables"][0]["rows"].as_array().unwrap().len();
    assert_eq!(rows, 100_000);
    assert!(
        result["error"]["message"].as_str().unwrap().contains("100000"),
        "{}",
        result["error"]
    );
}

#[tokio::test]
async fn a_person_asks_at_most_120_times_a_minute() {
    let service = Service::start().await;
    let (ada, bo) = (service.person("ada"), service.person("bo"));
    for _ in 0..120 {
        assert_eq!(ada.query(id::FINANCE_MODEL, "EVALUATE ROW(\"n\", 1)").await.status, 200);
    }
    let throttled = ada.query(id::SALES_MODEL, "EVALUATE ROW(\"n\", 1)").await;
    assert_eq!(
        (throttled.status.as_u16(), throttled.header("retry-after")),
        (429, Some("61"))
    );
    assert!(throttled.json().get("error").is_none());
    assert_eq!(bo.query(id::SALES_MODEL, "EVALUATE ROW(\"n\", 1)").await.status, 200);
    service.advance_s(61);
    assert_eq!(ada.query(id::SALES_MODEL, "EVALUATE ROW(\"n\", 1)").await.status, 200);
}

#[tokio::test]
async fn one_call_holds_one_query() {
    let service = Service::start().await;
    let ada = service.person("ada");
    let path = format!("datasets/{}/executeQueries", id::SALES_MODEL);
    for body in [
        json!({}),
        json!({"queries": []}),
        json!({"queries": [{"query": "EVALUATE {1}"}, {"query": "EVALUATE {2}"}]}),
        json!({"queries": [{}]}),
    ] {
        assert_eq!(ada.post(&path, body.clone()).await.status, 400, "{body}");
    }
}

#[tokio::test]
async fn info_functions_answer_until_they_are_switched_off() {
    let service = Service::start().await;
    let ada = service.person("ada");
    let tables = ada.rows(id::SALES_MODEL, "EVALUATE INFO.VIEW.TABLES()").await;
    assert!(tables.iter().any(|table| table["[Name]"] == "Sales"), "{tables:?}");
    service.sandbox.world().lock().unwrap().settings.info_functions = false;
    let refused = ada.query(id::SALES_MODEL, "EVALUATE INFO.VIEW.TABLES()").await;
    assert_eq!(refused.error(), (400, "DatasetExecuteQueriesError".to_owned()));
}

#[tokio::test]
async fn rows_pushed_over_the_api_are_there_to_be_asked() {
    let service = Service::start().await;
    let bo = service.person("bo");
    let path = format!("groups/{}/datasets/{}/tables", id::SALES, id::LIVE_ORDERS);
    assert_eq!(bo.get(&path).await.column("name"), ["Orders"]);
    let count = "EVALUATE ROW(\"n\", COUNTROWS('Orders'))";
    assert_eq!(bo.rows(id::LIVE_ORDERS, count).await[0]["[n]"], 12);
    let rows = json!({"rows": [{"OrderId": 1, "Region": "East", "Amount": 2.5, "At": "2026-08-03T09:00:00Z"}, {"OrderId": 2}]});
    assert_eq!(bo.post(&format!("{path}/Orders/rows"), rows).await.status, 200);
    assert_eq!(bo.rows(id::LIVE_ORDERS, count).await[0]["[n]"], 14);
    let wrong = json!({"rows": [{"OrderId": "one"}]});
    assert_eq!(bo.post(&format!("{path}/Orders/rows"), wrong).await.status, 400);
    assert_eq!(bo.delete(&format!("{path}/Orders/rows")).await.status, 200);
    assert_eq!(bo.rows(id::LIVE_ORDERS, count).await[0]["[n]"], Value::Null);
    let made = bo
        .post(
            "datasets?defaultRetentionPolicy=basicFIFO",
            json!({"name": "Sensors", "defaultMode": "Push",
        "tables": [{"name": "T", "columns": [{"name": "Id", "dataType": "Int64"}]}]}),
        )
        .await;
    assert_eq!(
        (made.status.as_u16(), &made.json()["defaultRetentionPolicy"]),
        (201, &json!("basicFIFO"))
    );
    let id = made.json()["id"].as_str().unwrap().to_owned();
    assert_eq!(
        bo.post(&format!("datasets/{id}/tables/T/rows"), json!({"rows": [{"Id": 7}]}))
            .await
            .status,
        200
    );
    assert_eq!(bo.rows(&id, "EVALUATE 'T'").await, [json!({"T[Id]": 7})]);
}
