//! A sandbox on a free port with a set clock, and a browser that signs people in there.

use std::collections::HashMap;

use catalogue::clouds::Cloud;
use gatepost::clock::{Clock, Timestamp};
use gatepost::entra::{Credential, Entra, Registration, Start, Tenant, TokenAnswer, http_client};
use sandbox::entra::{Application, POWER_BI, RedirectUris, Secret};
use sandbox::faults::{Fault, Rule, Target};
use sandbox::{Options, Sandbox};
use secrecy::SecretString;
use tokio::net::TcpListener;
use url::Url;

pub(crate) const START_MS: i64 = 1_795_420_800_000;
pub(crate) const CALLBACK: &str = "https://gateway.test/integration-callback";
/// With the characters that forms and URLs treat specially.
const SECRET: &str = "s3cret+/=~ &%of the test";

/// A pretend Microsoft and our client for it, with one clock each, both set.
pub(crate) struct Microsoft {
    pub(crate) sandbox: Sandbox,
    pub(crate) entra: Entra,
    pub(crate) clock: Clock,
    pub(crate) application: Application,
    url: String,
    browser: reqwest::Client,
}

/// What a browser brought back, with what was kept for it.
pub(crate) struct Returned {
    pub(crate) parameters: Vec<(String, String)>,
    pub(crate) start: Start,
}

impl Microsoft {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://localhost:{}", listener.local_addr().unwrap().port());
        let sandbox = Sandbox::new(Options {
            url: url.clone(),
            start: Some(START_MS),
            seed: 7,
        });
        tokio::spawn(sandbox::serve(sandbox.clone(), listener, std::future::pending()));
        let clock = Clock::set(Timestamp(START_MS), 7);
        let secrets = vec![Secret {
            value: SECRET.to_owned(),
            expires: None,
            id: String::new(),
        }];
        let redirect_uris = RedirectUris {
            web: vec![CALLBACK.to_owned()],
            ..RedirectUris::default()
        };
        let application = sandbox
            .register(Application {
                secrets,
                redirect_uris,
                ..Application::default()
            })
            .unwrap();
        let entra = Entra::new(clock.clone(), http_client(None).unwrap());
        Self {
            sandbox,
            entra,
            clock,
            application,
            url,
            browser: http_client(None).unwrap(),
        }
    }

    /// Signs with a new key from now on; the old one is withdrawn at once if `retire`.
    pub(crate) async fn roll_keys(&self, retire: bool) {
        let asked = self.browser.post(format!("{}/sandbox/keys", self.url));
        let answer = asked
            .json(&serde_json::json!({ "retire": retire }))
            .send()
            .await
            .unwrap();
        assert!(answer.status().is_success());
    }

    pub(crate) fn cloud(&self) -> Cloud {
        Cloud::custom(&self.url, POWER_BI, &self.url, &self.url).unwrap()
    }

    pub(crate) fn registration(&self, tenant: &str) -> Registration {
        Registration {
            integration: "integration".into(),
            cloud: self.cloud(),
            tenant: Tenant::parse(tenant).unwrap(),
            client_id: self.application.client_id.clone(),
            credential: Credential::Secret(SecretString::from(SECRET)),
            scope_override: None,
        }
    }

    /// Walks through the pages as `person`, pressing `decision` where consent is asked for.
    pub(crate) async fn visit(&self, registration: &Registration, person: &str, decision: &str) -> Returned {
        let start = Start::new(&self.clock, registration, CALLBACK, None);
        let mut request = self.browser.get(&start.url);
        let mut cookie = None;
        for _ in 0..6 {
            let answer = request.send().await.unwrap();
            if let Some(set) = answer.headers().get("set-cookie") {
                cookie = Some(set.to_str().unwrap().split(';').next().unwrap().to_owned());
            }
            if let Some(location) = answer.headers().get("location") {
                let url = Url::parse(location.to_str().unwrap()).unwrap();
                assert!(url.as_str().starts_with(CALLBACK), "{url}");
                return Returned {
                    parameters: url.query_pairs().into_owned().collect(),
                    start,
                };
            }
            let page = answer.text().await.unwrap();
            let action = form_action(&page).unwrap_or_else(|| panic!("no form: {page}"));
            let form = HashMap::from([("account", person), ("decision", decision), ("factor", "approved")]);
            request = self.browser.post(action).form(&form);
            if let Some(cookie) = &cookie {
                request = request.header("cookie", cookie);
            }
        }
        panic!("the pages never came to an end");
    }

    /// Signs `person` in and redeems the code.
    pub(crate) async fn sign_in(&self, registration: &Registration, person: &str) -> (TokenAnswer, Start) {
        let returned = self.visit(registration, person, "accept").await;
        let gatepost::entra::Callback::Code { code, state } = gatepost::entra::callback(&returned.parameters).unwrap()
        else {
            panic!("no code: {:?}", returned.parameters)
        };
        assert_eq!(state, returned.start.state);
        let tenant = registration.tenant.path();
        let answer = self
            .entra
            .redeem(registration, &code, &returned.start.verifier, CALLBACK, tenant)
            .await
            .unwrap();
        (answer, returned.start)
    }

    /// Makes requests to an endpoint of the pretend Entra fail, `times` of them or all.
    pub(crate) fn arm(&self, endpoint: &str, times: Option<u32>, fault: Fault) {
        let target = Target {
            endpoint: Some(endpoint.to_owned()),
            ..Target::default()
        };
        self.sandbox.faults().arm(Rule {
            id: 0,
            target,
            skip: 0,
            remaining: times,
            fault,
        });
    }

    /// How many requests ended with this path.
    pub(crate) fn asked(&self, path: &str) -> usize {
        let filter = sandbox::ledger::Filter {
            path: Some(path.to_owned()),
            ..Default::default()
        };
        self.sandbox.ledger().entries(&filter).len()
    }
}

fn form_action(html: &str) -> Option<String> {
    let (_, rest) = html.split_once("<form method=\"post\" action=\"")?;
    let (action, _) = rest.split_once('"')?;
    Some(action.replace("&#x2f;", "/").replace("&amp;", "&"))
}
