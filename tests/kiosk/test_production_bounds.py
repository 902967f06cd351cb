"""Every number of the settings has a bound in production, in each direction that loosens something.

The numbers are found in the types of the settings, so that a new one cannot be forgotten: it is bounded in
both directions, or stands in one of the three tables below.
"""

import types
import typing
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from kiosk import production
from kiosk.errors import SettingsError
from kiosk.settings import Settings, load

HUGE = 10**6

MORE_IS_STRICTER = frozenset(
    {
        "storage.min_free_mb",
        "visit.card.min_age",
        "visit.card.min_age_guarded",
        "visit.face.min_frames",
        "visit.liveness.min_live",
        "visit.lips.min_moved",
        "visit.lips.min_rise",
        "visit.light.min_gain",
        "visit.light.min_fit",
        "visit.light.min_steps",
        "visit.stream.min_noise",
        "visit.stream.min_jitter_ms",
        "visit.head.early_s",
        "visit.head.turn_deg",
        "visit.head.nod_deg",
        "face.min_width",
        "face.min_sharpness",
        "face.min_brightness",
        "face.min_eyes",
        "face.min_mouth_detail",
        "face.best_frames",
        "face.card_min_px",
        "face.card_min_sharpness",
        "face.card_frames",
        "face_engine.limits.accept",
        "face_engine.limits.review",
        "face_engine.limits.same_face",
    }
)
"""More of it asks for more: only the least that production accepts matters."""

LESS_IS_STRICTER = frozenset(
    {
        *(f"retention.{kind}_days" for kind in ("receipts", "visits", "measures", "daybook", "slips")),
        *(f"visit.{stage}_s" for stage in ("consent", "phone", "review", "submit", "outcome")),
        *(f"visit.{stage}.limit_s" for stage in ("card", "portrait", "face", "digits", "head", "touch")),
        *(f"visit.{stage}.tries" for stage in ("card", "portrait", "face", "digits", "head", "touch")),
        *(f"visit.time.{name}" for name in ("ask_s", "most_factor", "decide_s")),
        "visit.pace.unhurried_limits_factor",
        *(f"visit.phone_code.{name}" for name in ("limit_s", "wait_s")),
        *(f"visit.help.{name}" for name in ("limit_s", "most")),
        "visit.face.decide_frames",
        "visit.face.max_gap_s",
        "visit.digits.first_s",
        "visit.digits.wait_s",
        "visit.digits.last_s",
        "visit.digits.guess",
        "visit.digits.slip",
        "visit.digits.early_s",
        "visit.digits.late_s",
        "visit.lips.max_chance",
        "visit.lips.before_s",
        "visit.lips.after_s",
        "visit.stream.max_repeats",
        "visit.stream.max_still_s",
        "visit.stream.max_fps",
        "visit.head.window_s",
        "visit.head.rest_deg",
        "face.max_fps",
        "face.max_width",
        "face.max_off_centre",
        "face.max_yaw",
        "face.max_pitch",
        "face.max_roll",
        "face.max_brightness",
        "face.max_exposure_step",
        "face.max_gap_s",
        "face.card_max_glare",
        "face.picture_px",
        "speech.max_voice_s",
        "speech.end_silence_s",
        "central.contact_s",
        "gates.waiting",
        "gates.waiting_h",
        "gates.silent_h",
        "gates.software_days",
    }
)
"""Less of it gives less time, or fewer tries: only the most that production accepts matters."""

EXEMPT = {
    "retention.set_aside_days": "damaged logs for service staff; ten years at most by its type",
    "screen.width_px": "display",
    "screen.height_px": "display",
    "face.picture_quality": "of one picture that only the register looks at, and that it may find useless",
    "speech.threshold_db": "finds voices; the bound on guesses holds for any sound that it finds",
    "speech.min_voice_s": "the same",
    "speech.pad_s": "the same",
    "speech.min_level_dbfs": "the same",
    "speech.volume": "of prompts",
    "speech.speed": "of prompts",
    "speech.unhurried_speed": "of prompts",
    "visit.digits.max_silent": "ends a try that has failed: silent digits count as missing",
    "visit.sound.min_snr_db": "names the reason of a digit that does not count",
    "visit.sound.min_level_dbfs": "the same",
    "visit.sound.max_clipped": "the same",
    "visit.sound.faint_dbfs": "a notice to the clerk",
    "visit.light.hold_s": "its type's bounds: three changes a second at most; longer leaves too few steps",
    "visit.head.steps": "its type's bounds: four to six",
    "review.most": "its type's bounds: each review is a decision that people sign",
    "staff.offline_days": "its type's bounds; a roster that central signed ends by itself",
    "staff.pin_tries": "its type's bounds: ten at most",
    "staff.lock_s": "its type's bounds: a minute at least",
    "staff.idle_warning_s": "a notice; `idle_s` closes the panel",
    "staff.idle_s": "its type's bounds: a quarter of an hour at most",
    "staff.training_idle_s": "its type's bounds: half an hour at most; a training leads to nothing",
    "staff.shift_h": "its type's bounds: sixteen hours at most",
    "central.connect_s": "how long a request may take: nothing is decided by it",
    "central.answer_s": "the same",
    "central.pool_target": "challenges kept ahead; each is signed and used once",
    "central.pool_refill": "the same",
    "central.backoff_first_s": "delays delivery; [gates] bounds how long a request may wait",
    "central.backoff_max_s": "the same",
    "central.backoff_jitter": "the same",
    "central.probe_s": "the same",
    "face_engine.limits.accept_photographed": "never below `accept`: kiosk/visit/rules/face.py",
}
"""Numbers without a bound of production, and why none is needed."""


class Number(typing.NamedTuple):
    """A number of the settings, and the least and most that its type accepts."""

    key: str
    least: float
    most: float


def numbers(kind: type, prefix: str = "") -> Iterator[Number]:
    """Find every number in a Struct of settings and in those below it."""
    for name, hint in typing.get_type_hints(kind, include_extras=True).items():
        for plain, meta in alternatives(hint):
            if isinstance(plain, type) and issubclass(plain, msgspec.Struct):
                yield from numbers(plain, f"{prefix}{name}.")
            elif plain in (int, float):
                yield Number(f"{prefix}{name}", *reach(plain, meta))


def alternatives(hint: Any) -> Iterator[tuple[Any, msgspec.Meta]]:
    origin = typing.get_origin(hint)
    if origin is typing.Annotated:
        plain, *metas = typing.get_args(hint)
        for kind, _ in alternatives(plain):
            yield kind, next((m for m in metas if isinstance(m, msgspec.Meta)), msgspec.Meta())
    elif origin in (typing.Union, types.UnionType):
        for one in typing.get_args(hint):
            yield from alternatives(one)
    else:
        yield hint, msgspec.Meta()


def reach(kind: type, meta: msgspec.Meta) -> tuple[float, float]:
    step = 1 if kind is int else 1e-9
    least = meta.ge if meta.ge is not None else -HUGE if meta.gt is None else meta.gt + step
    most = meta.le if meta.le is not None else HUGE if meta.lt is None else meta.lt - step
    return kind(least), kind(most)


NUMBERS = {number.key: number for number in numbers(Settings) if not number.key.startswith("file")}


def is_accepted(tmp_path, key: str, value: float) -> bool:
    section, _, name = key.rpartition(".")
    file = tmp_path / "settings.toml"
    file.write_text(f"[{section}]\n{name} = {value!r}\n", encoding="utf-8")
    settings = load(file)  # the type accepts it, or this test asks for the wrong value
    try:
        production.check(settings)
    except SettingsError:
        return False
    return True


def test_the_numbers_were_found():
    assert len(NUMBERS) > 90
    assert NUMBERS["visit.lips.before_s"] == Number("visit.lips.before_s", -HUGE, HUGE)
    assert NUMBERS["staff.pin_tries"] == Number("staff.pin_tries", 1, 10)
    assert "face_engine.limits.review" in NUMBERS


@pytest.mark.parametrize("key", sorted(NUMBERS.keys() - EXEMPT.keys() - MORE_IS_STRICTER))
def test_a_number_has_a_most(tmp_path, key):
    assert not is_accepted(tmp_path, key, NUMBERS[key].most)


@pytest.mark.parametrize("key", sorted(NUMBERS.keys() - EXEMPT.keys() - LESS_IS_STRICTER))
def test_a_number_has_a_least(tmp_path, key):
    assert not is_accepted(tmp_path, key, NUMBERS[key].least)


def test_the_tables_speak_of_numbers_that_are_there_and_do_not_overlap():
    tables = (MORE_IS_STRICTER, LESS_IS_STRICTER, EXEMPT.keys())
    assert sum(map(len, tables)) == len(frozenset().union(*tables))
    assert frozenset().union(*tables) <= NUMBERS.keys()


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("visit.lips.before_s", 5.0),
        ("visit.lips.after_s", 5.0),
        ("visit.stream.min_noise", 0.0),
        ("visit.stream.max_still_s", 60.0),
        ("visit.pace.unhurried_factor", 20.0),
        ("visit.digits.guess", 2e-3),
        ("face_engine.limits.review", 0.0001),
        ("face_engine.limits.accept", 0.05),
        ("face.max_yaw", 90.0),
        ("gates.waiting", 99999),
        ("gates.silent_h", 99999.0),
        ("gates.software_days", 99999),
    ],
)
def test_values_that_switch_a_check_off_are_for_simulation_only(tmp_path, key, value):
    assert not is_accepted(tmp_path, key, value)
