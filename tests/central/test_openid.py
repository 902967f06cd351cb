"""OpenID Connect: what relying parties may do, and everything that is refused."""

import asyncio
import json
import re
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx
import pytest
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet
from sqlalchemy import select

from central.api.app import application
from central.api.dependencies import build
from central.api.routes.oidc import COOKIE
from central.authentication import parties
from central.authentication.levels import Level
from central.authentication.provider import ASSERTION_S
from central.authentication.requests import HANDLE_S, SESSION_S
from central.authentication.signing_keys import ANNOUNCED_S, KEPT_S, LIFE_S, published_keys, signing_key
from central.privacy.withdrawal import erase_person
from central.security import keys
from central.settings import Authentication, Settings
from central.storage.authentication_tables import AuthenticationRequest, RelyingParty, SigningKey, Subject
from central.storage.database import Database, create_tables

ISSUER = "https://central.test"
BACK = "https://party.test/back"
VERIFIER = "v" * 64
NUMBER = "449999195001010019"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def service_of(settings):
    keys.make(settings.data / "keys")
    with closing(Database(settings.database)) as database:
        create_tables(database.engine)
    return build(settings)


class World:
    """Central's application, two relying parties, and a clock."""

    def __init__(self, folder, database_url=""):
        settings = Settings(
            data=folder, simulation=True, database_url=database_url,
            authentication=Authentication(issuer=ISSUER),
        )  # fmt: skip
        self.service = service_of(settings)
        self.now = 1_800_000_000.0
        self.service.provider._clock = lambda: self.now
        self.runner = asyncio.Runner()
        self.app = application(self.service)
        self.secrets = {name: self.register(name) for name in ("first", "second")}

    def register(self, name, **more):
        fields = {
            "id": name, "name": name.title(), "purpose": "To show a card", "levels": list(Level),
            "jwks": None, "redirect_uris": [f"https://{name}.test/back"], "now": self.now,
        }  # fmt: skip
        with self.service.database.write() as session:
            return parties.register(session, **(fields | more))

    def browser(self):
        return Browser(self)

    def party(self, name="first"):
        return Caller(self, name)

    def close(self):
        self.runner.close()
        self.service.database.close()


class Browser:
    """A browser with its cookies."""

    def __init__(self, world):
        self.world = world
        transport = httpx.ASGITransport(world.app, raise_app_exceptions=False)
        self.client = httpx.AsyncClient(transport=transport, base_url=ISSUER)

    def request(self, method, url, **more):
        return self.world.runner.run(self.client.request(method, url, **more))

    def get(self, url, **more):
        return self.request("GET", url, **more)

    def post(self, url, form=(), headers=None, **more):
        content = urlencode(list(form.items()) if isinstance(form, dict) else form)
        return self.request("POST", url, content=content, headers=FORM | (headers or {}), **more)

    def arrive(self, party, request_uri):
        return self.get(f"/oidc/authorize?{urlencode({'client_id': party, 'request_uri': request_uri})}")

    def pass_as(self, number=NUMBER, level=Level.FACE):
        return self.post("/simulation/authentication", {"number": number, "level": level.value})

    def finish(self):
        return self.post("/oidc/person/finish", headers={"Origin": ISSUER})


class Caller:
    """A relying party that calls central directly."""

    def __init__(self, world, name):
        self.world, self.name = world, name
        self.browser = world.browser()

    @property
    def request(self):
        return {
            "client_id": self.name, "response_type": "code", "scope": "openid", "state": "s1", "nonce": "n1",
            "redirect_uri": f"https://{self.name}.test/back", "code_challenge_method": "S256",
            "code_challenge": create_s256_code_challenge(VERIFIER), "acr_values": Level.FACE.value,
            "person_name": "测试", "person_number": NUMBER,
        }  # fmt: skip

    def post(self, url, form):
        return self.browser.post(url, form, auth=(self.name, self.world.secrets[self.name]))

    def push(self, **change):
        form = {name: value for name, value in (self.request | change).items() if value is not None}
        return self.post("/oidc/par", form)

    def redeem(self, code, verifier=VERIFIER, **change):
        form = {
            "grant_type": "authorization_code", "code": code, "code_verifier": verifier,
            "redirect_uri": f"https://{self.name}.test/back",
        } | change  # fmt: skip
        return self.post("/oidc/token", {name: value for name, value in form.items() if value is not None})

    def code(self, number=NUMBER, level=Level.FACE, **change):
        """Return a code, from the push to the way back."""
        browser, expected = self.world.browser(), {"person_number": number} | change
        assert browser.arrive(self.name, self.push(**expected).json()["request_uri"]).status_code == 303
        assert browser.pass_as(number, level).status_code == 303
        return answer_of(browser.finish())["code"]

    def subject(self, **more):
        return self.claims(**more)["sub"]

    def claims(self, **more):
        answer = self.redeem(self.code(**more)).json()
        public = KeySet.import_key_set(self.browser.get("/oidc/jwks").json())
        return jwt.decode(answer["id_token"], public, ["RS256"]).claims


def answer_of(response):
    assert response.status_code == 303, response.text
    return dict(parse_qsl(urlsplit(response.headers["Location"]).query))


@pytest.fixture
def world(tmp_path):
    made = World(tmp_path)
    yield made
    made.close()


def test_a_person_is_authenticated_for_a_relying_party(world):
    party, browser = world.party(), world.browser()
    pushed = party.push()
    assert pushed.status_code == 201
    assert pushed.json()["expires_in"] == HANDLE_S
    arrived = browser.arrive("first", pushed.json()["request_uri"])
    assert arrived.headers["Location"] == "/oidc/person"
    page = browser.get("/oidc/person")
    assert page.status_code == 200
    assert "First" in page.text
    assert "To show a card" in page.text
    assert NUMBER not in page.text
    browser.pass_as()
    back = browser.finish()
    assert back.headers["Location"].startswith("https://first.test/back?")
    answer = answer_of(back)
    assert (answer["state"], answer["iss"]) == ("s1", ISSUER)
    tokens = party.redeem(answer["code"]).json()
    claims = jwt.decode(
        tokens["id_token"], KeySet.import_key_set(party.browser.get("/oidc/jwks").json()), ["RS256"]
    ).claims
    assert claims["iss"] == ISSUER
    assert claims["aud"] == ["first"]
    assert claims["nonce"] == "n1"
    assert claims["acr"] == Level.FACE
    assert claims["auth_time"] == int(world.now)
    assert set(claims) == {"iss", "aud", "sub", "iat", "exp", "auth_time", "nonce", "acr", "at_hash"}
    userinfo = browser.get("/oidc/userinfo", headers={"Authorization": f"Bearer {tokens['access_token']}"})
    assert userinfo.json() == {"sub": claims["sub"]}


def test_the_discovery_document_names_what_is_there(world):
    browser = world.browser()
    document = browser.get("/.well-known/openid-configuration").json()
    assert document["issuer"] == ISSUER
    assert document["code_challenge_methods_supported"] == ["S256"]
    assert document["subject_types_supported"] == ["pairwise"]
    for name, value in document.items():
        if name.endswith(("_endpoint", "_uri")):
            statuses = {
                browser.request(method, urlsplit(value).path).status_code for method in ("GET", "POST")
            }
            assert 404 not in statuses, name


@pytest.mark.parametrize(
    "change",
    [
        {"code_challenge": None},
        {"code_challenge_method": None},
        {"code_challenge_method": "plain"},
        {"code_challenge": "short"},
        {"nonce": None},
        {"redirect_uri": None},
        {"redirect_uri": "https://evil.test/back"},
        {"redirect_uri": "https://first.test/back/"},
        {"redirect_uri": "https://first.test/back?x=1"},
        {"redirect_uri": "https://first.test:444/back"},
        {"client_id": "second"},
        {"response_type": "token"},
        {"response_type": "code id_token"},
        {"response_mode": "form_post"},
        {"scope": "openid profile"},
        {"scope": "profile"},
        {"scope": None},
        {"acr_values": "urn:other"},
        {"prompt": "none"},
        {"max_age": "-1"},
        {"max_age": "soon"},
        {"request": "eyJ"},
        {"request_uri": "https://evil.test/request"},
        {"person_name": None},
        {"person_number": None},
        {"state": "s" * 5000},
    ],
)
def test_a_request_that_breaks_a_rule_is_refused_to_its_sender(world, change):
    refused = world.party().push(**change)
    assert refused.status_code in (400, 401)
    assert refused.json()["error"]
    assert "Location" not in refused.headers
    assert NUMBER not in refused.text


def test_a_parameter_that_is_there_twice_is_refused(world):
    party = world.party()
    for name in party.request:
        form = [*party.request.items(), (name, party.request[name])]
        assert party.post("/oidc/par", form).status_code == 400, name


@pytest.mark.parametrize("secret", ["", "wrong", "another"])
def test_only_the_party_itself_may_push_and_redeem(world, secret):
    party = world.party()
    code = party.code()
    party.world.secrets["first"] = world.secrets["second"] if secret == "another" else secret
    assert party.push().status_code == 401
    assert party.redeem(code).status_code == 401


def test_a_party_may_not_ask_for_more_than_its_levels(world):
    world.secrets["low"] = world.register("low", levels=[Level.FACE])
    assert world.party("low").push().status_code == 201
    assert world.party("low").push(acr_values=Level.CREDENTIAL_FACE.value).status_code == 400


def test_a_disabled_party_is_refused_everywhere(world):
    party, browser = world.party(), world.browser()
    pushed, code = party.push().json()["request_uri"], party.code()
    with world.service.database.write() as session:
        session.get_one(RelyingParty, "first").disabled_unix = 1.0
    assert browser.arrive("first", pushed).status_code == 400
    assert party.push().status_code == 401
    assert party.redeem(code).status_code == 401


def test_a_handle_opens_one_session(world):
    uri = world.party().push().json()["request_uri"]
    assert world.browser().arrive("first", uri).status_code == 303
    assert world.browser().arrive("first", uri).status_code == 410


def test_a_handle_is_its_partys_own_and_soon_over(world):
    uri = world.party().push().json()["request_uri"]
    assert world.browser().arrive("second", uri).status_code == 410
    assert world.browser().arrive("first", uri + "x").status_code == 410
    world.now += HANDLE_S
    assert world.browser().arrive("first", uri).status_code == 410


def test_a_party_must_push_unless_its_registration_says_otherwise(world):
    party = world.party()
    plain = {name: value for name, value in party.request.items() if not name.startswith("person")}
    assert world.browser().get(f"/oidc/authorize?{urlencode(plain)}").status_code == 400
    world.secrets["old"] = world.register("old", pushed_required=False)
    old = {name: value for name, value in world.party("old").request.items() if not name.startswith("person")}
    assert world.browser().get(f"/oidc/authorize?{urlencode(old)}").status_code == 303
    personal = old | {"person_name": "x", "person_number": NUMBER}
    assert world.browser().get(f"/oidc/authorize?{urlencode(personal)}").status_code == 400


def test_no_error_is_sent_to_an_address_that_was_not_registered(world):
    world.secrets["old"] = world.register("old", pushed_required=False)
    evil = world.party("old").request | {"redirect_uri": "https://evil.test/"}
    answer = world.browser().get(f"/oidc/authorize?{urlencode(evil)}")
    assert answer.status_code == 400
    assert "Location" not in answer.headers


def test_who_is_not_authenticated_is_sent_back_with_an_error(world):
    browser = world.browser()
    browser.arrive("first", world.party().push().json()["request_uri"])
    assert answer_of(browser.finish()) == {"error": "access_denied", "state": "s1", "iss": ISSUER}
    assert browser.finish().status_code == 410


def test_a_level_that_was_not_asked_for_is_no_pass(world):
    browser = world.browser()
    uri = world.party().push(acr_values=Level.CREDENTIAL_FACE.value).json()["request_uri"]
    browser.arrive("first", uri)
    browser.pass_as(level=Level.FACE)
    assert answer_of(browser.finish())["error"] == "unmet_authentication_requirements"


def test_a_session_is_over_after_its_time(world):
    browser = world.browser()
    browser.arrive("first", world.party().push().json()["request_uri"])
    world.now += SESSION_S
    assert browser.get("/oidc/person").status_code == 410
    assert browser.pass_as().status_code == 409
    assert browser.finish().status_code == 410


@pytest.mark.parametrize("origin", [None, "https://evil.test", "null", "https://central.test.evil.test"])
def test_another_site_cannot_finish_for_the_person(world, origin):
    browser = world.browser()
    browser.arrive("first", world.party().push().json()["request_uri"])
    browser.pass_as()
    answer = browser.post("/oidc/person/finish", headers={} if origin is None else {"Origin": origin})
    assert answer.status_code == 403


def test_a_browser_may_send_the_pages_own_form(world):
    """With `no-referrer` Chromium sends it with `Origin: null`, which is refused."""
    browser = world.browser()
    browser.arrive("first", world.party().push().json()["request_uri"])
    assert browser.get("/oidc/person").headers["Referrer-Policy"] == "same-origin"


def test_another_person_than_the_expected_does_not_pass(world):
    browser = world.browser()
    pushed = world.party().push(person_name="测试", person_number="449999195001010010")
    browser.arrive("first", pushed.json()["request_uri"])
    assert browser.pass_as().status_code == 409
    assert "error=access_denied" in browser.finish().headers["Location"]


def test_the_cookie_cannot_be_chosen_by_others(world):
    browser = world.browser()
    arrived = browser.arrive("first", world.party().push().json()["request_uri"])
    cookie = arrived.headers["Set-Cookie"]
    assert re.match(rf"{COOKIE}=[\w-]{{43}}; ", cookie)
    for attribute in ("HttpOnly", "Secure", "SameSite=lax", "Path=/"):
        assert attribute in cookie
    stranger = world.browser()
    assert stranger.get("/oidc/person", headers={"Cookie": f"{COOKIE}={'x' * 43}"}).status_code == 410


def test_a_person_is_authenticated_once_a_request(world):
    browser = world.browser()
    browser.arrive("first", world.party().push().json()["request_uri"])
    assert browser.pass_as().status_code == 303
    assert browser.pass_as("449999195001010027").status_code == 409


def test_a_code_is_good_once(world):
    party = world.party()
    code = party.code()
    assert party.redeem(code).status_code == 200
    assert party.redeem(code).json()["error"] == "invalid_grant"


@pytest.mark.parametrize(
    "change",
    [
        {"code_verifier": None},
        {"code_verifier": "w" * 64},
        {"redirect_uri": "https://first.test/other"},
        {"redirect_uri": None},
    ],
)
def test_a_code_that_is_redeemed_wrongly_is_spent(world, change):
    party = world.party()
    code = party.code()
    assert party.redeem(code, **change).status_code == 400
    assert party.redeem(code).json()["error"] == "invalid_grant"


def test_another_party_cannot_redeem_or_spend_a_code(world):
    code = world.party().code()
    assert world.party("second").redeem(code).json()["error"] == "invalid_grant"
    assert world.party().redeem(code).status_code == 200


def test_a_code_is_soon_over(world):
    party = world.party()
    code = party.code()
    world.now += 60
    assert party.redeem(code).json()["error"] == "invalid_grant"


def test_of_eight_that_redeem_one_code_one_gets_it(world):
    party, provider, meet = world.party(), world.service.provider, threading.Barrier(8)
    form = [
        ("grant_type", "authorization_code"), ("code", party.code()), ("code_verifier", VERIFIER),
        ("redirect_uri", "https://first.test/back"),
    ]  # fmt: skip
    basic = httpx.BasicAuth("first", world.secrets["first"])._auth_header

    def redeem(_):
        meet.wait(30)
        return provider.token(form, {"Authorization": basic}).status

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(redeem, range(8))) == [200] + [400] * 7


def test_two_parties_cannot_join_their_subjects(world):
    subjects = {name: world.party(name).subject() for name in ("first", "second")}
    assert subjects["first"] != subjects["second"]
    assert world.party("first").subject() == subjects["first"]
    assert world.party("first").subject(number="449999195001010027") not in subjects.values()


def test_parties_of_one_host_have_one_subject(world):
    world.secrets["app"] = world.register("app", redirect_uris=["https://first.test/app"])
    party = world.party("app")
    assert (
        party.redeem(
            party.code(redirect_uri="https://first.test/app"), redirect_uri="https://first.test/app"
        ).status_code
        == 200
    )
    with world.service.database.read() as session:
        assert len(session.scalars(select(Subject)).all()) == 1
    assert world.party().subject()


def test_an_erased_person_has_new_subjects(world):
    before = world.party().subject()
    person, service = world.service.personal_data.person(NUMBER), world.service
    with service.database.write() as session:
        erase_person(
            session, person, before_unix=world.now, by="page", key=service.keys.challenge,
            keep=service.settings.retention, now=world.now,
        )  # fmt: skip
    assert world.party().subject() != before


def test_what_was_pushed_is_encrypted_and_erased_at_the_end(world, tmp_path):
    def stored():
        return b"".join(path.read_bytes() for path in tmp_path.glob("central.sqlite3*"))

    browser = world.browser()
    browser.arrive("first", world.party().push().json()["request_uri"])
    assert NUMBER.encode() not in stored()
    browser.finish()
    with world.service.database.read() as session:
        assert [row.parameters for row in session.scalars(select(AuthenticationRequest))] == [None]


def test_a_party_with_a_key_signs_instead_of_sending_a_secret(world):
    key = ECKey.generate_key("P-256", private=True)
    jwks = json.dumps({"keys": [key.as_dict(private=False)]})
    assert world.register("signer", jwks=jwks) is None
    party = world.party("signer")

    def push(**change):
        claims = {
            "iss": "signer", "sub": "signer", "aud": ISSUER, "exp": int(world.time) + 60, "jti": "one",
        } | change  # fmt: skip
        assertion = jwt.encode({"alg": "ES256"}, claims, change.pop("key", key), ["ES256"])
        kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
        form = party.request | {"client_assertion_type": kind, "client_assertion": assertion}
        return party.browser.post("/oidc/par", form)

    world.now = world.time = time.time()  # the library compares with the machine's clock
    assert push().status_code == 201
    assert push().status_code in (400, 401)  # the same jti
    assert push(jti="two").status_code == 201
    refused = [
        {"jti": "3", "aud": "https://other.test"},
        {"jti": "4", "exp": int(world.time) - 3600},
        {"jti": "5", "exp": int(world.time + ASSERTION_S) + 60},
        {"jti": "6", "iss": "first"},
        {"jti": None},
    ]
    for change in refused:
        assert push(**change).status_code in (400, 401), change
    key = ECKey.generate_key("P-256", private=True)
    assert push(jti="7").status_code in (400, 401)
    with world.service.database.read() as session:
        for row in session.scalars(select(AuthenticationRequest)):
            stored = world.service.personal_data.decrypt(row.parameters, f"authentication|{row.id}")
            assert "client_assertion" not in stored


@pytest.mark.parametrize(
    "uris",
    [
        [],
        ["http://party.test/"],
        ["https://a.test/", "https://b.test/"],
        ["https://a.test/#x"],
        ["/back"],
        ["javascript:x"],
    ],
)
def test_addresses_that_cannot_be_registered(world, uris):
    with pytest.raises(ValueError, match="redirect URI"):
        world.register("new", redirect_uris=uris)


@pytest.mark.parametrize(
    "jwks", ["", "{}", "[]", '{"keys": []}', '{"keys": [{"kty": "oct", "k": "AAAAAAAAAAAAAAAAAAAAAAAA"}]}']
)
def test_keys_that_cannot_be_registered(world, jwks):
    with pytest.raises(ValueError, match=r"JWK set|public keys"):
        world.register("new", jwks=jwks)


def test_keys_are_announced_before_they_sign_and_kept_while_they_may_be_needed(world):
    database, protection, start = world.service.database, world.service.personal_data, 1e9

    def at(days_s):
        with database.write() as session:
            used = signing_key(session, protection, start + days_s).id
        with database.read() as session:
            return used, [key["kid"] for key in published_keys(session)["keys"]]

    first, published = at(0)
    assert published == [first]
    assert at(LIFE_S - ANNOUNCED_S - 1) == (first, [first])
    used, published = at(LIFE_S - ANNOUNCED_S)
    assert used == first
    second = published[1]
    assert at(LIFE_S - 1) == (first, [first, second])
    assert at(LIFE_S) == (second, [first, second])
    with database.read() as session:
        assert session.get_one(SigningKey, first).private is None
    assert at(LIFE_S + KEPT_S) == (second, [first, second])
    assert at(LIFE_S + KEPT_S + 1) == (second, [second])


@pytest.mark.parametrize("path", ["/oidc/par", "/oidc/token"])
@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/json", b"{}"),
        ("application/x-www-form-urlencoded", b"\xff=1"),
        ("application/x-www-form-urlencoded", b"a=%ff"),
        ("application/x-www-form-urlencoded", b"&".join(b"a%d=1" % n for n in range(50))),
        ("application/x-www-form-urlencoded", b""),
        ("", b"a=1"),
    ],
)
def test_bodies_that_are_no_forms(world, path, kind, body):
    answer = world.browser().request("POST", path, content=body, headers={"Content-Type": kind})
    assert answer.status_code in (400, 401, 422)


@pytest.mark.parametrize("authorization", ["", "Bearer", "Bearer x", "Basic Og==", "Bearer " + "x" * 5000])
def test_userinfo_without_a_token(world, authorization):
    answer = world.browser().get("/oidc/userinfo", headers={"Authorization": authorization})
    assert answer.status_code == 401


def test_without_an_issuer_it_is_off(tmp_path):
    service = service_of(Settings(data=tmp_path, simulation=True))
    with asyncio.Runner() as runner:
        transport = httpx.ASGITransport(application(service), raise_app_exceptions=False)
        client = httpx.AsyncClient(transport=transport, base_url=ISSUER)
        for path in ("/.well-known/openid-configuration", "/oidc/jwks", "/oidc/authorize", "/oidc/person"):
            assert runner.run(client.get(path)).status_code == 404
        runner.run(client.aclose())
    service.database.close()


@pytest.mark.parametrize("issuer", ["http://a", "https://", "https://a/", "https://a/b", "https://a?x", "a"])
def test_issuers_that_cannot_be(issuer):
    with pytest.raises(ValueError, match="https"):
        Authentication(issuer=issuer)


def test_tokens_stay_out_of_the_log(world, caplog):
    caplog.set_level("DEBUG", logger="central")
    code = world.party().code()
    tokens = world.party().redeem(code).json()
    for secret in (code, tokens["access_token"], tokens["id_token"], NUMBER, world.secrets["first"]):
        assert secret not in caplog.text
