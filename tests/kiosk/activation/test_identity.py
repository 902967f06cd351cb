"""Enrolment over a real socket; keys in real files."""

import json
import os
from pathlib import Path

import pytest
from msgspec import to_builtins

from kiosk.activation import identity
from kiosk.activation.keystore import KEY_FILE
from kiosk.codes import Code
from kiosk.errors import IdentityError, SettingsError, Unreachable, Untrusted
from kiosk.simulators.card_reader import READER
from tests.support.certificates import Certificates
from tests.support.stub_central import ENROL_CODE, StubCentral, cut, lost, problem, reply


@pytest.fixture
def folder(enrolled, tmp_path: Path) -> Path:
    return tmp_path / "identity"


def test_enrolment_brings_place_keys_and_authority(folder, enrolled, stub):
    loaded = identity.load(folder)
    assert (loaded.terminal, loaded.place) == ("T-1", "美宜佳 示例店")
    assert loaded.challenge_key.public_bytes_raw() == stub.challenge_key.public_key().public_bytes_raw()
    assert (folder / identity.CA_FILE).read_bytes() == stub.ca.read_bytes()
    files = list(folder.iterdir())
    assert files
    assert all(file.stat().st_mode & 0o077 == 0 for file in files)
    assert folder.stat().st_mode & 0o077 == 0


def test_a_wrong_code_is_refused_and_nothing_is_kept(stub, tmp_path: Path):
    with pytest.raises(IdentityError) as raised:
        identity.enrol(stub.url, stub.ca, "T-1", "wrong", tmp_path / "i", reader=READER)
    assert raised.value.code is Code.ENROLMENT_REFUSED
    with pytest.raises(IdentityError):
        identity.load(tmp_path / "i")


def test_after_a_lost_answer_the_same_key_asks_again(stub, tmp_path: Path):
    stub.script("/v1/terminals", lost)
    with pytest.raises(Unreachable):
        identity.enrol(stub.url, stub.ca, "T-1", ENROL_CODE, tmp_path / "i", reader=READER)
    first = stub.terminals["T-1"].public_bytes_raw()
    identity.enrol(stub.url, stub.ca, "T-1", ENROL_CODE, tmp_path / "i", reader=READER)
    assert stub.terminals["T-1"].public_bytes_raw() == first


@pytest.mark.parametrize("action", [cut, problem(500, "central.fault"), (201, b"{}"), (201, b"\xff")])
def test_half_an_enrolment_is_none(stub, tmp_path: Path, action):
    stub.script("/v1/terminals", action)
    with pytest.raises(Unreachable):
        identity.enrol(stub.url, stub.ca, "T-1", ENROL_CODE, tmp_path / "i", reader=READER)
    with pytest.raises(IdentityError):
        identity.load(tmp_path / "i")


def enrolled_as(terminal: str, stub) -> bytes:
    asked = {"terminal": terminal, "code": ENROL_CODE, "public_key": {"x": "A" * 43}}
    return stub._enrol(asked | {"reader": to_builtins(READER)})[1]


def test_an_enrolment_of_another_terminal_is_not_taken(stub, tmp_path: Path):
    _, raw = stub._enrol(
        {"terminal": "T-2", "code": ENROL_CODE, "public_key": {"x": "A" * 43}, "reader": to_builtins(READER)}
    )
    stub.script("/v1/terminals", (201, raw))
    with pytest.raises(Untrusted):
        identity.enrol(stub.url, stub.ca, "T-1", ENROL_CODE, tmp_path / "i", reader=READER)


def test_enrolment_with_a_useless_sealing_key_is_not_taken(stub, tmp_path: Path):
    _, raw = stub._enrol(
        {"terminal": "T-1", "code": ENROL_CODE, "public_key": {"x": "A" * 43}, "reader": to_builtins(READER)}
    )
    bad = json.loads(raw) | {"sealing": {"key": "s", "algorithm": "none", "public": ""}}
    stub.script("/v1/terminals", reply(201, bad))
    with pytest.raises(IdentityError):
        identity.enrol(stub.url, stub.ca, "T-1", ENROL_CODE, tmp_path / "i", reader=READER)
    assert not (tmp_path / "i" / identity.ENROLMENT_FILE).exists()


def test_nothing_is_sent_to_a_server_of_another_authority(stub, tmp_path: Path):
    with (
        StubCentral(tmp_path / "evil", Certificates(tmp_path / "evil")) as evil,
        pytest.raises(Untrusted),
    ):
        identity.enrol(evil.url, stub.ca, "T-1", ENROL_CODE, tmp_path / "i", reader=READER)
    assert evil.seen == []


def test_http_is_a_setting_that_cannot_be(stub, tmp_path: Path):
    with pytest.raises(SettingsError):
        identity.enrol("http://127.0.0.1:1", stub.ca, "T-1", ENROL_CODE, tmp_path / "i", reader=READER)


@pytest.mark.parametrize("missing", [KEY_FILE, identity.ENROLMENT_FILE])
def test_a_missing_file(folder, missing):
    (folder / missing).unlink()
    with pytest.raises(IdentityError) as raised:
        identity.load(folder)
    assert raised.value.code is Code.IDENTITY_MISSING


@pytest.mark.parametrize("name", [KEY_FILE, identity.ENROLMENT_FILE])
@pytest.mark.parametrize("content", [b"", b"{}", b"\xff\x00"])
def test_a_spoilt_file(folder, name, content):
    (folder / name).write_bytes(content)
    with pytest.raises(IdentityError) as raised:
        identity.load(folder)
    assert raised.value.code is Code.IDENTITY_MISSING


@pytest.mark.parametrize(
    ("name", "mode"),
    [
        (KEY_FILE, 0o640),
        (KEY_FILE, 0o604),
        (KEY_FILE, 0o660),
        (identity.ENROLMENT_FILE, 0o620),
        (identity.ENROLMENT_FILE, 0o602),
        (".", 0o770),
        (".", 0o707),
    ],
)
def test_what_others_could_read_or_exchange_is_exposed(folder, name, mode):
    (folder / name).chmod(mode)
    with pytest.raises(IdentityError) as raised:
        identity.load(folder)
    assert raised.value.code is Code.IDENTITY_EXPOSED


def test_a_link_is_not_a_key(folder, tmp_path: Path):
    (folder / KEY_FILE).rename(tmp_path / "elsewhere.pem")
    (folder / KEY_FILE).symlink_to(tmp_path / "elsewhere.pem")
    with pytest.raises(IdentityError) as raised:
        identity.load(folder)
    assert raised.value.code is Code.IDENTITY_EXPOSED


def test_a_key_of_somebody_else(folder):
    if os.geteuid() != 0:
        pytest.skip("only root can give a file away")
    os.chown(folder / KEY_FILE, 65534, 65534)
    with pytest.raises(IdentityError) as raised:
        identity.load(folder)
    assert raised.value.code is Code.IDENTITY_EXPOSED
