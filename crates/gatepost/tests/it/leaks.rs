//! What leaves through the back: logs, errors, files, and words about the inside (security rows LOG).

use gatepost::caller::Role;
use gatepost::store::Db;
use sandbox::visitor::Visitor;
use serde_json::{Value, json};

use crate::clients::entered;
use crate::joining::invite;
use crate::oauth::{CB, text, token};
use crate::vault::{Log, assert_written_nowhere, of_microsoft};
use crate::world::{BO, OWNER, VERIFIER, World, sign_in_at_microsoft};

/// The value of a hidden field of any form on the page.
fn field(page: &sandbox::visitor::Page, name: &str) -> String {
    let all = page.forms().into_iter().flat_map(|it| it.fields);
    all.into_iter()
        .find(|(known, _)| known == name)
        .map(|(_, value)| value)
        .unwrap_or_else(|| panic!("no `{name}` at {}: {}", page.url, page.text()))
}

/// What a client wants back: kept with its sign-in until that is over, and no business of the log's.
const STATE: &str = "state-of-the-client-0123456789";

/// A sign-in of Bo for a client; every secret that went by, with what the client holds in the end.
async fn secrets_of_a_sign_in(world: &World, browser: &mut Visitor) -> (Vec<String>, Value) {
    let (client, secret) = entered(world, "client_secret_post", false).await;
    browser.stop_at(CB);
    browser.stop_at(&format!("{}/integration-callback", world.url));
    let asked = world
        .authorize_url(&client, CB, "powerbi.read offline_access")
        .replace("state=s-1", &format!("state={STATE}"));
    let page = browser.open(&asked).await.unwrap();
    let csrf = field(&page, "csrf");
    let there = browser
        .submit(&page, "/authorize", &[("answer", "approve")])
        .await
        .unwrap();
    let of_trip = ["state", "nonce"].map(|name| there.parameter(name).unwrap());
    let back = sign_in_at_microsoft(browser, there, BO).await;
    let code_of_microsoft = back.parameter("code").unwrap();
    let end = browser.open(back.url.as_str()).await.unwrap();
    let code = end
        .parameter("code")
        .unwrap_or_else(|| panic!("{}: {}", end.url, end.text()));
    let (status, held) = token(
        world,
        &[
            ("grant_type", "authorization_code"),
            ("code", &code),
            ("redirect_uri", CB),
            ("client_id", &client),
            ("client_secret", &secret),
            ("code_verifier", VERIFIER),
        ],
    )
    .await;
    assert_eq!(status, 200, "{held}");
    let mut all = vec![secret, csrf, code_of_microsoft, code, VERIFIER.to_owned()];
    all.extend(of_trip);
    all.extend(["access_token", "refresh_token"].map(|name| text(&held, name)));
    (all, held)
}

/// LOG-01, LOG-02: a secret of every kind goes by, in addresses too, and none of them is written down anywhere.
#[tokio::test]
async fn no_secret_of_any_kind_is_written_down() {
    let (log, _watched) = Log::watched();
    let world = World::new().await;
    let mut browser = Visitor::new();
    let (mut secrets, _) = secrets_of_a_sign_in(&world, &mut browser).await;
    for cookie in ["session", "browser", "flow"] {
        let name = format!("__Host-gatepost-{cookie}");
        secrets.extend(browser.cookie("localhost", &name).map(str::to_owned));
    }
    let account = sandbox::people::find_by_upn(BO).unwrap();
    let people =
        gatepost::store::people::find_by_account(&world.app.db, &world.environment, &account.tid, &account.oid);
    let bo = people.await.unwrap().unwrap().id;
    secrets.extend(of_microsoft(&world, &bo).await);
    let key = world.key(&bo).await;
    assert_eq!(world.get(&key, "/groups").await.status(), 200);
    secrets.push(key);

    let invitation = invite(&world, "new@example.com", true, Role::Person).await;
    secrets.push(invitation.rsplit(['/', '=']).next().unwrap().to_owned());
    let mut owner = Visitor::new();
    let page = owner.open(&format!("{}/sign-in", world.url)).await.unwrap();
    owner
        .submit(&page, "/sign-in", &[("email", OWNER.0), ("password", OWNER.1)])
        .await
        .unwrap();
    let page = owner.open(&format!("{}/account", world.url)).await.unwrap();
    let second = owner.submit(&page, "/account/second-factor", &[]).await.unwrap();
    let is_secret =
        |it: &&str| it.len() == 32 && it.bytes().all(|b| b.is_ascii_uppercase() || (b'2'..=b'7').contains(&b));
    secrets.push(second.body.split(['<', '>']).find(is_secret).unwrap().to_owned());
    secrets.extend([OWNER.1.to_owned(), crate::world::SECRET.to_owned()]);
    let keys = std::fs::read_to_string(world.app.settings.keys_path()).unwrap();
    secrets.push(keys.trim().rsplit(':').next().unwrap().to_owned());

    assert!(17 <= secrets.len(), "{secrets:?}");
    assert!(!String::from_utf8_lossy(&log.bytes()).contains(STATE));
    assert_written_nowhere(&world, &log, &secrets).await;
}

/// LOG-05: with a database that has lost its tables every face fails in general words, whatever was asked.
#[tokio::test]
async fn an_error_of_ours_says_nothing_about_the_inside() {
    let world = World::new().await;
    let bo = world.connect(BO).await;
    let key = world.key(&bo.person).await;
    let mut browser = bo.browser;
    let page = browser.open(&format!("{}/account", world.url)).await.unwrap();
    assert_eq!(page.status, 200);
    for table in ["audit_entries", "policies", "connections", "flows", "clients"] {
        let lost = format!("ALTER TABLE {table} RENAME TO lost_{table}");
        let lost = sqlx::AssertSqlSafe(lost);
        match &world.app.db {
            Db::Sqlite(pool) => sqlx::query(lost).execute(pool).await.map(drop).unwrap(),
            Db::Postgres(pool) => sqlx::query(lost).execute(pool).await.map(drop).unwrap(),
        }
    }
    let mut answers = Vec::new();
    for path in [
        "/",
        "/activity",
        "/policies",
        "/connections",
        "/authorize?client_id=x&response_type=code",
    ] {
        let page = browser.open(&format!("{}{path}", world.url)).await.unwrap();
        answers.push((path.to_owned(), page.status, page.body));
    }
    let call = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "find_items", "arguments": {"text": "*"}}});
    let redemption = [("grant_type", "authorization_code"), ("code", "c"), ("client_id", "x")];
    let requests = [
        (
            "rest",
            world
                .http
                .get(format!("{}/powerbi/v1.0/myorg/groups", world.url))
                .bearer_auth(&key),
        ),
        (
            "mcp",
            world
                .http
                .post(format!("{}/mcp", world.url))
                .bearer_auth(&key)
                .header("accept", "application/json, text/event-stream")
                .json(&call),
        ),
        (
            "token",
            world.http.post(format!("{}/token", world.url)).form(&redemption),
        ),
        (
            "register",
            world
                .http
                .post(format!("{}/register", world.url))
                .json(&json!({"client_name": "x", "redirect_uris": ["http://localhost/cb"]})),
        ),
    ];
    for (name, request) in requests {
        let answer = request.send().await.unwrap();
        answers.push((name.to_owned(), answer.status().as_u16(), answer.text().await.unwrap()));
    }
    let failed = answers.iter().filter(|(_, status, _)| 500 <= *status).count();
    assert!(6 <= failed, "{answers:?}");
    let data = world.app.settings.data.display().to_string();
    for (what, status, body) in &answers {
        for inside in [
            "sqlx",
            "SELECT",
            "INSERT",
            "UPDATE ",
            "no such table",
            "relation",
            "lost_",
            "audit_entries",
            "panicked",
            ".rs:",
            "src/",
            "backtrace",
            &data,
            // Whoever knows it knows which faults to try.
            env!("CARGO_PKG_VERSION"),
        ] {
            assert!(!body.contains(inside), "{what} {status} tells `{inside}`: {body}");
        }
    }
}
