"""A microphone that is set wrong is told to the clerk while the digits are read, with its level."""

import pytest
from msgspec.structs import replace

from kiosk import events as e
from kiosk.codes import Code
from kiosk.engine import Engine
from kiosk.model import Check, Device, DigitHeard, Stage, VerdictAnswer
from kiosk.visit.rules.microphone_level import judge_level
from tests.support.visit_driver import DIGITS, LIMITS, VisitDriver, scores

VOICE = DigitHeard(
    at=1.0, window=0, scores=scores(3), began=0.5, ended=0.8, level_dbfs=-25.0, floor_dbfs=-60.0
)


def judged(*heard):
    return judge_level(heard, LIMITS.sound)


def test_an_ordinary_voice_is_well():
    assert judged(VOICE, VOICE) == (Code.OK, -25.0)


def test_faint_voices_and_distorted_ones_are_told_with_their_level():
    faint, loud = replace(VOICE, level_dbfs=-49.0), replace(VOICE, level_dbfs=-3.0, clipped=0.2)
    assert judged(faint, faint) == (Code.MICROPHONE_TOO_QUIET, -49.0)
    assert judged(loud, loud) == (Code.MICROPHONE_CLIPPED, -3.0)
    assert judged(VOICE, faint)[0] is judged(loud, VOICE)[0] is Code.OK, "once is a whisper or a shout"


def test_a_microphone_that_hears_not_even_the_room_is_told_and_a_silent_person_is_not():
    silent = DigitHeard(at=1.0, window=0, floor_dbfs=-58.0)
    deaf = replace(silent, floor_dbfs=-80.0)
    assert judged(deaf, deaf) == (Code.MICROPHONE_TOO_QUIET, -80.0)
    assert judged(silent, silent) is None
    assert judged(replace(silent, floor_dbfs=None), deaf) is None


def test_one_digit_or_lost_sound_says_nothing():
    faint = replace(VOICE, level_dbfs=-49.0)
    assert judged(faint) is None
    assert judged(faint, replace(faint, audio_lost=True)) is None


@pytest.mark.parametrize(
    ("heard", "code"),
    [({"level_dbfs": -49.0}, Code.MICROPHONE_TOO_QUIET), ({"clipped": 0.3}, Code.MICROPHONE_CLIPPED)],
)
def test_it_is_told_once_at_the_second_digit_and_is_in_the_evidence(heard, code):
    drive = VisitDriver().to_digits().read(**heard)
    told = drive.all(e.ShowGain)
    assert [t.code for t in told] == [code]
    assert told[0].level_dbfs == heard.get("level_dbfs", -25.0)
    second = [i for i, o in enumerate(drive.orders) if isinstance(o, e.ShowHeard)][1]
    assert drive.orders[second + 1] is told[0]
    verdict = next(v for v in drive.visit.verdicts if v.check is Check.DIGITS)
    assert verdict.measured["gain"] == code.value
    assert verdict.measured["clipped"] == heard.get("clipped", 0.0)


def test_it_alone_neither_passes_nor_fails_anything():
    assert VisitDriver().to_digits().read(level_dbfs=-49.0).visit.stage is Stage.SUBMIT
    wrong = VisitDriver().to_digits().read([(d + 1) % 10 for d in DIGITS], level_dbfs=-49.0)
    verdict = next(v for v in wrong.visit.verdicts if v.check is Check.DIGITS)
    assert verdict.answer is VerdictAnswer.RETRY


def test_when_the_clerk_has_mended_it_that_is_told_too():
    drive = VisitDriver().to_digits().read([None, None, None])
    assert drive.all(e.ShowGain) == []
    drive = VisitDriver().to_digits().read([(d + 1) % 10 for d in DIGITS], level_dbfs=-49.0)
    drive.read()
    assert [t.code for t in drive.all(e.ShowGain)] == [Code.MICROPHONE_TOO_QUIET, Code.OK]


def test_the_device_list_behind_the_counter_shows_it_and_the_terminal_stays_in_service():
    engine = Engine(
        lambda: None,
        {},
        required=frozenset({Device.MICROPHONE}),
        record=lambda *_: None,
        clock=lambda: 0.0,
        clock_unix=lambda: 0.0,
    )
    engine._note_device(e.DeviceReady(Device.MICROPHONE))
    engine._carry_out([e.ShowGain(Code.MICROPHONE_TOO_QUIET, -49.0)])
    assert engine.devices[Device.MICROPHONE] is Code.MICROPHONE_TOO_QUIET
    assert engine.microphone_dbfs == -49.0
    assert not engine._faults
