"""A terminal as the protocol's README describes it, with nothing of ours behind it; and made-up people."""

import base64
import copy
import hashlib
import itertools
import json
import secrets
import time
from functools import lru_cache
from typing import Any

import jwt
import requests
from argon2.low_level import Type, hash_secret_raw
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from kiosk.model import Purpose
from kiosk.phrases import load
from tests.support import terminal_keys
from tests.support.central_server import RunningCentral
from tests.support.review_signer import unwrapped
from tests.support.terminal_keys import base64url

CHECKS = ("card", "phone", "face", "liveness", "digits", "lips", "light", "continuity", "stream")
RECORDS_OF_A_VISIT = 5
COVERED = ("@method", "@path", "@query", "content-digest")
READER = {"sam": "05.01-20240101-0001234567-0007654321", "socket": "0000:00:14.0-1.2"}
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_serial = itertools.count(1)


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
        "salt": "c2FsdCBvZiBzaXh0ZWVuIA",
        "phone": "13900000000",
        "password": "20486173",
        "picture": None,
    } | other


NUMBERS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "card": ({"number_valid": True}, {"min_age": 18, "min_age_guarded": 14}),
    "phone": ({}, {}),
    "face": ({"likeness_mean": 0.61, "frames_good": 9}, {"accept": 0.45, "review": 0.363, "min_frames": 5}),
    "liveness": ({"live_median": 0.93}, {"min_live": 0.1, "required": True}),
    "digits": (
        {"right": 6, "of": 6, "llr": 12.4},
        {"right": 5, "llr": 8.517, "early_s": 0.1, "late_s": 0.6},
    ),
    "lips": (
        {"moved": 5, "seen": 6, "chance": 0.01},
        {"moved": 3, "rise": 0.04, "chance": 0.05, "before_s": 0.35, "after_s": 0.35},
    ),
    "continuity": ({"longest_gap_s": 0.2, "compared": 6}, {"max_gap_s": 1.0, "compared": 1}),
    "stream": (
        {"frames": 900, "repeated": 0},
        {
            "max_repeats": 2,
            "min_noise": 0.15,
            "max_still_s": 4.0,
            "max_fps": 130.0,
            "min_jitter_ms": 0.005,
        },
    ),
    "light": (
        {"colours": "BAGAGBAGRABGB", "gain": 0.09, "fit": 0.94, "steps": 12, "beaten": 1.0},
        {"gain": 0.03, "fit": 0.8, "steps": 6, "beaten": 1.0},
    ),
    "head": (
        {"right": 5, "of": 5},
        {"right": 5, "early_s": 0.2, "window_s": 3.0, "turn_deg": 12.0, "nod_deg": 9.0, "rest_deg": 6.0},
    ),
    "touch": ({"right": 6, "of": 6}, {"right": 6}),
}
"""What a good terminal measured and required, check by check; the colours are of the examples' challenge."""


def light_colours(challenge: str, count: int = 13) -> str:
    """The colours that the screen shows for this challenge, for up to 26 of them."""
    digests = (hashlib.sha256(f"kiosk-light-v1|{challenge}|{block}".encode()).digest() for block in range(2))
    first, *steps = [byte for byte in b"".join(digests) if byte < 255][:count]
    places = itertools.accumulate(steps, lambda place, byte: place + 1 + byte % 3, initial=first)
    return "".join("BAGR"[place % 4] for place in places)


def never_again(measured: dict[str, Any]) -> dict[str, Any]:
    """No two visits measure exactly the same: the numbers again, with a random tail (also in a fork)."""
    tail = secrets.randbelow(10**9) * 1e-15
    return {name: v + tail if type(v) is float else v for name, v in measured.items()}


def verdict(check: str, answer: str = "pass", code: str = "ok") -> dict[str, Any]:
    measured, required = NUMBERS[check]
    return {
        "check": check,
        "answer": answer,
        "code": code,
        "measured": never_again(measured),
        "required": dict(required),
    }


def verdicts(**answers: str | None) -> list[dict[str, Any]]:
    """All pass, but for `answers`; None: left out."""
    wanted = dict.fromkeys(CHECKS, "pass") | answers
    return [verdict(check, answer) for check, answer in wanted.items() if answer is not None]


def lit(given: list[dict[str, Any]], challenge: str) -> list[dict[str, Any]]:
    """`given`, whose light showed the colours of this challenge wherever it showed the examples'."""
    examples = {"colours": NUMBERS["light"][0]["colours"]}
    own = {"colours": light_colours(challenge)}
    return [
        one | {"measured": one["measured"] | own} if examples.items() <= one["measured"].items() else one
        for one in given
    ]


def consent(way: str | None = None, picture: bool = False, purpose: str = "open") -> dict[str, Any]:
    """To the text that terminals show on this way, for this purpose."""
    texts, wanted = load("zh-Hans"), Purpose(purpose)
    text = texts.clerk_consent_sha256(wanted) if way == "clerk" else texts.consent_sha256(wanted)
    return {"language": "zh-Hans", "text_sha256": text, "picture": picture}


@lru_cache
def stretched(password: str) -> dict[str, Any]:
    """What a terminal makes of a password, as cheaply as central takes it."""
    cost = {"memory_kib": 19_456, "passes": 2, "lanes": 1}
    salt = hashlib.sha256(password.encode()).digest()[:16]
    made = hash_secret_raw(
        password.encode(),
        salt,
        time_cost=cost["passes"],
        memory_cost=cost["memory_kib"],
        parallelism=cost["lanes"],
        hash_len=32,
        type=Type.ID,
    )
    return {"salt": base64url(salt), **cost, "hash": base64url(made)}


class ProtocolTerminal:
    """Enrolled when made. `send` signs; `activation` makes a body; `activate` hands one in."""

    def __init__(
        self, central: RunningCentral, name: str = "", algorithm: str = terminal_keys.ED25519
    ) -> None:
        self.central = central
        self.name = name or f"T-{secrets.token_hex(4)}"
        self.key = terminal_keys.new_key(algorithm)
        self.session = self._session()
        self.records = itertools.count(1)  # of the audit log; each signed request of a visit finds more
        enrolled = self.enrol(central.enrol_code(self.name))
        assert enrolled.status_code == 201, enrolled.text
        self.enrolment = enrolled.json()

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
        return terminal_keys.public_jwk(self.key)

    def enrol(self, code: str, **other: Any) -> requests.Response:
        body = {"terminal": self.name, "code": code, "public_key": self.public_key, "reader": READER}
        body |= other
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
            "alg": terminal_keys.algorithm(self.key),
            "tag": "kiosk",
        } | other
        lines = [f'"{name}": {values[name]}' for name in covered]
        names = " ".join(f'"{name}"' for name in covered)
        inputs = f"({names})" + "".join(
            f";{key}={json.dumps(value)}" for key, value in parameters.items() if value is not None
        )
        base = "\n".join([*lines, f'"@signature-params": {inputs}'])
        signature = base64.b64encode(terminal_keys.signature(self.key, base.encode())).decode()
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

    def add_clerk(self, *options: str) -> tuple[str, Ed25519PrivateKey]:
        """Number and key of a new clerk of this terminal."""
        words = self.central.command("clerk", "add", self.name, *options).split()
        return words[1], self.clerk_key(words[1], words[3])

    def clerk_key(self, number: str, pin: str) -> Ed25519PrivateKey:
        """The key of a clerk on the present roster."""
        return unwrapped(next(m for m in self.roster() if m["number"] == number), pin)

    def roster(self) -> list[dict[str, Any]]:
        token = self.send("GET", "/v1/roster").json()["roster"]
        claims = jwt.decode(token, options={"verify_signature": False})
        return list(claims["members"])

    def seal(
        self, who: Any, visit: str, terminal: str | None = None, purpose: str = "activation-v2"
    ) -> dict[str, str]:
        """Seal a person as this version of the wire does: with the password stretched."""
        if purpose == "activation-v2" and isinstance(who, dict) and isinstance(who.get("password"), str):
            who = who | {"password": stretched(who["password"])}
        key = self.enrolment["sealing"]
        public = X25519PublicKey.from_public_bytes(base64.urlsafe_b64decode(key["public"] + "="))
        info = f"kiosk-{purpose}|{visit}|{terminal or self.name}".encode()
        suite = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
        data = suite.encrypt(json.dumps(who).encode(), public, info)
        return {"key": key["key"], "algorithm": key["algorithm"], "data": base64url(data)}

    def activation(self, who: Any = None, **other: Any) -> dict[str, Any]:
        """A good request; `other` replaces fields. `version` 1: as terminals made it before passwords were
        stretched.
        """
        visit = other.get("id") or visit_number()
        challenge = other.get("challenge") or self.challenge()
        body = {
            "id": visit,
            "terminal": self.name,
            "at_unix": time.time(),
            "began_unix": time.time() - 1,
            "simulated": self.central.simulation,
            "challenge": challenge,
            "consent": consent(other.get("way"), purpose=other.get("purpose", "open")),
            "reader": READER,
            "versions": {"kiosk": "0.1.0"},
            "sealed": self.seal(who or person(), visit, purpose=f"activation-v{other.get('version', 2)}"),
            "version": 2,
        }
        return body | other | {"verdicts": lit(other.get("verdicts", verdicts()), challenge)}

    def activate(self, request: dict[str, Any] | bytes, visit: str | None = None) -> requests.Response:
        body = request if isinstance(request, bytes) else json.dumps(request).encode()
        visit = json.loads(body)["id"] if visit is None else visit
        headers = {"Idempotency-Key": visit, "Audit-Head": self.audit_head()}
        return self.send("POST", "/v1/activations", body, **headers)

    def audit_head(self) -> str:
        """The head of a log that has grown by the records of one more visit."""
        seq = RECORDS_OF_A_VISIT * next(self.records)
        return f"{seq}:{hashlib.sha256(f'{self.name} {seq}'.encode()).hexdigest()}"

    def ask_phone_code(self, visit: str, phone: str, **other: Any) -> Any:
        """Ask central to send a one-time code to `phone`; `other` replaces fields."""
        sealed = self.seal({"phone": phone}, visit, purpose="phone-v1")
        body = {"id": visit, "language": "zh-Hans", "sealed": sealed} | other
        return self.send("POST", "/v1/phone-codes", json.dumps(body).encode())

    def prove_phone(self, visit: str, phone: str, code: str, **other: Any) -> Any:
        """Hand in the code that was typed."""
        sealed = self.seal({"phone": phone}, visit, purpose="phone-v1")
        body = {"id": visit, "code": code, "sealed": sealed} | other
        return self.send("POST", "/v1/phone-proofs", json.dumps(body).encode())

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
