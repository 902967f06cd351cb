"""Pages are read aloud on request: what stands on them, with buttons for the sound in the header's place."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from kiosk import read_aloud
from kiosk.events import HelpOver, ReadAloud, Show, ShowHelp, SoundChosen, StopReading
from kiosk.model import ClerkCallState, Language, Stage, Way
from kiosk.phrases import load
from kiosk.read_aloud import STEPS
from kiosk.ui import page_texts
from kiosk.ui.theme import TOUCH_PX
from kiosk.ui.widgets.button import Button
from tests.kiosk.ui.stories import STORIES, play


@pytest.fixture(autouse=True)
def recorded(monkeypatch):
    """Every sentence has a clip, unless its name is put in here."""
    missing = set()
    monkeypatch.setattr(page_texts, "is_recorded", lambda clip, _: clip not in missing)
    return missing


SIZES = [(1080, 1920), (1920, 1080), (1280, 720), (720, 1280)]


def button(window, name):
    return next(part for part in window.findChildren(Button) if part.objectName() == name)


def press(window, name):
    window.touch_rest.end()
    part = button(window, name)
    assert part.isVisible(), name
    assert part.isEnabled(), name
    QTest.mouseClick(part, Qt.MouseButton.LeftButton)


def read(window, engine):
    press(window, "read_aloud")
    return engine.last(ReadAloud)


@pytest.mark.parametrize("language", list(Language))
@pytest.mark.parametrize(
    ("story", "wanted"),
    [
        ("idle", ["stage.idle.title", "stage.idle.body", "read_aloud.choices", "button.begin"]),
        (
            "consent_face",
            ["consent.title", "consent.who", "consent.method", "consent.rights", "button.decline"],
        ),
        ("card", ["stage.card.title", "stage.card.body"]),
        ("ways", ["ways.title", "button.way_head", "button.way_head_note", "button.way_clerk"]),
        ("phone", ["keypad.phone_body"]),
    ],
)
def test_what_stands_on_the_page_is_read_and_then_its_buttons(window, engine, story, wanted, language):
    play(window, STORIES[story])
    window.retranslate(language)
    order = read(window, engine)
    assert order.language == language
    names = read_aloud.clip_names(load(load(language).spoken).table)
    places = [order.clips.index(names[key]) for key in wanted]
    assert places == sorted(places)


@pytest.mark.parametrize("story", list(STORIES))
def test_every_page_that_may_be_read_has_something_to_say(window, engine, story):
    play(window, STORIES[story])
    part = button(window, "read_aloud")
    if window.stage in (Stage.DIGITS, Stage.HEAD) or not part.isVisible():
        return
    if story.startswith("review_"):  # pages for the clerk
        return
    assert read(window, engine).clips


@pytest.mark.parametrize("stage", [Stage.DIGITS, Stage.HEAD])
def test_nothing_is_read_while_the_person_is_to_be_heard(window, engine, stage):
    play(window, STORIES["card"])
    press(window, "read_aloud")
    window.handle_notice(Show(stage=stage, way=Way.VOICE))
    assert not button(window, "read_aloud").isVisible()
    assert not button(window, "read_again").isVisible()
    assert engine.posted[-1] == StopReading()


def test_it_is_read_once_more_and_stopped_by_buttons_in_the_languages_place(window, engine):
    play(window, STORIES["card"])
    first = read(window, engine)
    assert not button(window, "language_en").isVisible()
    press(window, "read_again")
    assert [event for event in engine.posted if isinstance(event, ReadAloud)] == [first, first]
    press(window, "read_stop")
    assert engine.posted[-1] == StopReading()
    assert button(window, "language_en").isVisible()
    assert not button(window, "read_again").isVisible()


@pytest.mark.parametrize("change", ["stage", "page", "language", "help", "again"])
def test_the_speech_ends_when_the_page_changes(window, engine, change):
    play(window, STORIES["consent_face"])
    read(window, engine)
    match change:
        case "stage":
            window.handle_notice(Show(stage=Stage.CARD))
        case "page":
            press(window, "agree")
        case "language":
            window.retranslate(Language.EN)
        case "help":
            window.handle_notice(ShowHelp(call=ClerkCallState.CALLED, until=1e9))
        case "again":
            window.handle_notice(Show(stage=Stage.CONSENT))
    assert StopReading() in engine.posted


@pytest.mark.parametrize("stage", [Stage.PHONE, Stage.DIGITS, Stage.HEAD, Stage.REVIEW])
def test_the_page_of_a_called_clerk_is_read_and_its_sound_can_be_changed(window, engine, stage):
    window.handle_notice(Show(stage=stage))
    window.handle_notice(ShowHelp(call=ClerkCallState.CALLED, until=1e9))
    names = read_aloud.clip_names(load().table)
    first = read(window, engine)
    wanted = ["help.called_title", "help.called_body", "read_aloud.choices", "button.help_go_on"]
    places = [first.clips.index(names[key]) for key in wanted]
    assert places == sorted(places)
    assert names["button.begin"] not in first.clips
    press(window, "louder")
    assert engine.posted[-1] == SoundChosen(1, "", Language.ZH_HANS)
    press(window, "read_again")
    assert engine.last(ReadAloud) == first
    window.handle_notice(HelpOver())
    assert engine.posted[-1] == StopReading()
    if stage in (Stage.DIGITS, Stage.HEAD):
        assert not button(window, "read_again").isVisible()


def test_the_language_can_be_changed_while_a_clerk_is_awaited(window):
    play(window, STORIES["help_called"])
    press(window, "language_en")
    assert window._help.title.text() == load(Language.EN)["help.called_title"]


def test_the_question_about_time_is_spoken_when_it_is_shown_and_has_no_buttons_for_the_sound(window):
    play(window, STORIES["more_time"])
    assert not button(window, "read_aloud").isVisible()


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("lowered", [False, True])
@pytest.mark.parametrize("large", [False, True])
def test_the_page_of_a_called_clerk_lies_below_the_header(window, size, lowered, large):
    play(window, STORIES["help_called"])
    window.resize(*size)
    window._footer.low.setChecked(lowered)
    window._header.set_large(large)
    below = window._header.geometry().bottom() + 1
    assert window._help.geometry().getRect() == (0, below, size[0], size[1] - below)
    go_on = button(window, "help_go_on")
    assert window.rect().contains(go_on.mapTo(window, go_on.rect().bottomRight()))


def test_without_a_reading_no_page_says_that_it_ends(window, engine):
    play(window, STORIES["consent_face"])
    window.handle_notice(Show(stage=Stage.CARD))
    assert StopReading() not in engine.posted


def test_louder_and_softer_have_an_end_and_the_site_its_own_volume_back(window, engine):
    window.handle_notice(Show(stage=Stage.CONSENT))
    read(window, engine)
    for step in STEPS[STEPS.index(1) :]:
        press(window, "louder")
        assert engine.posted[-1] == SoundChosen(step, "", Language.ZH_HANS)
    assert not button(window, "louder").isEnabled()
    window.handle_notice(Show(stage=Stage.CARD))
    assert not [event for event in engine.posted if event == SoundChosen()], "kept for the visit"
    window.handle_notice(Show(stage=Stage.IDLE))
    assert engine.posted[-1] == SoundChosen()
    read(window, engine)
    assert button(window, "louder").isEnabled()


def test_what_was_chosen_on_the_first_screen_is_forgotten(window, engine):
    window.handle_notice(Show(stage=Stage.IDLE))
    read(window, engine)
    press(window, "softer")
    assert window._forgotten.isActive()
    window._forgotten.timeout.emit()
    assert engine.posted[-1] == SoundChosen()
    assert button(window, "language_en").isVisible()


def test_a_language_without_a_voice_says_so_and_cannot_be_chosen(window, engine):
    window.handle_notice(Show(stage=Stage.CARD))
    read(window, engine)
    cantonese = button(window, "voice_yue")
    assert cantonese.isVisible()
    assert not cantonese.isEnabled()
    assert cantonese.accessibleDescription() == load(Language.ZH_HANS)["voice.none"]
    window.retranslate(Language.EN)
    assert not cantonese.isVisible()


def test_a_language_whose_clips_are_installed_can_be_chosen(qtbot, tmp_path, monkeypatch, request):
    (tmp_path / "yue").mkdir()
    monkeypatch.setattr(read_aloud, "FOLDER", tmp_path)
    window, engine = request.getfixturevalue("window"), request.getfixturevalue("engine")
    window.handle_notice(Show(stage=Stage.CARD))
    read(window, engine)
    press(window, "voice_yue")
    assert engine.posted[-1] == SoundChosen(0, "yue", Language.ZH_HANS)
    press(window, "voice_yue")
    assert engine.posted[-1] == SoundChosen(0, "", Language.ZH_HANS)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("lowered", [False, True])
@pytest.mark.parametrize("language", list(Language))
def test_the_buttons_for_the_sound_are_large_and_on_the_screen(window, engine, size, lowered, language):
    window.resize(*size)
    window._footer.low.setChecked(lowered)
    window._header.set_large(True)
    play(window, STORIES["card"])
    window.retranslate(language)
    read(window, engine)
    for name in ("read_again", "softer", "louder", "read_stop"):
        part = button(window, name)
        place = part.mapTo(window, part.rect().topLeft())
        assert min(part.width(), part.height()) >= TOUCH_PX
        assert place.x() >= 0
        assert place.x() + part.width() <= size[0]


def test_a_text_that_is_agreed_to_is_read_whole_or_not_at_all(window, recorded):
    recorded.add("consent.retention")
    play(window, STORIES["consent_face"])
    assert not button(window, "read_aloud").isVisible()
    play(window, STORIES["consent_clerk"])
    assert button(window, "read_aloud").isVisible()


def test_another_sentence_without_a_clip_is_left_out(window, engine, recorded):
    recorded.add("stage.card.body")
    play(window, STORIES["card"])
    assert read(window, engine).clips[0] == "stage.card.title"
    assert "stage.card.body" not in engine.last(ReadAloud).clips


def test_where_nothing_can_be_read_there_is_no_button(window, monkeypatch):
    monkeypatch.setattr(page_texts, "is_recorded", lambda *_: False)
    play(window, STORIES["card"])
    assert not button(window, "read_aloud").isVisible()
