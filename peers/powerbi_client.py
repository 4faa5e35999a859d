"""A published client of the Power BI REST API against the gateway: only its base address is changed.

Needs GATEPOST_DEMO, the line that `gatepost demo --json` prints; `cargo xtask test --only peers` sets it.
"""

import json
import os
import pathlib
import tempfile
import time
import urllib.parse

import requests
from pbipy import PowerBI
from pbipy.admin import Admin
from pbipy.resources import Resource

import tally
from tally import equal

DEMO = json.loads(os.environ["GATEPOST_DEMO"])
BASE = DEMO["proxy_url"].rstrip("/").removesuffix("/v1.0/myorg") + "/v1.0/myorg"

# All that is changed: where the client believes Power BI to be.
for part in (PowerBI, Resource, Admin):
    equal(part.BASE_URL, "https://api.powerbi.com/v1.0/myorg", "the client's own base address")
    part.BASE_URL = BASE

power_bi = PowerBI(DEMO["api_key"])


def workspace(name):
    return next(it for it in power_bi.groups() if it.name == name)


def model(name, where):
    return next(it for it in power_bi.datasets(where) if it.name == name)


def report(name, where):
    return next(it for it in power_bi.reports(where) if it.name == name)


def refused(status, call):
    try:
        call()
    except requests.HTTPError as error:
        equal(error.response.status_code, status, "status")
        return error.response
    raise AssertionError("the call was not refused")


def workspaces_are_listed_filtered_and_cut():
    names = [it.name for it in power_bi.groups()]
    assert {"Sales", "Finance"} <= set(names), names
    equal([it.name for it in power_bi.groups(filter="name eq 'Sales'")], ["Sales"])
    equal(len(power_bi.groups(top=2)), 2)
    users = workspace("Sales").users()
    assert any(it["emailAddress"] == "ada@contoso.test" for it in users), users


def a_query_brings_rows():
    sales = workspace("Sales")
    query = "EVALUATE TOPN(3, SUMMARIZECOLUMNS('Region'[Region], \"Revenue\", [Total Sales]), [Revenue], DESC)"
    answer = model("Sales model", sales).execute_queries(query, include_nulls=True)
    rows = answer["results"][0]["tables"][0]["rows"] if isinstance(answer, dict) else answer[0]["tables"][0]["rows"]
    equal(len(rows), 3)
    assert all(isinstance(it["[Revenue]"], (int, float)) for it in rows), rows


def a_query_that_is_wrong_says_why_in_microsofts_words():
    answer = refused(400, lambda: model("Sales model", workspace("Sales")).execute_queries("EVALUATE 'No such table'"))
    equal(answer.json()["error"]["code"], "DatasetExecuteQueriesError")
    equal(answer.headers["gatepost-answered-by"], "power-bi")
    assert answer.headers["RequestId"] and answer.headers["gatepost-hint"], answer.headers


def models_tell_of_refreshes_parameters_and_sources():
    sales = model("Sales model", workspace("Sales"))
    history = sales.refresh_history(top=2)
    equal(len(history), 2)
    assert {it["name"] for it in sales.parameters()} >= {"ServerName"}
    assert sales.datasources()[0]["datasourceType"] == "Sql"
    assert sales.refresh_schedule()["enabled"] is True


def reports_dashboards_dataflows_and_gateways_are_found():
    sales = workspace("Sales")
    overview = report("Sales overview", sales)
    equal(power_bi.report(overview.id, sales).name, "Sales overview")
    assert len(overview.pages()) >= 2
    assert [it.name for it in power_bi.dataflows(sales)] == ["Stage orders"]
    assert any(it.name == "HQ gateway" for it in power_bi.gateways())
    assert isinstance(power_bi.apps(), list)


def a_report_is_exported_and_its_file_saved():
    overview = report("Finance overview", workspace("Finance"))
    job = overview.export_request("pdf")
    # The client puts ids into addresses as they are, and those of exports hold slashes.
    job_id = urllib.parse.quote(job["id"], safe="")
    deadline = time.monotonic() + 60
    while True:
        status, pause = overview.export_status(job_id, include_retry_after=True)
        if status["status"] == "Succeeded" or deadline < time.monotonic():
            break
        time.sleep(min(pause or 1, 1))
    equal(status["status"], "Succeeded")
    with tempfile.TemporaryDirectory() as folder:
        overview.download_export(job_id, save_to=folder, file_name="overview")
        saved = pathlib.Path(folder, "overview.pdf").read_bytes()
    assert saved.startswith(b"%PDF-") and len(saved) > 1000, saved[:20]


def a_change_is_refused_by_the_gateway_with_what_to_do():
    answer = refused(403, lambda: model("Sales model", workspace("Sales")).refresh(notify_option="NoNotification"))
    equal(answer.headers["content-type"], "application/problem+json")
    equal(answer.headers["gatepost-answered-by"], "gatepost")
    problem = answer.json()
    equal(problem["code"], "approval_required")
    assert "/approvals/" in problem["link"], problem


def a_token_that_is_none_of_the_gateways_is_refused():
    stranger = PowerBI("eyJ0eXAiOiJKV1QifQ.e30.x")
    answer = refused(401, stranger.groups)
    equal(answer.json()["code"], "token_invalid")


tally.run(
    "powerbi_client",
    [
        workspaces_are_listed_filtered_and_cut,
        a_query_brings_rows,
        a_query_that_is_wrong_says_why_in_microsofts_words,
        models_tell_of_refreshes_parameters_and_sources,
        reports_dashboards_dataflows_and_gateways_are_found,
        a_report_is_exported_and_its_file_saved,
        a_change_is_refused_by_the_gateway_with_what_to_do,
        a_token_that_is_none_of_the_gateways_is_refused,
    ],
)
