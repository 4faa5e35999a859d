"""Somebody at the portal of a demo, in a browser of their own."""

from stand_in import Browser


class Person:
    """A person with an account at Microsoft, signed in at the portal."""

    def __init__(self, demo, account):
        self.portal = demo["portal_url"]
        self.browser = Browser(account)
        self.browser.stop_at_page(self.portal + "/sign-in")

    def disconnect(self):
        """Takes the connection to Power BI away."""
        self._press("/connections", "/disconnect")

    def connect(self, page_url):
        """What a person does on the page that the client was given."""
        page = self.browser.stop_at_page(page_url)
        href = next(href for href, _ in page.links if "/connections/connect/" in href)
        page = self.browser.stop_at_page(self.portal + href)
        assert "/connections?connected=" in page.url, page.url

    def revoke_agents(self):
        """Takes back what the first of the person's agents may do."""
        self._press("/agents", "/revoke")

    def _press(self, place, ending):
        page = self.browser.stop_at_page(self.portal + place)
        form = next(it for it in page.forms if it["action"].endswith(ending))
        headers = {"Origin": self.portal}
        answer = self.browser.session.post(self.portal + form["action"], data=form["fields"], headers=headers, timeout=30)
        assert answer.ok, answer.text
