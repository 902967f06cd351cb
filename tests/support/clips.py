"""Recordings of two simulated people for tests, each made once, and the engines that judge them."""

from __future__ import annotations

from functools import lru_cache

import cv2
import msgspec

from central.protocol.verification import Job, Outcome
from evaluation.clips.simulated import ClipPlan, RecordedClip, lit_head, reading, record
from kiosk.paths import RESOURCES
from kiosk.simulators.voice import Voice
from tests.support.faces import head, photo
from tests.support.paths import MODELS
from verification import decide, engines
from verification.settings import FILE, Settings
from verification.worker import chosen_settings

PLAN = ClipPlan(digits=(4, 8, 2, 9), fps=12.0, gap_s=1.1)


@lru_cache
def loaded() -> engines.Engines:
    """Return the engines, without liveness, whose model is the operator's."""
    return engines.load(MODELS, liveness="none")


@lru_cache
def settings() -> Settings:
    return chosen_settings(FILE, simulation=True)


@lru_cache
def reference(name: str) -> bytes:
    """Return a register's photo of a simulated person, as JPEG."""
    return cv2.imencode(".jpg", photo(name))[1].tobytes()


def voice(seed: int = 1) -> Voice:
    return Voice(RESOURCES / "sounds" / "customer" / "zf_xiaoyi", seed)


@lru_cache
def recording(name: str = "collins", plan: ClipPlan = PLAN) -> RecordedClip:
    """Return what the person records who reads what the plan says."""
    return record(plan, lit_head(head(name), plan), reading(plan, voice()))


def verdict(clip: RecordedClip, of: bytes | None, **limits: object) -> Outcome:
    """Return the verdict about a clip that is compared with the reference `of`."""
    chosen = settings()
    visit = msgspec.structs.replace(chosen.visit, **limits)
    chosen = msgspec.structs.replace(chosen, visit=visit)
    return decide.verify(Job(clip.evidence, clip.clip, of), loaded(), chosen, sandbox=False)
