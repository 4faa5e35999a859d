//! A served sandbox with a set clock, and people who call its Power BI.

use reqwest::Method;
use reqwest::StatusCode;
use reqwest::header::HeaderMap;
use sandbox::Options;
use sandbox::Sandbox;
use serde_json::Value;
use tokio::sync::oneshot;

/// 2026-08-03T09:00:00Z, a Monday.
pub(crate) const START_MS: i64 = 1_785_747_600_000;

/// Every delegated permission the operations ask for.
pub(crate) const ALL_SCOPES: &[&str] = &[
    "App.Read.All",
    "Capacity.ReadWrite.All",
    "Content.Create",
    "Dashboard.ReadWrite.All",
    "Dataflow.ReadWrite.All",
    "Dataset.ReadWrite.All",
    "Pipeline.ReadWrite.All",
    "Pipeline.Deploy",
    "Report.ReadWrite.All",
    "StorageAccount.ReadWrite.All",
    "Workspace.ReadWrite.All",
    "Tenant.ReadWrite.All",
];

/// Seeded ids the tests name.
pub(crate) mod id {
    pub(crate) const SALES: &str = "5a4db0c5-0010-4000-8000-000000000001";
    pub(crate) const FINANCE: &str = "5a4db0c5-0010-4000-8000-000000000002";
    pub(crate) const ARCHIVE: &str = "5a4db0c5-0010-4000-8000-000000000004";
    pub(crate) const SALES_MODEL: &str = "5a4db0c5-0011-4000-8000-000000000001";
    pub(crate) const FINANCE_MODEL: &str = "5a4db0c5-0011-4000-8000-000000000002";
    pub(crate) const BIG_MODEL: &str = "5a4db0c5-0011-4000-8000-000000000003";
    pub(crate) const INVENTORY: &str = "5a4db0c5-0011-4000-8000-000000000004";
    pub(crate) const LIVE_ORDERS: &str = "5a4db0c5-0011-4000-8000-000000000005";
    pub(crate) const SLOW_MODEL: &str = "5a4db0c5-0011-4000-8000-000000000006";
    pub(crate) const PAYROLL: &str = "5a4db0c5-0011-4000-8000-000000000007";
    pub(crate) const SALES_OVERVIEW: &str = "5a4db0c5-0012-4000-8000-000000000001";
    pub(crate) const FINANCE_OVERVIEW: &str = "5a4db0c5-0012-4000-8000-000000000002";
    pub(crate) const REGIONAL_SALES: &str = "5a4db0c5-0012-4000-8000-000000000003";
    pub(crate) const BOOKING_LIST: &str = "5a4db0c5-0012-4000-8000-000000000004";
    pub(crate) const UNSTEADY: &str = "5a4db0c5-0012-4000-8000-000000000006";
    pub(crate) const UNSUPPORTED: &str = "5a4db0c5-0012-4000-8000-000000000007";
    pub(crate) const SALES_BOARD: &str = "5a4db0c5-0013-4000-8000-000000000001";
    pub(crate) const FINANCE_BOARD: &str = "5a4db0c5-0013-4000-8000-000000000002";
    pub(crate) const FINANCE_APP: &str = "5a4db0c5-0015-4000-8000-000000000001";
    pub(crate) const STAGE_ORDERS: &str = "5a4db0c5-0016-4000-8000-000000000001";
    pub(crate) const GATEWAY: &str = "5a4db0c5-0019-4000-8000-000000000001";
    pub(crate) const SCORECARD: &str = "5a4db0c5-0021-4000-8000-000000000001";
    pub(crate) const GROW_REVENUE: &str = "5a4db0c5-0022-4000-8000-000000000001";
    pub(crate) const REVENUE_NORTH: &str = "5a4db0c5-0022-4000-8000-000000000002";
    pub(crate) const HAPPY_CUSTOMERS: &str = "5a4db0c5-0022-4000-8000-000000000003";
    pub(crate) const CAPACITY: &str = "5a4db0c5-0018-4000-8000-000000000001";
}

/// A sandbox that listens, and stops when this is dropped.
pub(crate) struct Service {
    /// The sandbox itself, to move its clock.
    pub(crate) sandbox: Sandbox,
    http: reqwest::Client,
    _stop: oneshot::Sender<()>,
}

/// Somebody with a token.
#[derive(Clone)]
pub(crate) struct Caller {
    base: String,
    http: reqwest::Client,
    token: Option<String>,
    profile: Option<String>,
}

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) bytes: Vec<u8>,
}

impl Service {
    pub(crate) async fn start() -> Service {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let sandbox = Sandbox::new(Options {
            url,
            start: Some(START_MS),
            seed: 7,
        });
        let (stop, stopped) = oneshot::channel::<()>();
        let served = sandbox.clone();
        tokio::spawn(async move {
            sandbox::serve(served, listener, async {
                let _ = stopped.await;
            })
            .await;
        });
        Service {
            sandbox,
            http: reqwest::Client::builder().no_proxy().build().unwrap(),
            _stop: stop,
        }
    }

    /// A person of Contoso with every permission, by the part of the sign-in name before the `@`.
    pub(crate) fn person(&self, name: &str) -> Caller {
        self.with_scopes(&format!("{name}@contoso.test"), ALL_SCOPES)
    }

    /// Anybody, by sign-in name or object id, with these permissions.
    pub(crate) fn with_scopes(&self, who: &str, scopes: &[&str]) -> Caller {
        let token = self
            .sandbox
            .access_token_for(who, scopes, 365 * 24 * 3600)
            .expect("the directory knows them");
        self.with_token(Some(token))
    }

    /// Whoever holds this token, or none.
    pub(crate) fn with_token(&self, token: Option<String>) -> Caller {
        Caller {
            base: format!("{}/v1.0/myorg/", self.sandbox.url()),
            http: self.http.clone(),
            token,
            profile: None,
        }
    }

    /// The seeded service principal.
    pub(crate) fn job(&self) -> Caller {
        self.with_scopes(sandbox::people::NIGHTLY_JOB, &[])
    }

    pub(crate) fn advance_s(&self, seconds: i64) {
        self.sandbox.clock().advance(seconds * 1000);
    }
}

impl Caller {
    /// The same service principal, acting as one of its profiles.
    pub(crate) fn acting_as(&self, profile: &str) -> Caller {
        Caller {
            profile: Some(profile.to_owned()),
            ..self.clone()
        }
    }

    pub(crate) async fn send(&self, method: Method, path: &str, body: Option<(String, Vec<u8>)>) -> Reply {
        let url = if path.starts_with("http") {
            path.to_owned()
        } else {
            format!("{}{path}", self.base)
        };
        let mut request = self.http.request(method, url);
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        if let Some(profile) = &self.profile {
            request = request.header("x-powerbi-profile-id", profile);
        }
        if let Some((content_type, bytes)) = body {
            request = request.header("content-type", content_type).body(bytes);
        }
        Reply::of(request.send().await.unwrap()).await
    }

    /// Posts a body that is made while it is sent.
    pub(crate) async fn send_stream(&self, path: &str, content_type: &str, body: reqwest::Body) -> Reply {
        let mut request = self.http.post(format!("{}{path}", self.base));
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        let response = request.header("content-type", content_type).body(body).send().await;
        Reply::of(response.unwrap()).await
    }

    /// Reads an answer without keeping it: its length and its first piece.
    pub(crate) async fn read_away(&self, path: &str) -> (usize, Vec<u8>) {
        let request = self.http.get(format!("{}{path}", self.base));
        let request = request.bearer_auth(self.token.as_deref().unwrap_or_default());
        let mut response = request.send().await.unwrap();
        let (mut length, mut head) = (0, Vec::new());
        while let Some(piece) = response.chunk().await.unwrap() {
            length += piece.len();
            if head.is_empty() {
                head = piece.to_vec();
            }
        }
        (length, head)
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        self.send(Method::GET, path, None).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Reply {
        self.send(Method::DELETE, path, None).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Reply {
        self.json(Method::POST, path, body).await
    }

    pub(crate) async fn patch(&self, path: &str, body: Value) -> Reply {
        self.json(Method::PATCH, path, body).await
    }

    pub(crate) async fn put(&self, path: &str, body: Value) -> Reply {
        self.json(Method::PUT, path, body).await
    }

    async fn json(&self, method: Method, path: &str, body: Value) -> Reply {
        self.send(
            method,
            path,
            Some(("application/json".to_owned(), body.to_string().into_bytes())),
        )
        .await
    }

    /// Uploads one file as a browser would.
    pub(crate) async fn upload(&self, path: &str, file: &[u8]) -> Reply {
        let mut body = b"--cut\r\nContent-Disposition: form-data; name=\"file\"; filename=\"f\"\r\n\r\n".to_vec();
        body.extend_from_slice(file);
        body.extend_from_slice(b"\r\n--cut--\r\n");
        self.send(
            Method::POST,
            path,
            Some(("multipart/form-data; boundary=cut".to_owned(), body)),
        )
        .await
    }

    /// The rows of a query; the answer must be a good one.
    pub(crate) async fn rows(&self, model: &str, query: &str) -> Vec<Value> {
        let reply = self.query(model, query).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        reply.json()["results"][0]["tables"][0]["rows"]
            .as_array()
            .unwrap()
            .clone()
    }

    pub(crate) async fn query(&self, model: &str, query: &str) -> Reply {
        let body = serde_json::json!({"queries": [{"query": query}], "serializerSettings": {"includeNulls": true}});
        self.post(&format!("datasets/{model}/executeQueries"), body).await
    }
}

impl Reply {
    async fn of(response: reqwest::Response) -> Reply {
        let (status, headers) = (response.status(), response.headers().clone());
        Reply {
            status,
            headers,
            bytes: response.bytes().await.unwrap().to_vec(),
        }
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap_or_else(|_| panic!("{} is JSON: {}", self.status, self.text()))
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// The items of a list.
    pub(crate) fn value(&self) -> Vec<Value> {
        assert_eq!(self.status, 200, "{}", self.text());
        self.json()["value"].as_array().expect("a list").clone()
    }

    /// The `name` (or another field) of every item of a list.
    pub(crate) fn column(&self, field: &str) -> Vec<String> {
        self.value()
            .iter()
            .map(|item| item[field].as_str().unwrap_or_default().to_owned())
            .collect()
    }

    /// Status and reason of an answer without a body.
    pub(crate) fn refusal(&self) -> (u16, Option<&str>) {
        assert_eq!(self.text(), "", "no body was expected");
        (self.status.as_u16(), self.header("x-powerbi-error-info"))
    }

    /// Status and code of an answer with an error in its body.
    pub(crate) fn error(&self) -> (u16, String) {
        (
            self.status.as_u16(),
            self.json()["error"]["code"].as_str().unwrap_or_default().to_owned(),
        )
    }
}

/// Asserts without a body and with success.
pub(crate) fn assert_empty(reply: &Reply) {
    assert_eq!((reply.status.as_u16(), reply.text()), (200, String::new()));
}
