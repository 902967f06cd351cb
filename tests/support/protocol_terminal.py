"""A terminal as the protocol's README describes it, with nothing of ours behind it; and made-up people."""

import base64
import copy
import hashlib
import itertools
import json
import secrets
import time
from typing import Any

import jwt
import requests
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from tests.support.central_server import RunningCentral

CHECKS = ("card", "phone", "face", "liveness", "digits", "lips", "continuity", "stream")
COVERED = ("@method", "@path", "@query", "content-digest")
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_serial = itertools.count(1)


def base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def visit_number() -> str:
    return "-".join("".join(secrets.choice(_ALPHABET) for _ in range(4)) for _ in range(4))


def person(**other: Any) -> dict[str, Any]:
    """Somebody new: region 990001 is not assigned, the check character is right."""
    first = f"99000119{70 + next(_serial) // 900:02}0101{100 + next(_serial) % 900:03}"
    total = sum(int(digit) * 2 ** (17 - i) for i, digit in enumerate(first))
    number = first + "10X98765432"[total % 11]
    return {
        "number": number,
        "name": "测试",
        "phone": "13900000000",
        "password": "20486173",
        "picture": None,
    } | other


NUMBERS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "card": ({"number_valid": True}, {"min_age": 18, "min_age_guarded": 14}),
    "phone": ({}, {}),
    "face": ({"likeness_mean": 0.61, "frames_good": 9}, {"accept": 0.45, "review": 0.363, "min_frames": 5}),
    "liveness": ({"live_median": 0.93}, {"min_live": 0.1, "required": True}),
    "digits": ({"right": 6, "of": 6, "llr": 12.4}, {"right": 5, "llr": 8.517}),
    "lips": ({"moved": 5, "seen": 6}, {"moved": 3, "rise": 0.04, "chance": 1.0}),
    "continuity": ({"longest_gap_s": 0.2, "compared": 6}, {"max_gap_s": 1.0, "compared": 1}),
    "stream": ({"frames": 900}, {"max_repeats": 2}),
    "light": ({}, {}),
    "head": ({"right": 5, "of": 5}, {"right": 5, "early_s": 0.3}),
    "touch": ({"right": 6, "of": 6}, {"right": 6}),
}
"""What a good terminal measured and required, check by check."""


def verdict(check: str, answer: str = "pass", code: str = "ok") -> dict[str, Any]:
    measured, required = NUMBERS[check]
    return {
        "check": check,
        "answer": answer,
        "code": code,
        "measured": dict(measured),
        "required": dict(required),
    }


def verdicts(**answers: str | None) -> list[dict[str, Any]]:
    """All pass, but for `answers`; None: left out."""
    wanted = dict.fromkeys(CHECKS, "pass") | answers
    return [verdict(check, answer) for check, answer in wanted.items() if answer is not None]


class ProtocolTerminal:
    """Enrolled when made. `send` signs; `activation` makes a body; `activate` hands one in."""

    def __init__(self, central: RunningCentral, name: str = "") -> None:
        self.central = central
        self.name = name or f"T-{secrets.token_hex(4)}"
        self.key = Ed25519PrivateKey.generate()
        self.session = self._session()
        self.enrolment = self.enrol(central.enrol_code(self.name)).json()

    def alone(self) -> "ProtocolTerminal":
        """The same terminal on a connection of its own: `requests` sessions are not for several threads."""
        other = copy.copy(self)
        other.session = self._session()
        return other

    def _session(self) -> requests.Session:
        session = requests.Session()
        session.verify, session.trust_env = str(self.central.ca), False
        return session

    @property
    def public_key(self) -> dict[str, str]:
        return {"kty": "OKP", "crv": "Ed25519", "x": base64url(self.key.public_key().public_bytes_raw())}

    def enrol(self, code: str, **other: Any) -> requests.Response:
        body = {"terminal": self.name, "code": code, "public_key": self.public_key} | other
        return self.session.post(self.central.url + "/v1/terminals", json=body, timeout=20)

    def signed(
        self,
        method: str,
        path: str,
        body: bytes,
        covered: tuple[str, ...] = COVERED,
        headers: dict[str, str] | None = None,
        query: str = "?",
        **other: Any,
    ) -> dict[str, str]:
        """The headers of a signed request, made by hand as RFC 9421 tells; `other` replaces parameters."""
        now = int(time.time())
        digest = base64.b64encode(hashlib.sha256(body).digest()).decode()
        headers = {"Content-Digest": f"sha-256=:{digest}:"} | (headers or {})
        values = {"@method": method, "@path": path, "@query": query}
        values |= {name.lower(): value for name, value in headers.items()}
        parameters = {
            "created": now,
            "expires": now + 60,
            "nonce": secrets.token_hex(16),
            "keyid": self.name,
            "alg": "ed25519",
            "tag": "kiosk",
        } | other
        lines = [f'"{name}": {values[name]}' for name in covered]
        names = " ".join(f'"{name}"' for name in covered)
        inputs = f"({names})" + "".join(
            f";{key}={json.dumps(value)}" for key, value in parameters.items() if value is not None
        )
        base = "\n".join([*lines, f'"@signature-params": {inputs}'])
        signature = base64.b64encode(self.key.sign(base.encode())).decode()
        return headers | {"Signature-Input": f"sig={inputs}", "Signature": f"sig=:{signature}:"}

    def send(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        signed: dict[str, str] | None = None,
        **headers: str,
    ) -> requests.Response:
        """`headers` that central wants covered are covered; `signed` is sent as it is."""
        if signed is None:
            more = tuple(name.lower() for name in headers)
            signed = self.signed(method, path, body, COVERED + more, headers)
        headers = {"Content-Type": "application/json"} | signed | headers
        return self.session.request(method, self.central.url + path, data=body, headers=headers, timeout=20)

    def challenges(self, count: int = 1) -> list[str]:
        answer = self.send("POST", "/v1/challenges", json.dumps({"count": count}).encode())
        assert answer.status_code == 200, answer.text
        return list(answer.json()["challenges"])

    def challenge(self) -> str:
        claims = jwt.decode(self.challenges()[0], options={"verify_signature": False})
        return str(claims["jti"])

    def seal(self, who: Any, visit: str, terminal: str | None = None) -> dict[str, str]:
        key = self.enrolment["sealing"]
        public = X25519PublicKey.from_public_bytes(base64.urlsafe_b64decode(key["public"] + "="))
        info = f"kiosk-activation-v1|{visit}|{terminal or self.name}".encode()
        suite = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
        data = suite.encrypt(json.dumps(who).encode(), public, info)
        return {"key": key["key"], "algorithm": key["algorithm"], "data": base64url(data)}

    def activation(self, who: Any = None, **other: Any) -> dict[str, Any]:
        """A good request; `other` replaces fields."""
        visit = other.get("id") or visit_number()
        body = {
            "id": visit,
            "terminal": self.name,
            "at_unix": time.time(),
            "began_unix": time.time() - 1,
            "simulated": self.central.simulation,
            "challenge": other.get("challenge") or self.challenge(),
            "consent": {"language": "zh-Hans", "text_sha256": "e3" * 32, "picture": False},
            "verdicts": verdicts(),
            "versions": {"kiosk": "0.1.0"},
            "sealed": self.seal(who or person(), visit),
        }
        return body | other

    def activate(self, request: dict[str, Any] | bytes, visit: str | None = None) -> requests.Response:
        body = request if isinstance(request, bytes) else json.dumps(request).encode()
        visit = json.loads(body)["id"] if visit is None else visit
        return self.send("POST", "/v1/activations", body, **{"Idempotency-Key": visit})

    def look_up(self, visit: str) -> requests.Response:
        return self.send("GET", f"/v1/activations/{visit}")

    def until_settled(self, visit: str, timeout_s: float = 20.0) -> dict[str, Any]:
        """The receipt as soon as it is final."""
        deadline = time.monotonic() + timeout_s
        while True:
            answer = self.look_up(visit)
            if answer.status_code == 200 and answer.json()["status"] != "PENDING":
                return dict(answer.json())
            assert time.monotonic() < deadline, answer.text
            time.sleep(0.1)
