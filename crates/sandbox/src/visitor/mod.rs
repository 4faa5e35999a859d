//! A pretend person in a pretend browser: opens pages, keeps cookies, fills in forms. For demonstrations and tests.

mod form;
#[cfg(test)]
mod tests;

pub use form::Form;

use std::collections::BTreeMap;

use http::header::{COOKIE, LOCATION, ORIGIN, SET_COOKIE};
use http::{HeaderMap, Method};
use url::Url;

const MOST_REDIRECTS: usize = 20;

/// Why a page could not be had.
#[derive(Debug, thiserror::Error)]
pub enum VisitError {
    #[error("{0}")]
    Http(#[from] reqwest::Error),
    #[error("the address {0} cannot be read")]
    Address(String),
    #[error("there is no form for {wanted} on {url} (status {status}): {text}")]
    NoForm {
        wanted: String,
        url: String,
        status: u16,
        text: String,
    },
    #[error("more than {MOST_REDIRECTS} redirects, the last to {0}")]
    Redirects(String),
}

/// A page as it was shown, or the address at which the browser left for somebody else's.
#[derive(Clone, Debug)]
pub struct Page {
    pub url: Url,
    pub status: u16,
    pub headers: HeaderMap,
    pub body: String,
}

/// A browser with its cookies. It follows redirects except to the addresses it is told to stop at.
#[derive(Clone)]
pub struct Visitor {
    client: reqwest::Client,
    /// By host name: cookies ignore ports.
    cookies: BTreeMap<(String, String), String>,
    stops: Vec<String>,
}

impl Default for Visitor {
    fn default() -> Self {
        Self::new()
    }
}

impl Visitor {
    /// A browser without cookies.
    pub fn new() -> Self {
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()
            .expect("a client without special wishes can be made");
        Self {
            client,
            cookies: BTreeMap::new(),
            stops: Vec::new(),
        }
    }

    /// Does not follow a redirect to an address that begins with `prefix`: the page returned is then that address.
    pub fn stop_at(&mut self, prefix: &str) {
        self.stops.push(prefix.to_owned());
    }

    /// The value of a cookie.
    pub fn cookie(&self, host: &str, name: &str) -> Option<&str> {
        self.cookies
            .get(&(host.to_owned(), name.to_owned()))
            .map(String::as_str)
    }

    /// Puts a cookie in, as an attacker might.
    pub fn set_cookie(&mut self, host: &str, name: &str, value: &str) {
        self.cookies
            .insert((host.to_owned(), name.to_owned()), value.to_owned());
    }

    /// Opens an address.
    pub async fn open(&mut self, address: &str) -> Result<Page, VisitError> {
        let url = parse(address)?;
        self.go(Method::GET, url, None).await
    }

    /// Opens an address without following any redirect.
    pub async fn peek(&mut self, address: &str) -> Result<Page, VisitError> {
        let url = parse(address)?;
        self.once(&Method::GET, &url, None).await
    }

    /// Sends the form of `page` whose address holds `action`, with its own fields, changed and completed by `fields`.
    pub async fn submit(&mut self, page: &Page, action: &str, fields: &[(&str, &str)]) -> Result<Page, VisitError> {
        let form = page.form(action).ok_or_else(|| VisitError::NoForm {
            wanted: action.to_owned(),
            url: page.url.to_string(),
            status: page.status,
            text: page.text().chars().take(400).collect(),
        })?;
        self.send(page, &form, fields).await
    }

    /// Sends a form of `page` as it was left, changed and completed by `fields`.
    pub async fn send(&mut self, page: &Page, form: &Form, fields: &[(&str, &str)]) -> Result<Page, VisitError> {
        let url = page
            .url
            .join(&form.action)
            .map_err(|_| VisitError::Address(form.action.clone()))?;
        let body = form.filled(fields);
        if form.is_post {
            return self.go(Method::POST, url, Some((body, page.url.clone()))).await;
        }
        let mut url = url;
        url.set_query(Some(&body));
        self.go(Method::GET, url, None).await
    }

    async fn go(&mut self, method: Method, url: Url, body: Option<(String, Url)>) -> Result<Page, VisitError> {
        let mut page = self.once(&method, &url, body).await?;
        for _ in 0..MOST_REDIRECTS {
            let Some(next) = page.redirect() else { return Ok(page) };
            if self.stops.iter().any(|it| next.as_str().starts_with(it)) || !next.scheme().starts_with("http") {
                return Ok(Page { url: next, ..page });
            }
            page = self.once(&Method::GET, &next, None).await?;
        }
        Err(VisitError::Redirects(page.url.to_string()))
    }

    async fn once(&mut self, method: &Method, url: &Url, body: Option<(String, Url)>) -> Result<Page, VisitError> {
        let host = url.host_str().unwrap_or_default().to_owned();
        let mut request = self.client.request(method.clone(), url.clone());
        let cookies: Vec<String> = self
            .cookies
            .iter()
            .filter(|((known, _), _)| *known == host)
            .map(|((_, name), value)| format!("{name}={value}"))
            .collect();
        if !cookies.is_empty() {
            request = request.header(COOKIE, cookies.join("; "));
        }
        if let Some((form, from)) = body {
            let is_same = from.origin() == url.origin();
            request = request
                .header(ORIGIN, from.origin().ascii_serialization())
                .header("sec-fetch-site", if is_same { "same-origin" } else { "cross-site" })
                .header(http::header::CONTENT_TYPE, "application/x-www-form-urlencoded")
                .body(form);
        }
        let response = request.send().await?;
        self.keep_cookies(&host, response.headers());
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Ok(Page {
            url: url.clone(),
            status,
            headers,
            body: response.text().await?,
        })
    }

    fn keep_cookies(&mut self, host: &str, headers: &HeaderMap) {
        for set in headers.get_all(SET_COOKIE).iter().filter_map(|it| it.to_str().ok()) {
            let pair = set.split(';').next().unwrap_or_default();
            let Some((name, value)) = pair.split_once('=') else {
                continue;
            };
            let key = (host.to_owned(), name.trim().to_owned());
            let is_over = set.to_ascii_lowercase().contains("max-age=0");
            match is_over || value.is_empty() {
                true => self.cookies.remove(&key),
                false => self.cookies.insert(key, value.trim().to_owned()),
            };
        }
    }
}

fn parse(address: &str) -> Result<Url, VisitError> {
    Url::parse(address).map_err(|_| VisitError::Address(address.to_owned()))
}

impl Page {
    /// The form whose address is `action`, else the first whose address holds it.
    pub fn form(&self, action: &str) -> Option<Form> {
        let all = self.forms();
        let exact = all.iter().position(|it| it.action == action);
        exact
            .or_else(|| all.iter().position(|it| it.action.contains(action)))
            .map(|at| all[at].clone())
    }

    /// Every form of the page.
    pub fn forms(&self) -> Vec<Form> {
        form::forms(&self.body)
    }

    /// The value of a query parameter of the page's address.
    pub fn parameter(&self, name: &str) -> Option<String> {
        self.url
            .query_pairs()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.into_owned())
    }

    /// The page's words, without tags.
    pub fn text(&self) -> String {
        form::text(&self.body)
    }

    fn redirect(&self) -> Option<Url> {
        let to = self
            .headers
            .get(LOCATION)
            .filter(|_| (300..400).contains(&self.status))?;
        self.url.join(to.to_str().ok()?).ok()
    }
}
