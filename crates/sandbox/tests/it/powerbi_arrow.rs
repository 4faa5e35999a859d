//! DAX with answers in Arrow.

use serde_json::Value;
use serde_json::json;

use crate::arrow_reader;
use crate::arrow_reader::Rowset;
use crate::powerbi_support::Caller;
use crate::powerbi_support::Service;
use crate::powerbi_support::id;

async fn ask(caller: &Caller, body: Value) -> Vec<Rowset> {
    let path = format!("datasets/{}/executeDaxQueries", id::FINANCE_MODEL);
    let reply = caller.post(&path, body).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    assert_eq!(
        reply.header("content-type"),
        Some("application/vnd.apache.arrow.stream")
    );
    arrow_reader::read(&reply.bytes)
}

#[tokio::test]
async fn every_evaluate_gives_a_stream_with_the_types_of_its_columns() {
    let service = Service::start().await;
    let bo = service.person("bo");
    let query = "DEFINE MEASURE 'Ledger'[Twice] = 2 * [Actual]
        EVALUATE SUMMARIZECOLUMNS('Account'[Kind], \"Twice\", [Twice]) ORDER BY 'Account'[Kind]
        EVALUATE {(1, \"ä\", TRUE(), DATE(2026, 8, 3), 1.5), (BLANK(), BLANK(), FALSE(), BLANK(), 2)}";
    let found = ask(&bo, json!({"query": query})).await;
    assert_eq!(found.len(), 2);
    let names: Vec<&str> = found[0].columns.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["Account[Kind]", "[Twice]"]);
    let json = bo
        .rows(
            id::FINANCE_MODEL,
            "EVALUATE SUMMARIZECOLUMNS('Account'[Kind], \"Actual\", [Actual]) ORDER BY 'Account'[Kind]",
        )
        .await;
    for (row, known) in found[0].rows.iter().zip(&json) {
        assert_eq!(row[0], known["Account[Kind]"]);
        let (twice, once) = (row[1].as_f64().unwrap(), known["[Actual]"].as_f64().unwrap());
        assert!((twice - 2.0 * once).abs() < 0.01, "{twice} is not twice {once}");
    }
    let kinds: Vec<u8> = found[1].columns.iter().map(|(_, kind)| *kind).collect();
    assert_eq!(kinds, [2, 5, 6, 10, 3]);
    assert_eq!(
        found[1].rows[0],
        [
            json!(1),
            json!("ä"),
            json!(true),
            json!(1_785_715_200_000_i64),
            json!(1.5)
        ]
    );
    assert_eq!(
        found[1].rows[1],
        [Value::Null, Value::Null, json!(false), Value::Null, json!(2.0)]
    );
}

#[tokio::test]
async fn an_error_comes_inside_a_good_answer_behind_what_went_well() {
    let service = Service::start().await;
    let bo = service.person("bo");
    let found = ask(&bo, json!({"query": "EVALUATE {1} EVALUATE {[No such measure]}"})).await;
    assert_eq!((found.len(), &found[0].rows), (2, &vec![vec![json!(1)]]));
    assert_eq!(found[1].notes["IsError"], "true");
    assert!(
        found[1].notes["FaultString"].contains("No such measure"),
        "{:?}",
        found[1].notes
    );
    let found = ask(&bo, json!({"query": "EVALUATE 'Ledger'", "resultSetRowCountLimit": 10})).await;
    assert_eq!(found[0].notes["IsError"], "true");
    assert!(found[0].notes.contains_key("FaultCode"));
}

#[tokio::test]
async fn schema_and_metrics_are_given_when_asked_for() {
    let service = Service::start().await;
    let bo = service.person("bo");
    let found = ask(
        &bo,
        json!({"query": "EVALUATE 'Account'", "schemaOnly": true, "executionMetrics": true}),
    )
    .await;
    assert!(found[0].columns.len() > 2 && found[0].rows.is_empty());
    let metrics: Value = serde_json::from_str(found[1].rows[0][0].as_str().unwrap()).unwrap();
    assert!(metrics["durationMs"].is_u64());
    let info = ask(&bo, json!({"query": "EVALUATE INFO.VIEW.TABLES()"})).await;
    assert!(!info[0].rows.is_empty());
}

#[tokio::test]
async fn many_rows_come_in_several_batches() {
    let service = Service::start().await;
    let bo = service.person("bo");
    let path = format!("datasets/{}/executeDaxQueries", id::BIG_MODEL);
    let reply = bo
        .post(
            &path,
            json!({"query": "EVALUATE SELECTCOLUMNS('Readings', \"n\", 'Readings'[Reading])"}),
        )
        .await;
    let found = arrow_reader::read(&reply.bytes);
    assert_eq!(found[0].rows.len(), 300_000);
    assert_eq!(found[0].rows[299_999], [json!(300_000)]);
}

#[tokio::test]
async fn arrow_answers_need_a_capacity_and_the_right_to_build() {
    let service = Service::start().await;
    let (bo, flo) = (service.person("bo"), service.person("flo"));
    let body = json!({"query": "EVALUATE {1}"});
    let shared = format!("groups/{}/datasets/{}/executeDaxQueries", id::SALES, id::SALES_MODEL);
    assert_eq!(
        bo.post(&shared, body.clone()).await.refusal(),
        (401, Some("PowerBINotAuthorizedException"))
    );
    let path = format!("datasets/{}/executeDaxQueries", id::FINANCE_MODEL);
    assert_eq!(flo.post(&path, body.clone()).await.error().0, 404);
    for wrong in [
        json!({}),
        json!({"query": "EVALUATE {1}", "resultSetRowCountLimit": 0}),
        json!({"query": "EVALUATE {1}", "roles": ["No such role"]}),
        json!({"query": "EVALUATE {1}", "queryTimeout": "long"}),
    ] {
        assert_eq!(
            bo.post(&path, wrong.clone()).await.error(),
            (400, "InvalidRequest".to_owned()),
            "{wrong}"
        );
    }
    let only_one = bo.query(id::FINANCE_MODEL, "EVALUATE {1} EVALUATE {2}").await;
    assert_eq!(only_one.error(), (400, "DatasetExecuteQueriesError".to_owned()));
    service.sandbox.world().lock().unwrap().settings.execute_queries = false;
    assert_eq!(bo.post(&path, body).await.refusal(), (403, Some("FeatureNotAvailable")));
}
