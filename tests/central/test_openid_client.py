"""A ready client (Authlib's, for requests) logs in at a real central, over TLS."""

from urllib.parse import parse_qsl, urlsplit

import pytest
import requests
from authlib.integrations.requests_client import OAuth2Session
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.jwk import KeySet

from central.authentication.levels import Level
from tests.support.central_server import running_central

BACK = "https://party.test/back"


@pytest.fixture(scope="module")
def central(tmp_path_factory):
    folder = tmp_path_factory.mktemp("openid")
    with running_central(folder, settings='[authentication]\nissuer = "CENTRAL_URL"\n') as running:
        yield running


def test_a_ready_client_logs_in(central):
    secret = central.command(
        "relying-party", "add", "party", "--name", "Party", "--purpose", "To show a card",
        "--redirect-uri", BACK, "--level", "face", "--level", "credential_face",
    )  # fmt: skip
    assert "party\tenabled\tparty.test\tParty" in central.command("relying-party", "list")
    verify = str(central.ca)
    found = requests.get(f"{central.url}/.well-known/openid-configuration", verify=verify, timeout=60).json()
    client = OAuth2Session(
        "party", secret, scope="openid", redirect_uri=BACK, code_challenge_method="S256", verify=verify
    )
    client.trust_env = False
    verifier = "v" * 64
    address, state = client.create_authorization_url(
        found["authorization_endpoint"], nonce="n", code_verifier=verifier, acr_values=Level.FACE.value
    )
    pushed = requests.post(
        found["pushed_authorization_request_endpoint"],
        data=parse_qsl(urlsplit(address).query), auth=("party", secret), verify=verify, timeout=60,
    )  # fmt: skip
    assert pushed.status_code == 201, pushed.text

    browser = requests.Session()
    browser.verify, browser.trust_env = verify, False
    page = browser.get(
        found["authorization_endpoint"],
        params={"client_id": "party", "request_uri": pushed.json()["request_uri"]}, timeout=60,
    )  # fmt: skip
    assert "Party" in page.text
    browser.post(
        f"{central.url}/simulation/authentication",
        data={"number": "449999195001010019", "level": Level.FACE.value}, timeout=60,
    )  # fmt: skip
    back = browser.post(
        f"{central.url}/oidc/person/finish",
        headers={"Origin": central.url},
        allow_redirects=False,
        timeout=60,
    )
    answer = dict(parse_qsl(urlsplit(back.headers["Location"]).query))
    assert answer["iss"] == found["issuer"]

    token = client.fetch_token(
        found["token_endpoint"], authorization_response=back.headers["Location"], state=state,
        code_verifier=verifier,
    )  # fmt: skip
    public = KeySet.import_key_set(requests.get(found["jwks_uri"], verify=verify, timeout=60).json())
    decoded = jwt.decode(token["id_token"], public, ["RS256"])
    claims = CodeIDToken(
        decoded.claims, decoded.header,
        {"iss": {"value": found["issuer"]}, "aud": {"value": "party"}},
        {"nonce": "n", "client_id": "party", "access_token": token["access_token"]},
    )  # fmt: skip
    claims.validate()
    assert client.get(found["userinfo_endpoint"]).json() == {"sub": claims["sub"]}
    central.command("relying-party", "disable", "party")
    assert "disabled" in central.command("relying-party", "list")
