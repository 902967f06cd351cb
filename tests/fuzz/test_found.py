"""Faults that the fuzzer found once, each as a test of its own."""

import json
import time
from pathlib import Path

import jwt
import numpy as np
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from central.fleet import audit
from central.settings import SettingsError as CentralSettingsError
from central.settings import load as load_central
from kiosk.activation import messages
from kiosk.activation.challenges import ChallengePool
from kiosk.activation.database import Database
from kiosk.codes import Code
from kiosk.errors import ModelError, SettingsError, StaffError, Unreachable
from kiosk.events import WindowOpened
from kiosk.model import AudioBlock
from kiosk.models import folders, manifest
from kiosk.settings import load
from kiosk.speech.listener import Listener
from kiosk.staff import roster_document
from kiosk.staff.daybook import Daybook
from kiosk.staff.lockout import Lockout
from tests.fuzz import usb_transfer
from tests.support.sounds import PitchRecogniser, voice

KEY = Ed25519PrivateKey.from_private_bytes(bytes(32))
DEEP = b"[" * 20_000 + b"]" * 20_000
NESTED = b'{"later":' + DEEP + b"}"


@pytest.mark.parametrize(
    "read",
    [
        messages.read_health,
        messages.read_heartbeat_reply,
        messages.read_challenges,
        messages.read_roster,
        lambda raw: messages.read_receipt(raw, "A"),
    ],
)
def test_an_answer_nested_without_end_is_no_answer(read):
    """This ended the delivery worker's thread, and with it the terminal's service, until a restart."""
    with pytest.raises(Unreachable) as caught:
        read(NESTED)
    assert caught.value.code is Code.CENTRAL_FAULT
    assert messages.problem_code(NESTED) is None


def test_settings_and_manifests_nested_without_end(tmp_path: Path):
    """Status 2 and the name of the file, as for every other fault; it was a traceback."""
    for text in (b"a = " + DEEP, b"a = " + b"9" * 5000):
        path = tmp_path / "settings.toml"
        path.write_bytes(text)
        with pytest.raises(SettingsError, match=str(path)):
            load(path)
        with pytest.raises(ModelError):
            manifest.read(path)
        (tmp_path / folders.PINS).write_bytes(text)
        with pytest.raises(ModelError):
            folders.pins(tmp_path)
        (tmp_path / "central.toml").write_bytes(text)
        with pytest.raises(CentralSettingsError, match=r"central\.toml"):
            load_central(tmp_path)


def test_staffs_files_nested_without_end(tmp_path: Path):
    (tmp_path / "locks.json").write_bytes(NESTED)
    with pytest.raises(StaffError):
        Lockout(tmp_path / "locks.json", 5, 300.0).locked_for("4711", 1.0)
    book = Daybook(tmp_path, lambda: 1.8e9)
    (tmp_path / f"day-{book.today().isoformat()}.jsonl").write_bytes(b'{"type":"act","x":' + DEEP + b"}\n")
    assert book.read() == []
    token = jwt.PyJWS().encode(NESTED, KEY, algorithm="EdDSA", headers={"typ": roster_document.TYPE})
    with pytest.raises(StaffError):
        roster_document.read(token, KEY.public_key(), "T")


def test_an_export_whose_header_is_no_json_is_broken_not_a_crash():
    for header in (b"{", NESTED):
        assert audit.split(header + b"\nx y\n") == ({}, [b"x y"])


def test_digits_whose_name_cannot_be_written(tmp_path: Path):
    """A lone surrogate in a signed name passed the token's JSON, and the database could not store it."""
    claims = {
        "iss": "central",
        "aud": "T",
        "iat": time.time(),
        "exp": time.time() + 9e5,
        "digits": [1, 2, 3, 4],
        "gaps_s": [1.0] * 4,
    }
    database = Database(tmp_path / "outbox.sqlite3")
    pool = ChallengePool(database, KEY.public_key(), "T", lambda _: bytes(32))
    raw = json.dumps(claims | {"jti": "c-\ud800"}).encode()
    assert pool.add([jwt.PyJWS().encode(raw, KEY, algorithm="EdDSA")], time.time()) == 0
    good = json.dumps(claims | {"jti": "c-1"}).encode()
    assert pool.add([jwt.PyJWS().encode(good, KEY, algorithm="EdDSA")], time.time()) == 1
    database.close()


@pytest.mark.filterwarnings("error")
def test_sound_far_over_full_scale_is_full_scale():
    """Its squares were infinite, and the search for a pitch ended the listener's thread."""
    told = []
    ear = Listener(PitchRecogniser(), load().speech, post=told.append, clock=lambda: 9.0)
    ear.listen(1)
    ear.open_window(WindowOpened(0, 0.0, 1.5))
    samples = np.concatenate([np.zeros(8000, np.float32), voice(3, 0.5) * 1e30, np.zeros(24_000, np.float32)])
    for seq, at in enumerate(range(0, len(samples), 800)):
        ear.feed(AudioBlock(samples=samples[at : at + 800].astype(np.float32), seq=seq, at=at / 16_000))
        while ear.step(0.0):
            pass
    (heard,) = told
    assert heard.clipped > 0.5
    assert not heard.audio_lost


@pytest.mark.parametrize("seed", [20261991, 20262799, 20265957])
def test_a_signed_digest_that_is_no_ascii_is_refused_as_signed_for_something_else(
    tmp_path: Path, seed: int
) -> None:
    with usb_transfer.target(tmp_path) as one:
        one(seed)
