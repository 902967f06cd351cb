"""The whole way: a simulated person in Chromium, the page, central, a worker process, and the verdict."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import select

from central.storage.verification_tables import VerificationJob, VerificationWorker
from evaluation.clips.browser_person import script
from tests.central.test_authentication_pages import NUMBER, Phone, back
from tests.support.central_server import RunningCentral, running_central
from tests.support.clips import reference, voice
from tests.support.faces import head, needs_models
from tests.support.fake_devices import CHROMIUM
from tests.support.paths import MODELS

pytestmark = [
    needs_models,
    pytest.mark.slow,
    pytest.mark.timeout(900),
    pytest.mark.skipif(not CHROMIUM.exists(), reason="needs Debian's chromium"),
]
__all__ = ["back"]  # a fixture
ROOT = Path(__file__).parents[2]
READING = {"ok", "digits_wrong", "digits_unclear"}
"""Verdicts on a synthetic voice: one digit of a few is not understood, and then there is another try."""
BUSY_MS = 240_000
"""On a machine that does other things too, one clip was judged in more than 16 s."""


@pytest.fixture(scope="module")
def central(tmp_path_factory: pytest.TempPathFactory, back: str) -> Iterator[RunningCentral]:
    settings = '[authentication]\nissuer = "CENTRAL_URL"\n'
    with running_central(tmp_path_factory.mktemp("whole"), settings=settings) as running:
        running.back = back  # type: ignore[attr-defined]
        running.secret = running.command(  # type: ignore[attr-defined]
            "relying-party", "add", "party", "--name", "Party", "--purpose", "To show a card",
            "--redirect-uri", back, "--level", "face",
        )  # fmt: skip
        with closing(running.open_database()) as running.base:  # type: ignore[attr-defined]
            worker = subprocess.Popen(
                [sys.executable, "-m", "verification", "run", "--data", str(running.data),
                 "--models", str(MODELS), "--simulation", "--sandbox", "off"],
                cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)}, stderr=subprocess.DEVNULL,
            )  # fmt: skip
            until = time.monotonic() + BUSY_MS / 1000
            while not is_worker_seen(running):  # without a worker the page lets nobody record
                assert worker.poll() is None, "the worker ended"
                assert time.monotonic() < until, "the worker does not begin"
                time.sleep(0.2)
            yield running
            worker.terminate()
            worker.wait(120)


def is_worker_seen(central: RunningCentral) -> bool:
    with central.base.read() as session:  # type: ignore[attr-defined]
        return session.scalars(select(VerificationWorker)).first() is not None


@pytest.fixture
def phone(central: RunningCentral) -> Iterator[Phone]:
    """A phone before which the simulated person "collins" sits."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=str(CHROMIUM), args=["--autoplay-policy=no-user-gesture-required"]
        )
        made = Phone(browser, central, init=script(head("collins"), voice()))
        yield made
        made.close()
        browser.close()


def verdicts(central: RunningCentral) -> list[dict[str, object]]:
    with central.base.read() as session:  # type: ignore[attr-defined]
        rows = session.scalars(select(VerificationJob).order_by(VerificationJob.made_unix)).all()
    return [json.loads(row.verdict) for row in rows]


def photo_of(name: str) -> str:
    return base64.b64encode(reference(name)).decode()


def record(central: RunningCentral, phone: Phone) -> dict[str, object]:
    """Record from the camera step on, and return the verdict."""
    before = len(verdicts(central))
    phone.press("record")
    phone.page.wait_for_selector("html.recording, html[data-step=stopped]")
    phone.page.wait_for_selector(
        "html:not(.recording):not([data-step=camera]):not([data-step=upload]):not([data-step=checking])",
        timeout=BUSY_MS,
    )
    found = verdicts(central)
    assert len(found) == before + 1, phone.page.locator("main").inner_text()  # why there is no verdict
    return found[-1]


def try_again(phone: Phone) -> bool:
    """Go to the camera again; return False when no try is left."""
    if phone.page.evaluate("document.documentElement.dataset.step") != "again":
        phone.at("waiting")
        return False
    phone.press("explain")
    phone.press("open")
    phone.at("camera")
    return True


def test_the_person_on_file_passes(central: RunningCentral, phone: Phone) -> None:
    central.people({"number": NUMBER, "photo": photo_of("collins")})
    phone.come_to_camera()
    while True:
        found = record(central, phone)
        measured = found["measured"]
        assert isinstance(measured, dict)
        assert found["code"] in READING, found
        assert measured["matched"] == pytest.approx(1.0, abs=0.05)
        assert measured["stream"] == ""
        if found["code"] == "ok":
            assert "code=" in phone.sent_back()
            return
        if not try_again(phone):
            return  # never understood, and so never let in


def test_another_person_does_not(central: RunningCentral, phone: Phone) -> None:
    central.people({"number": NUMBER, "photo": photo_of("hopper")})
    phone.come_to_camera()
    while True:
        found = record(central, phone)
        assert found["code"] in READING - {"ok"} | {"mismatch"}, found
        if found["code"] == "mismatch":
            phone.at("waiting")
            assert "对不上" in phone.said("waiting")
            return
        if not try_again(phone):
            return
