//! `refresh_model` beside refreshes that others began.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use http::Method;
use serde_json::json;

use super::{signed_in, told};
use crate::every_operation::allow_everything;
use crate::rest::upstream::{Upstream, text};
use crate::world::BO;

const GROUP: &str = "5a4db0c5-0010-4000-8000-000000000001";
const MODEL: &str = "5a4db0c5-0011-4000-8000-000000000001";
const OURS: &str = "5a4db0c5-001c-4000-8000-00000000000a";

#[tokio::test(flavor = "multi_thread")]
async fn the_refresh_that_was_started_is_followed_whatever_begins_after_it() {
    let was_started = Arc::new(AtomicBool::new(false));
    let upstream = Upstream::start(move |request| {
        let json_type = [("content-type", "application/json")];
        let path = request.uri().path().to_owned();
        let answer = match (request.method(), path.rsplit('/').next()) {
            (&Method::POST, _) => {
                was_started.store(true, Ordering::SeqCst);
                text(202, &[("requestid", OURS)], "")
            }
            (_, Some("refreshes")) if was_started.load(Ordering::SeqCst) => {
                let entry = |id: &str, kind: &str, status: &str| {
                    json!({ "requestId": id, "refreshType": kind, "status": status,
                            "startTime": "2026-11-24T10:00:00Z", "endTime": "2026-11-24T10:00:09Z" })
                };
                let framing = entry("5a4db0c5-001c-4000-8000-00000000000b", "DirectLakeFraming", "Failed");
                let all = json!({ "value": [framing, entry(OURS, "ViaApi", "Completed")] });
                text(200, &json_type, all.to_string())
            }
            (_, Some("groups")) => text(
                200,
                &json_type,
                json!({ "value": [{ "id": GROUP, "name": "Sales" }] }).to_string(),
            ),
            (_, Some("datasets")) if path.contains("/groups/") => {
                let model = json!({ "id": MODEL, "name": "Sales model", "isRefreshable": true });
                text(200, &json_type, json!({ "value": [model] }).to_string())
            }
            _ => text(200, &json_type, "{\"value\":[]}"),
        };
        async move { answer }
    })
    .await;
    let (world, _) = upstream.world(BO).await;
    allow_everything(&world).await;
    let bo = signed_in(&world, BO).await;
    let words = told(&world, &bo, "refresh_model", json!({ "model": "Sales model" })).await;
    assert!(words.contains("The refresh was started."), "{words}");
    assert!(words.contains(": Completed"), "{words}");
}
