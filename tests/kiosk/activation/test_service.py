"""The activation service opens what it can, reports what it cannot, recovers by itself."""

import threading
import time
from pathlib import Path

import pytest
from msgspec.structs import replace

from kiosk.activation import identity
from kiosk.activation.http_client import HttpClient
from kiosk.activation.keystore import KEY_FILE
from kiosk.activation.outbox import RequestCounts
from kiosk.activation.service import ActivationService
from kiosk.audit.log import AuditLog
from kiosk.bootstrap import Terminal
from kiosk.codes import Code
from kiosk.errors import IdentityError, SettingsError
from kiosk.events import (
    ChallengeMissing,
    ChallengeTaken,
    DeviceFailed,
    DeviceReady,
    ReceiptArrived,
    RequestWedged,
    Stored,
    StoreFailed,
)
from kiosk.model import Device
from kiosk.settings import Settings, load
from kiosk.simulators.card_reader import READER
from kiosk.worker import Worker
from tests.support.activation_terminal import order, settings_of_terminal, submit
from tests.support.folder_contents import folder_contents
from tests.support.stub_central import ENROL_CODE, hang, problem


@pytest.fixture
def settings(stub, tmp_path: Path) -> Settings:
    return settings_of_terminal(tmp_path, "T-1", stub.url)


class Running:
    """A service with its worker, and a list of every event it posted."""

    def __init__(self, settings: Settings, audit: AuditLog | None = None) -> None:
        self.events = []
        self.news = threading.Condition()
        versions = {"kiosk": "0.1.0"}
        self.service = ActivationService(settings, versions=versions, post=self._post, audit=audit)
        self.worker = Worker("delivery", self.service.run).start()

    def _post(self, event) -> None:
        with self.news:
            self.events.append(event)
            self.news.notify_all()

    def wait_for(self, event, seconds: float = 60.0) -> None:
        with self.news:
            assert self.news.wait_for(lambda: event in self.events, seconds), (event, self.events)

    def close(self) -> None:
        assert self.worker.stop()
        self.service.close()


@pytest.fixture
def enrol(stub, settings):
    return lambda: identity.enrol(
        stub.url, stub.ca, "T-1", ENROL_CODE, settings.path(settings.terminal.identity), reader=READER
    )


@pytest.fixture
def running(settings, enrol):
    enrol()
    made = Running(settings)
    yield made
    made.close()


def test_from_nothing_to_a_receipt(running, stub):
    for device in (Device.IDENTITY, Device.OUTBOX, Device.CENTRAL, Device.CHALLENGES):
        running.wait_for(DeviceReady(device))
    assert abs(running.service.clock_off_s) < 5
    assert isinstance(running.service.take_challenge(), ChallengeTaken)
    assert submit(running.service, order("A"), None) == Stored("A")
    with running.news:
        assert running.news.wait_for(lambda: isinstance(running.events[-1], ReceiptArrived), 5)
    assert running.service.counts() == RequestCounts(delivered=1)
    assert stub.opened == {"A": 1}
    assert {event.device for event in running.service.ready()} == {
        Device.IDENTITY,
        Device.OUTBOX,
        Device.CHALLENGES,
    }


def test_what_lies_on_the_disk_names_nobody(running, settings):
    running.wait_for(DeviceReady(Device.CHALLENGES))
    submit(running.service, order("A", picture=True), b"JPEGJPEGJPEG")
    contents = folder_contents(settings.path(settings.storage.folder))
    assert any(file.name == "outbox.sqlite3" for file in contents)
    for file, raw in contents.items():
        for personal in ("990001199003070017", "测试甲", "13900000000", "27182818", "JPEGJPEG"):
            assert personal.encode() not in raw, file.name


def test_without_an_enrolment_nothing_is_promised(settings):
    service = ActivationService(settings, versions={}, post=print)
    assert submit(service, order("A"), None) == StoreFailed(Code.IDENTITY_MISSING)
    assert service.take_challenge() == ChallengeMissing(Code.IDENTITY_MISSING)
    assert service.ready() == [
        DeviceFailed(Device.IDENTITY, Code.IDENTITY_MISSING),
        DeviceReady(Device.OUTBOX),
        DeviceFailed(Device.CHALLENGES, Code.IDENTITY_MISSING),
    ]
    with pytest.raises(IdentityError):
        service.counts()
    service.close()


def test_enrolment_while_it_runs_is_noticed(settings, enrol):
    running = Running(settings)
    running.wait_for(DeviceFailed(Device.IDENTITY, Code.IDENTITY_MISSING))
    enrol()
    running.wait_for(DeviceReady(Device.IDENTITY))
    running.wait_for(DeviceReady(Device.CHALLENGES))
    running.close()


def test_an_exposed_key_is_told_and_not_used(settings, enrol):
    enrol()
    (settings.path(settings.terminal.identity) / KEY_FILE).chmod(0o644)
    service = ActivationService(settings, versions={}, post=print)
    assert submit(service, order("A"), None) == StoreFailed(Code.IDENTITY_EXPOSED)
    service.close()


def test_a_key_that_becomes_exposed_is_told(running, settings):
    running.wait_for(DeviceReady(Device.CHALLENGES))
    (settings.path(settings.terminal.identity) / KEY_FILE).chmod(0o644)
    assert DeviceFailed(Device.IDENTITY, Code.IDENTITY_EXPOSED) in running.service.ready()


def test_the_enrolment_of_another_terminal(settings, enrol):
    enrol()
    other = replace(settings, terminal=replace(settings.terminal, id="T-2"))
    service = ActivationService(other, versions={}, post=print)
    assert service.ready()[0] == DeviceFailed(Device.IDENTITY, Code.IDENTITY_MISSING)
    service.close()


def test_a_damaged_outbox_is_told_kept_and_comes_back_when_put_right(settings, enrol):
    enrol()
    file = settings.path(settings.storage.folder) / "outbox.sqlite3"
    file.write_bytes(b"\xa5" * 8192)
    running = Running(settings)
    running.wait_for(DeviceFailed(Device.OUTBOX, Code.OUTBOX_DAMAGED))
    assert submit(running.service, order("A"), None) == StoreFailed(Code.OUTBOX_DAMAGED)
    assert file.read_bytes() == b"\xa5" * 8192
    file.rename(file.with_suffix(".damaged"))
    running.wait_for(DeviceReady(Device.OUTBOX))
    assert submit(running.service, order("A"), None) == Stored("A")
    running.close()


def test_staff_can_send_a_wedged_request_once_more(running, stub):
    running.wait_for(DeviceReady(Device.CHALLENGES))
    stub.script("/v1/activations", problem(422, "request.malformed"))
    submit(running.service, order("A"), None)
    running.wait_for(RequestWedged("A", Code.REQUEST_MALFORMED))
    assert [entry.code for entry in running.service.requests()] == [Code.REQUEST_MALFORMED]
    assert running.service.retry("A")
    assert not running.service.retry("A")
    until = time.monotonic() + 60
    while running.service.counts() != RequestCounts(delivered=1):
        assert time.monotonic() < until
        time.sleep(0.02)


@pytest.mark.parametrize("url", ["", "http://central.invalid", "central.invalid", "https://"])
def test_an_address_that_is_not_https_ends_the_start(settings, url):
    with pytest.raises(SettingsError):
        ActivationService(
            replace(settings, central=replace(settings.central, url=url)), versions={}, post=print
        )


def test_submitting_calls_nobody(running, stub, monkeypatch):
    """Central hangs: only the delivery thread may wait for it."""
    callers = []
    call = HttpClient.call
    monkeypatch.setattr(
        HttpClient, "call", lambda *a, **k: callers.append(threading.current_thread()) or call(*a, **k)
    )
    running.wait_for(DeviceReady(Device.CHALLENGES))
    stub.script("/v1", *[hang] * 100)
    picture = b"\xff" * 40_000
    for n in range(20):
        assert submit(running.service, order(f"V{n}", picture=True), picture) == Stored(f"V{n}")
    assert running.service.counts().waiting == 20
    assert threading.current_thread() not in callers
    stub.hung.set()


def test_before_the_models_are_there_staff_see_the_queue(stub, tmp_path):
    """The models folder is empty: what waits from yesterday can be seen, and taken away."""
    file = tmp_path / "settings.toml"
    file.write_text(
        f'mode = "simulation"\n[terminal]\nid = "T-1"\nidentity = "identity"\n[central]\nurl = "{stub.url}"\n'
        '[storage]\nfolder = "held"\n[models]\nfolder = "none"\n[visit]\nliveness.required = false\n'
        + "".join(
            f'[{port}]\ndriver = "simulated"\n'
            for port in ("camera", "microphone", "speaker", "card_reader", "portrait_decoder")
        )
        + '[liveness]\ndriver = "none"\n'
    )
    settings = load(file)
    identity.enrol(stub.url, stub.ca, "T-1", ENROL_CODE, tmp_path / "identity", reader=READER)
    terminal = Terminal(settings, object())
    try:
        assert terminal.staff.queue() == []
        terminal.activation._opened().outbox.put("7K2M-9QXD-04RT-V5BH", b"sealed", 1.0)
        [entry] = terminal.staff.queue()
        assert entry.id == "7K2M-9QXD-04RT-V5BH"
        assert terminal.staff.day().waiting == 1
        terminal.activation.add_versions({"sface": "2021dec"})
        assert terminal.activation._opened().submission._origin.versions["sface"] == "2021dec"
    finally:
        terminal.stop()
