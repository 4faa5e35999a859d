"""A stand-in for a person with a browser: keeps cookies, follows redirects, reads forms and presses buttons."""

from html.parser import HTMLParser
from urllib.parse import parse_qs, urljoin, urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

# Whom nobody listens to yet is tried again for half a minute; what was sent is never sent twice.
UNTIL_IT_LISTENS = Retry(total=None, connect=60, read=0, redirect=0, status=0, other=0, backoff_factor=0.1, backoff_max=0.5)

# What a willing person presses when nothing more exact was asked for.
WILLING = ("accept", "allow", "approve", "agree", "authorize", "continue", "grant", "connect", "yes", "sign in")
UNWILLING = ("cancel", "deny", "decline", "refuse", "reject", "back", "no", "sign out", "disconnect")
MOST_PAGES = 25


class Page:
    """What a person sees: where they are, the words, the forms."""

    def __init__(self, url, status, text):
        self.url, self.status, self.text = url, status, text
        reader = _FormReader()
        reader.feed(text)
        self.forms = reader.forms
        self.links = reader.links


class Browser:
    """One person's browser. `account` is whom they are at Microsoft; `says` whether they agree to what is asked."""

    def __init__(self, account=None, accepts=True, fill=None):
        self.session = requests.Session()
        # Neither proxies nor password files of the machine have a part in this.
        self.session.trust_env = False
        self.account, self.accepts, self.fill = account, accepts, fill or {}
        self.pages = []

    def trust(self, authority):
        """Trusts this certificate authority."""
        self.session.verify = authority
        return self

    def go(self, url, until):
        """Walks from `url` until an address that begins with `until`; returns its parameters as a plain dict."""
        method, data, headers = "GET", None, {}
        for _ in range(MOST_PAGES):
            if url.startswith(until):
                return _parameters(url)
            answer = self.session.request(method, url, data=data, headers=headers, allow_redirects=False, timeout=30)
            self._trust_localhost()
            if answer.is_redirect:
                url, method, data, headers = urljoin(url, answer.headers["location"]), "GET", None, {}
                continue
            page = Page(url, answer.status_code, answer.text)
            self.pages.append(page)
            form_post = _arrives_by_post(page, until)
            if form_post is not None:
                return form_post
            url, method, data = self._act(page)
            headers = _origin(page.url) if method == "POST" else {}
        raise AssertionError(f"still not at {until} after {MOST_PAGES} pages; the last was {url}")

    def hand_over(self, address, answer):
        """Opens the client's own address with the answer.

        Some clients (mcp-remote) show where to sign in before they listen themselves: who is quicker loads the page again.
        """
        self.session.mount(address, HTTPAdapter(max_retries=UNTIL_IT_LISTENS))
        return self.session.get(address, params=answer, timeout=30)

    def _trust_localhost(self):
        """Browsers send Secure cookies to http://localhost, which is this machine; the library does not."""
        for cookie in self.session.cookies:
            cookie.secure = False

    def stop_at_page(self, url, until="stop:"):
        """Walks until a page on which there is nothing to press, and returns it."""
        try:
            self.go(url, until)
        except NothingToPress as stop:
            return stop.page
        raise AssertionError("arrived instead of being stopped")

    def _act(self, page):
        choice = self._microsoft(page) or self._button(page)
        if choice is None:
            raise NothingToPress(page)
        if isinstance(choice, str):
            return urljoin(page.url, choice), "GET", None
        form, button = choice
        values = dict(form["fields"])
        values.update({name: text for name, text in self.fill.items() if name in form["names"]})
        if button and button["name"]:
            values[button["name"]] = button["value"]
        target = urljoin(page.url, button and button["formaction"] or form["action"] or page.url)
        if form["method"] == "get":
            query = requests.models.RequestEncodingMixin._encode_params(values)
            return target.split("?")[0] + "?" + query, "GET", None
        return target, "POST", values

    def _button(self, page):
        """The form and button for this page: the account, the answer to a question, else what goes on."""
        pairs = [(form, button) for form in page.forms for button in form["buttons"] or [None]]
        named = lambda name, value: [p for p in pairs if p[1] and (p[1]["name"], p[1]["value"]) == (name, value)]
        exact = (self.account and named("account", self.account)) or named(
            "decision", "accept" if self.accepts else "cancel"
        )
        if exact:
            return exact[0]
        words = WILLING if self.accepts else UNWILLING
        others = UNWILLING if self.accepts else WILLING
        fillable = [pair for pair in pairs if any(name in pair[0]["names"] for name in self.fill)]
        for pair in fillable + pairs:
            said = _said(pair[1])
            if any(word in said for word in words) and not any(f" {word} " in f" {said} " for word in others):
                return pair
        return fillable[0] if fillable else None

    def _microsoft(self, page):
        """The way to Microsoft from a page that offers several, for a person who has an account there."""
        if not self.account or any(b["name"] == "account" for form in page.forms for b in form["buttons"]):
            return None
        for form in page.forms:
            for button in form["buttons"]:
                if "microsoft" in _said(button):
                    return form, button
        return next((href for href, words in page.links if "microsoft" in words.lower() and "sign in" in words.lower()), None)


def _origin(url):
    """What a browser says with a form: which site's page it was on."""
    parts = urlsplit(url)
    return {"Origin": f"{parts.scheme}://{parts.netloc}"}


class NothingToPress(AssertionError):
    """The walk ended on a page without a way on."""

    def __init__(self, page):
        super().__init__(f"nothing to press on {page.url} ({page.status}):\n{page.text[:3000]}")
        self.page = page


class _FormReader(HTMLParser):
    def __init__(self):
        super().__init__()
        self.forms, self.links = [], []
        self.button = self.link = None

    def handle_starttag(self, tag, attributes):
        seen = dict(attributes)
        if tag == "form":
            action, method = seen.get("action") or "", (seen.get("method") or "get").lower()
            self.forms.append(
                {"action": action, "method": method, "fields": {}, "names": set(), "buttons": [], "id": seen.get("id")}
            )
        elif tag == "a" and seen.get("href"):
            self.link = [seen["href"], ""]
        elif tag in ("input", "button", "textarea", "select") and self.forms:
            self._control(tag, seen)

    def _control(self, tag, seen):
        form = self.forms[-1]
        kind = (seen.get("type") or ("submit" if tag == "button" else "text")).lower()
        name, value = seen.get("name"), seen.get("value") or ""
        if kind in ("submit", "image"):
            self.button = {"name": name, "value": value, "label": value, "formaction": seen.get("formaction")}
            form["buttons"].append(self.button)
            if tag == "input":
                self.button = None
        elif name and kind not in ("button", "reset"):
            form["names"].add(name)
            if kind not in ("checkbox", "radio") or "checked" in seen:
                form["fields"][name] = value if kind not in ("checkbox", "radio") else value or "on"

    def handle_data(self, data):
        if self.button is not None:
            self.button["label"] += " " + data.strip()
        if self.link is not None:
            self.link[1] += data

    def handle_endtag(self, tag):
        if tag == "button":
            self.button = None
        elif tag == "a" and self.link is not None:
            self.links.append(tuple(self.link))
            self.link = None


def _said(button):
    return " ".join(f"{button['value']} {button['label']}".lower().split()) if button else ""


def _arrives_by_post(page, until):
    """A page that posts itself to the address we wait for is an arrival too (`response_mode=form_post`)."""
    arrivals = [form for form in page.forms if form["action"].startswith(until)]
    return dict(arrivals[0]["fields"]) if arrivals else None


def _parameters(url):
    """The query of an address; an address that carries one name twice is no answer to an authorization request."""
    every = parse_qs(urlsplit(url).query, keep_blank_values=True)
    twice = [name for name, values in every.items() if len(values) != 1]
    assert not twice, f"sent more than once: {twice}"
    return {name: values[0] for name, values in every.items()}
