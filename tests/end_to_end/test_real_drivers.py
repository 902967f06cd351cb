"""One whole visit through the drivers that shops use: cv2, PortAudio, SAM-V, over real wires."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from kiosk.card.protocol import Command
from kiosk.model import Outcome
from kiosk.models.manifest import verify
from tests.end_to_end.conftest import SiteMaker
from tests.end_to_end.real_devices import PersonAtRealDevices
from tests.end_to_end.test_visits import delivered_once
from tests.support.central_server import RunningCentral
from tests.support.headless_terminal import MODELS, READER_ON_PTY, HeadlessTerminal, genuine_customer
from tests.support.pulseaudio import Pulse, reason_to_skip


@pytest.fixture
def person(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[PersonAtRealDevices]:
    reason = reason_to_skip()
    if reason:
        pytest.skip(reason)
    pulse = Pulse(tmp_path)
    for name, value in pulse.environment.items():
        monkeypatch.setenv(name, value)
    with ExitStack() as stack:
        stack.callback(pulse.kill)
        pulse.start()
        person = PersonAtRealDevices(pulse)
        stack.callback(person.close)
        person.measure()
        yield person


@pytest.mark.timeout(300)
def test_a_genuine_customer_at_real_devices(
    person: PersonAtRealDevices, new_site: SiteMaker, central: RunningCentral
) -> None:
    liveness = "none" if verify(MODELS, ["liveness"]) else "minifasnet"
    site = new_site(
        camera={"driver": "cv2", "device": person.camera.url},
        microphone={"driver": "sounddevice", "device": "pulse"},
        card_reader={"driver": "sam-v", "port": person.reader.port},
        speaker={"driver": "none"},
        liveness={"driver": liveness},
    )
    site.enrol(reader=READER_ON_PTY)
    with HeadlessTerminal(site.settings, simulated_devices=False) as headless:
        person.show(headless.shop)
        headless.in_service()
        ended = headless.visit(genuine_customer(reaction_s=0.2), until=Outcome.ACTIVATED)
    assert ended.outcome_and_code == (Outcome.ACTIVATED, "ok"), ended.finished.verdicts
    answers = {(v.check.value, v.answer.value) for v in ended.finished.verdicts}
    assert ("liveness", "review" if liveness == "none" else "pass") in answers
    assert {(check, "pass") for check in ("card", "phone", "face", "digits", "lips", "continuity")} < answers
    assert person.reader.commands.count(Command.READ) >= 1
    delivered_once(site, central, ended.slip.id)
