//! What Microsoft or Power BI repeats of a token in a refusal reaches no caller, no log and no entry.

use axum::http::Request;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use hyper::body::Incoming;
use serde_json::json;

use super::upstream::{Answer, Upstream, text};
use crate::vault::{Log, of_microsoft, spellings};
use crate::world::{BO, World};

/// A refusal that repeats the bearer in every way it can.
async fn echo(request: Request<Incoming>) -> Answer {
    let bearer = request.headers()["authorization"].to_str().unwrap().to_owned();
    let token = bearer.strip_prefix("Bearer ").unwrap().to_owned();
    let form: String = url::form_urlencoded::byte_serialize(bearer.as_bytes()).collect();
    let body = json!({
        "error": {
            "code": token, "message": format!("the header was {bearer}"), "form": form,
            "details": [{ "message": STANDARD.encode(&bearer) }, { "detail": URL_SAFE_NO_PAD.encode(&token) }],
        },
    });
    let status = if request.uri().path().ends_with("/datasets") {
        500
    } else {
        400
    };
    let of_body = STANDARD.encode(&token);
    let headers = [
        ("x-powerbi-error-info", token.as_str()),
        ("x-powerbi-error-details", of_body.as_str()),
        ("requestid", bearer.as_str()),
        ("etag", form.as_str()),
        ("content-type", "application/json"),
    ];
    text(status, &headers, body.to_string())
}

fn watch() -> (Log, tracing::subscriber::DefaultGuard) {
    let log = Log::default();
    let writer = log.clone();
    let lines = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(move || writer.clone())
        .finish();
    (log, tracing::subscriber::set_default(lines))
}

fn holds(haystack: &[u8], secret: &str) -> Option<String> {
    let found = spellings(secret)
        .into_iter()
        .find(|it| haystack.windows(it.len()).any(|part| part == &it[..]));
    found.map(|it| String::from_utf8_lossy(&it).into_owned())
}

/// LOG-04
#[tokio::test]
async fn a_refusal_that_repeats_the_bearer_is_handed_on_without_it() {
    let (log, _logged) = watch();
    let upstream = Upstream::start(echo).await;
    let (world, key) = upstream.world(BO).await;
    let bo = gatepost::store::people::find_by_account(
        &world.app.db,
        &world.environment,
        sandbox::people::CONTOSO,
        sandbox::people::BO,
    );
    let token = of_microsoft(&world, &bo.await.unwrap().unwrap().id).await[0].clone();
    let call = json!({
        "jsonrpc": "2.0", "id": 1, "method": "tools/call",
        "params": { "name": "call_read_operation", "arguments": { "operation": "groups.list" } },
    });
    let by_agent = world
        .http
        .post(format!("{}/mcp", world.url))
        .header("accept", "application/json, text/event-stream")
        .header("mcp-protocol-version", "2025-03-26")
        .bearer_auth(&key)
        .json(&call)
        .send()
        .await
        .unwrap();
    let answers = [
        world.get(&key, "/groups").await,
        world.get(&key, "/datasets").await,
        by_agent,
    ];
    let mut heard = Vec::new();
    for answer in answers {
        heard.extend(format!("{:?}", answer.headers()).into_bytes());
        heard.extend(answer.bytes().await.unwrap());
    }
    assert!(3 <= upstream.seen().len());
    assert!(holds(&heard, &token).is_none(), "{:?}", holds(&heard, &token));
    assert!(
        String::from_utf8_lossy(&heard).contains("the header was Bearer ***"),
        "the rest is handed on"
    );
    let entries = json!(world.entries().await).to_string();
    assert!(holds(entries.as_bytes(), &token).is_none(), "an entry holds it");
    assert!(holds(&log.0.lock().unwrap(), &token).is_none(), "the log holds it");
}

/// The same of Microsoft's sign-in service, which is shown refresh tokens and the client secret.
#[tokio::test]
async fn a_refusal_of_microsoft_that_repeats_the_refresh_token_is_kept_without_it() {
    let (log, _logged) = watch();
    let world = World::new().await;
    let bo = world.connect(BO).await.person;
    let key = world.key(&bo).await;
    let [_, refresh] = of_microsoft(&world, &bo).await;
    for said in [refresh.clone(), crate::world::SECRET.to_owned()] {
        world.advance_seconds(3 * 3600);
        let body = json!({ "error": said, "suberror": said, "error_description": format!("no {said}"), "claims": json!({ "access_token": said }).to_string() });
        world
            .fault(json!({ "endpoint": "token", "kind": "status", "status": 400, "body": body, "remaining": 1 }))
            .await;
        let answer = world.get(&key, "/groups").await;
        assert_ne!(answer.status(), 200);
        let mut heard = format!("{:?}", answer.headers()).into_bytes();
        heard.extend(answer.bytes().await.unwrap());
        let row = gatepost::store::connections::of_person(&world.app.db, &bo)
            .await
            .unwrap()
            .remove(0);
        heard.extend(format!("{:?} {:?} {:?}", row.reason, row.reason_code, row.claims).into_bytes());
        heard.extend(json!(world.entries().await).to_string().into_bytes());
        assert!(holds(&heard, &said).is_none(), "{}", String::from_utf8_lossy(&heard));
    }
    for secret in [refresh.as_str(), crate::world::SECRET] {
        assert!(holds(&log.0.lock().unwrap(), secret).is_none(), "the log holds it");
    }
}
