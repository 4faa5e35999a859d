//! Sign-ins of agents, from the first 401 to the first answered call, as a client and the person's browser make them.

use std::time::Duration;
use std::time::Instant;

use anyhow::Context;
use anyhow::Result;
use anyhow::bail;
use anyhow::ensure;
use serde_json::Value;
use serde_json::json;

use crate::bench::browser::Browser;
use crate::bench::browser::Page;
use crate::bench::form;
use crate::bench::gateway::Gateway;
use crate::bench::http::Request;
use crate::bench::mcp::Server;

/// Nothing listens there: the browser stops at the address and hands it to the client.
const BACK: &str = "http://127.0.0.1:33418/";
/// The pair of RFC 7636, appendix B: a secret that only has to fit, for nobody here wants to steal the code.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const MOST_PAGES: usize = 4;

/// One sign-in.
#[derive(Clone, Debug)]
pub(crate) struct SignIn {
    pub(crate) time: Duration,
    pub(crate) sent: Sent,
}

/// How many requests it took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Sent {
    /// To the gateway, by the client.
    pub(crate) by_client: usize,
    /// To the gateway, by the browser.
    pub(crate) by_browser: usize,
    /// To Microsoft, by the browser.
    pub(crate) browser_to_microsoft: usize,
    /// To Microsoft, by the gateway.
    pub(crate) gateway_to_microsoft: usize,
}

/// A person with their browser.
pub(crate) struct Person {
    account: String,
    browser: Browser,
}

impl Person {
    /// Somebody whom neither the gateway nor Microsoft's consent has seen.
    pub(crate) fn new(gateway: &Gateway, name: &str) -> Result<Self> {
        let account = format!("{name}@contoso.test");
        gateway.at_sandbox("/sandbox/people", &json!({ "upn": account, "name": name }))?;
        Ok(Self {
            account,
            browser: Browser::default(),
        })
    }

    /// A whole sign-in through a client, which registers itself unless it is known, and the first call; also the
    /// client's token.
    pub(crate) fn sign_in(&mut self, gateway: &Gateway, known: Option<&str>) -> Result<(SignIn, String)> {
        let (ours, microsoft) = (gateway.url(), gateway.sandbox.clone());
        let (ours, microsoft) = (
            ours.trim_start_matches("http://"),
            microsoft.trim_start_matches("http://"),
        );
        let mut client = Browser::default();
        gateway.clear_ledger()?;
        let began = Instant::now();
        let token = self.walk(gateway, &mut client, known)?.access;
        let time = began.elapsed();
        let browser_to_microsoft = self.browser.take_sent(microsoft);
        let sent = Sent {
            by_client: client.take_sent(ours),
            by_browser: self.browser.take_sent(ours),
            browser_to_microsoft,
            gateway_to_microsoft: gateway.ledger_length()?.saturating_sub(browser_to_microsoft),
        };
        Ok((SignIn { time, sent }, token))
    }

    /// The same without a watch, and with all that the client holds at the end.
    pub(crate) fn enter(&mut self, gateway: &Gateway) -> Result<Held> {
        self.walk(gateway, &mut Browser::default(), None)
    }

    /// Drops the browser's connections, for the gateway was started again.
    pub(crate) fn hang_up(&mut self) {
        self.browser.hang_up();
    }

    /// Looks at a page of the gateway as whoever signed in.
    pub(crate) fn visit(&mut self, url: &str) -> Result<()> {
        let page = self.browser.open(url, BACK)?;
        ensure!(page.url == url, "{url} leads to {}", page.url);
        Ok(())
    }

    fn walk(&mut self, gateway: &Gateway, client: &mut Browser, known: Option<&str>) -> Result<Held> {
        let mcp_url = format!("{}/mcp", gateway.url());
        let place = Place::find(client, &mcp_url)?;
        let id = match known {
            Some(id) => id.to_owned(),
            None => place.register(client)?,
        };
        let arrived = self.agree(&place, &id)?;
        let code = form::parameter(&arrived.url, "code").with_context(|| format!("no code: {}", arrived.url))?;
        let held = place.redeem(client, id, &code)?;
        let server = Server {
            url: &mcp_url,
            token: Some(&held.access),
        };
        let answer = client.send(&server.call("whoami", &json!({}))?)?;
        // JSON, or a stream of events when the answer takes its time.
        answer.expect(200)?;
        let text = answer.text();
        ensure!(
            text.contains(&self.account),
            "the call was not made as {}: {text}",
            self.account
        );
        Ok(held)
    }

    /// From the address the client opens to the client's own: the consent page, then Microsoft where needed.
    fn agree(&mut self, place: &Place, client: &str) -> Result<Page> {
        let query = form::encode(&[
            ("response_type", "code"),
            ("client_id", client),
            ("redirect_uri", BACK),
            ("scope", &place.scope),
            ("resource", &place.resource),
            ("state", "state"),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
        ]);
        let mut page = self.browser.open(&format!("{}?{query}", place.authorize), BACK)?;
        for _ in 0..MOST_PAGES {
            if page.url.starts_with(BACK) {
                return Ok(page);
            }
            let buttons = [
                ("answer", "approve"),
                ("account", &*self.account),
                ("decision", "accept"),
            ];
            let found = buttons
                .iter()
                .find_map(|button| Some((page.find_button(button.0, button.1)?, *button)));
            let (form, button) = found.with_context(|| format!("there is nothing to press at {}", page.url))?;
            page = self.browser.submit(&page, &form, &[button], BACK)?;
        }
        bail!("more than {MOST_PAGES} pages, the last {}", page.url)
    }
}

/// Where a client signs in, as it finds out.
struct Place {
    resource: String,
    scope: String,
    authorize: String,
    token: String,
    register: String,
}

impl Place {
    /// Asks without a token, and follows what the refusal says (RFC 9728, RFC 8414).
    fn find(client: &mut Browser, mcp_url: &str) -> Result<Self> {
        let server = Server {
            url: mcp_url,
            token: None,
        };
        let refused = client.send(&server.list()?)?;
        refused.expect(401)?;
        let challenge = refused
            .head
            .find("www-authenticate")
            .context("a 401 without a challenge")?;
        let about = client
            .send(&Request::get(quoted(challenge, "resource_metadata")?, &[])?)?
            .json(200)?;
        let issuer = text(&about["authorization_servers"][0])?;
        let of_server = format!("{issuer}/.well-known/oauth-authorization-server");
        let of_server = client.send(&Request::get(&of_server, &[])?)?.json(200)?;
        Ok(Self {
            resource: text(&about["resource"])?,
            scope: quoted(challenge, "scope")?.to_owned(),
            authorize: text(&of_server["authorization_endpoint"])?,
            token: text(&of_server["token_endpoint"])?,
            register: text(&of_server["registration_endpoint"])?,
        })
    }

    fn register(&self, client: &mut Browser) -> Result<String> {
        let made = client.send(&registration(&self.register)?)?.json(201)?;
        text(&made["client_id"])
    }

    fn redeem(&self, client: &mut Browser, id: String, code: &str) -> Result<Held> {
        let body = form::encode(&[
            ("grant_type", "authorization_code"),
            ("code", code),
            ("client_id", &id),
            ("redirect_uri", BACK),
            ("code_verifier", VERIFIER),
            ("resource", &self.resource),
        ]);
        let pair = client.send(&at_token(&self.token, &body)?)?.json(200)?;
        Held::of(id, &pair)
    }
}

/// What a client holds after a sign-in.
#[derive(Clone, Debug)]
pub(crate) struct Held {
    pub(crate) client: String,
    pub(crate) access: String,
    pub(crate) refresh: String,
}

impl Held {
    fn of(client: String, pair: &Value) -> Result<Self> {
        Ok(Self {
            client,
            access: text(&pair["access_token"])?,
            refresh: text(&pair["refresh_token"])?,
        })
    }

    /// The request that asks for the next pair (RFC 6749 §6).
    pub(crate) fn renewal(&self, gateway: &Gateway) -> Result<Request> {
        let body = form::encode(&[
            ("grant_type", "refresh_token"),
            ("refresh_token", &self.refresh),
            ("client_id", &self.client),
        ]);
        at_token(&format!("{}/token", gateway.url()), &body)
    }

    /// What the client holds after the answer to [`Held::renewal`].
    pub(crate) fn renewed(&self, answer: &Value) -> Result<Self> {
        Self::of(self.client.clone(), answer)
    }
}

fn at_token(url: &str, body: &str) -> Result<Request> {
    Request::post(url, &[("content-type", "application/x-www-form-urlencoded")], body)
}

/// A client makes itself known (RFC 7591).
pub(crate) fn registration(url: &str) -> Result<Request> {
    let about = json!({
        "client_name": "Bench",
        "redirect_uris": [BACK],
        "grant_types": ["authorization_code", "refresh_token"],
        "token_endpoint_auth_method": "none",
    });
    Request::post_json(url, &about)
}

fn text(value: &Value) -> Result<String> {
    Ok(value.as_str().context("expected a text in the metadata")?.to_owned())
}

/// A quoted value of a challenge.
fn quoted<'a>(challenge: &'a str, name: &str) -> Result<&'a str> {
    let value = challenge.split_once(&format!("{name}=\""));
    let value = value.and_then(|(_, rest)| rest.split('"').next());
    value.with_context(|| format!("the challenge has no {name}: {challenge}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_challenge_is_read() {
        let challenge = r#"Bearer resource_metadata="http://localhost/x", scope="powerbi.read""#;
        assert_eq!(quoted(challenge, "resource_metadata").unwrap(), "http://localhost/x");
        assert_eq!(quoted(challenge, "scope").unwrap(), "powerbi.read");
        assert!(quoted(challenge, "error").is_err());
    }
}
