"""Microsoft's own client library for Python against the sandbox: sign-in, refresh and every way it can fail.

Needs SANDBOX_URL (https) and SANDBOX_CA; `cargo xtask test --only peers` sets both.
"""

import datetime
import os
import warnings

import msal
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

import tally
from stand_in import Browser
from tally import equal

SANDBOX = os.environ["SANDBOX_URL"].rstrip("/")
AUTHORITY_FILE = os.environ["SANDBOX_CA"]
REDIRECT = "https://gateway.test/integration-callback"
SCOPES = ["https://analysis.windows.net/powerbi/api/.default"]
CONTOSO = "5a4db0c5-0000-4000-8000-00000000c001"
CY = {"upn": "cy@contoso.test", "oid": "5a4db0c5-0001-4000-8000-000000000003"}
SECRET = "a secret with + / = ~ and % in it"
NIGHTLY_JOB = {"client_id": "5a4db0c5-0002-4000-8000-000000000002", "secret": "sandbox-sample-secret"}

# The library prefers `form_post` and says so each time; both ways are tried below.
warnings.filterwarnings("ignore", category=UserWarning, module="msal")


def ask_sandbox(method, path, **how):
    answer = requests.request(method, SANDBOX + path, verify=AUTHORITY_FILE, timeout=30, **how)
    assert answer.ok, f"{method} {path}: {answer.status_code} {answer.text}"
    return answer


def register(**members):
    """A new registration with our redirect address and one secret."""
    body = {"name": "MSAL Python", "redirect_uris": {"web": [REDIRECT]}, "secrets": [{"value": SECRET}]}
    return ask_sandbox("POST", "/sandbox/apps", json=body | members).json()


def client(registration, tenant="organizations", credential=SECRET):
    return msal.ConfidentialClientApplication(
        registration["client_id"],
        client_credential=credential,
        authority=f"{SANDBOX}/{tenant}",
        instance_discovery=False,
        verify=AUTHORITY_FILE,
    )


def browser(person=CY, accepts=True):
    return Browser(account=person["upn"], accepts=accepts).trust(AUTHORITY_FILE)


def sign_in(app, person=CY, accepts=True, **how):
    """The whole code flow: the library makes the address, a person walks it, the library redeems the answer."""
    flow = app.initiate_auth_code_flow(SCOPES, redirect_uri=REDIRECT, **how)
    answer = browser(person, accepts).go(flow["auth_uri"], REDIRECT)
    return app.acquire_token_by_auth_code_flow(flow, answer)


def succeeded(result):
    assert "access_token" in result, result
    return result


def failed(result, error, number):
    equal(result.get("error"), error, "error")
    assert f"AADSTS{number}" in result.get("error_description", ""), result
    return result


def groups(token):
    return requests.get(
        f"{SANDBOX}/v1.0/myorg/groups", headers={"authorization": f"Bearer {token}"}, verify=AUTHORITY_FILE, timeout=30
    )


def a_person_signs_in_and_is_known_by_tenant_and_object_id():
    claims = succeeded(sign_in(client(register())))["id_token_claims"]
    equal(claims["tid"], CONTOSO, "tid")
    equal(claims["oid"], CY["oid"], "oid")
    equal(claims["preferred_username"], CY["upn"], "preferred_username")


def the_token_opens_power_bi_and_nothing_opens_it_without():
    result = succeeded(sign_in(client(register())))
    answer = groups(result["access_token"])
    equal(answer.status_code, 200, "status")
    assert answer.json()["value"], "Cy is in a workspace"
    equal(groups("made-up").status_code, 403, "status of a made-up token")


def every_kind_of_tenant_address_works():
    registration = register()
    for tenant in ("common", "organizations", CONTOSO, "contoso.test"):
        result = succeeded(sign_in(client(registration, tenant)))
        equal(result["id_token_claims"]["tid"], CONTOSO, f"tid through {tenant}")


def the_answer_may_come_as_a_posted_form():
    succeeded(sign_in(client(register()), response_mode="form_post"))


def a_cached_token_is_used_without_asking_again():
    app = client(register())
    first = succeeded(sign_in(app))
    again = succeeded(app.acquire_token_silent(SCOPES, account=app.get_accounts()[0]))
    equal(again["access_token"], first["access_token"], "access token")
    equal(again["token_source"], "cache", "token source")


def a_refresh_brings_new_tokens_and_leaves_the_old_one_valid():
    app = client(register())
    first = succeeded(sign_in(app))
    second = succeeded(app.acquire_token_silent_with_error(SCOPES, app.get_accounts()[0], force_refresh=True))
    assert second["access_token"] != first["access_token"], "the access token is new"
    equal(second["token_source"], "identity_provider", "token source")
    equal(groups(second["access_token"]).status_code, 200, "status with the new token")
    # Microsoft does not end a refresh token because it was used.
    third = succeeded(app.acquire_token_by_refresh_token(first["refresh_token"], SCOPES))
    assert third["refresh_token"] != first["refresh_token"], "each refresh brings a new refresh token"


def no_offline_access_means_no_refresh_token():
    registration = register()
    app = msal.ConfidentialClientApplication(
        registration["client_id"], client_credential=SECRET, authority=f"{SANDBOX}/organizations",
        instance_discovery=False, verify=AUTHORITY_FILE, exclude_scopes=["offline_access"],
    )
    assert "refresh_token" not in succeeded(sign_in(app))


def a_wrong_secret_is_refused():
    registration = register()
    failed(sign_in(client(registration, credential="not the secret")), "invalid_client", 7000215)


def an_expired_secret_is_refused():
    registration = register(secrets=[{"value": SECRET, "expires": "2020-01-01T00:00:00Z"}])
    failed(sign_in(client(registration)), "invalid_client", 7000222)


def an_unknown_application_stops_the_person_on_a_page():
    flow = client({"client_id": "5a4db0c5-9999-4000-8000-000000000000"}).initiate_auth_code_flow(SCOPES, redirect_uri=REDIRECT)
    page = browser().stop_at_page(flow["auth_uri"], REDIRECT)
    assert "AADSTS700016" in page.text, page.text


def a_redirect_address_that_is_not_registered_stops_the_person_on_a_page():
    flow = client(register()).initiate_auth_code_flow(SCOPES, redirect_uri=REDIRECT + "/")
    page = browser().stop_at_page(flow["auth_uri"], REDIRECT)
    assert "AADSTS50011" in page.text, page.text


def declined_consent_comes_back_as_an_error():
    failed(sign_in(client(register()), accepts=False), "access_denied", 65004)


def consent_that_only_an_administrator_can_give_stops_a_plain_person():
    app = client(register(user_consent=False))
    flow = app.initiate_auth_code_flow(SCOPES, redirect_uri=REDIRECT)
    page = browser().stop_at_page(flow["auth_uri"], REDIRECT)
    assert "AADSTS90094" in page.text or "AADSTS90095" in page.text, page.text


def a_code_works_once():
    app = client(register())
    flow = app.initiate_auth_code_flow(SCOPES, redirect_uri=REDIRECT)
    answer = browser().go(flow["auth_uri"], REDIRECT)
    succeeded(app.acquire_token_by_auth_code_flow(dict(flow), answer))
    failed(app.acquire_token_by_auth_code_flow(dict(flow), answer), "invalid_grant", 54005)


def a_code_needs_its_verifier():
    app = client(register())
    flow = app.initiate_auth_code_flow(SCOPES, redirect_uri=REDIRECT)
    answer = browser().go(flow["auth_uri"], REDIRECT)
    flow["code_verifier"] = "b" * 43
    failed(app.acquire_token_by_auth_code_flow(flow, answer), "invalid_grant", 501481)


def a_revoked_grant_cannot_be_refreshed():
    app = client(register())
    succeeded(sign_in(app))
    ask_sandbox("PATCH", f"/sandbox/people/{CY['upn']}", json={"revoke_sessions": True})
    result = app.acquire_token_silent_with_error(SCOPES, app.get_accounts()[0], force_refresh=True)
    failed(result, "invalid_grant", 50173)


def a_certificate_proves_the_application_as_well_as_a_secret():
    key, certificate = a_certificate()
    registration = register(secrets=[], certificates=[{"pem": certificate}])
    succeeded(sign_in(client(registration, credential={"private_key": key, "public_certificate": certificate})))


def another_certificate_does_not():
    registration = register(secrets=[], certificates=[{"pem": a_certificate()[1]}])
    key, certificate = a_certificate()
    result = sign_in(client(registration, credential={"private_key": key, "public_certificate": certificate}))
    failed(result, "invalid_client", 700027)


def a_service_principal_signs_in_as_itself():
    app = client(NIGHTLY_JOB, tenant=CONTOSO, credential=NIGHTLY_JOB["secret"])
    result = succeeded(app.acquire_token_for_client(SCOPES))
    assert "refresh_token" not in result, "an application needs no refresh token"
    equal(groups(result["access_token"]).status_code, 200, "status")


def a_certificate():
    """A fresh key and a self-signed certificate, both as PEM text."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "gateway.test")])
    day = datetime.timedelta(days=1)
    now = datetime.datetime.now(datetime.timezone.utc)
    unsigned = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now - day, now + day)
    plain = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    signed = unsigned.sign(key, hashes.SHA256())
    return key.private_bytes(*plain).decode(), signed.public_bytes(serialization.Encoding.PEM).decode()


tally.run(
    "msal-python",
    [
        a_person_signs_in_and_is_known_by_tenant_and_object_id,
        the_token_opens_power_bi_and_nothing_opens_it_without,
        every_kind_of_tenant_address_works,
        the_answer_may_come_as_a_posted_form,
        a_cached_token_is_used_without_asking_again,
        a_refresh_brings_new_tokens_and_leaves_the_old_one_valid,
        no_offline_access_means_no_refresh_token,
        a_wrong_secret_is_refused,
        an_expired_secret_is_refused,
        an_unknown_application_stops_the_person_on_a_page,
        a_redirect_address_that_is_not_registered_stops_the_person_on_a_page,
        declined_consent_comes_back_as_an_error,
        consent_that_only_an_administrator_can_give_stops_a_plain_person,
        a_code_works_once,
        a_code_needs_its_verifier,
        a_revoked_grant_cannot_be_refreshed,
        a_certificate_proves_the_application_as_well_as_a_secret,
        another_certificate_does_not,
        a_service_principal_signs_in_as_itself,
    ],
)
