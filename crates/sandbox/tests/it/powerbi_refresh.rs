//! Refreshes and their schedules, under a clock the test moves.

use serde_json::Value;
use serde_json::json;

use crate::powerbi_support::Caller;
use crate::powerbi_support::Service;
use crate::powerbi_support::assert_empty;
use crate::powerbi_support::id;

async fn newest(caller: &Caller, model: &str) -> Value {
    caller.get(&format!("datasets/{model}/refreshes?$top=1")).await.value()[0].clone()
}

#[tokio::test]
async fn a_standard_refresh_runs_and_completes() {
    let service = Service::start().await;
    let bo = service.person("bo");
    let path = format!("groups/{}/datasets/{}/refreshes", id::SALES, id::SALES_MODEL);
    let reply = bo.post(&path, json!({"notifyOption": "NoNotification"})).await;
    assert_eq!((reply.status.as_u16(), reply.text()), (202, String::new()));
    assert_eq!(
        (reply.header("location"), reply.header("x-ms-request-id")),
        (None, None)
    );
    let running = newest(&bo, id::SALES_MODEL).await;
    assert_eq!(
        (&running["status"], &running["refreshType"]),
        (&json!("Unknown"), &json!("ViaApi"))
    );
    assert_eq!(running["startTime"], "2026-08-03T09:00:00.000Z");
    assert!(running.get("endTime").is_none());
    service.advance_s(4);
    let ended = newest(&bo, id::SALES_MODEL).await;
    assert_eq!(
        (&ended["status"], &ended["endTime"]),
        (&json!("Completed"), &json!("2026-08-03T09:00:04.000Z"))
    );
    assert_eq!(ended["refreshAttempts"][0]["type"], "Data");
    assert_eq!(bo.get(&path).await.value().len(), 4);
}

#[tokio::test]
async fn one_refresh_at_a_time_and_eight_a_day_on_shared_capacity() {
    let service = Service::start().await;
    let bo = service.person("bo");
    let path = format!("datasets/{}/refreshes", id::SALES_MODEL);
    let body = json!({"notifyOption": "MailOnFailure"});
    for round in 0..8 {
        assert_eq!(bo.post(&path, body.clone()).await.status, 202, "refresh {round}");
        assert_eq!(
            bo.post(&path, body.clone()).await.status,
            400,
            "a second one while it runs"
        );
        service.advance_s(60);
    }
    assert_eq!(
        bo.post(&path, body.clone()).await.error(),
        (400, "RequestThrottled".to_owned())
    );
    service.advance_s(24 * 3600);
    assert_eq!(bo.post(&path, body).await.status, 202);
}

#[tokio::test]
async fn a_refresh_without_credentials_fails_with_its_code() {
    let service = Service::start().await;
    let bo = service.person("bo");
    assert_eq!(
        bo.post(&format!("datasets/{}/refreshes", id::PAYROLL), json!({}))
            .await
            .status,
        202
    );
    service.advance_s(5);
    let failed = newest(&bo, id::PAYROLL).await;
    assert_eq!(failed["status"], "Failed");
    assert_eq!(
        failed["serviceExceptionJson"],
        r#"{"errorCode":"ModelRefreshFailed_CredentialsNotSpecified"}"#
    );
    let attempt: Value =
        serde_json::from_str(failed["refreshAttempts"][0]["serviceExceptionJson"].as_str().unwrap()).unwrap();
    assert!(
        attempt["errorDescription"]
            .as_str()
            .unwrap()
            .contains("sql1.contoso.test")
    );
}

#[tokio::test]
async fn an_enhanced_refresh_is_followed_and_cancelled() {
    let service = Service::start().await;
    let bo = service.person("bo");
    let path = format!("groups/{}/datasets/{}/refreshes", id::FINANCE, id::SLOW_MODEL);
    let started = bo
        .post(
            &path,
            json!({"type": "full", "commitMode": "transactional", "retryCount": 1}),
        )
        .await;
    assert_eq!(started.status, 202);
    let request_id = started.header("x-ms-request-id").unwrap().to_owned();
    let location = started.header("location").unwrap().to_owned();
    assert_eq!(
        location,
        format!("{}/v1.0/myorg/{path}/{request_id}", service.sandbox.url())
    );
    let detail = bo.get(&location).await;
    assert_eq!(
        (detail.status.as_u16(), &detail.json()["extendedStatus"]),
        (202, &json!("NotStarted"))
    );
    service.advance_s(2);
    let detail = bo.get(&location).await.json();
    assert_eq!(
        (&detail["status"], &detail["extendedStatus"], &detail["type"]),
        (&json!("Unknown"), &json!("InProgress"), &json!("Full"))
    );
    assert_eq!(
        (&detail["commitMode"], &detail["numberOfAttempts"]),
        (&json!("Transactional"), &json!(0))
    );
    assert_empty(&bo.delete(&location).await);
    let detail = bo.get(&location).await;
    assert_eq!(
        (detail.status.as_u16(), &detail.json()["extendedStatus"]),
        (200, &json!("Cancelled"))
    );
    assert_eq!(newest(&bo, id::SLOW_MODEL).await["status"], "Cancelled");
    assert_eq!(bo.delete(&location).await.status, 400);
}

#[tokio::test]
async fn an_enhanced_refresh_completes_or_runs_out_of_time() {
    let service = Service::start().await;
    let bo = service.person("bo");
    let path = format!("datasets/{}/refreshes", id::SLOW_MODEL);
    let started = bo.post(&path, json!({"type": "Full"})).await;
    let location = started.header("location").unwrap().to_owned();
    service.advance_s(181);
    let detail = bo.get(&location).await;
    assert_eq!(
        (detail.status.as_u16(), &detail.json()["status"]),
        (200, &json!("Completed"))
    );
    assert_eq!(
        detail.json()["refreshAttempts"][0]["executionMetrics"][0]["durationMs"],
        180_000
    );
    let started = bo.post(&path, json!({"timeout": "00:01:00"})).await;
    let location = started.header("location").unwrap().to_owned();
    service.advance_s(61);
    let detail = bo.get(&location).await.json();
    assert_eq!(
        (&detail["status"], &detail["extendedStatus"]),
        (&json!("Failed"), &json!("TimedOut"))
    );
}

#[tokio::test]
async fn what_a_refresh_may_ask_for_is_checked() {
    let service = Service::start().await;
    let bo = service.person("bo");
    let shared = format!("datasets/{}/refreshes", id::SALES_MODEL);
    assert_eq!(bo.post(&shared, json!({"type": "Full"})).await.status, 400);
    let capacity = format!("datasets/{}/refreshes", id::FINANCE_MODEL);
    let refused = [
        json!({"type": "Everything"}),
        json!({"typ": "Full"}),
        json!({"type": "Full", "notifyOption": "MailOnCompletion"}),
        json!({"commitMode": "PartialBatch", "applyRefreshPolicy": true}),
        json!({"objects": [{"table": "No such table"}]}),
        json!({"timeout": "48:00:00"}),
        json!({"retryCount": 99}),
        json!("Full"),
    ];
    for body in refused {
        assert_eq!(bo.post(&capacity, body.clone()).await.status, 400, "{body}");
    }
    assert_eq!(
        bo.post(&format!("datasets/{}/refreshes", id::LIVE_ORDERS), json!({}))
            .await
            .status,
        400
    );
    assert_eq!(
        service.person("cy").post(&capacity, json!({})).await.refusal(),
        (401, Some("PowerBINotAuthorizedException"))
    );
    // A standard refresh cannot be cancelled.
    assert_eq!(bo.post(&capacity, json!({})).await.status, 202);
    let id_of_it = newest(&bo, id::FINANCE_MODEL).await["requestId"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(bo.delete(&format!("{capacity}/{id_of_it}")).await.status, 400);
    assert_eq!(bo.get(&format!("{capacity}/{id_of_it}")).await.status, 202);
}

#[tokio::test]
async fn schedules_are_kept_by_their_owner() {
    let service = Service::start().await;
    let bo = service.person("bo");
    let path = format!("groups/{}/datasets/{}/refreshSchedule", id::SALES, id::SALES_MODEL);
    let mut plan = bo.get(&path).await.json();
    assert_eq!((&plan["times"], &plan["enabled"]), (&json!(["05:00"]), &json!(true)));
    let wanted = json!({"days": ["Monday", "Friday"], "times": ["07:00", "16:30"], "enabled": true,
        "localTimeZoneId": "UTC", "notifyOption": "NoNotification"});
    assert_empty(&bo.patch(&path, json!({"value": wanted})).await);
    plan = bo.get(&path).await.json();
    plan.as_object_mut().unwrap().remove("@odata.context");
    assert_eq!(plan, wanted);
    assert_eq!(
        bo.patch(&path, json!({"value": {"times": ["07:15"]}})).await.status,
        400
    );
    assert_eq!(bo.patch(&path, json!({"value": {"days": []}})).await.status, 400);
    assert_eq!(
        bo.patch(&path, json!({"value": {"enabled": false, "times": ["07:00"]}}))
            .await
            .status,
        400
    );
    let nine: Vec<String> = (0..9).map(|hour| format!("{hour:02}:00")).collect();
    assert_eq!(bo.patch(&path, json!({"value": {"times": nine}})).await.status, 400);
    assert_empty(&bo.patch(&path, json!({"value": {"enabled": false}})).await);
    // Ada may write, but does not own the model until she takes it over.
    let ada = service.person("ada");
    assert_eq!(ada.patch(&path, json!({"value": {"enabled": true}})).await.status, 403);
    assert_empty(
        &ada.post(
            &format!("groups/{}/datasets/{}/Default.TakeOver", id::SALES, id::SALES_MODEL),
            json!({}),
        )
        .await,
    );
    assert_empty(&ada.patch(&path, json!({"value": {"enabled": true}})).await);
}

#[tokio::test]
async fn a_direct_query_schedule_is_a_frequency_or_days() {
    let service = Service::start().await;
    let bo = service.person("bo");
    let path = format!("datasets/{}/directQueryRefreshSchedule", id::INVENTORY);
    assert_eq!(bo.get(&path).await.json()["frequency"], 60);
    assert_empty(&bo.patch(&path, json!({"value": {"frequency": 15}})).await);
    assert_eq!(bo.patch(&path, json!({"value": {"frequency": 45}})).await.status, 400);
    assert_eq!(
        bo.patch(
            &path,
            json!({"value": {"frequency": 15, "days": ["Monday"], "times": ["07:00"]}})
        )
        .await
        .status,
        400
    );
    assert_empty(
        &bo.patch(&path, json!({"value": {"days": ["Monday"], "times": ["07:00"]}}))
            .await,
    );
    assert_eq!(bo.get(&path).await.json().get("frequency"), None);
    assert_eq!(
        bo.get(&format!("datasets/{}/refreshSchedule", id::INVENTORY))
            .await
            .status,
        400
    );
}
