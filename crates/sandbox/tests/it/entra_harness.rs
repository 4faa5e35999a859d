//! A sandbox on a free port with a set clock, a browser with a cookie, and a client that redeems codes.

use std::collections::HashMap;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reqwest::header::HeaderMap;
use sandbox::Options;
use sandbox::Sandbox;
use sandbox::entra::Application;
use sandbox::entra::RedirectUris;
use sandbox::entra::Secret;
use serde_json::Value;
use serde_json::json;
use tokio::net::TcpListener;
use url::Url;

pub(crate) const START_MS: i64 = 1_795_420_800_000;
pub(crate) const CALLBACK: &str = "https://gateway.test/integration-callback";
pub(crate) const SECRET: &str = "s3cret+/=~ of the test";
pub(crate) const SCOPE: &str = "https://analysis.windows.net/powerbi/api/.default offline_access openid profile";
pub(crate) const VERIFIER: &str = "a-verifier-that-is-long-enough-for-the-rule-of-43";

/// A running sandbox and an HTTP client that follows nothing.
pub(crate) struct World {
    pub(crate) sandbox: Sandbox,
    pub(crate) url: String,
    pub(crate) http: reqwest::Client,
}

/// A browser: one cookie, one person who decides.
#[derive(Default)]
pub(crate) struct Browser {
    pub(crate) cookie: Option<String>,
}

/// Where a browser ended up.
#[derive(Debug)]
pub(crate) struct Landing {
    pub(crate) status: u16,
    /// Parameters at the client's address, when the browser was sent there.
    pub(crate) back: Option<HashMap<String, String>>,
    pub(crate) location: Option<String>,
    pub(crate) body: String,
}

/// An answer of the token endpoint.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
}

impl World {
    pub(crate) async fn start() -> World {
        World::start_at(None).await
    }

    /// Over TLS when a folder for `ca.pem` is given.
    pub(crate) async fn start_at(tls_dir: Option<&Path>) -> World {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let scheme = if tls_dir.is_some() { "https" } else { "http" };
        let url = format!("{scheme}://localhost:{port}");
        let sandbox = Sandbox::new(Options {
            url: url.clone(),
            start: Some(START_MS),
            seed: 7,
        });
        let builder = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy();
        let served = sandbox.clone();
        let never = std::future::pending::<()>();
        let builder = match tls_dir.map(Path::to_owned) {
            None => {
                tokio::spawn(sandbox::serve(served, listener, never));
                builder
            }
            Some(dir) => {
                let folder = dir.clone();
                tokio::spawn(async move { sandbox::serve_tls(served, listener, &folder, never).await });
                let pem = loop {
                    match tokio::fs::read(dir.join("ca.pem")).await {
                        Ok(pem) if !pem.is_empty() => break pem,
                        _ => tokio::task::yield_now().await,
                    }
                };
                builder.tls_certs_only([reqwest::Certificate::from_pem(&pem).unwrap()])
            }
        };
        World {
            sandbox,
            url,
            http: builder.build().unwrap(),
        }
    }

    /// A web application of Contoso that serves every organisation.
    pub(crate) fn web_app(&self) -> Application {
        self.app(Application::default())
    }

    /// Registers `application`, with the test's callback and secret where it has none.
    pub(crate) fn app(&self, mut application: Application) -> Application {
        if application.redirect_uris == RedirectUris::default() {
            application.redirect_uris.web = vec![CALLBACK.to_owned()];
        }
        if application.secrets.is_empty() && !application.redirect_uris.web.is_empty() {
            application.secrets = vec![Secret {
                value: SECRET.to_owned(),
                expires: None,
                id: String::new(),
            }];
        }
        self.sandbox.register(application).unwrap()
    }

    /// The authorize address for an application, with parameters added or replaced.
    pub(crate) fn authorize_url(&self, tenant: &str, app: &Application, more: &[(&str, &str)]) -> String {
        let mut url = Url::parse(&format!("{}/{tenant}/oauth2/v2.0/authorize", self.url)).unwrap();
        let redirect = app.redirect_uris.web.first().or(app.redirect_uris.spa.first());
        let redirect = redirect
            .or(app.redirect_uris.public.first())
            .map_or(CALLBACK, String::as_str);
        let challenge = challenge();
        let mut parameters = vec![
            ("client_id", app.client_id.as_str()),
            ("response_type", "code"),
            ("redirect_uri", redirect),
            ("scope", SCOPE),
            ("state", "the-state"),
            ("nonce", "the-nonce"),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ];
        parameters.retain(|(name, _)| more.iter().all(|(given, _)| given != name));
        parameters.extend(more);
        url.query_pairs_mut()
            .extend_pairs(parameters.iter().filter(|(_, value)| *value != "-"));
        url.into()
    }

    /// A code for `upn`, consent given where it is asked.
    pub(crate) async fn code(&self, tenant: &str, app: &Application, upn: &str) -> String {
        let mut browser = Browser::default();
        let landing = browser.sign_in(self, &self.authorize_url(tenant, app, &[]), upn).await;
        landing.back.unwrap_or_else(|| panic!("no code: {}", landing.body))["code"].clone()
    }

    /// The tokens of a first sign-in.
    pub(crate) async fn tokens(&self, tenant: &str, app: &Application, upn: &str) -> Value {
        let code = self.code(tenant, app, upn).await;
        let answer = self.redeem(tenant, app, &code, &[]).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.body
    }

    pub(crate) async fn redeem(&self, tenant: &str, app: &Application, code: &str, more: &[(&str, &str)]) -> Answer {
        let base = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", CALLBACK),
            ("code_verifier", VERIFIER),
        ];
        self.token_as(tenant, app, &base, more).await
    }

    pub(crate) async fn refresh(&self, tenant: &str, app: &Application, token: &str, more: &[(&str, &str)]) -> Answer {
        let base = [
            ("grant_type", "refresh_token"),
            ("refresh_token", token),
            ("scope", SCOPE),
        ];
        self.token_as(tenant, app, &base, more).await
    }

    /// A token request with the test's secret; a parameter given as `-` is left out.
    async fn token_as(&self, tenant: &str, app: &Application, base: &[(&str, &str)], more: &[(&str, &str)]) -> Answer {
        let mut form = vec![("client_id", app.client_id.as_str()), ("client_secret", SECRET)];
        form.extend(base);
        form.retain(|(name, _)| more.iter().all(|(given, _)| given != name));
        form.extend(more);
        form.retain(|(_, value)| *value != "-");
        self.token(tenant, &form, &[]).await
    }

    pub(crate) async fn token(&self, tenant: &str, form: &[(&str, &str)], headers: &[(&str, &str)]) -> Answer {
        let mut request = self
            .http
            .post(format!("{}/{tenant}/oauth2/v2.0/token", self.url))
            .form(form);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.text().await.unwrap();
        Answer {
            status,
            headers,
            body: serde_json::from_str(&text).unwrap_or(Value::from(text)),
        }
    }

    pub(crate) async fn get(&self, path: &str) -> reqwest::Response {
        self.http.get(format!("{}{path}", self.url)).send().await.unwrap()
    }

    pub(crate) async fn get_json(&self, path: &str) -> Value {
        self.get(path).await.json().await.unwrap()
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Value {
        self.send(reqwest::Method::POST, path, body).await
    }

    pub(crate) async fn patch(&self, path: &str, body: Value) -> Value {
        self.send(reqwest::Method::PATCH, path, body).await
    }

    async fn send(&self, method: reqwest::Method, path: &str, body: Value) -> Value {
        let response = self
            .http
            .request(method, format!("{}{path}", self.url))
            .json(&body)
            .send()
            .await
            .unwrap();
        let status = response.status();
        let text = response.text().await.unwrap();
        assert!(status.is_success(), "{path}: {status} {text}");
        serde_json::from_str(&text).unwrap_or(Value::Null)
    }

    pub(crate) async fn arm(&self, rule: Value) {
        self.post("/sandbox/faults", rule).await;
    }

    /// How many requests the ledger knows of this kind.
    pub(crate) async fn count(&self, query: &str) -> usize {
        self.get_json(&format!("/sandbox/ledger?{query}"))
            .await
            .as_array()
            .unwrap()
            .len()
    }

    pub(crate) fn advance_days(&self, days: i64) {
        self.sandbox.clock().advance(days * 24 * 60 * 60 * 1000);
    }
}

impl Browser {
    /// Opens an address and presses the buttons: the account, the second factor, Accept.
    pub(crate) async fn sign_in(&mut self, world: &World, url: &str, upn: &str) -> Landing {
        self.drive(world, url, upn, "accept").await
    }

    pub(crate) async fn drive(&mut self, world: &World, url: &str, upn: &str, decision: &str) -> Landing {
        let mut landing = self.open(world, url).await;
        for _ in 0..4 {
            let Some(action) = form_action(&landing.body).filter(|_| landing.back.is_none()) else {
                break;
            };
            let mut form = vec![("account", upn)];
            if landing.body.contains("name=\"decision\"") {
                form.push(("decision", decision));
            }
            if landing.body.contains("name=\"factor\"") {
                form.push(("factor", "approved"));
            }
            landing = self.submit(world, &action, &form).await;
        }
        landing
    }

    pub(crate) async fn open(&mut self, world: &World, url: &str) -> Landing {
        self.land(world.http.get(url)).await
    }

    pub(crate) async fn submit(&mut self, world: &World, url: &str, form: &[(&str, &str)]) -> Landing {
        self.land(world.http.post(url).form(form)).await
    }

    async fn land(&mut self, request: reqwest::RequestBuilder) -> Landing {
        let request = match &self.cookie {
            Some(cookie) => request.header("cookie", cookie),
            None => request,
        };
        let response = request.send().await.unwrap();
        if let Some(set) = response.headers().get("set-cookie") {
            let pair = set.to_str().unwrap().split(';').next().unwrap();
            self.cookie = (!pair.ends_with('=')).then(|| pair.to_owned());
        }
        let location = response
            .headers()
            .get("location")
            .map(|value| value.to_str().unwrap().to_owned());
        let back = location.as_ref().map(|location| {
            let text = location.replace('#', "?");
            Url::parse(&text).unwrap().query_pairs().into_owned().collect()
        });
        Landing {
            status: response.status().as_u16(),
            back,
            location,
            body: response.text().await.unwrap(),
        }
    }
}

impl Landing {
    /// The page shows this code, and nothing was sent to the client.
    #[track_caller]
    pub(crate) fn shows(&self, code: u32) {
        assert!(self.back.is_none(), "sent back: {:?}", self.back);
        assert!(
            self.body.contains("Sandbox - not Microsoft"),
            "no banner: {}",
            self.body
        );
        assert!(
            self.body.contains(&format!("AADSTS{code}:")),
            "expected {code}: {}",
            self.body
        );
    }

    /// The client got this error with this code.
    #[track_caller]
    pub(crate) fn sends_back(&self, error: &str, code: u32) {
        let back = self
            .back
            .as_ref()
            .unwrap_or_else(|| panic!("nothing sent back: {}", self.body));
        assert_eq!(back.get("error").map(String::as_str), Some(error), "{back:?}");
        assert!(
            back["error_description"].starts_with(&format!("AADSTS{code}:")),
            "{back:?}"
        );
        assert_eq!(back.get("state").map(String::as_str), Some("the-state"));
    }
}

impl Answer {
    /// The answer is this error with this code.
    #[track_caller]
    pub(crate) fn fails(&self, error: &str, code: u32) {
        assert_eq!(self.body["error"], error, "{}", self.body);
        assert_eq!(self.body["error_codes"], json!([code]), "{}", self.body);
    }

    #[track_caller]
    pub(crate) fn member(&self, name: &str) -> String {
        self.body[name]
            .as_str()
            .unwrap_or_else(|| panic!("no {name}: {}", self.body))
            .to_owned()
    }
}

/// The claims of a token, unchecked.
pub(crate) fn claims(token: &Value) -> Value {
    let payload = token.as_str().unwrap().split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap()
}

pub(crate) fn challenge() -> String {
    let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, VERIFIER.as_bytes());
    URL_SAFE_NO_PAD.encode(hash)
}

/// Where the page's form posts to.
pub(crate) fn form_action(html: &str) -> Option<String> {
    let (_, rest) = html.split_once("<form method=\"post\" action=\"")?;
    let (action, _) = rest.split_once('"')?;
    Some(action.replace("&#x2f;", "/").replace("&amp;", "&"))
}
