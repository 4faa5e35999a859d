//! The portal and signing in, as a browser sees them.

mod changes;
mod entering;
mod microsoft;
mod pages;
mod routes;
pub(crate) mod sample;

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use gatepost::admin::setup::{self, FirstOwner};
use gatepost::app::App;
use gatepost::clock::{Clock, Timestamp};
use gatepost::config::Settings;
use gatepost::{page, portal, sign_in};
use http::header::{CONTENT_TYPE, COOKIE, HOST, LOCATION, ORIGIN, SET_COOKIE};
use http::{HeaderMap, Method, Request, StatusCode};
use tower::ServiceExt as _;

/// 23 November 2026, 09:30 UTC.
pub(crate) const NOW: Timestamp = Timestamp(1_795_426_200_000);
pub(crate) const PASSWORD: &str = "correct horse battery";

/// A gateway without a socket: requests go straight to its routes.
pub(crate) struct Gateway {
    pub app: App,
    router: Router,
    _folder: Arc<tempfile::TempDir>,
}

impl Gateway {
    /// A fresh gateway that nobody has set up, on SQLite, or on PostgreSQL when `TEST_POSTGRES_URL` is set.
    #[expect(clippy::disallowed_methods, reason = "the test command names the database here")]
    pub(crate) async fn empty() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut settings = Settings {
            data: folder.path().into(),
            public_url: "https://gate.example".into(),
            ..Settings::default()
        };
        if let Ok(server) = std::env::var("TEST_POSTGRES_URL") {
            settings.database_schema = crate::world::fresh_schema(&server).await;
            settings.database_url = server;
        }
        let app = App::start(settings, Clock::set(NOW, 7), false).await.unwrap();
        let router = portal::router(app.clone()).merge(sign_in::router(app.clone()));
        Self {
            app,
            router,
            _folder: Arc::new(folder),
        }
    }

    /// A gateway with its owner Ada.
    pub(crate) async fn with_owner() -> (Self, setup::Done) {
        let gateway = Self::empty().await;
        let owner = FirstOwner::check("Ada Byron", "ada@example.com", PASSWORD, PASSWORD).unwrap();
        let done = setup::first_owner(&gateway.app, &owner).await.unwrap();
        (gateway, done)
    }

    pub(crate) fn browser(&self) -> Browser<'_> {
        Browser {
            gateway: self,
            cookies: BTreeMap::new(),
        }
    }

    /// A browser in which this local account is signed in.
    pub(crate) async fn signed_in(&self, email: &str) -> Browser<'_> {
        let mut browser = self.browser();
        browser.get("/sign-in").await;
        let answer = browser
            .post("/sign-in", &[("email", email), ("password", PASSWORD)])
            .await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
        browser
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        let answer = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = answer.into_parts();
        let body = to_bytes(body, 8 * 1024 * 1024).await.unwrap();
        Answer {
            status: parts.status,
            headers: parts.headers,
            body: String::from_utf8(body.into()).unwrap(),
        }
    }
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: String,
}

impl Answer {
    pub(crate) fn location(&self) -> &str {
        self.headers.get(LOCATION).map_or("", |it| it.to_str().unwrap())
    }
}

/// A browser with its cookies.
pub(crate) struct Browser<'a> {
    gateway: &'a Gateway,
    pub cookies: BTreeMap<String, String>,
}

impl Browser<'_> {
    pub(crate) fn headers(&self) -> HeaderMap {
        let mut headers = HeaderMap::new();
        let all: Vec<_> = self
            .cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        headers.insert(COOKIE, all.join("; ").parse().unwrap());
        headers
    }

    pub(crate) fn csrf(&self) -> String {
        page::csrf(&self.gateway.app, &self.headers()).0
    }

    /// A request as this browser sends it, without an `Origin` yet.
    pub(crate) fn request(&self, method: Method, path: &str, fields: &[(&str, &str)]) -> Request<Body> {
        let body = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(fields)
            .finish();
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .body(Body::from(body))
            .unwrap();
        *request.headers_mut() = self.headers();
        request.headers_mut().insert(HOST, "gate.example".parse().unwrap());
        request
            .headers_mut()
            .insert(CONTENT_TYPE, "application/x-www-form-urlencoded".parse().unwrap());
        request
    }

    pub(crate) async fn get(&mut self, path: &str) -> Answer {
        let answer = self.gateway.send(self.request(Method::GET, path, &[])).await;
        self.keep(&answer);
        answer
    }

    /// Posts a form of our own page: with its token and the right `Origin`.
    pub(crate) async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let csrf = self.csrf();
        let fields: Vec<_> = fields.iter().copied().chain([("csrf", csrf.as_str())]).collect();
        let mut request = self.request(Method::POST, path, &fields);
        request
            .headers_mut()
            .insert(ORIGIN, "https://gate.example".parse().unwrap());
        let answer = self.gateway.send(request).await;
        self.keep(&answer);
        answer
    }

    fn keep(&mut self, answer: &Answer) {
        for it in answer.headers.get_all(SET_COOKIE) {
            let (pair, attributes) = it.to_str().unwrap().split_once(';').unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            match attributes.contains("Max-Age=0") {
                true => self.cookies.remove(name),
                false => self.cookies.insert(name.to_owned(), value.to_owned()),
            };
        }
    }
}
