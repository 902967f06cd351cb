"""The whole way: a simulated person in Chromium, the page, central, a worker process, and the verdict."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import select

from central.storage.verification_tables import VerificationJob
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
    pytest.mark.skipif(not CHROMIUM.exists(), reason="needs Debian's chromium"),
]
__all__ = ["back"]  # a fixture
ROOT = Path(__file__).parents[2]
READING = {"ok", "digits_wrong", "digits_unclear"}
"""Verdicts on a synthetic voice: one digit of a few is not understood, and then there is another try."""


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
            yield running
            worker.terminate()
            worker.wait(120)


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


def verdict(central: RunningCentral) -> dict[str, object]:
    with central.base.read() as session:  # type: ignore[attr-defined]
        row = session.scalars(select(VerificationJob).order_by(VerificationJob.made_unix.desc())).first()
    found: dict[str, object] = json.loads(row.verdict)
    return found


def photo_of(name: str) -> str:
    return base64.b64encode(reference(name)).decode()


def record(phone: Phone) -> None:
    """Record from the camera step on, and wait for the verdict."""
    phone.press("record")
    phone.page.wait_for_selector("html.recording")
    phone.page.wait_for_selector(
        "html:not(.recording):not([data-step=camera]):not([data-step=upload]):not([data-step=checking])"
    )


def test_the_person_on_file_passes(central: RunningCentral, phone: Phone) -> None:
    central.people({"number": NUMBER, "photo": photo_of("collins")})
    phone.come_to_camera()
    for _ in range(3):
        record(phone)
        found = verdict(central)
        measured = found["measured"]
        assert isinstance(measured, dict)
        assert found["code"] in READING, found
        assert measured["matched"] == pytest.approx(1.0, abs=0.05)
        assert measured["stream"] == ""
        if found["code"] == "ok":
            assert "code=" in phone.sent_back()
            return
        if phone.page.evaluate("document.documentElement.dataset.step") == "again":
            phone.press("explain")
            phone.press("open")
            phone.at("camera")
    assert phone.at("waiting")  # never understood, and so never let in


def test_another_person_does_not(central: RunningCentral, phone: Phone) -> None:
    central.people({"number": NUMBER, "photo": photo_of("hopper")})
    phone.come_to_camera()
    for _ in range(3):
        record(phone)
        found = verdict(central)
        assert found["code"] in READING - {"ok"} | {"mismatch"}, found
        if found["code"] == "mismatch":
            phone.at("waiting")
            assert "对不上" in phone.said("waiting")
            return
        if phone.page.evaluate("document.documentElement.dataset.step") == "again":
            phone.press("explain")
            phone.press("open")
            phone.at("camera")
