"""A terminal whose key is in a TPM, at a real central: from enrolment to activation, rotation, USB stick."""

import secrets
import time
from pathlib import Path

import pytest

from kiosk.activation import identity
from kiosk.activation.http_client import HttpClient
from kiosk.activation.identity import make_key_store
from kiosk.activation.outbox import QueuedRequest, RequestState
from kiosk.activation.rotation import rotate
from kiosk.activation.usb_transfer import write_requests
from kiosk.codes import Code
from kiosk.errors import IdentityError
from kiosk.events import DeviceFailed, DeviceReady, ReceiptArrived, Stored
from kiosk.model import Device, RequestStatus
from kiosk.settings import load
from kiosk.simulators.card_reader import READER
from tests.kiosk.activation.test_real_central import started_log
from tests.kiosk.activation.test_service import Running
from tests.support.activation_terminal import order_with_every_check, settings_of_terminal, submit
from tests.support.central_server import running_central
from tests.support.swtpm import running_swtpm


@pytest.fixture
def tpm(tmp_path: Path):
    with running_swtpm(tmp_path / "tpm") as running:
        yield running


@pytest.fixture(scope="module")
def central(tmp_path_factory):
    with running_central(tmp_path_factory.mktemp("central")) as running:
        yield running


@pytest.fixture
def name() -> str:
    return f"T-{secrets.token_hex(4)}"


@pytest.fixture
def settings(tpm, central, name, tmp_path: Path):
    """As a site writes them."""
    settings_of_terminal(tmp_path, name, central.url)
    with (tmp_path / "settings.toml").open("a") as file:
        file.write(f'ca = "{central.ca}"\n[terminal_key]\ndriver = "tpm"\ntcti = "{tpm.tcti}"\n')
    return load(tmp_path / "settings.toml")


@pytest.fixture
def store(settings):
    made = make_key_store(settings)
    yield made
    made.close()


@pytest.fixture
def enrolled(settings, store, central, name):
    folder = settings.path(settings.terminal.identity)
    return identity.enrol(
        central.url, central.ca, name, central.enrol_code(name), folder, store, reader=READER
    )


@pytest.fixture
def line(central):
    made = HttpClient(central.url, central.ca, connect_s=2.0, answer_s=5.0)
    yield made
    made.close()


@pytest.fixture
def running(settings, enrolled, tmp_path: Path):
    made = Running(settings, started_log(tmp_path))
    yield made
    made.close()
    made.service._key_store.close()


def test_from_enrolment_to_activation(running, central, tpm):
    """Over a power cut of the TPM, too."""
    for device in (Device.IDENTITY, Device.CENTRAL, Device.CHALLENGES):
        running.wait_for(DeviceReady(device))
    for _ in range(2):
        delivered(running, central)
        tpm.cut_power()


def delivered(running, central) -> str:
    """A visit, up to its credential; returns its number."""
    made = order_with_every_check(running.service.take_challenge)
    assert submit(running.service, made, None) == Stored(made.visit)
    with running.news:
        assert running.news.wait_for(lambda: activated(running, made.visit), 60)
    assert central.credentials(made.visit) == 1
    return made.visit


def activated(running, visit: str) -> bool:
    receipts = [event.receipt for event in running.events if isinstance(event, ReceiptArrived)]
    return any(one.id == visit and one.status is RequestStatus.ACTIVATED for one in receipts)


def test_without_its_tpm_a_terminal_is_out_of_service(running, tpm):
    running.wait_for(DeviceReady(Device.IDENTITY))
    tpm.stop()
    assert DeviceFailed(Device.IDENTITY, Code.IDENTITY_MISSING) in running.service.ready()
    tpm.start()
    assert DeviceReady(Device.IDENTITY) in running.service.ready()


def test_what_a_tpm_signed_is_accepted_from_a_stick(enrolled, central, running, tmp_path: Path):
    (tmp_path / "stick").mkdir()
    running.wait_for(DeviceReady(Device.CHALLENGES))
    visit = delivered(running, central)
    request = QueuedRequest(
        id=visit,
        state=RequestState.PENDING,
        body=None,
        digest=b"",
        sent=True,
        tries=1,
        put_unix=time.time(),
        moment=None,
    )
    assert write_requests(tmp_path / "stick", enrolled, [request], time.time()) == 1
    said = central.command("import-requests", str(tmp_path / "stick"), "--simulation")
    assert f"{visit}: asked" in said


class PowerCut(Exception):
    pass


def cut(*_: object) -> None:
    raise PowerCut


@pytest.mark.parametrize("before", ["central is asked", "the key is adopted"])
def test_a_power_cut_between_the_next_key_and_its_adoption(
    enrolled, settings, store, line, tpm, monkeypatch, before
):
    """Central has the old key, or the new one already: the exchange ends well when it is repeated."""
    folder, old = settings.path(settings.terminal.identity), store.public()
    interrupted = (line, "call") if before == "central is asked" else (store, "adopt_next")
    with monkeypatch.context() as patch:
        patch.setattr(*interrupted, cut)
        with pytest.raises(PowerCut):
            rotate(line, enrolled, time.time)
    tpm.cut_power()
    fresh = make_key_store(settings)
    following = fresh.next_public()
    assert fresh.public() == old != following
    again = identity.load(folder, fresh)
    assert rotate(line, again, time.time) == following
    assert (fresh.public(), fresh.next_public()) == (following, None)
    body = b'{"count":1}'
    headers = again.signed_headers("POST", "/v1/challenges", body, time.time())
    assert line.call("POST", "/v1/challenges", body, headers).status == 200
    fresh.close()


def test_the_files_without_the_tpm_sign_nothing(enrolled, settings, tmp_path: Path):
    """Somebody copied the disk and has a TPM of their own."""
    with running_swtpm(tmp_path / "thief") as other:
        file = settings.path(settings.terminal.identity).parent.parent / "settings.toml"
        text = file.read_text().replace('tcti = "', f'tcti = "{other.tcti}" # ')
        (file.parent / "stolen.toml").write_text(text)
        with pytest.raises(IdentityError) as raised:
            identity.load(
                settings.path(settings.terminal.identity),
                make_key_store(load(file.parent / "stolen.toml")),
            )
        assert raised.value.code is Code.IDENTITY_MISSING
