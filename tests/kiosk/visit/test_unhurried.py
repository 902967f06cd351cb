"""The unhurried mode gives more time for everything that people read, do and hear."""

import pytest
from msgspec.structs import replace

from kiosk import events as e
from kiosk import settings
from kiosk.codes import Code
from kiosk.model import Stage, Way
from kiosk.phrases import load
from kiosk.visit.policy import reading_times, visit_policy
from kiosk.visit.visit import Visit
from tests.kiosk.visit.test_stage_events import AT, at
from tests.support.visit_driver import LIMITS, NUMBER, VisitDriver

SLOWER = LIMITS.pace.unhurried_limits_factor
NOT_THE_CUSTOMERS = [Stage.REVIEW, Stage.SUBMIT]


def began(unhurried=False, way=Way.VOICE) -> VisitDriver:
    drive = VisitDriver()
    drive.visit = Visit(visit_policy(settings.load()), terminal="T", place="P")
    drive.feed(e.Began(visit=NUMBER, language="zh-Hans", at_unix=1.7e9, unhurried=unhurried, way=way))
    return drive


@pytest.mark.parametrize("stage", [s for s in AT if s not in NOT_THE_CUSTOMERS])
def test_every_limit_is_longer(stage):
    drive = at(stage)
    usual = drive.visit.limit_s
    drive.visit.slowed = True
    drive.visit.go(Stage.OUTCOME if stage is Stage.OUTCOME else stage, usual) if stage in (
        Stage.CONSENT,
        Stage.CARD,
        Stage.PHONE,
        Stage.PORTRAIT,
        Stage.FACE,
        Stage.OUTCOME,
    ) else drive.feed(e.Cancelled())
    if drive.visit.stage is stage:
        assert drive.visit.limit_s == pytest.approx(SLOWER * usual)
    else:
        assert drive.visit.limit_s == pytest.approx(SLOWER * LIMITS.outcome_s)


@pytest.mark.parametrize("stage", NOT_THE_CUSTOMERS)
def test_central_and_the_clerk_are_not_waited_for_longer(stage):
    drive = at(stage)
    assert drive.visit._pace_of(stage) == 1.0


def test_the_wait_for_the_clerk_is_longer_too():
    drive = at(Stage.PHONE)
    drive.visit.slowed = True
    drive.feed(e.HelpWanted())
    assert drive.visit.deadline == pytest.approx(drive.at + SLOWER * LIMITS.help.limit_s)


def test_hints_are_spoken_later_and_less_often():
    def said(slowed):
        drive = at(Stage.FACE)
        drive.visit.slowed = slowed
        drive.feed(e.ReferenceReady())
        begun = drive.at
        for _ in range(400):
            drive.see(hint=Code.FACE_TOO_FAR, good=False, frames_good=0, likeness_mean=None)
        return [s for s in drive.all(e.Say) if s.prompt == "hint_too_far"], begun

    usual, _ = said(False)
    slowed, _ = said(True)
    assert 0 < len(slowed) < len(usual)


@pytest.mark.parametrize(("way", "kind"), [(Way.VOICE, "face"), (Way.CLERK, "clerk")])
def test_a_consent_stays_as_long_as_a_slow_reader_needs(way, kind):
    drive = began(way=way)
    assert drive.visit.limit_s == reading_times(settings.load().visit.time)[kind]
    slow = began(unhurried=True, way=way)
    assert slow.visit.limit_s == pytest.approx(SLOWER * drive.visit.limit_s)


def test_the_time_follows_from_the_length_of_the_text():
    limits = settings.load().visit.time
    text = load("en").face_notice() + load("en").picture_notice()
    needed_s = 60 * sum(map(len, text)) / limits.latin_per_minute + limits.decide_s
    assert reading_times(limits)["face"] >= round(needed_s, 1) > 90
    slower = reading_times(replace(limits, latin_per_minute=245.0, chinese_per_minute=64.0))
    assert slower["face"] > 1.7 * reading_times(limits)["face"]


def test_the_time_to_read_begins_when_the_text_was_spoken():
    drive = began()
    whole = drive.visit.limit_s
    drive.feed(e.PromptEnded("consent", drive.at + 20.0), 20.0)
    assert drive.visit.ends == pytest.approx(drive.at + whole)
    assert drive.all(e.TimeLeft)[-1].until == drive.visit.ends
    drive.feed(e.PromptEnded("chime", drive.at + 20.0), 20.0)
    assert drive.visit.ends == pytest.approx(drive.at + whole - 20.0)
