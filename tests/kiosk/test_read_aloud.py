"""Every sentence that may be read aloud has a clip in both spoken languages, and pages find theirs."""

import hashlib
import tomllib

import numpy as np
import pytest

from kiosk import read_aloud
from kiosk.codes import Code
from kiosk.model import Language, Purpose
from kiosk.phrases import load
from kiosk.speech.prompts import load_sound

SPOKEN = sorted({load(language).spoken for language in Language})
NAMES = {"operator": "示例商店", "contact": "020-00000000", "privacy_contact": "privacy@example.cn"}


def recorded(language):
    index = tomllib.loads((read_aloud.FOLDER / "index.toml").read_text(encoding="utf-8"))[language]
    return dict(index)


@pytest.mark.parametrize("language", SPOKEN)
def test_each_clip_is_of_todays_words_and_none_is_left_over(language):
    sentences = read_aloud.spoken_sentences(load(language).table)
    index = recorded(language)
    assert {path.stem for path in (read_aloud.FOLDER / language).glob("*.ogg")} == set(index)
    assert set(index) == set(sentences), "`python -m training.voices.synthesise pages` makes what is missing"
    for key, digest in index.items():
        assert hashlib.sha256(sentences[key].encode()).hexdigest() == digest, key


@pytest.mark.parametrize("language", SPOKEN)
def test_the_clips_are_as_loud_as_the_prompts_and_whole(language):
    sentences = read_aloud.spoken_sentences(load(language).table)
    for clip in recorded(language):
        sound = load_sound(read_aloud.FOLDER / language / f"{clip}.ogg")
        loudness = 10 * np.log10(np.mean(np.square(sound[np.abs(sound) > 0.01], dtype=np.float64)))
        assert loudness == pytest.approx(-20.0, abs=4.5), clip
        shortest = len(sentences[clip]) / (9.0 if language == "zh-Hans" else 26.0)
        assert len(sound) / 16_000 > shortest, f"{clip} seems to be cut off"


def test_every_catalogue_is_read_under_the_same_names():
    names = [set(read_aloud.clip_names(load(language).table)) for language in Language]
    assert names[0] == names[1] == names[2]


@pytest.mark.parametrize("language", list(Language))
@pytest.mark.parametrize("purpose", list(Purpose))
def test_every_paragraph_of_every_consent_is_read(language, purpose):
    phrases = load(language)
    for notice in (
        phrases.face_notice(purpose), phrases.clerk_notice(purpose), phrases.guardian_notice(purpose),
        phrases.picture_notice(),
    ):  # fmt: skip
        assert len(read_aloud.clips_of(phrases.fill_in(notice, NAMES), language)) == len(notice)


def test_the_name_of_the_operator_is_not_in_the_clip_that_stands_for_it():
    for language in Language:
        spoken = read_aloud.spoken_sentences(load(language).table)["consent.who"]
        assert "{" not in spoken


@pytest.mark.parametrize("language", list(Language))
def test_sentences_that_share_a_line_are_read_one_after_the_other(language):
    phrases = load(language)
    space = " " if phrases.script == "Latn" else ""
    line = f"{phrases['stage.card.title']}\n{phrases['stage.card.body']}{space}{phrases.tries_left(2)}"
    wanted = ("stage.card.title", "stage.card.body", "general.tries.2")
    assert read_aloud.clips_of([line], language) == wanted


def test_what_has_no_clip_is_left_out():
    assert (
        read_aloud.clips_of(["7K2M-9QXD", "", load(Language.EN)["stage.card.title"]], Language.ZH_HANS) == ()
    )


@pytest.mark.parametrize("language", list(Language))
def test_words_for_staff_are_not_read(language):
    phrases = load(language)
    texts = [phrases.clerk(code) for code in Code] + [phrases["button.approve"], phrases["staff.title"]]
    assert read_aloud.clips_of(texts, language) == ()


def test_a_spoken_language_without_clips_is_known_as_such(tmp_path, monkeypatch):
    assert read_aloud.voices(Language.ZH_HANT) == ("yue",)
    assert read_aloud.voices(Language.EN) == ()
    monkeypatch.setattr(read_aloud, "FOLDER", tmp_path)
    assert not read_aloud.has_clips("yue")
    (tmp_path / "yue").mkdir()
    assert read_aloud.has_clips("yue")
