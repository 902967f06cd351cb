"""The light challenge in every way before the camera: shown, judged, declined, and decided by two people."""

from random import Random

import pytest

from kiosk import events as e
from kiosk.codes import Code
from kiosk.model import Check, Outcome, ReviewReason, Role, Stage, VerdictAnswer, Way
from kiosk.visit.rules import light
from tests.kiosk.visit.review_drive import StaffedVisitDriver
from tests.kiosk.visit.test_ways import follow
from tests.support.visit_driver import DIGITS, LIMITS, NUMBER, challenge, changed

REQUIRED = changed(LIMITS, light={"mode": "required"})
WAYS = [Way.VOICE, Way.HEAD, Way.TOUCH]
STAGE = {Way.VOICE: Stage.DIGITS, Way.HEAD: Stage.HEAD, Way.TOUCH: Stage.TOUCH}


class LitVisitDriver(StaffedVisitDriver):
    """A screen that paints the colours that are ordered, and a face that throws `gain` of them back.

    `known`: the colours that a replay shows instead, of an earlier challenge.
    """

    def __init__(self, gain: float, known: str = "", noise: float = 0.0):
        super().__init__(REQUIRED)
        self.gain, self.known, self.noise, self.random = gain, known, noise, Random(7)
        self.began, self.order, self.painted = 0.0, e.ShowLight("", 0.6), 0

    def feed(self, event, after=0.1):
        new = super().feed(event, after)
        for order in new:
            if isinstance(order, e.ShowLight):
                self.began, self.order, self.painted = self.at, order, 0
        return new

    def see(self, after=0.07, **changes):
        red, green, blue = light.LINEAR[self._shows(self.at + after)]
        noise = [self.random.gauss(0, self.noise) for _ in range(2)]
        answer = (self.gain * (red - green) + noise[0], self.gain * (blue - green) + noise[1])
        return super().see(after, light=answer, **changes)

    def _shows(self, at: float) -> str:
        colours, hold_s = self.order.colours, self.order.hold_s
        while self.painted < len(colours) and self.began + self.painted * hold_s <= at:
            painted = self.began + self.painted * hold_s
            self.painted += 1
            self.at = max(self.at, painted)
            super().feed(e.LightShown(self.painted - 1, painted), 0.0)
        shown = (self.known or colours)[: self.painted]
        return shown[-1] if shown else "G"

    def begin(self, way: Way) -> "LitVisitDriver":
        self.feed(e.Began(visit=NUMBER, language="zh-Hans", at_unix=0.0, way=way))
        self.agree_and_type().match()
        assert self.visit.stage is STAGE[way]
        return self

    def answer(self, way: Way) -> "LitVisitDriver":
        """Do what one challenge asks for, until the stage is over or begins again."""
        if way is Way.VOICE:
            self.read()
            return self
        self.feed(e.ChallengeTaken(challenge()))
        if way is Way.HEAD:
            self.feed(e.PromptEnded("head", self.at))
            follow(self)
            return self
        self.look(1.0)
        self.feed(e.DigitsTyped(DIGITS))
        self.wait_for_light()
        return self

    def wait_for_light(self) -> None:
        while self.visit.stage is Stage.TOUCH and self.at < self.visit.deadline - 0.1:
            self.see()
        if self.visit.stage is Stage.TOUCH:
            self.time_out()

    def look(self, seconds: float) -> None:
        until = self.at + seconds
        while self.at < until:
            self.see()

    def last(self, check: Check):
        return next(v for v in reversed(self.visit.verdicts) if v.check is check)


def after_light(way: Way) -> tuple[Stage, Code]:
    """Where a visit stands whose light passed: submitted, or before the clerk who attests the touch."""
    return (Stage.REVIEW, Code.WAY_ATTEST) if way is Way.TOUCH else (Stage.SUBMIT, Code.OK)


@pytest.mark.parametrize("way", WAYS)
def test_a_face_that_follows_passes(way):
    drive = LitVisitDriver(gain=0.15).begin(way).answer(way)
    assert drive.last(Check.LIGHT).answer is VerdictAnswer.PASS, drive.last(Check.LIGHT)
    assert (drive.visit.stage, drive.all(e.Show)[-1].code) == after_light(way)
    assert drive.last(Check.LIGHT).measured["colours"] == light.colours("c1", drive.painted)


@pytest.mark.parametrize("way", WAYS)
def test_a_face_that_throws_nothing_back_is_stopped_at_once_whatever_the_clerk_says(way):
    drive = LitVisitDriver(gain=0.0).begin(way).answer(way)
    assert (drive.slip.outcome, drive.slip.code) == (Outcome.REFERRED, Code.LIGHT_ABSENT)
    assert not drive.all(e.ShowCase)
    assert not drive.all(e.Submit)


@pytest.mark.parametrize("way", WAYS)
def test_a_replay_of_another_light_never_passes(way):
    drive = LitVisitDriver(gain=0.3, known=light.colours("an earlier one", 80)).begin(way)
    for _ in range(5):
        if drive.visit.stage is not STAGE[way]:
            break
        drive.answer(way)
    assert drive.visit.stage in (Stage.REVIEW, Stage.OUTCOME)
    assert not any(v.answer is VerdictAnswer.PASS for v in drive.visit.verdicts if v.check is Check.LIGHT)
    assert drive.all(e.Show)[-1].code.value.startswith("light.")


@pytest.mark.parametrize("way", WAYS)
def test_who_declines_is_for_the_clerk_and_a_supervisor(way):
    drive = LitVisitDriver(gain=0.15).begin(way)
    assert drive.feed(e.LightDeclined()) == [e.ShowLight("", REQUIRED.light.hold_s)]
    drive.answer(way)
    assert (drive.visit.stage, drive.all(e.Show)[-1].code) == (Stage.REVIEW, Code.LIGHT_DECLINED)
    drive.sign("7001").decide(reason=ReviewReason.LIGHT)
    assert drive.visit.stage is Stage.REVIEW
    drive.sign("7002", Role.SUPERVISOR)
    lights = len(drive.all(e.ShowLight))
    assert drive.visit.stage is Stage.FACE  # the same face as the one that was signed for
    drive.match(likeness_reviewed=0.8).answer(way)
    assert (drive.visit.stage, drive.all(e.Show)[-1].code) == after_light(way)
    assert len(drive.all(e.ShowLight)) == lights  # declined once, not shown again


@pytest.mark.parametrize("way", WAYS)
def test_a_light_that_cannot_be_judged_is_tried_again_and_then_the_clerks(way):
    drive = LitVisitDriver(gain=0.1, noise=0.3).begin(way)
    tries = 0
    while drive.visit.stage is STAGE[way]:
        drive.answer(way)
        tries += 1
    assert tries > 1
    assert (drive.visit.stage, drive.all(e.Show)[-1].code) == (Stage.REVIEW, Code.LIGHT_UNCLEAR)


def test_digits_typed_at_once_wait_for_enough_of_the_light():
    drive = LitVisitDriver(gain=0.15).begin(Way.TOUCH)
    drive.feed(e.ChallengeTaken(challenge()))
    typed_at = drive.at
    drive.feed(e.DigitsTyped(DIGITS))
    assert drive.visit.stage is Stage.TOUCH
    assert drive.feed(e.DigitsTyped((0, *DIGITS[1:]))) == []  # what was right is not asked again
    drive.wait_for_light()
    assert drive.at - typed_at > REQUIRED.light.min_steps * REQUIRED.light.hold_s
    assert drive.last(Check.LIGHT).answer is VerdictAnswer.PASS


def test_the_light_of_the_voice_does_not_count_for_the_head():
    drive = LitVisitDriver(gain=0.15).begin(Way.VOICE)
    drive.read((None,) * 6)
    assert drive.visit.stage is Stage.DIGITS
    drive.feed(e.WayChosen(Way.HEAD))
    drive.gain = 0.0
    drive.answer(Way.HEAD)
    assert drive.last(Check.LIGHT).answer is VerdictAnswer.RETRY
    assert not drive.all(e.Submit)
