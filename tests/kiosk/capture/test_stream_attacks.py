"""The attack laboratory's streams, and a live (simulated) head beside them: what the measures say of each."""

from functools import lru_cache

import pytest

from evaluation.attacks import make
from kiosk.capture.stream_integrity import StreamMonitor
from kiosk.codes import Code
from kiosk.model import Frame, StreamSeen, VerdictAnswer
from kiosk.settings import load
from kiosk.visit.rules.stream import judge_stream
from tests.support.faces import MODELS, PHOTOS, head, needs_models, photo

pytestmark = needs_models

FPS = 25.0
SECONDS = 5.0


@lru_cache
def seen(species: str, name: str) -> StreamSeen:
    """Five seconds of it, each frame about as late as a camera's."""
    shown = head(name) if species == "live" else make(species, photo(name), seed=3, models=MODELS)
    watch, found = StreamMonitor(), StreamSeen()
    for i in range(round(SECONDS * FPS)):
        at = i / FPS + 0.0007 * (i * 7919 % 5)
        found = watch.look(Frame(image=shown.render(i / FPS), seq=i, at=at))
    return found


@pytest.mark.parametrize("name", PHOTOS)
def test_a_live_head_is_blamed_for_nothing(name):
    verdict = judge_stream(seen("live", name), load().visit.stream)
    assert (verdict.answer, verdict.code) == (VerdictAnswer.PASS, Code.OK), verdict.measured


@pytest.mark.parametrize(
    ("species", "code", "answer"),
    [
        ("loop", Code.STREAM_REPEATED, VerdictAnswer.REFUSE),
        ("injected", Code.STREAM_NO_NOISE, VerdictAnswer.REVIEW),
        ("still", Code.STREAM_STILL, VerdictAnswer.REVIEW),
    ],
)
def test_what_is_fed_or_held_before_the_camera_is_found(species, code, answer):
    verdict = judge_stream(seen(species, "collins"), load().visit.stream)
    assert code.value in str(verdict.measured["findings"]), verdict.measured
    assert verdict.answer is answer
