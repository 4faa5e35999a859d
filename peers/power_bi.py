"""The pretend Power BI of a demo asked without the gateway, to compare what comes through it with."""

import re

import requests

MODEL = "Sales model"
TOTALS = "EVALUATE ROW(\"Orders\", COUNTROWS('Sales'), \"Amount\", SUM('Sales'[Amount]))"


def direct_token(demo, account):
    """A token of Power BI for this person, as the sandbox would issue it, got without the gateway."""
    wish = {"person": account, "scopes": ["Dataset.Read.All", "Workspace.Read.All"]}
    answer = requests.post(f"{_sandbox(demo)}/sandbox/tokens", json=wish, timeout=30)
    assert answer.ok, answer.text
    return answer.json()["access_token"]


def direct_totals(demo, account):
    """The count and the amount of this person's rows, asked of the sandbox itself."""
    root, session = f"{_sandbox(demo)}/v1.0/myorg", requests.Session()
    session.headers["authorization"] = f"Bearer {direct_token(demo, account)}"
    for group in session.get(f"{root}/groups", timeout=30).json()["value"]:
        models = session.get(f"{root}/groups/{group['id']}/datasets", timeout=30).json()["value"]
        found = [model["id"] for model in models if model["name"] == MODEL and group["name"] == "Sales"]
        if found:
            body = {"queries": [{"query": TOTALS}], "serializerSettings": {"includeNulls": True}}
            answer = session.post(f"{root}/datasets/{found[0]}/executeQueries", json=body, timeout=60)
            assert answer.ok, answer.text
            row = answer.json()["results"][0]["tables"][0]["rows"][0]
            return int(row["[Orders]"]), round(float(row["[Amount]"]), 2)
    raise AssertionError(f"{account} does not see {MODEL}")


def totals_in(text):
    """The count and the amount in an answer of `run_dax`: its one row that is nothing but these two."""
    rows = [re.fullmatch(r"\s*(\d+)\s*[,\t|;]\s*(\d+(?:\.\d+)?)\s*", line) for line in text.splitlines()]
    found = [row for row in rows if row]
    assert len(found) == 1, f"expected one row of totals in:\n{text}"
    return int(found[0][1]), round(float(found[0][2]), 2)


def _sandbox(demo):
    return demo["sandbox_url"].rstrip("/")
