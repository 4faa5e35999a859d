//! SQL and wildcards in whatever a request may hold (security row DB-11).

use sandbox::visitor::Visitor;
use url::form_urlencoded::byte_serialize;

use crate::world::{ADA, OWNER, World};

const PAYLOADS: &[&str] = &[
    "' OR 1=1 --",
    "\"; DROP TABLE people; --",
    "1; SELECT pg_sleep(9)",
    "') UNION SELECT value FROM settings --",
    "%' OR '%'='",
    "\\",
    "\u{fffd}\u{202e}",
    "-9223372036854775809",
    "99999999999999999999",
    "1e308",
    "NaN",
];

/// Every address that takes something to look for, with where it goes as `{}`.
const ADDRESSES: &[&str] = &[
    "/people?q={}",
    "/people?page={}",
    "/people/{}",
    "/connections?q={}",
    "/activity?person={}",
    "/activity?kind={}",
    "/activity?trace={}",
    "/activity?since={}&until={}",
    "/activity?before={}",
    "/activity/{}",
    "/activity/export?format={}",
    "/approvals?page={}",
    "/approvals/{}",
    "/policies/{}",
    "/clients?q={}",
    "/clients/{}",
    "/keys?q={}",
    "/groups/{}",
    "/integrations/{}",
    "/overview?hours={}",
    "/sign-in?return_to={}",
    "/authorize?client_id={}&redirect_uri={}&state={}",
    "/integration-callback?state={}&code={}",
    "/e/{}/mcp",
];

/// DB-11
#[tokio::test(flavor = "multi_thread")]
async fn sql_in_any_parameter_is_text_or_refused() {
    let world = World::new().await;
    let ada = world.connect(ADA).await;
    let key = world.key(&ada.person).await;
    let mut browser = Visitor::new();
    let page = browser.open(&format!("{}/sign-in", world.url)).await.unwrap();
    browser
        .submit(&page, "/sign-in", &[("email", OWNER.0), ("password", OWNER.1)])
        .await
        .unwrap();
    let session = browser
        .cookie("localhost", "__Host-gatepost-session")
        .unwrap()
        .to_owned();
    let cookie = format!("__Host-gatepost-session={session}");
    let mut wrong = Vec::new();
    for payload in PAYLOADS {
        let encoded: String = byte_serialize(payload.as_bytes()).collect();
        for address in ADDRESSES {
            let address = address.replace("{}", &encoded.replace('+', "%20"));
            let asked = world
                .http
                .get(format!("{}{address}", world.url))
                .header("cookie", &cookie);
            let status = asked.send().await.unwrap().status().as_u16();
            if 500 <= status {
                wrong.push(format!("{address}: {status}"));
            }
        }
        for (path, fields) in [
            (
                "/token",
                vec![
                    ("grant_type", "authorization_code"),
                    ("code", payload),
                    ("client_id", payload),
                    ("redirect_uri", payload),
                    ("code_verifier", payload),
                ],
            ),
            (
                "/token",
                vec![
                    ("grant_type", "refresh_token"),
                    ("refresh_token", payload),
                    ("client_id", payload),
                ],
            ),
            ("/revoke", vec![("token", *payload), ("client_id", payload)]),
            ("/introspect", vec![("token", *payload)]),
        ] {
            let asked = world.http.post(format!("{}{path}", world.url)).form(&fields);
            let status = asked.send().await.unwrap().status().as_u16();
            if 500 <= status {
                wrong.push(format!("{path} {fields:?}: {status}"));
            }
        }
        let mut somebody = Visitor::new();
        let form = somebody.open(&format!("{}/sign-in", world.url)).await.unwrap();
        let signed_in = somebody
            .submit(&form, "/sign-in", &[("email", payload), ("password", payload)])
            .await
            .unwrap();
        if 500 <= signed_in.status {
            wrong.push(format!("sign-in {payload:?}: {}", signed_in.status));
        }
        let bearer = world
            .http
            .get(format!(
                "{}/powerbi/v1.0/myorg/groups/{}",
                world.url,
                encoded.replace('+', "%20")
            ))
            .bearer_auth(&key);
        let status = bearer.send().await.unwrap().status().as_u16();
        if 500 <= status {
            wrong.push(format!("REST {payload:?}: {status}"));
        }
        let call =
            serde_json::json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": { "cursor": payload } });
        let listed = world
            .http
            .post(format!("{}/mcp", world.url))
            .bearer_auth(&key)
            .json(&call);
        let status = listed.send().await.unwrap().status().as_u16();
        if 500 <= status {
            wrong.push(format!("cursor {payload:?}: {status}"));
        }
        let register = serde_json::json!({ "client_name": payload, "redirect_uris": ["http://localhost:7777/cb"] });
        let registered = world.http.post(format!("{}/register", world.url)).json(&register);
        let status = registered.send().await.unwrap().status().as_u16();
        if 500 <= status {
            wrong.push(format!("register {payload:?}: {status}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let people = gatepost::store::people::find_by_account(
        &world.app.db,
        &world.environment,
        sandbox::people::CONTOSO,
        sandbox::people::ADA,
    );
    assert!(people.await.unwrap().is_some(), "nothing was dropped");
}
