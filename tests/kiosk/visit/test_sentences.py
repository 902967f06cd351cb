"""A sentence asks for something only while it can be done, and ends a visit only where it has ended.

Which codes a visit shows while tries are left, and which at its end, comes from visits that go wrong in every
manner the code knows (`whole_visits`).
"""

import re
from functools import cache
from itertools import chain

import pytest

from kiosk import events as e
from kiosk.codes import Code
from kiosk.model import Language, Outcome, Purpose, Stage, Way
from kiosk.phrases import load
from tests.kiosk.test_codes import named
from tests.kiosk.visit.whole_visits import failed_by_events, failed_by_rules

ENDS = {
    Language.ZH_HANS: r"店员(帮|处|核对|人工)|[请找]店员|资料已清除|户籍|重新办理|结束|停止",
    Language.ZH_HANT: r"店員(幫|處|核對|人工)|[請找]店員|資料已清除|戶籍|重新辦理|結束|停止",
    Language.EN: r"(?i)ask the clerk|clerk will|clerk has to|erased|registration office|start again|stopped",
}
"""Calls the clerk, or says that all is over."""
REPEATS = {
    Language.ZH_HANS: (
        r"请(?!带|.*后再)[^，。]*再|我们(再|换)|看镜头|再(试|读|放|输|点|来)一|从头来"
        r"|请(大声|张开|站|靠近|退后|正对|睁开|摘下|别遮|只读|看到|等箭头|转得|拿起|举|换一张|放居民)"
    ),
    Language.ZH_HANT: (
        r"請(?!帶|.*後再)[^，。]*再|我們(再|換)|看鏡頭|再(試|讀|放|輸|點|來)一|從頭來"
        r"|請(大聲|張開|站|靠近|退後|正對|睜開|摘下|別遮|只讀|看到|等箭嘴|轉得|拿起|舉|換一張|放居民)"
    ),
    Language.EN: (
        r"(?i)(?<!we )try again(?! for you)|once more|let us|read again|read aloud|place it|at the camera"
        r"|wait for the arrow"
        r"|please (face|stand|hold|step|move|open|read|speak|turn|uncover|use a)"
    ),
}
"""Asks to do something again, here and now."""
STILL_GOING_ON = frozenset(Stage) - {Stage.REVIEW, Stage.OUTCOME, Stage.OUT_OF_SERVICE, Stage.IDLE}
NOT_OF_THE_VISIT = frozenset({Code.STAFF_ROLE, Code.STAFF_SAME_PERSON, Code.PASSWORD_MISMATCH})
"""Shown to staff who sign, and on the keypad."""
AFTER_A_BUG = frozenset({Code.INTERNAL_PROMISED})
"""Shown when the program itself failed (`Visit.fail`)."""
EVIDENCE = frozenset({Code.MICROPHONE_TOO_QUIET, Code.MICROPHONE_CLIPPED})
"""Shown to the clerk while it happens, in words of their own."""


@cache
def shown() -> tuple[frozenset[Code], frozenset[Code]]:
    """Codes that visits show while they go on, and while they wait for the clerk or have ended."""
    again, end = set(), set()
    for visit in chain.from_iterable(
        led(way, Purpose.OPEN, child=child)
        for led in (failed_by_rules, failed_by_events)
        for way in Way
        for child in (False, True)
    ):
        for order in visit.orders:
            if isinstance(order, e.Show):
                (again if order.stage in STILL_GOING_ON else end).add(order.code)
            elif isinstance(order, e.Coach):
                again.add(order.code)
            elif isinstance(order, e.Print):
                end.add(order.slip.code)
    return frozenset(again - {Code.OK}), frozenset(end - {Code.OK})


def test_every_code_of_the_visit_is_shown_by_one_of_these_visits():
    again, end = shown()
    visits = {Code[name] for name in named("kiosk/visit")} - {Code.OK}
    assert visits - again - end == NOT_OF_THE_VISIT | EVIDENCE | AFTER_A_BUG
    assert again & end >= {Code.SPEECH_SILENCE, Code.FACE_TOO_DARK, Code.CARD_MOVED, Code.CAMERA_LOST}
    assert Code.CARD_EXPIRED in again, "a guardian may place another card"
    assert Code.CENTRAL_UNREACHABLE in end - again


@pytest.mark.parametrize("language", Language)
def test_while_a_visit_goes_on_no_sentence_ends_it(language):
    again, _ = shown()
    sentences = {code: load(language).customer(code) for code in again - {Code.REVIEW_APPROVED}}
    assert {code: text for code, text in sentences.items() if re.search(ENDS[language], text)} == {}


@pytest.mark.parametrize("language", Language)
def test_at_the_end_no_sentence_asks_for_another_try(language):
    _, end = shown()
    sentences = {code: load(language).customer_end(code) for code in end}
    assert {code: text for code, text in sentences.items() if re.search(REPEATS[language], text)} == {}


@pytest.mark.parametrize("language", Language)
def test_what_has_two_sentences_is_shown_at_both_times(language):
    again, end = shown()
    catalogue = load(language)
    double = {code for code in Code if catalogue.customer(code) != catalogue.customer_end(code)}
    assert double <= again & end, "a sentence that nobody reads"


def test_an_end_is_more_than_a_try():
    """The refusal of the last try is shown in other words than the one before."""
    for visit in failed_by_rules(Way.VOICE, Purpose.OPEN):
        if visit.visit.outcome is not Outcome.REFERRED:
            continue
        code, tried = visit.slip.code, [show.code for show in visit.all(e.Show) if show.tries_left]
        if code in tried:
            assert load().customer(code) != load().customer_end(code), code
