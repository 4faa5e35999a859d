//! A person with a browser: keeps cookies and connections, follows redirects, presses buttons, and counts what it sends.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use anyhow::Context;
use anyhow::Result;
use anyhow::bail;

use crate::bench::answer::Answer;
use crate::bench::form;
use crate::bench::form::Form;
use crate::bench::http::Connection;
use crate::bench::http::Request;

const MOST_REDIRECTS: usize = 20;

/// A browser. All that it visits is on one host, so that every cookie goes everywhere: cookies ignore ports.
#[derive(Default)]
pub(crate) struct Browser {
    cookies: BTreeMap<String, String>,
    connections: BTreeMap<String, Connection>,
    /// How many requests went to an address such as `localhost:8420`.
    sent: BTreeMap<String, usize>,
}

/// Where a visit ended.
pub(crate) struct Page {
    /// The address, which was not asked for any more when the visit was to stop there.
    pub(crate) url: String,
    pub(crate) html: String,
}

impl Browser {
    /// How many requests went to the address since it was last asked; afterwards none.
    pub(crate) fn take_sent(&mut self, address: &str) -> usize {
        self.sent.remove(address).unwrap_or_default()
    }

    /// Drops its connections, for whom it visits was started again.
    pub(crate) fn hang_up(&mut self) {
        self.connections.clear();
    }

    /// Sends one request as it is and reads its answer, over a connection that is kept.
    pub(crate) fn send(&mut self, request: &Request) -> Result<Answer> {
        *self.sent.entry(request.address.clone()).or_default() += 1;
        let connection = match self.connections.entry(request.address.clone()) {
            Entry::Occupied(kept) => kept.into_mut(),
            Entry::Vacant(place) => place.insert(Connection::open(&request.address)?),
        };
        let answer = connection.send(request);
        if !answer.as_ref().is_ok_and(|answer| !answer.head.is_last()) {
            self.connections.remove(&request.address);
        }
        answer
    }

    /// Opens an address and follows redirects to a page, or to an address that begins with `until`.
    pub(crate) fn open(&mut self, url: &str, until: &str) -> Result<Page> {
        let mut url = url.to_owned();
        for _ in 0..MOST_REDIRECTS {
            if url.starts_with(until) {
                return Ok(Page {
                    url,
                    html: String::new(),
                });
            }
            let cookie = self.cookie();
            let answer = self.send(&Request::get(&url, &with(&[], &cookie))?)?;
            match self.arrive(&url, &answer)? {
                Arrival::Page(page) => return Ok(page),
                Arrival::Elsewhere(next) => url = next,
            }
        }
        bail!("more than {MOST_REDIRECTS} redirects, the last to {url}")
    }

    /// Sends a form of the page, with these fields in place of its own, and goes on as [`Browser::open`] does.
    pub(crate) fn submit(&mut self, page: &Page, form: &Form, fields: &[(&str, &str)], until: &str) -> Result<Page> {
        let own = form.fields.iter().map(|(name, value)| (&**name, &**value));
        let mut pairs: Vec<(&str, &str)> = own
            .filter(|(name, _)| fields.iter().all(|(given, _)| given != name))
            .collect();
        pairs.extend(fields);
        let url = join(&page.url, &form.action);
        let cookie = self.cookie();
        let about = [
            ("origin", origin(&page.url)),
            ("content-type", "application/x-www-form-urlencoded"),
        ];
        let answer = self.send(&Request::post(&url, &with(&about, &cookie), &form::encode(&pairs))?)?;
        match self.arrive(&url, &answer)? {
            Arrival::Page(page) => Ok(page),
            Arrival::Elsewhere(next) => self.open(&next, until),
        }
    }

    fn cookie(&self) -> String {
        self.cookies.values().cloned().collect::<Vec<_>>().join("; ")
    }

    fn arrive(&mut self, url: &str, answer: &Answer) -> Result<Arrival> {
        for cookie in answer.head.all("set-cookie") {
            self.keep(cookie);
        }
        let status = answer.head.status;
        if let Some(to) = answer.head.find("location").filter(|_| (300..400).contains(&status)) {
            return Ok(Arrival::Elsewhere(join(url, to)));
        }
        answer.expect(200).with_context(|| format!("at {url}"))?;
        Ok(Arrival::Page(Page {
            url: url.to_owned(),
            html: answer.text(),
        }))
    }

    fn keep(&mut self, cookie: &str) {
        let pair = cookie.split(';').next().unwrap_or_default().trim();
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        if value.is_empty() || cookie.to_ascii_lowercase().contains("max-age=0") {
            self.cookies.remove(name);
        } else {
            self.cookies.insert(name.to_owned(), pair.to_owned());
        }
    }
}

fn with<'a>(headers: &[(&'a str, &'a str)], cookie: &'a str) -> Vec<(&'a str, &'a str)> {
    let cookie = Some(("cookie", cookie)).filter(|(_, cookie)| !cookie.is_empty());
    headers.iter().copied().chain(cookie).collect()
}

enum Arrival {
    Page(Page),
    Elsewhere(String),
}

impl Page {
    /// The form with this button.
    pub(crate) fn find_button(&self, name: &str, value: &str) -> Option<Form> {
        let is_it = |(known, says): &(String, String)| known == name && says == value;
        form::forms(&self.html)
            .into_iter()
            .find(|form| form.buttons.iter().any(is_it))
    }

    /// Every form of the page.
    pub(crate) fn forms(&self) -> Vec<Form> {
        form::forms(&self.html)
    }

    /// The form that is sent to this path.
    pub(crate) fn form(&self, action: &str) -> Result<Form> {
        let mut forms = form::forms(&self.html).into_iter();
        let found = forms.find(|form| form.action == action);
        found.with_context(|| format!("there is no form for {action} at {}: {}", self.url, self.html))
    }
}

/// An address as a page at `base` means it.
fn join(base: &str, to: &str) -> String {
    match to {
        _ if to.contains("://") => to.to_owned(),
        _ if to.starts_with('/') => format!("{}{to}", origin(base)),
        "" => base.to_owned(),
        _ => format!("{}/{to}", base.split('?').next().unwrap_or_default()),
    }
}

/// `http://host:port` of an address.
fn origin(url: &str) -> &str {
    let host = url.find("://").map_or(0, |at| at + 3);
    let end = url[host..].find(['/', '?']).map_or(url.len(), |at| host + at);
    &url[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_as_on_a_page() {
        let base = "http://localhost:8420/authorize?x=/y";
        assert_eq!(origin(base), "http://localhost:8420");
        assert_eq!(origin("http://localhost:8420"), "http://localhost:8420");
        assert_eq!(join(base, "/token"), "http://localhost:8420/token");
        assert_eq!(join(base, "http://localhost:1/a"), "http://localhost:1/a");
        assert_eq!(join(base, ""), base);
    }

    #[test]
    fn a_cookie_is_kept_until_it_is_taken_back() {
        let mut browser = Browser::default();
        browser.keep("session=abc=; Path=/; HttpOnly");
        browser.keep("flow=1; Max-Age=600");
        assert_eq!(browser.cookie(), "flow=1; session=abc=");
        browser.keep("flow=; Max-Age=0");
        assert_eq!(browser.cookie(), "session=abc=");
    }
}
