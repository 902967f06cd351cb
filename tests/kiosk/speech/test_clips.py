"""Every stage and every code that is spoken has a clip of its own, in both languages, of today's sentence.

The list is written down here, so that a stage or code which is forgotten fails, and held against what the
visit can say, so that this list cannot fall behind.
"""

import ast
import hashlib
import tomllib

import numpy as np
import pytest

from kiosk.codes import Code
from kiosk.model import ClerkCallState, Language, Outcome, Purpose, Stage
from kiosk.paths import RESOURCES
from kiosk.phrases import load
from kiosk.speech.prompts import FOLDER, load_sound
from kiosk.visit import state as ending
from kiosk.visit.stages import face

SPOKEN = sorted(path.name for path in FOLDER.iterdir() if path.is_dir())
"""Cantonese: no registry package holds a Cantonese voice that may be used, so none is spoken."""

STAGES = {
    Stage.CONSENT: ("consent", "consent_clerk"),
    Stage.CARD: ("card", "card_retry"),
    Stage.PHONE: ("phone", "phone.number"),
    Stage.CONFIRM: ("confirm.end", "confirm.erase"),
    Stage.PHONE_CODE: ("phone_code",),
    Stage.PORTRAIT: ("portrait",),
    Stage.FACE: ("face", "face_retry"),
    Stage.DIGITS: ("digits", "digits.light", "digits_retry"),
    Stage.HEAD: ("head", "head_retry"),
    Stage.TOUCH: ("touch",),
    Stage.REVIEW: ("review",),
    Stage.GUARDIAN: ("consent.guardian", "card.guardian"),
    Stage.SUBMIT: ("submit", "submit.change"),
    Stage.OUTCOME: (
        *("activated", "activated.renewed", "activated.password_set", "activated.phone_set"),
        *("activated.ended", "activated.erased"),
        *("pending", "accepted", "accepted.change_accepted", "referred", "goodbye"),
        *("refused", "refused.change_refused", "refused.already_open"),
    ),
}
SILENT_STAGES = {Stage.IDLE, Stage.OUT_OF_SERVICE}
"""Nobody is there, or nobody can be served; the counter's test of the loudspeaker says "welcome"."""

RETRIES = (
    *(Code.SPEECH_SILENCE, Code.SPEECH_TOO_QUIET, Code.SPEECH_CLIPPED, Code.SPEECH_NOISY),
    *(Code.SPEECH_TOO_EARLY, Code.SPEECH_TOO_LATE, Code.SPEECH_WRONG_DIGITS, Code.SPEECH_MISSING_DIGITS),
    *(Code.SPEECH_EXTRA, Code.SPEECH_SECOND_VOICE, Code.SPEECH_UNKNOWN),
    *(Code.LIPS_STILL, Code.LIPS_UNSEEN),
)
PLAIN_RETRIES = {Code.SPEECH_AUDIO_LOST, Code.SPEECH_ENGINE_FAILED, Code.LIPS_OUT_OF_STEP}
"""Nothing that the person could do better: the plain "once more" is said."""

NEEDED = [
    *(f"{stage.value}: {key}" for stage, keys in STAGES.items() for key in keys),
    *(f"{code.value}: digits_retry.{code.value.partition('.')[2]}" for code in RETRIES),
    *(f"{code.value}: hint_{code.value.removeprefix('face.')}" for code in sorted(face.SPOKEN)),
    "loudspeaker: welcome",
    "every stage with a deadline: more_time",
    *(f"help: help.{call.value}" for call in ClerkCallState if call is not ClerkCallState.CALLING),
]
KEYS = {needed.partition(": ")[2] for needed in NEEDED}


@pytest.mark.parametrize("language", SPOKEN)
@pytest.mark.parametrize("needed", NEEDED)
def test_it_has_a_clip(needed, language):
    key = needed.partition(": ")[2]
    clip = load_sound(FOLDER / language / f"{key}.ogg")
    assert 0.4 < len(clip) / 16_000 < 14.0
    loudness = 10 * np.log10(np.mean(np.square(clip[np.abs(clip) > 0.01], dtype=np.float64)))
    assert loudness == pytest.approx(-20.0, abs=3.5), "as loud as the others"
    assert np.abs(clip).max() < 1.0


@pytest.mark.parametrize("language", SPOKEN)
def test_each_clip_says_the_present_sentence_and_none_is_left_over(language):
    texts = tomllib.loads((RESOURCES / "phrases" / f"{language}.toml").read_text(encoding="utf-8"))["prompt"]
    index = tomllib.loads((FOLDER / "index.toml").read_text(encoding="utf-8"))[language]
    said = {key: hashlib.sha256(text.encode()).hexdigest() for key, text in texts.items()}
    assert index == said
    assert {path.stem for path in (FOLDER / language).glob("*.ogg")} == set(texts) == KEYS


def test_every_language_of_the_screen_is_spoken():
    assert {load(language).spoken for language in Language} == set(SPOKEN)


def test_every_stage_is_in_the_list():
    assert set(STAGES) | SILENT_STAGES == set(Stage)


def test_every_reason_for_another_reading_is_in_the_list():
    reasons = {c for c in Code if c.value.startswith(("speech.", "lips."))}
    assert reasons == set(RETRIES) | PLAIN_RETRIES


def test_whatever_an_end_says_has_a_clip():
    said = {ending._prompt(o, p, c) for o in Outcome for p in Purpose for c in Code}
    assert said <= KEYS


def literals(call):
    """The sentences' names in `e.Say(…)`; of a condition both."""
    constants = (node.value for node in ast.walk(call.args[0]) if isinstance(node, ast.Constant))
    return {value for value in constants if isinstance(value, str)}


def test_whatever_the_visit_says_has_a_clip():
    """All names that stand in `kiosk/visit` within a Say; the others are made of codes, see above."""
    said = set()
    for path in (RESOURCES.parent / "kiosk" / "visit").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "Say":
                said |= literals(node)
    assert len(said) > 10
    assert said - {"hint_", "face.", "help."} <= KEYS
