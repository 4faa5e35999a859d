//! The table of routes: who may enter which, and that no form is taken from elsewhere.

use std::collections::BTreeMap;

use gatepost::store::Db;
use gatepost::{portal, sign_in};
use http::header::ORIGIN;
use http::{Method, StatusCode};

use super::sample::{Sample, sample};

/// A path of the table with ids that exist.
fn filled(it: &Sample, path: &str) -> String {
    let id = match path.split('/').nth(1).unwrap_or_default() {
        "connections" => it.connection.0.as_str(),
        "agents" => &it.grant,
        "keys" => &it.key,
        "approvals" => &it.approval,
        "integrations" => &it.integration.id.0,
        "policies" => &it.policy,
        "people" => &it.person.0,
        "groups" => &it.group,
        _ => "",
    };
    if path == "/clients/one" {
        return format!("{path}?id=client-of-claude");
    }
    path.replace("{id}", id)
        .replace("{integration}", &it.integration.id.0)
        .replace("{trace}", "trace-23-4")
        .replace("{format}", "csv")
        .replace("{hash}", &"ab".repeat(32))
}

/// WEB-12.
/// Who may enter, as a table to read: what anonymous visitors, people, and administrators get.
#[tokio::test]
async fn every_route_admits_whom_the_table_says() {
    let it = sample().await;
    let mut lines = Vec::new();
    for route in portal::ROUTES {
        let path = filled(&it, route.path);
        let mut statuses = Vec::new();
        for email in ["", "bob@example.com", "ada@example.com"] {
            // Signed in anew each time: some of the routes end sessions.
            let mut browser = match email {
                "" => it.gateway.browser(),
                email => it.gateway.signed_in(email).await,
            };
            browser.get("/sign-in").await;
            let answer = match route.method {
                "GET" => browser.get(&path).await,
                // Fields that fit no form, so that the right to enter is tested and little is changed.
                _ if email.starts_with("ada") && route.who == portal::Who::Administrator => continue,
                _ => browser.post(&path, &[]).await,
            };
            let status = match answer.location().split('?').next() {
                Some("/sign-in") => "sign-in".to_owned(),
                _ => answer.status.as_u16().to_string(),
            };
            statuses.push(status);
        }
        let admits = route.who == portal::Who::Person;
        assert_eq!(statuses[0], "sign-in", "{} {}", route.method, route.path);
        assert_eq!(
            statuses[1] == "403",
            !admits,
            "{} {}: {statuses:?}",
            route.method,
            route.path
        );
        lines.push(format!(
            "{:<5} {:<42} {:<14} {}",
            route.method,
            route.path,
            format!("{:?}", route.who),
            statuses.join(" ")
        ));
    }
    insta::assert_snapshot!("routes", lines.join("\n"));
}

/// WEB-07
#[tokio::test]
async fn no_route_takes_a_form_from_elsewhere() {
    let it = sample().await;
    let posts = portal::ROUTES.iter().filter(|it| it.method == "POST").map(|it| it.path);
    let others = sign_in::ROUTES
        .iter()
        .filter(|(method, _)| *method == "POST")
        .map(|(_, path)| *path);
    let ada = it.gateway.signed_in("ada@example.com").await;
    let csrf = ada.csrf();
    let before = gatepost::store::audit::head(&it.gateway.app.db).await.unwrap();
    for path in posts.chain(others) {
        let path = filled(&it, path);
        for (why, origin, site, kind, token) in [
            ("no origin", None, None, None, csrf.as_str()),
            ("a foreign origin", Some("https://evil.example"), None, None, &csrf),
            (
                "an origin that begins alike",
                Some("https://gate.example.evil.example"),
                None,
                None,
                &csrf,
            ),
            ("a null origin", Some("null"), None, None, &csrf),
            ("the wrong scheme", Some("http://gate.example"), None, None, &csrf),
            (
                "another site",
                Some("https://gate.example"),
                Some("cross-site"),
                None,
                &csrf,
            ),
            (
                "text/plain",
                Some("https://gate.example"),
                None,
                Some("text/plain"),
                &csrf,
            ),
            (
                "json",
                Some("https://gate.example"),
                None,
                Some("application/json"),
                &csrf,
            ),
            ("no token", Some("https://gate.example"), None, None, ""),
            (
                "a wrong token",
                Some("https://gate.example"),
                None,
                None,
                "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
            ),
        ] {
            let mut request = ada.request(Method::POST, &path, &[("csrf", token)]);
            let headers = request.headers_mut();
            origin.map(|it| headers.insert(ORIGIN, it.parse().unwrap()));
            site.map(|it| headers.insert("sec-fetch-site", it.parse().unwrap()));
            kind.map(|it| headers.insert("content-type", it.parse().unwrap()));
            let answer = it.gateway.send(request).await;
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{path} with {why}");
        }
    }
    assert_eq!(
        gatepost::store::audit::head(&it.gateway.app.db).await.unwrap(),
        before,
        "something was done"
    );
}

/// Every row of every table but the log, without the moments at which somebody was seen.
async fn contents(db: &Db) -> BTreeMap<String, Vec<String>> {
    let tables = match db {
        Db::Sqlite(_) => "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'",
        Db::Postgres(_) => {
            "SELECT table_name::text FROM information_schema.tables WHERE table_schema = current_schema()"
        }
    };
    let mut all = BTreeMap::new();
    for table in texts(db, tables.to_owned()).await {
        if table.starts_with("audit") || table.starts_with("_sqlx") {
            continue;
        }
        let rows = match db {
            Db::Sqlite(_) => {
                let seen = "name NOT IN ('seen_at', 'last_seen_at')";
                let columns = texts(
                    db,
                    format!("SELECT name FROM pragma_table_info('{table}') WHERE {seen}"),
                )
                .await;
                let columns: Vec<String> = columns.iter().map(|it| format!("quote({it})")).collect();
                texts(
                    db,
                    format!("SELECT {} FROM {table} ORDER BY 1", columns.join(" || ',' || ")),
                )
                .await
            }
            Db::Postgres(_) => {
                let row = "(to_jsonb(it) - 'seen_at' - 'last_seen_at')::text";
                texts(db, format!("SELECT {row} FROM {table} it ORDER BY 1")).await
            }
        };
        all.insert(table, rows);
    }
    all
}

async fn texts(db: &Db, statement: String) -> Vec<String> {
    let statement = sqlx::AssertSqlSafe(statement);
    match db {
        Db::Sqlite(pool) => sqlx::query_scalar(statement).fetch_all(pool).await.unwrap(),
        Db::Postgres(pool) => sqlx::query_scalar(statement).fetch_all(pool).await.unwrap(),
    }
}

/// POL-12, WEB-08: every route of browsers, those of forms too, by GET and HEAD; afterwards every table holds what it held.
#[tokio::test]
async fn reading_changes_nothing() {
    let it = sample().await;
    let db = &it.gateway.app.db;
    let mut ada = it.gateway.signed_in("ada@example.com").await;
    let before = contents(db).await;
    assert!(
        20 < before.len() && before["policies"].len() == 3,
        "{:?}",
        before.keys()
    );
    for route in portal::ROUTES {
        let path = filled(&it, route.path);
        if route.method == "GET" && !path.contains("export") {
            assert_eq!(ada.get(&path).await.status, StatusCode::OK, "{path}");
        }
        for method in [Method::GET, Method::HEAD] {
            // Forms may be asked for by their fields in the address, too.
            for path in [path.clone(), format!("{path}?csrf={}&role=owner&name=x", ada.csrf())] {
                let answer = it.gateway.send(ada.request(method.clone(), &path, &[])).await;
                assert!(!answer.status.is_server_error(), "{method} {path}: {}", answer.status);
            }
        }
    }
    for (_, path) in sign_in::ROUTES.iter().filter(|(_, path)| !path.contains("sign-out")) {
        for method in [Method::GET, Method::HEAD] {
            it.gateway.send(ada.request(method, path, &[])).await;
        }
    }
    it.gateway.send(ada.request(Method::GET, "/sign-out", &[])).await;
    let after = contents(db).await;
    for (table, rows) in &before {
        assert_eq!(rows, &after[table], "{table}");
    }
}

/// WEB-20
#[tokio::test]
async fn assets_have_exact_names_and_long_lives() {
    let (gateway, _) = super::Gateway::with_owner().await;
    let mut browser = gateway.browser();
    let sign_in = browser.get("/sign-in").await.body;
    let path = sign_in
        .split('"')
        .find(|it| it.contains("app-") && it.ends_with(".css"))
        .unwrap()
        .replace("&#x2f;", "/");
    let style = browser.get(&path).await;
    assert_eq!(
        (style.status, style.headers["content-type"].to_str().unwrap()),
        (StatusCode::OK, "text/css; charset=utf-8")
    );
    assert!(style.headers["cache-control"].to_str().unwrap().contains("immutable"));
    for path in [
        "/assets/..%2f..%2fetc%2fpasswd",
        "/assets/%00",
        "/assets/..%5cCargo.toml",
        "/assets/app.css",
        "/assets/%252e%252e%252fapp.css",
        "/assets/",
    ] {
        assert_eq!(browser.get(path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
}
