"""Signatures in the plain form of terminals: verified without the library, and never otherwise than by it."""

import base64
import hashlib
from typing import Any
from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from central.exceptions import Problem
from central.fleet import plain_signatures, signatures
from central.fleet.signatures import SignedCall, SignedRequest, TerminalKeys
from central.protocol.messages import EcPublicKey, PublicKey
from central.security.terminal_keys import load_key, stored_form
from central.settings import Requests
from kiosk.activation.signing import sign_request
from tests.support import terminal_keys

NOW = 1_800_000_000
TERMINAL, PATH, BODY = "GZ-0001", "/v1/activations", b'{"made":"up"}'
KEYS = {name: terminal_keys.new_key(name) for name in (terminal_keys.ED25519, terminal_keys.P256)}
HEAD = f"7:{'a' * 64}"
HEADERS = {"Idempotency-Key": "0123-4567-89AB-CDEF", "Audit-Head": HEAD, "Clock-Off": "0.5"}


class OneKey(TerminalKeys):
    """Knows the key of every terminal."""

    def __init__(self, algorithm: str) -> None:
        jwk = terminal_keys.public_jwk(KEYS[algorithm])
        public = PublicKey(**jwk) if jwk["kty"] == "OKP" else EcPublicKey(**jwk)  # type: ignore[arg-type]
        self._one = stored_form(public), load_key(stored_form(public))

    def known(self, _terminal: str) -> Any:
        return self._one


class Fields(dict[str, str]):
    """Header fields of which one may come twice, and whose names have no case to look up."""

    twice: tuple[str, str] | None = None

    def items(self) -> Any:
        return [*super().items(), *([self.twice] if self.twice else [])]

    def __contains__(self, name: object) -> bool:
        return any(one.lower() == name for one, _ in self.items())

    def get(self, name: str, default: Any = None) -> Any:
        return next((value for one, value in self.items() if one.lower() == name), default)


def outcome(algorithm: str, request: SignedRequest, body: bytes, now: float = NOW) -> SignedCall | str | None:
    try:
        return signatures.authenticate_if_known(OneKey(algorithm), request, body, now, Requests())
    except Problem as problem:
        return problem.code.value


def by_library(algorithm: str, request: SignedRequest, body: bytes, now: float = NOW) -> Any:
    with mock.patch.object(plain_signatures, "verify", return_value=None):
        return outcome(algorithm, request, body, now)


def as_terminals_sign(algorithm: str, headers: dict[str, str]) -> Fields:
    key = KEYS[algorithm]
    headers = sign_request(
        "POST",
        PATH,
        BODY,
        terminal=TERMINAL,
        sign=lambda message: terminal_keys.signature(key, message),
        algorithm=OneKey(algorithm).known("")[1].http_algorithm,
        headers=headers,
        now=NOW,
    )
    return Fields(headers)


@pytest.mark.parametrize("algorithm", KEYS)
@pytest.mark.parametrize("headers", [{}, {"Audit-Head": HEAD}, HEADERS])
def test_what_terminals_send_needs_no_library(algorithm: str, headers: dict[str, str]) -> None:
    request = SignedRequest("POST", f"https://central{PATH}", as_terminals_sign(algorithm, headers))
    with mock.patch.object(signatures, "_Verifier", side_effect=AssertionError("asked the library")):
        found = outcome(algorithm, request, BODY)
    assert isinstance(found, SignedCall)
    assert found == by_library(algorithm, request, BODY)


# Each writes something otherwise than terminals do, before it is signed or after: the forms that the library
# takes, and those that it refuses.
PARAMETERS = {
    "created": st.sampled_from([str(NOW), f"0{NOW}", f"{NOW}.0", f" {NOW}", str(NOW - 500), "-1", ""]),
    "expires": st.sampled_from([str(NOW + 60), str(NOW + 9999), str(NOW), "1", f"+{NOW + 60}"]),
    "nonce": st.sampled_from(
        ['"' + "n" * 16 + '"', '"short"', '"' + "n" * 15 + '\\\\"', "n" * 16, '"' + "ñ" * 16 + '"']
    ),
    "keyid": st.sampled_from([f'"{TERMINAL}"', '"GZ-0002"', TERMINAL, f'"{TERMINAL} "', f":{TERMINAL}:"]),
    "alg": st.sampled_from(['"ed25519"', '"ecdsa-p256-sha256"', '"hmac-sha256"', '"ED25519"', None]),
    "tag": st.sampled_from(['"kiosk"', '"kiosk "', '"else"', None, "kiosk"]),
    "more": st.sampled_from([None, None, None, "1", '"x"']),
}
COMPONENTS = ['"@method"', '"@path"', '"@query"', '"content-digest"', '"idempotency-key"', '"audit-head"']
ODD_COMPONENTS = ['"@authority"', '"@method";req', '"Audit-Head"', '"audit-head";sf', '"clock-off"', "digest"]
URLS = [
    f"https://central{PATH}",
    f"https://central:8443{PATH}",
    f"http://central{PATH}",
    f"https://central:99999{PATH}",
    f"https://central{PATH}?",
    f"https://central{PATH}?a=b",
    f"https://central{PATH}/",
    f"https://central/{PATH}",
    "https://central/v1/%61ctivations",
    f"https://user@central{PATH}",
    f"https://{PATH}",
    "https://central",
]


PLACES = (*PARAMETERS, "component", "space", "separator", "url", "method", "body", "digest", "key", "head")
LATER = ("signature", "label", "twice", "clock", "now")


@st.composite
def cases(draw: st.DrawFn) -> tuple[str, SignedRequest, bytes, float]:
    """Return a signed request that is odd in two places at most, so that many are good and many nearly."""
    odd = draw(st.sets(st.sampled_from([*PLACES, *LATER]), max_size=2))

    def pick(place: str, good: Any, others: list[Any]) -> Any:
        return draw(st.sampled_from(others)) if place in odd else good

    algorithm = draw(st.sampled_from(list(KEYS)))
    good = {
        "created": str(NOW),
        "expires": str(NOW + 60),
        "nonce": '"' + "n" * 20 + '"',
        "keyid": f'"{TERMINAL}"',
        "alg": f'"{algorithm}"',
        "tag": '"kiosk"',
        "more": None,
    }
    said = {name: draw(PARAMETERS[name]) if name in odd else value for name, value in good.items()}
    order, components = draw(st.permutations(list(said))), list(draw(st.permutations(COMPONENTS)))
    if "component" in odd:
        more = draw(st.sampled_from([None, *ODD_COMPONENTS, *COMPONENTS]))
        components = [*components, more] if more else components[1:]
    separator = pick("separator", ";", ["; ", " ;", ";;"])
    text = f"({pick('space', ' ', ['  ', chr(9)]).join(components)})" + "".join(
        f"{separator}{name}={said[name]}" for name in order if said[name] is not None
    )
    method = pick("method", "POST", ["GET", "post", "PO ST"])
    url = pick("url", URLS[0], URLS)
    body = pick("body", BODY, [b"", b"another"])
    digest = f"sha-256=:{base64.b64encode(hashlib.sha256(BODY).digest()).decode()}:"
    values = {
        "content-digest": pick("digest", digest, [f" {digest}", "sha-256=:x:", f"{digest}, {digest}"]),
        "idempotency-key": pick("key", "0123-4567-89AB-CDEF", [" x", "x\ty", "é", ""]),
        "audit-head": pick("head", HEAD, ["1:x", f"{HEAD} "]),
    }
    path = url.split("central", 1)[-1].removeprefix(":8443").split("?")[0]
    known = {"@method": method, "@path": path, "@query": "?"} | {k: v.strip() for k, v in values.items()}
    lines = [f"{one}: {known.get(one.split(';')[0].strip(chr(34)), '')}" for one in components]
    base = "\n".join([*lines, f'"@signature-params": {text}'])
    made = base64.b64encode(terminal_keys.signature(KEYS[algorithm], base.encode())).decode()
    made = pick("signature", made, [made[:-4] + "AA==", made[:-1], made.lower(), made[:-3] + "B=="])
    label, other = pick(
        "label", ("sig", "sig"), [("sig", "sig2"), ("*s", "*s"), ("Sig", "Sig"), ("s-1", "s-1")]
    )
    values |= {"Signature-Input": f"{label}={text}", "Signature": f"{other}=:{made}:"}
    fields = Fields(values | ({"clock-off": "0.5"} if "clock" in odd else {}))
    if "twice" in odd:
        name = draw(st.sampled_from([*values, "x-more"]))
        fields.twice = (name.upper(), draw(st.sampled_from([values.get(name, "x"), "x", f"a=:{made}:"])))
    return algorithm, SignedRequest(method, url, fields), body, NOW + pick("now", 0, [30, -200, 400])


@settings(max_examples=600, deadline=None)
@given(cases())
def test_the_outcome_is_the_librarys(case: tuple[str, SignedRequest, bytes, float]) -> None:
    algorithm, request, body, now = case
    assert outcome(algorithm, request, body, now) == by_library(algorithm, request, body, now)


def test_the_cases_are_good_and_bad_and_nearly_good() -> None:
    """Else the test before would show nothing."""
    found: set[object] = set()

    @settings(max_examples=300, deadline=None, database=None, derandomize=True)
    @given(cases())
    def collect(case: tuple[str, SignedRequest, bytes, float]) -> None:
        algorithm, request, body, now = case
        verified = plain_signatures.verify(
            request.method,
            request.url,
            request.headers,
            body,
            terminal=TERMINAL,
            key=OneKey(algorithm).known("")[1],
            tag=signatures.TAG,
            fields=("content-digest", "idempotency-key", "audit-head"),
        )
        ours = by_library(algorithm, request, body, now)
        found.add((verified is not None, isinstance(ours, SignedCall)))

    collect()
    assert {(True, True), (False, True), (False, False)} <= found
