"""A small scripted central: real TLS, real HTTP, a model of what central promises, and any misbehaviour.

`script` queues what happens to the next requests whose path begins with a prefix; unscripted ones are
answered as the wire protocol says. `opened` counts the credentials that came into being per visit: the
number that must never exceed one.
"""

import base64
import json
import re
import secrets
import ssl
import threading
import time
from collections import Counter, defaultdict, deque
from collections.abc import Callable
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import jwt
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from kiosk.activation.encoding import from_base64url, to_base64url
from tests.support.certificates import Certificates

ENROL_CODE = "7Q2M-K4XD"
Reply = tuple[int, bytes] | tuple[int, bytes, dict[str, str]]
"""Status, body and further headers; without a `Content-Type` among them it is central's own."""


class StubCentral:
    """Use as a context manager."""

    def __init__(self, folder: Path, certificates: Certificates | None = None) -> None:
        self.certificates = certificates or Certificates(folder)
        self.ca = self.certificates.ca
        self.challenge_key = Ed25519PrivateKey.generate()
        self.sealing_key = X25519PrivateKey.generate()
        self.terminals: dict[str, Ed25519PublicKey] = {}
        self.bodies: dict[str, bytes] = {}
        self.receipts: dict[str, dict] = {}
        self.opened: Counter[str] = Counter()
        self.seen: list[tuple[str, str]] = []
        self.activation_bodies: list[bytes] = []
        self.clock_offs: list[str | None] = []
        self.nonces: set[str] = set()
        self.heads: list[str] = []
        self.heartbeats: list[dict] = []
        self.revoked: set[str] = set()
        self.reader_permitted = False
        self.versions_known = True
        self.gives = False  # whether it knows `wants` in heartbeats
        self.roster = ("0" * 16, "")  # version and token
        self.sealing_id = "s1"
        self.clock_off_s = 0.0
        self.clock_code = "clock.off"
        self.decide: Callable[[str], dict] = lambda id: {"status": "ACTIVATED", "code": "ok"}
        self.challenge_s = 86_400.0
        self.simulation = False
        self.lock = threading.RLock()
        self.hung = threading.Event()  # set: hanging requests go on
        self._scripts: dict[str, deque] = defaultdict(deque)
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.stub = self
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificates.server)
        self._server.socket = context.wrap_socket(
            self._server.socket, server_side=True, do_handshake_on_connect=False
        )
        self.port = self._server.server_address[1]
        self.url = f"https://127.0.0.1:{self.port}"

    def __enter__(self) -> "StubCentral":
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_) -> None:
        self.hung.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)

    def script(self, prefix: str, *actions) -> None:
        """What happens to the next requests: a `Reply`, or a callable that is given the handler."""
        with self.lock:
            self._scripts[prefix].extend(actions)

    def next_action(self, path: str):
        with self.lock:
            for prefix, actions in self._scripts.items():
                if path.startswith(prefix) and actions:
                    return actions.popleft()
        return None

    def open_sealed(self, body: bytes) -> dict:
        request = json.loads(body)
        info = f"kiosk-activation-v2|{request['id']}|{request['terminal']}".encode()
        suite = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
        return json.loads(suite.decrypt(from_base64url(request["sealed"]["data"]), self.sealing_key, info))

    # ── the model of central ─────────────────────────────────────────────────────────────────────

    def answer(self, method: str, path: str, headers, body: bytes) -> Reply:
        with self.lock:
            if (method, path) == ("POST", "/v1/terminals"):
                return self._enrol(json.loads(body))
            if path == "/v1/health":
                health = {"status": "ok", "simulation": self.simulation, "version": "1"}
                return reply(200, health | {"time_unix": time.time() + self.clock_off_s})
            wrong = self._unauthorised(method, path, headers, body)
            if wrong:
                return problem(403 if wrong == "terminal.revoked" else 401, wrong)
            if path == "/v1/heartbeat":
                return self._greet(json.loads(body))
            if path == "/v1/terminals/rotation":
                return self._rotate("T-1", json.loads(body))
            if path == "/v1/terminals/reader":
                if not self.reader_permitted:
                    return problem(403, "reader.changed")
                return reply(200, json.loads(body))
            if path == "/v1/challenges":
                return reply(200, {"challenges": self.tokens(json.loads(body)["count"])})
            if method == "POST":
                return self._activate(headers.get("Idempotency-Key"), body, headers.get("Clock-Off"))
            known = self.receipts.get(path.rsplit("/", 1)[1])
            return reply(200, known) if known else problem(404, "request.unknown")

    def tokens(self, count: int, terminal: str = "T-1", **changes) -> list[str]:
        now = time.time()
        claims = {
            "iss": "central",
            "aud": terminal,
            "iat": now,
            "exp": now + self.challenge_s,
            "digits": [3, 1, 4, 1, 5, 9],
            "gaps_s": [1.0, 1.1, 1.2, 1.3, 1.4, 1.5],
        }
        return [
            jwt.encode(claims | {"jti": secrets.token_hex(8)} | changes, self.challenge_key, "EdDSA")
            for _ in range(count)
        ]

    def receipt(self, id: str, status: str, code: str, recheck_s: float = 1.0) -> dict:
        now = time.time()
        return {
            "id": id,
            "status": status,
            "code": code,
            "credential": f"C-{id}" if status == "ACTIVATED" else None,
            "recheck_unix": now + recheck_s if status == "PENDING" else None,
            "at_unix": now,
        }

    def change(self, id: str, status: str, code: str = "ok") -> None:
        """Central has made up its mind about a pending request."""
        with self.lock:
            self.receipts[id] = self.receipt(id, status, code)
            self.opened[id] += status == "ACTIVATED"

    def _enrol(self, asked: dict) -> Reply:
        if asked["code"] != ENROL_CODE:
            return problem(403, "enrolment.refused")
        key = Ed25519PublicKey.from_public_bytes(from_base64url(asked["public_key"]["x"]))
        self.terminals[asked["terminal"]] = key
        return reply(
            201,
            {
                "terminal": asked["terminal"],
                "place": "美宜佳 示例店",
                "challenge_key": {
                    "kty": "OKP",
                    "crv": "Ed25519",
                    "x": to_base64url(self.challenge_key.public_key().public_bytes_raw()),
                },
                "sealing": self.sealing(),
                "reader": asked["reader"],
            },
        )

    def _unauthorised(self, method: str, path: str, headers, body: bytes) -> str | None:
        """RFC 9421 read by hand, as resources/protocol tells."""
        inputs = headers.get("Signature-Input", "").partition("=")[2]
        signature = headers.get("Signature", "").partition("=")[2].strip(":")
        names = re.findall(r'"([^"]+)"', inputs.partition(")")[0])
        given = dict(re.findall(r';([a-z]+)="?([^";]+)"?', inputs))
        values = {"@method": method, "@path": path, "@query": "?"}
        lines = [f'"{n}": {values.get(n) or headers.get(n)}' for n in names]
        base = "\n".join([*lines, f'"@signature-params": {inputs}'])
        try:
            self.terminals[given["keyid"]].verify(base64.b64decode(signature), base.encode())
        except KeyError:
            return "terminal.unknown"
        except (InvalidSignature, ValueError):
            return "request.signature"
        digest = f"sha-256=:{base64.b64encode(sha256(body).digest()).decode()}:"
        must = {"@method", "@path", "@query", "content-digest"}
        must |= {n for n in ("idempotency-key", "audit-head", "clock-off") if n in headers}
        age = time.time() - int(given["created"])
        if headers["Content-Digest"] != digest or not must <= set(names):
            return "request.signature"
        if not -60 < age < 120:
            return self.clock_code
        if given["nonce"] in self.nonces or not 16 <= len(given["nonce"]) <= 64:
            return "request.replayed"
        self.nonces.add(given["nonce"])
        if "audit-head" in headers:
            self.heads.append(headers["audit-head"])
        return "terminal.revoked" if given["keyid"] in self.revoked else None

    def _greet(self, asked: dict) -> Reply:
        greeting = {
            "status": "ok",
            "simulation": self.simulation,
            "time_unix": time.time() + self.clock_off_s,
            "version": "1",
            "versions_known": self.versions_known,
            "sealing": self.sealing(),
        }
        if "wants" in asked:
            if not self.gives:
                return problem(422, "request.malformed")
            greeting["given"] = self._give(asked["wants"])
        self.heartbeats.append(asked)
        return reply(200, greeting)

    def _give(self, wants: dict) -> dict:
        version, token = self.roster
        changed = wants["roster"] != version
        return {
            "challenges": self.tokens(wants["challenges"]),
            "challenges_code": "ok",
            "roster": {"version": version, "token": token} if changed else None,
        }

    def sealing(self) -> dict:
        return {
            "key": self.sealing_id,
            "algorithm": "HPKE-X25519-SHA256-AES256GCM",
            "public": to_base64url(self.sealing_key.public_key().public_bytes_raw()),
        }

    def _rotate(self, terminal: str, asked: dict) -> Reply:
        x = asked["public_key"]["x"]
        new = Ed25519PublicKey.from_public_bytes(from_base64url(x))
        new.verify(from_base64url(asked["proof"]), f"kiosk-rotate-v1|{terminal}|{x}".encode())
        self.terminals[terminal] = new
        return reply(200, {"public_key": asked["public_key"]})

    def _activate(self, key: str | None, body: bytes, clock_off: str | None) -> Reply:
        if key is None:
            return problem(400, "request.key_missing")
        self.activation_bodies.append(body)
        self.clock_offs.append(clock_off)
        if self.bodies.setdefault(key, body) != body:
            return problem(422, "request.key_reused")
        if key not in self.receipts:
            made = self.receipt(key, **self.decide(key))
            self.opened[key] += made["status"] == "ACTIVATED"
            self.receipts[key] = made
        return reply(200, self.receipts[key])


def reply(status: int, content: dict) -> Reply:
    return status, json.dumps(content).encode()


def problem(status: int, code: str, detail: str = "") -> Reply:
    return reply(status, {"code": code, "detail": detail})


# ── misbehaviour ─────────────────────────────────────────────────────────────────────────────────


def lost(handler: "_Handler") -> None:
    """Done, but the answer never arrives."""
    handler.server.stub.answer(handler.command, handler.path, handler.headers, handler.body)
    handler.close_connection = True


def cut(handler: "_Handler") -> None:
    """Not done, no answer."""
    handler.close_connection = True


def half(handler: "_Handler") -> None:
    """Done; half of the answer."""
    _, body = handler.server.stub.answer(handler.command, handler.path, handler.headers, handler.body)
    handler.wfile.write(
        b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body[: len(body) // 2])
    )
    handler.close_connection = True


def babble(handler: "_Handler") -> None:
    """Not HTTP at all."""
    handler.wfile.write(b"\x00\xff" * 500)
    handler.close_connection = True


def hang(handler: "_Handler") -> None:
    handler.server.stub.hung.wait(30)
    handler.close_connection = True


def drip(handler: "_Handler") -> None:
    """A byte now and then, so that no single read ever times out."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    while not handler.server.stub.hung.wait(0.05):
        handler.wfile.write(b"{" * 1000)
        handler.wfile.flush()


def flood(handler: "_Handler") -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 3000000\r\n\r\n" + b" " * 3_000_000)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    stub: StubCentral

    def handle_error(self, request, client_address) -> None:
        """A client that goes away is part of the play."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 30
    server: _Server

    def do_POST(self) -> None:
        stub = self.server.stub
        self.body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        stub.seen.append((self.command, self.path))
        action = stub.next_action(self.path)
        if callable(action):
            action(self)
            return
        self.send(action or stub.answer(self.command, self.path, self.headers, self.body))

    do_GET = do_POST

    def send(self, answer: Reply) -> None:
        status, body, *more = answer
        headers = {"Content-Type": "application/json" if status < 400 else "application/problem+json"}
        if "Date" in dict(*more):
            self.send_response_only(status)
        else:
            self.send_response(status)
        for name, value in (headers | dict(*more)).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_) -> None:
        pass
