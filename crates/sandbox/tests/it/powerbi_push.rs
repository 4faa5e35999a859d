//! Models made over the API: those that keep rows, those that only stream them, and those asked live elsewhere.

use serde_json::Value;
use serde_json::json;

use crate::powerbi_support::Caller;
use crate::powerbi_support::Reply;
use crate::powerbi_support::Service;
use crate::powerbi_support::assert_empty;
use crate::powerbi_support::id;

fn table(name: &str) -> Value {
    json!({"name": name, "columns": [{"name": "Id", "dataType": "Int64"}, {"name": "Note", "dataType": "string"}]})
}

async fn make(caller: &Caller, mode: &str, tables: Value) -> Reply {
    let body = json!({"name": format!("{mode} model"), "defaultMode": mode, "tables": tables});
    caller.post(&format!("groups/{}/datasets", id::FINANCE), body).await
}

async fn made(caller: &Caller, mode: &str) -> String {
    let reply = make(caller, mode, json!([table("T")])).await;
    assert_eq!(reply.status, 201, "{}", reply.text());
    reply.json()["id"].as_str().unwrap().to_owned()
}

async fn add(caller: &Caller, model: &str, rows: Value) -> Reply {
    caller
        .post(&format!("datasets/{model}/tables/T/rows"), json!({"rows": rows}))
        .await
}

#[tokio::test]
async fn streamed_rows_are_taken_and_cannot_be_queried() {
    let service = Service::start().await;
    let bo = service.person("bo");
    let model = made(&bo, "Streaming").await;
    let shown = bo.get(&format!("datasets/{model}")).await.json();
    assert_eq!(
        (&shown["addRowsAPIEnabled"], &shown["isRefreshable"]),
        (&json!(true), &json!(false))
    );
    assert_eq!(bo.get(&format!("datasets/{model}/tables")).await.column("name"), ["T"]);
    assert_empty(&add(&bo, &model, json!([{"Id": 1, "Note": "warm"}])).await);
    assert_eq!(add(&bo, &model, json!([{"Id": "one"}])).await.status, 400);
    // Some of the service's limits are for streaming alone.
    let large = json!([{"Id": 1, "Note": "x".repeat(3_900)}, {"Id": 2, "Note": "x".repeat(3_900)},
        {"Id": 3, "Note": "x".repeat(3_900)}, {"Id": 4, "Note": "x".repeat(3_900)}]);
    assert_eq!(
        add(&bo, &model, large).await.error(),
        (413, "RequestEntityTooLarge".to_owned())
    );
    for query in ["EVALUATE 'T'", "EVALUATE ROW(\"n\", 1)"] {
        let refused = bo.query(&model, query).await;
        assert_eq!(refused.error(), (400, "DatasetExecuteQueriesError".to_owned()));
        assert!(refused.text().contains("streaming"), "{}", refused.text());
    }
    let arrow = json!({"query": "EVALUATE 'T'"});
    assert_eq!(
        bo.post(&format!("datasets/{model}/executeDaxQueries"), arrow)
            .await
            .status,
        400
    );
    let rebind = format!("reports/{}/Rebind", id::FINANCE_OVERVIEW);
    assert_eq!(bo.post(&rebind, json!({"datasetId": model})).await.status, 400);
    assert_eq!(
        bo.post(&format!("datasets/{model}/refreshes"), json!({})).await.status,
        400
    );
    assert_empty(&bo.delete(&format!("datasets/{model}/tables/T/rows")).await);
    assert_empty(&bo.delete(&format!("datasets/{model}")).await);
}

#[tokio::test]
async fn a_hybrid_model_keeps_its_rows_and_has_one_plain_table() {
    let service = Service::start().await;
    let bo = service.person("bo");
    let model = made(&bo, "pushStreaming").await;
    let note = "x".repeat(3_900);
    let large: Vec<Value> = (0..5).map(|number| json!({"Id": number, "Note": note})).collect();
    assert_empty(&add(&bo, &model, json!(large)).await);
    assert_empty(&add(&bo, &model, json!([{"Id": 9}])).await);
    let count = "EVALUATE ROW(\"n\", COUNTROWS('T'))";
    assert_eq!(bo.rows(&model, count).await[0]["[n]"], 6);
    for mode in ["Streaming", "PushStreaming"] {
        let two = make(&bo, mode, json!([table("T"), table("U")])).await;
        assert_eq!(two.error(), (400, "InvalidRequest".to_owned()));
        let formatted =
            json!([{"name": "T", "columns": [{"name": "Id", "dataType": "Int64", "formatString": "Currency"}]}]);
        assert_eq!(
            make(&bo, mode, formatted.clone()).await.error(),
            (400, "InvalidRequest".to_owned())
        );
        assert_eq!(make(&bo, "Push", formatted).await.status, 201);
    }
    assert_eq!(make(&bo, "Push", json!([table("T"), table("U")])).await.status, 201);
    assert_eq!(
        make(&bo, "Pull", json!([table("T")])).await.error(),
        (400, "InvalidRequest".to_owned())
    );
}

#[tokio::test]
async fn a_live_model_names_its_source_and_takes_no_rows() {
    let service = Service::start().await;
    let bo = service.person("bo");
    let path = format!("groups/{}/datasets", id::FINANCE);
    let live =
        |mode: &str, source: Value| json!({"name": "Cube", "defaultMode": mode, "tables": [], "datasources": [source]});
    let azure = json!({"connectionDetails": {"server": "asazure://westeurope.asazure.test/cubes", "database": "Shop"}});
    let made = bo.post(&path, live("AsAzure", azure.clone())).await;
    assert_eq!(made.status, 201, "{}", made.text());
    let model = made.json()["id"].as_str().unwrap().to_owned();
    let sources = bo.get(&format!("datasets/{model}/datasources")).await.value();
    assert_eq!(sources.len(), 1);
    assert_eq!(
        (&sources[0]["datasourceType"], &sources[0]["connectionDetails"]),
        (&json!("AnalysisServices"), &azure["connectionDetails"])
    );
    let shown = bo.get(&format!("datasets/{model}")).await.json();
    assert_eq!(
        (&shown["addRowsAPIEnabled"], &shown["isOnPremGatewayRequired"]),
        (&json!(false), &json!(false))
    );
    assert_eq!(
        add(&bo, &model, json!([{"Id": 1}])).await.error(),
        (400, "DatasetNotPushable".to_owned())
    );
    assert_eq!(bo.get(&format!("datasets/{model}/tables")).await.status, 400);
    assert_eq!(
        bo.query(&model, "EVALUATE 'T'").await.error(),
        (400, "DatasetExecuteQueriesError".to_owned())
    );
    let on_premises =
        json!({"connectionString": "Data Source=cube1.contoso.test;Initial Catalog=Shop", "gatewayId": id::GATEWAY});
    let made = bo.post(&path, live("AsOnPrem", on_premises.clone())).await.json();
    let place = format!("datasets/{}", made["id"].as_str().unwrap());
    assert_eq!(bo.get(&place).await.json()["isOnPremGatewayRequired"], true);
    let source = bo.get(&format!("{place}/datasources")).await.value()[0].clone();
    assert_eq!(
        (&source["gatewayId"], &source["connectionDetails"]["server"]),
        (&json!(id::GATEWAY), &json!("cube1.contoso.test"))
    );
    let mut with_tables = live("AsAzure", azure.clone());
    with_tables["tables"] = json!([table("T")]);
    let wrong = [
        with_tables,
        live("AsAzure", on_premises),
        live("AsOnPrem", azure),
        live(
            "AsAzure",
            json!({"connectionDetails": {"server": "asazure://westeurope.asazure.test/cubes"}}),
        ),
        live(
            "AsAzure",
            json!({"datasourceType": "Sql", "connectionString": "server=a;database=b"}),
        ),
        json!({"name": "Cube", "defaultMode": "AsAzure", "tables": []}),
    ];
    for body in wrong {
        assert_eq!(
            bo.post(&path, body.clone()).await.error(),
            (400, "InvalidRequest".to_owned()),
            "{body}"
        );
    }
    let nowhere = json!({"connectionString": "Data Source=a;Initial Catalog=b", "gatewayId": id::CAPACITY});
    assert_eq!(
        bo.post(&path, live("AsOnPrem", nowhere)).await.error(),
        (404, "DMTS_GatewayNotFoundError".to_owned())
    );
}

#[tokio::test]
async fn models_for_rows_are_made_until_the_end_of_october_2027() {
    let service = Service::start().await;
    let bo = service.person("bo");
    let settings = format!("{}/sandbox/settings", service.sandbox.url());
    let set = bo.post(&settings, json!({"streaming_models": false})).await;
    assert_eq!(set.json()["streaming_models"], false);
    for mode in ["Streaming", "PushStreaming"] {
        assert_eq!(
            make(&bo, mode, json!([table("T")])).await.error(),
            (400, "FeatureDeprecatedError".to_owned())
        );
    }
    let kept = made(&bo, "Push").await;
    let clock = format!("{}/sandbox/clock", service.sandbox.url());
    let set = bo.post(&clock, json!({"set": "2027-10-31T23:59:59Z"})).await;
    assert_eq!(set.status, 200);
    let late = service.person("bo");
    made(&late, "Push").await;
    service.advance_s(1);
    assert_eq!(
        make(&late, "Push", json!([table("T")])).await.error(),
        (400, "FeatureDeprecatedError".to_owned())
    );
    assert_empty(&add(&late, &kept, json!([{"Id": 1}])).await);
    assert_eq!(late.rows(&kept, "EVALUATE 'T'").await.len(), 1);
}

#[tokio::test]
async fn a_scan_tells_the_sorts_of_models_apart() {
    let service = Service::start().await;
    let (ada, bo) = (service.person("ada"), service.person("bo"));
    let (streams, keeps) = (made(&bo, "Streaming").await, made(&bo, "PushStreaming").await);
    let started = ada
        .post("admin/workspaces/getInfo", json!({"workspaces": [id::FINANCE]}))
        .await
        .json();
    service.advance_s(60);
    let place = format!("admin/workspaces/scanResult/{}", started["id"].as_str().unwrap());
    let result = ada.get(&place).await.json();
    let models = result["workspaces"][0]["datasets"].as_array().unwrap().clone();
    let sort = |id: &str| {
        let model = models.iter().find(|model| model["id"] == id).unwrap();
        model["contentProviderType"].clone()
    };
    assert_eq!(sort(&streams), "RealTimeInStreamingMode");
    assert_eq!(sort(&keeps), "RealTimeInPushMode");
}

#[tokio::test]
async fn a_model_takes_rows_120_times_a_minute_and_none_from_profiles() {
    let service = Service::start().await;
    let (ada, bo, job) = (service.person("ada"), service.person("bo"), service.job());
    let model = made(&bo, "Push").await;
    for number in 0..120 {
        assert_empty(&add(&bo, &model, json!([{"Id": number}])).await);
    }
    let refused = add(&ada, &model, json!([{"Id": 120}])).await;
    assert_eq!(
        (refused.status.as_u16(), refused.header("retry-after")),
        (429, Some("61"))
    );
    let count = "EVALUATE ROW(\"n\", COUNTROWS('T'))";
    assert_eq!(bo.rows(&model, count).await[0]["[n]"], 120);
    service.advance_s(61);
    assert_empty(&add(&bo, &model, json!([{"Id": 120}])).await);
    let profile = job.post("profiles", json!({"displayName": "Fabrikam"})).await.json();
    let customer = job.acting_as(profile["id"].as_str().unwrap());
    let home = customer.post("groups", json!({"name": "For Fabrikam"})).await.json();
    let body = json!({"name": "Rows", "tables": [table("T")]});
    let made = customer
        .post(&format!("groups/{}/datasets", home["id"].as_str().unwrap()), body)
        .await;
    assert_eq!(made.error(), (403, "PowerBINotAuthorizedException".to_owned()));
}
