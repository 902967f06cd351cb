"""Screen and loudspeaker follow the way that was chosen, in every stage, purpose and outcome.

The visits are those of `whole_visits`; each different screen that they show is shown by a real window.
"""

import re
from functools import cache

import pytest
from msgspec.structs import replace

from kiosk import events as e
from kiosk.codes import Code
from kiosk.model import Language, Purpose, Stage, Way
from kiosk.phrases import load
from kiosk.printing.slip import BlockStyle, slip_blocks
from kiosk.ui.screens.consent import ConsentScreen
from kiosk.ui.screens.guardian import GuardianScreen
from kiosk.ui.widgets.fitted_label import FittedLabel
from kiosk.ui.widgets.scrollable_text import ScrollableText
from kiosk.ui.widgets.visit_progress import VisitProgress
from tests.kiosk.visit.whole_visits import WholeVisit, failed_by_events, failed_by_rules

CAMERA = {
    Language.ZH_HANS: r"看.{0,3}镜头|对.{0,3}镜头|对准圆框|摄像头|画面|看不清您|看清您|看到您|真人检查",
    Language.ZH_HANT: r"看.{0,3}鏡頭|對.{0,3}鏡頭|對準圓框|鏡頭|畫面|看不清您|看清您|看到您|真人檢查",
    Language.EN: r"(?i)camera|your face in|the oval|live check|see your face|the picture",
}
READING = {
    Language.ZH_HANS: r"读.{0,4}数字|读一个|大声|话筒|声音|嘴|口型",
    Language.ZH_HANT: r"讀.{0,4}數字|讀一個|大聲|話筒|聲音|(?<!箭)嘴|口型",
    Language.EN: r"(?i)aloud|read (some |each )?digit|read again|louder|microphone|voice|mouth|lips",
}
TURNING = {
    Language.ZH_HANS: r"转头|箭头|转早|转错",
    Language.ZH_HANT: r"轉頭|箭嘴|轉早|轉錯",
    Language.EN: r"(?i)turn your head|arrow|your head (turn|moved)",
}
TAPPING = {
    Language.ZH_HANS: r"点.{0,3}数字|数字.{0,2}点|点完",
    Language.ZH_HANT: r"點.{0,3}數字|數字.{0,2}點|點完",
    Language.EN: r"(?i)\btap|tapped",
}
FORBIDDEN = {
    Way.VOICE: (TURNING, TAPPING),
    Way.HEAD: (READING, TAPPING),
    Way.TOUCH: (READING, TURNING),
    Way.CLERK: (CAMERA, READING, TURNING, TAPPING),
}
"""What a person on this way must never be asked."""
ASKS_FOR_CONSENT = (ConsentScreen, GuardianScreen)
"""Their notices say what is done on every way: the way may be changed after the consent."""


def wrong_words(texts, way, language):
    return {text for text in texts for words in FORBIDDEN[way] if re.search(words[language], text)}


def visits(way):
    for purpose in Purpose:
        for child in (False, True):
            visit = WholeVisit(way, purpose, child=child)
            visit.lead_to(Stage.OUTCOME)
            yield visit
    for led in (failed_by_rules, failed_by_events):
        for child in (False, True):
            yield from led(way, Purpose.OPEN, child=child)


@cache
def notices(way):
    """Every different thing that visits show on this way, each after the stage that it belongs to."""
    found = {}
    for visit in visits(way):
        shown, printed = None, None
        for order in visit.orders:
            if isinstance(order, e.Print):
                printed = order
            elif isinstance(order, e.Show):
                shown = replace(order, until=None, tries_left=min(order.tries_left, 1))
                found.setdefault((shown, None), printed if shown.stage is Stage.OUTCOME else None)
            elif isinstance(order, e.Coach) and shown is not None:
                found.setdefault((shown, order), None)
    return [
        [notice for notice in (printed, shown, coach) if notice is not None]
        for (shown, coach), printed in found.items()
        if shown.way is way  # others are of a visit that changed its way
    ]


@cache
def said(way):
    """Every prompt that is spoken on this way, in visits that do not change it."""
    return {
        order.prompt
        for visit in visits(way)
        if all(show.way is way for show in visit.all(e.Show))
        for order in visit.all(e.Say)
    }


def shown_words(window):
    """What is read on the screen, but for the clerk's lines, the notices and the buttons."""
    screen = window.screens[window.stage]
    texts = [
        label.text()
        for label in screen.findChildren(FittedLabel)
        if label.isVisible() and label._role != "tiny" and label.text()
    ]
    if isinstance(screen, ASKS_FOR_CONSENT):
        notices = [
            label.text()
            for part in screen.findChildren(ScrollableText)
            for label in part.findChildren(FittedLabel)
        ]
        texts = [text for text in texts if text not in notices]
    steps = window.findChild(VisitProgress).steps
    return texts + [load(window._language)[f"progress.{step}"] for step, _ in steps]


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("way", Way)
def test_no_screen_asks_for_what_belongs_to_another_way(window, way, language):
    window.retranslate(language)
    wrong, seen = {}, set()
    for group in notices(way):
        for notice in group:
            window.handle_notice(notice)
        seen.add(window.stage)
        for text in wrong_words(shown_words(window), way, language):
            wrong[text] = group[-1]
    assert wrong == {}
    own = {Way.VOICE: Stage.DIGITS, Way.HEAD: Stage.HEAD, Way.TOUCH: Stage.TOUCH, Way.CLERK: Stage.REVIEW}
    assert seen >= {Stage.CONSENT, Stage.CARD, Stage.PHONE, own[way], Stage.SUBMIT, Stage.OUTCOME}


@cache
def slips(way):
    """Every different slip of a visit that was on this way from its beginning, in each state of storage."""
    found = set()
    for visit in visits(way):
        if all(show.way is way for show in visit.all(e.Show)):
            found |= {
                replace(order.slip, stored=stored, erasure=None)
                for order in visit.all(e.Print)
                for stored in (False, True)
            }
    return found


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("way", Way)
def test_no_slip_tells_of_what_belongs_to_another_way(way, language):
    """The facts at the lower end too: who was not filmed does not read what became of their picture."""
    printed = [slip_blocks(slip, language) for slip in slips(way)]
    assert wrong_words({block.text for blocks in printed for block in blocks}, way, language) == set()
    facts = {block.text for blocks in printed for block in blocks if block.style is BlockStyle.SMALL}
    pictures = {text for text in facts if re.search(r"照片|相片|[Pp]icture", text)}
    if way is Way.CLERK:
        assert pictures == set()
    else:
        assert pictures == {load(language)["slip.sealed_picture"]}


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("way", Way)
def test_no_prompt_asks_for_what_belongs_to_another_way(way, language):
    table = load(language)._table["prompt"]
    prompts = [table[name if name in table else name.partition(".")[0]] for name in said(way)]
    assert wrong_words(prompts, way, language) == set()


def test_the_words_are_found_where_they_belong():
    """Else the table of forbidden words could miss everything."""
    for language in Language:
        phrases = load(language)
        keys = {"next.face": CAMERA, "next.voice": READING, "next.head": TURNING, "next.touch": TAPPING}
        for key, words in keys.items():
            assert re.search(words[language], phrases[key]), key
        assert wrong_words([phrases.customer(Code.SPEECH_SILENCE)], Way.HEAD, language)
