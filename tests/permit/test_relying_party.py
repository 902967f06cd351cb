"""What comes back from central is believed only if everything about it is right."""

from urllib.parse import parse_qs, urlsplit

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet

from permit.binding.bindings import Authentication
from permit.codes import Code
from permit.login.client_authentication import PrivateKey, Secret
from permit.login.provider_keys import ProviderKeys
from permit.login.relying_party import RelyingParty
from tests.permit.provider import FACE, ISSUER, FakeProvider, unsigned
from tests.permit.test_binding import refused

NOW = 1_796_000_000.0
OTHER = "https://other.test"


class Party:
    """A relying party and its provider."""

    def __init__(self, client=None):
        self.provider = FakeProvider(lambda: NOW)
        self.party = RelyingParty(
            issuer=ISSUER,
            redirect_uri="https://permit.test/login/back",
            client=client or Secret("permit", "s"),
            http=self.provider,
            levels=[FACE, "urn:x"],
            max_age_s=600,
            clock=lambda: NOW,
        )

    def begin(self):
        return self.party.begin("测试", "449999195001010019", "zh-Hans")

    def log_in(self, **change):
        begun = self.begin()
        return self.party.finish(self.provider.answer(begun.address, **change), begun.nonce, begun.verifier)


@pytest.fixture
def party():
    return Party()


def test_a_person_is_authenticated(party):
    assert party.log_in() == Authentication("subject", FACE, NOW)


def test_what_is_personal_is_pushed_and_stands_in_no_address(party):
    begun = party.begin()
    query = parse_qs(urlsplit(begun.address).query)
    assert set(query) == {"client_id", "request_uri"}
    [pushed] = party.provider.pushed.values()
    assert (pushed["person_name"], pushed["person_number"]) == ("测试", "449999195001010019")
    assert pushed["code_challenge_method"] == "S256"
    assert begun.verifier not in pushed.values()
    assert pushed["acr_values"] == f"{FACE} urn:x"
    assert pushed["max_age"] == "600"


def test_no_two_logins_share_a_secret(party):
    one, two = party.begin(), party.begin()
    assert {one.state, one.nonce, one.verifier}.isdisjoint({two.state, two.nonce, two.verifier})
    assert "verifier" not in repr(one)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"iss": OTHER}, Code.LOGIN_WRONG_ISSUER),
        ({"iss": None}, Code.LOGIN_WRONG_ISSUER),
        ({"iss": OTHER, "error": "access_denied"}, Code.LOGIN_WRONG_ISSUER),
        ({"error": "access_denied"}, Code.LOGIN_DENIED),
        ({"error": "unmet_authentication_requirements"}, Code.LOGIN_LEVEL),
        ({"error": "temporarily_unavailable"}, Code.LOGIN_UNAVAILABLE),
        ({"error": "server_error"}, Code.LOGIN_FAILED),
        ({"code": "injected"}, Code.LOGIN_FAILED),
        ({"code": None}, Code.LOGIN_FAILED),
    ],
)
def test_an_answer_that_is_none_is_refused(party, change, code):
    with refused(code):
        party.log_in(**change)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"iss": OTHER}, Code.LOGIN_FAILED),
        ({"aud": ["other"]}, Code.LOGIN_FAILED),
        ({"aud": ["permit", "other"]}, Code.LOGIN_FAILED),
        ({"azp": "other"}, Code.LOGIN_FAILED),
        ({"exp": int(NOW) - 61}, Code.LOGIN_FAILED),
        ({"exp": None}, Code.LOGIN_FAILED),
        ({"exp": True}, Code.LOGIN_FAILED),
        ({"exp": "tomorrow"}, Code.LOGIN_FAILED),
        ({"iat": int(NOW) + 100}, Code.LOGIN_FAILED),
        ({"iat": None}, Code.LOGIN_FAILED),
        ({"auth_time": int(NOW) - 700}, Code.LOGIN_FAILED),
        ({"auth_time": int(NOW) + 100}, Code.LOGIN_FAILED),
        ({"auth_time": None}, Code.LOGIN_FAILED),
        ({"nonce": "other"}, Code.LOGIN_FAILED),
        ({"nonce": None}, Code.LOGIN_FAILED),
        ({"nonce": ["a"]}, Code.LOGIN_FAILED),
        ({"sub": None}, Code.LOGIN_FAILED),
        ({"sub": ""}, Code.LOGIN_FAILED),
        ({"sub": "s" * 256}, Code.LOGIN_FAILED),
        ({"acr": None}, Code.LOGIN_LEVEL),
        ({"acr": "urn:central:acr:credential"}, Code.LOGIN_LEVEL),
    ],
)
def test_a_token_that_is_wrong_in_one_thing_is_refused(party, change, code):
    party.provider.change = change
    with refused(code):
        party.log_in()


def test_a_code_is_redeemed_with_its_own_verifier_only(party):
    begun, other = party.begin(), party.begin()
    with refused(Code.LOGIN_FAILED):
        party.party.finish(party.provider.answer(begun.address), begun.nonce, other.verifier)


def test_a_token_without_signature_or_with_another_key_is_refused(party):
    claims = {"iss": ISSUER, "sub": "subject"}
    forged = ECKey.generate_key("P-256", private=True)
    strange = jwt.encode({"alg": "ES256", "kid": party.provider.key.thumbprint()}, claims, forged)
    for token in (unsigned(claims), strange, "a.b.c", "", "{}"):
        party.provider.token = lambda form, token=token: (200, {"id_token": token})
        with refused(Code.LOGIN_FAILED):
            party.log_in()


def test_a_new_key_is_fetched_when_a_token_names_it(party):
    party.log_in()
    party.party._keys._clock = lambda: 1e9
    party.provider.new_key()
    assert party.log_in().subject == "subject"


def test_invented_keys_cause_one_fetch_a_minute():
    now, fetched = [100.0], []
    key = ECKey.generate_key("P-256", private=True)
    document = KeySet([key]).as_dict(private=False)
    document["keys"][0]["kid"] = "known"
    keys = ProviderKeys(lambda: fetched.append(1) or document, clock=lambda: now[0])
    for _ in range(5):
        with refused(Code.LOGIN_FAILED):
            keys.set_with("invented")
    assert len(fetched) == 1
    keys.set_with("known")
    now[0] += 61
    with refused(Code.LOGIN_FAILED):
        keys.set_with("invented")
    assert len(fetched) == 2


@pytest.mark.parametrize(
    "change", [{"issuer": OTHER}, {"token_endpoint": "http://central.test/token"}, {"jwks_uri": None}]
)
def test_a_discovery_document_of_another_is_refused(party, change):
    party.provider.metadata |= change
    with refused(Code.LOGIN_UNAVAILABLE):
        party.begin()


def test_a_push_that_is_refused_begins_nothing(party):
    party.provider.post = lambda *_: (401, {"error": "invalid_client"})
    with refused(Code.LOGIN_FAILED):
        party.begin()


def test_the_own_key_signs_each_request_anew():
    key = ECKey.generate_key("P-256", private=True)
    client = PrivateKey("permit", key, clock=lambda: NOW)
    found = [client.of_request(ISSUER) for _ in range(2)]
    assert [auth for _, auth in found] == [None, None]
    claims = [jwt.decode(form["client_assertion"], key, ["ES256"]).claims for form, _ in found]
    assert claims[0]["jti"] != claims[1]["jti"]
    assert {one["aud"] for one in claims} == {ISSUER}
    assert Party(client).log_in().level == FACE
    assert "verysecret" not in repr(Secret("permit", "verysecret"))
