"""What is missing takes the terminal out of service under its own code, and it comes back by itself."""

import shutil
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import pytest
from msgspec.structs import replace

from central.settings import Requests
from kiosk import events as e
from kiosk import readiness
from kiosk.activation import service
from kiosk.audit.log import audit_log_path
from kiosk.clock import MAX_OFF_S, clock_code
from kiosk.codes import Code
from kiosk.model import Device, Outcome, Stage
from kiosk.simulators import card_reader
from kiosk.simulators.sam_v import SAM_ID, SamVOnPty
from tests.end_to_end.conftest import SiteMaker
from tests.support.headless_terminal import MODELS, READER_ON_PTY, HeadlessTerminal, genuine_customer
from tests.support.mjpeg_server import MjpegServer
from tests.support.notice_log import NoticeLog
from tests.support.pulseaudio import Pulse, reason_to_skip

UNCOUNTED = dict.fromkeys((Device.BACKLOG, Device.CONTACT, Device.LEDGER), Code.STARTING)
"""What waits for central, and whether that is all, is not known without the outbox and the identity."""
STILL_STARTING = UNCOUNTED | dict.fromkeys((Device.IDENTITY, Device.OUTBOX, Device.CHALLENGES), Code.STARTING)
"""The activation room is opened when the models are there: its requests name their versions."""


@pytest.fixture(scope="module", autouse=True)
def impatience() -> Iterator[None]:
    """Missing things are looked for more often than in a shop."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(readiness, "CHECK_S", 0.2)
        patch.setattr(readiness, "RETRY_S", 0.3)
        patch.setattr(service, "REOPEN_S", 0.3)
        yield


# ── devices, disk, clock: at a terminal that is in service ───────────────────────────────────────


class Bench:
    """Real devices that can be unplugged: a network camera, a serial reader, a sound server."""

    def __init__(self, folder: Path) -> None:
        self.camera = MjpegServer()
        self.reader_file = folder / "reader"
        self.plug_reader()
        self.pulse = None if reason_to_skip() else Pulse(folder)

    def plug_reader(self, sam_id: bytes = SAM_ID) -> None:
        """As udev does it: the same name for whatever device file the adapter gets."""
        self.reader = SamVOnPty()
        self.reader.sam_id = sam_id
        self.reader.__enter__()
        self.reader_file.unlink(missing_ok=True)
        self.reader_file.symlink_to(self.reader.port)

    def settings(self) -> dict[str, dict[str, str]]:
        """The drivers' sections; without a sound server the microphone is the simulated one."""
        real = {"driver": "sounddevice", "device": "pulse"}
        return {
            "camera": {"driver": "cv2", "device": self.camera.url},
            "card_reader": {"driver": "sam-v", "port": str(self.reader_file)},
            "microphone": real if self.pulse else {"driver": "simulated"},
        }

    def close(self) -> None:
        self.camera.kill()
        self.reader.unplug()
        if self.pulse:
            self.pulse.kill()


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    made = Bench(tmp_path_factory.mktemp("bench"))
    with closing(made), pytest.MonkeyPatch.context() as patch:
        if made.pulse:
            for name, value in made.pulse.environment.items():
                patch.setenv(name, value)
            made.pulse.start()
        yield made


@pytest.fixture(scope="module")
def running(bench: Bench, new_site: SiteMaker) -> Iterator[HeadlessTerminal]:
    site = new_site(**bench.settings())
    site.enrol(reader=READER_ON_PTY)
    with HeadlessTerminal(site.settings) as headless:
        yield headless.in_service()


@pytest.fixture
def notice_log(running: HeadlessTerminal) -> NoticeLog:
    return running.notice_log


def test_no_camera(notice_log: NoticeLog, bench: Bench) -> None:
    mark = notice_log.mark
    bench.camera.kill()
    notice_log.wait_for_missing({Device.CAMERA: Code.CAMERA_MISSING}, mark)
    assert notice_log.wait_for_stage(Stage.OUT_OF_SERVICE, mark).code is Code.CAMERA_MISSING
    bench.camera = MjpegServer(port=bench.camera.port)
    notice_log.wait_for_stage(Stage.IDLE, mark)


def test_no_reader(notice_log: NoticeLog, bench: Bench) -> None:
    mark = notice_log.mark
    bench.reader.unplug()
    notice_log.wait_for_missing({Device.READER: Code.READER_MISSING}, mark)
    bench.plug_reader()
    notice_log.wait_for_stage(Stage.IDLE, mark)


def test_another_reader_in_its_place(notice_log: NoticeLog, bench: Bench) -> None:
    mark = notice_log.mark
    bench.reader.unplug()
    bench.plug_reader(SAM_ID[:-1] + b"\x01")
    notice_log.wait_for_missing({Device.READER: Code.READER_CHANGED}, mark)
    bench.reader.unplug()
    bench.plug_reader()
    notice_log.wait_for_stage(Stage.IDLE, mark)


def test_a_reader_that_is_exchanged_behind_the_terminals_back_ends_the_visit(
    new_site: SiteMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The port stays open, as when a line is spliced: only the question before the card finds it."""
    site = new_site()
    site.enrol()
    with HeadlessTerminal(site.settings) as headless:
        headless.in_service()
        other = replace(card_reader.READER, sam="05.01-20240101-0001234567-0000000001")
        monkeypatch.setattr(card_reader, "READER", other)
        mark = headless.notice_log.mark
        ended = headless.visit(genuine_customer())
        assert ended.outcome_and_code == (Outcome.REFERRED, "reader.changed")
        headless.notice_log.wait_for_missing({Device.READER: Code.READER_CHANGED}, mark)
    log = audit_log_path(headless.settings).read_text("utf-8")
    assert log.count('"kind":"reader.changed"') == 1
    assert other.sam not in log


def test_no_microphone(notice_log: NoticeLog, bench: Bench) -> None:
    if bench.pulse is None:
        pytest.skip(str(reason_to_skip()))
    mark = notice_log.mark
    bench.pulse.kill()
    notice_log.wait_for_missing({Device.MICROPHONE: Code.MICROPHONE_MISSING}, mark)
    bench.pulse.start()
    notice_log.wait_for_stage(Stage.IDLE, mark)


def test_low_disk(notice_log: NoticeLog, monkeypatch: pytest.MonkeyPatch) -> None:
    mark = notice_log.mark
    with monkeypatch.context() as full:
        full.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=999_999))
        notice_log.wait_for_missing({Device.DISK: Code.DISK_LOW}, mark)
    notice_log.wait_for_stage(Stage.IDLE, mark)


def test_a_clock_that_is_set_back(notice_log: NoticeLog, running: HeadlessTerminal) -> None:
    mark = notice_log.mark
    clock = running.terminal.terminal_clock
    right, clock._wall = clock._wall, lambda: time.time() - 150 * 86_400
    notice_log.wait_for_missing({Device.CLOCK: Code.CLOCK_OFF}, mark)
    clock._wall = right
    notice_log.wait_for_stage(Stage.IDLE, mark)


@pytest.mark.parametrize("sign", [1, -1])
def test_a_clock_is_wrong_here_before_central_refuses_its_signatures(sign: int) -> None:
    slack_s = Requests().clock_slack_s
    assert slack_s > MAX_OFF_S
    assert clock_code(2e9, 0.0, sign * slack_s) is Code.CLOCK_OFF
    assert clock_code(2e9, 0.0, sign * MAX_OFF_S) is Code.OK


# ── models, identity, challenges: from the start ─────────────────────────────────────────────────


def test_a_missing_or_altered_model(new_site: SiteMaker, tmp_path: Path) -> None:
    weights = "face_recognition_sface_2021dec_int8bq.onnx"
    for path in MODELS.iterdir():
        (tmp_path / path.name).symlink_to(path)
    (tmp_path / weights).unlink()
    site = new_site(models={"folder": str(tmp_path)})
    site.enrol()
    with HeadlessTerminal(site.settings) as headless:
        headless.notice_log.wait_for_missing({Device.MODELS: Code.MODEL_MISSING} | STILL_STARTING)
        headless.notice_log.wait(e.Show, lambda show: show.code is Code.MODEL_MISSING)
        mark = headless.notice_log.mark
        right = (MODELS / weights).read_bytes()
        replaced(tmp_path / weights, right[:-1] + bytes([right[-1] ^ 1]))
        headless.notice_log.wait_for_missing({Device.MODELS: Code.MODEL_ALTERED} | STILL_STARTING, mark)
        replaced(tmp_path / weights, right)
        headless.in_service(mark)


def replaced(path: Path, content: bytes) -> None:
    """Whole or not at all, as the installer does it."""
    beside = path.with_suffix(".new")
    beside.write_bytes(content)
    beside.replace(path)


def test_no_identity_an_exposed_one_and_no_challenges(new_site: SiteMaker) -> None:
    site = new_site()
    with HeadlessTerminal(site.settings) as headless:
        unknown = (Device.IDENTITY, Device.CHALLENGES, Device.READER)
        nobody = dict.fromkeys(unknown, Code.IDENTITY_MISSING)
        headless.notice_log.wait_for_missing(nobody | UNCOUNTED)
        aside = site.folder / "aside"
        site.enrol(into=aside)
        site.line.down()
        key = aside / "terminal-key.pem"
        key.chmod(0o644)
        mark = headless.notice_log.mark
        aside.rename(site.identity)
        exposed = dict.fromkeys(unknown, Code.IDENTITY_EXPOSED)
        headless.notice_log.wait_for_missing(exposed | UNCOUNTED, mark)
        (site.identity / key.name).chmod(0o600)
        headless.notice_log.wait_for_missing({Device.CHALLENGES: Code.CHALLENGE_NONE}, mark)
        site.line.up()
        headless.in_service(mark)
