"""The card reader is pinned by the enrolment; another one needs central's permission."""

import json
import time
from pathlib import Path

import pytest
from msgspec.structs import replace

from kiosk.activation import identity
from kiosk.activation.http_client import HttpClient
from kiosk.activation.pinned_reader import ReaderCheck, pin
from kiosk.activation.service import ActivationService
from kiosk.audit.log import AuditLog
from kiosk.codes import Code
from kiosk.errors import DeviceMissing, IdentityError, Unreachable, Untrusted
from kiosk.simulators.card_reader import READER
from tests.support.activation_terminal import settings_of_terminal
from tests.support.stub_central import ENROL_CODE, cut, lost, reply

OTHER = replace(READER, sam="05.01-20240101-0001234567-0000000001")
MOVED = replace(READER, socket="0000:00:14.0-2")


@pytest.fixture
def http(stub):
    made = HttpClient(stub.url, stub.ca, connect_s=1.0, answer_s=2.0)
    yield made
    made.close()


@pytest.fixture
def service(stub, enrolled, tmp_path: Path):
    settings = settings_of_terminal(tmp_path, "T-1", stub.url)
    terminal = replace(settings.terminal, identity=str(tmp_path / "identity"))
    made = ActivationService(
        replace(settings, terminal=terminal), versions={}, post=print, audit=AuditLog(tmp_path / "audit.log")
    )
    yield made
    made.close()


def refused(service: ActivationService, reader) -> Code:
    with pytest.raises(DeviceMissing) as caught:
        service.require_pinned(reader)
    return caught.value.code


def records(folder: Path) -> list[dict]:
    lines = (folder / "audit.log").read_text("utf-8").splitlines()
    return [json.loads(line.partition(" ")[2]) for line in lines]


def test_the_reader_of_the_enrolment_is_pinned(service, enrolled):
    assert enrolled.reader == READER
    service.require_pinned(READER)


@pytest.mark.parametrize("other", [OTHER, MOVED], ids=["security module", "socket"])
def test_another_reader_or_socket_is_refused_and_recorded_once(service, tmp_path: Path, other):
    assert refused(service, other) is refused(service, other) is Code.READER_CHANGED
    (record,) = records(tmp_path)
    assert (record["kind"], record["code"]) == ("reader.changed", "reader.changed")
    assert other.sam not in json.dumps(record)
    service.require_pinned(READER)
    refused(service, other)
    assert len(records(tmp_path)) == 2, "it was right in between"


def test_without_a_pinned_reader_none_is_used(service, tmp_path: Path):
    """Enrolled by a version that pinned none."""
    file = tmp_path / "identity" / identity.ENROLMENT_FILE
    enrolment = json.loads(file.read_bytes())
    del enrolment["reader"]
    file.write_text(json.dumps(enrolment))
    assert refused(service, READER) is Code.READER_CHANGED


def test_without_an_enrolment_none_is_used(service, tmp_path: Path):
    (tmp_path / "identity" / identity.ENROLMENT_FILE).unlink()
    assert refused(service, READER) is Code.IDENTITY_MISSING


def test_central_must_have_pinned_the_same(stub, tmp_path: Path):
    _, raw = stub._enrol(
        {"terminal": "T-1", "code": ENROL_CODE, "public_key": {"x": "A" * 43}, "reader": {"sam": "other"}}
    )
    for body in (
        json.loads(raw) | {"reader": None},
        json.loads(raw) | {"reader": {"sam": "x", "socket": ""}},
    ):
        stub.script("/v1/terminals", reply(201, body))
        with pytest.raises(Untrusted):
            identity.enrol(stub.url, stub.ca, "T-1", ENROL_CODE, tmp_path / "i", reader=READER)
    assert not (tmp_path / "i" / identity.ENROLMENT_FILE).exists()


def test_another_reader_is_pinned_with_permission_only(stub, enrolled, service, http):
    with pytest.raises(IdentityError) as caught:
        pin(http, enrolled, OTHER, time.time)
    assert caught.value.code is Code.READER_CHANGED
    service.require_pinned(READER)
    stub.reader_permitted = True
    pin(http, enrolled, OTHER, time.time)
    service.require_pinned(OTHER)
    assert refused(service, READER) is Code.READER_CHANGED


@pytest.mark.parametrize("action", [cut, lost])
def test_a_line_that_breaks_pins_nothing_here_until_it_is_repeated(stub, enrolled, http, action):
    stub.reader_permitted = True
    stub.script("/v1/terminals/reader", action)
    with pytest.raises(Unreachable):
        pin(http, enrolled, OTHER, time.time)
    assert enrolled.reader == READER
    pin(http, enrolled, OTHER, time.time)
    assert enrolled.reader == OTHER


def test_a_new_sealing_key_keeps_a_reader_that_staff_pinned_meanwhile(stub, enrolled, tmp_path: Path):
    staff = identity.load(tmp_path / "identity")
    staff.use_reader(OTHER)
    key = json.loads((tmp_path / "identity" / identity.ENROLMENT_FILE).read_bytes())["sealing"]
    assert enrolled.use_sealing_key(identity.SealingKey(**key | {"key": "another"}))
    assert identity.load(tmp_path / "identity").reader == OTHER


def test_a_check_without_a_log_refuses_all_the_same():
    with pytest.raises(DeviceMissing, match="security module"):
        ReaderCheck(None).require(OTHER, READER)
    with pytest.raises(DeviceMissing, match="USB socket"):
        ReaderCheck(None).require(MOVED, READER)
