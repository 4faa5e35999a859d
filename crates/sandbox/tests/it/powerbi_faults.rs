//! Faults and the ledger by operation of the API, and the page that explains them.

use reqwest::Method;
use serde_json::Value;
use serde_json::json;

use crate::powerbi_support::Service;
use crate::powerbi_support::id;

#[tokio::test]
async fn a_fault_hits_one_operation_of_one_person_so_many_times() {
    let service = Service::start().await;
    let (ada, bo) = (service.person("ada"), service.person("bo"));
    let base = service.sandbox.url();
    let rule = json!({"operation": "GET ~/datasets/{dataset}", "person": "bo@contoso.test", "remaining": 2,
        "kind": "status", "status": 429, "headers": {"retry-after": "7"}, "body": {"message": "slower"}});
    assert_eq!(ada.post(&format!("{base}/sandbox/faults"), rule).await.status, 201);
    let model = format!("datasets/{}", id::SALES_MODEL);
    let grouped = format!("groups/{}/{model}", id::SALES);
    assert_eq!(ada.get(&model).await.status, 200);
    assert_eq!(bo.get("datasets").await.status, 200);
    assert_eq!(bo.get(&format!("{model}/refreshes")).await.status, 200);
    for path in [&model, &grouped] {
        let hit = bo.get(path).await;
        assert_eq!((hit.status.as_u16(), hit.header("retry-after")), (429, Some("7")));
        assert_eq!(hit.json(), json!({"message": "slower"}));
    }
    assert_eq!(bo.get(&model).await.status, 200);
    let asked = |query: &str| {
        let url = format!("{base}/sandbox/ledger?{query}");
        let ada = ada.clone();
        async move { ada.get(&url).await.json().as_array().unwrap().len() }
    };
    let operation = "operation=GET%20~/datasets/{dataset}";
    assert_eq!(asked(operation).await, 4);
    assert_eq!(asked(&format!("{operation}&status=429")).await, 2);
    assert_eq!(asked(&format!("{operation}&identity=ada@contoso.test")).await, 1);
}

#[tokio::test]
async fn answers_of_the_api_are_broken_in_every_known_way() {
    let service = Service::start().await;
    let bo = service.person("bo");
    let faults = format!("{}/sandbox/faults", service.sandbox.url());
    let arm = |rule: Value| {
        let (bo, faults) = (bo.clone(), faults.clone());
        async move {
            let mut rule = rule;
            rule["operation"] = "GET groups".into();
            rule["remaining"] = 1.into();
            assert_eq!(bo.post(&faults, rule).await.status, 201);
        }
    };
    arm(json!({"kind": "wrong_casing"})).await;
    assert!(bo.get("groups").await.json()["Value"][0]["Name"].is_string());
    arm(json!({"kind": "malformed"})).await;
    assert!(serde_json::from_slice::<Value>(&bo.get("groups").await.bytes).is_err());
    arm(json!({"kind": "omit", "field": "value"})).await;
    assert_eq!(bo.get("groups").await.json().get("value"), None);
    arm(json!({"kind": "drip", "ms": 1, "bytes": 100})).await;
    assert!(!bo.get("groups").await.value().is_empty());
    arm(json!({"kind": "delay", "ms": 1})).await;
    assert!(!bo.get("groups").await.value().is_empty());
    arm(json!({"kind": "cut"})).await;
    let cut = reqwest::Client::builder().no_proxy().build().unwrap();
    let url = format!("{}/v1.0/myorg/groups", service.sandbox.url());
    assert!(cut.get(&url).send().await.is_err());
    assert!(
        bo.get(&faults).await.json().as_array().unwrap().is_empty(),
        "all are spent"
    );
}

#[tokio::test]
async fn the_front_page_names_every_fault_and_every_filter() {
    let service = Service::start().await;
    let nobody = service.with_token(None);
    let page = nobody
        .send(Method::GET, &format!("{}/", service.sandbox.url()), None)
        .await;
    assert_eq!(page.status, 200);
    let words = [
        "status",
        "retry-after",
        "delay",
        "drip",
        "cut",
        "drop_response",
        "malformed",
        "wrong_casing",
        "omit",
        "aadsts",
        "other_person",
        "operation",
        "person",
        "client_id",
        "remaining",
        "skip",
        "/sandbox/ledger",
        "/sandbox/clock",
        "advance_ms",
        "/sandbox/settings",
        "download_mib",
        "createTemporaryUploadLocation",
        "streaming_models",
        "Budget 2026.xlsx",
        "personal/bo_contoso_test/Documents",
        "PushStreaming",
    ];
    let text = page.text().replace("&#x2f;", "/");
    for word in words {
        assert!(text.contains(word), "{word}");
    }
}
