"""Prompts and the announcer: `PromptEnded` comes once for each, whatever happens."""

import threading
import time

import numpy as np
import pytest
import soundfile

from kiosk.codes import Code
from kiosk.errors import DeviceLost, DeviceMissing
from kiosk.events import READ_ALOUD
from kiosk.model import SAMPLE_RATE
from kiosk.read_aloud import LOUD_ENOUGH, STEPS
from kiosk.settings import load
from kiosk.simulators.voice import Voice
from kiosk.speech.digits import MANDARIN, OTHER, class_of
from kiosk.speech.prompts import STEP_DB, Announcer, Prompts, load_sound
from kiosk.speech.time_stretch import time_stretch
from kiosk.worker import Worker
from tests.support.sounds import voice

LIMITS = load().speech


class Loudspeaker:
    """Takes as long as the sound and can be stopped, like a real one; or is broken."""

    def __init__(self, fails_open=None, fails_play=None):
        self.played = []
        self.opened = 0
        self._fails_open = fails_open
        self._fails_play = fails_play
        self._silence = threading.Event()

    def open(self):
        self.opened += 1
        if self._fails_open:
            raise self._fails_open

    def play(self, samples):
        if self._fails_play:
            raise self._fails_play
        self.played.append(samples)
        self._silence.wait(len(samples) / SAMPLE_RATE)
        self._silence.clear()

    def stop(self):
        self._silence.set()

    def close(self):
        pass


class Stage:
    """An announcer on its thread; collects what it gives."""

    def __init__(self, folder, speaker, prompts=None):
        self.ended = []
        self.more = threading.Condition()
        self.announcer = Announcer(
            speaker,
            post=self._post,
            settings=LIMITS,
            clock=time.monotonic,
            prompts=prompts or Prompts(folder),
        )
        self.worker = Worker("announcer", self.announcer.run).start()

    def _post(self, event):
        with self.more:
            self.ended.append(event)
            self.more.notify_all()

    def wait(self, count):
        with self.more:
            assert self.more.wait_for(lambda: len(self.ended) >= count, 60.0)
        return [event.prompt for event in self.ended]


@pytest.fixture
def folder(tmp_path):
    for language, key, seconds in (
        ("zh-Hans", "welcome", 0.2),
        ("zh-Hans", "long", 20.0),
        ("en", "welcome", 0.3),
    ):
        path = tmp_path / language / f"{key}.ogg"
        path.parent.mkdir(exist_ok=True)
        soundfile.write(path, np.tile(voice(3, 0.1), round(seconds * 10)), SAMPLE_RATE)
    (tmp_path / "zh-Hans" / "broken.ogg").write_bytes(b"OggS no more")
    return tmp_path


@pytest.fixture
def stage(folder):
    stages = []

    def make(speaker):
        stages.append(Stage(folder, speaker))
        return stages[-1]

    yield make
    for one in stages:
        one.announcer.stop()
        assert one.worker.stop()


def test_prompts_are_found_by_language_and_key(folder):
    prompts = Prompts(folder)
    assert len(prompts.get("welcome", "zh-Hans")) == pytest.approx(3200, abs=2)
    assert len(prompts.get("welcome", "en")) == pytest.approx(4800, abs=2)


def test_the_other_script_speaks_the_same_language(folder):
    assert len(Prompts(folder).get("welcome", "zh-Hant")) == pytest.approx(3200, abs=2)


@pytest.mark.parametrize(("key", "language"), [("none", "en"), ("welcome", "fr"), ("broken", "zh-Hans")])
def test_a_missing_or_broken_prompt_is_silence(folder, key, language):
    assert Prompts(folder).get(key, language) is None


def test_sound_of_any_rate_comes_at_sixteen_kilohertz(tmp_path):
    soundfile.write(tmp_path / "a.wav", np.zeros((24_000, 2), np.float32), 24_000)
    sound = load_sound(tmp_path / "a.wav")
    assert (len(sound), sound.dtype, sound.ndim) == (16_000, np.float32, 1)


def test_the_end_is_told_after_the_sound(stage):
    speaker = Loudspeaker()
    began = time.monotonic()
    one = stage(speaker)
    one.announcer.say("welcome", "zh-Hans")
    assert one.wait(1) == ["welcome"]
    assert one.ended[0].at - began >= 0.19
    assert np.abs(speaker.played[0]).max() == pytest.approx(
        LIMITS.volume * np.abs(voice(3, 0.1)).max(), rel=0.3
    )


def test_without_a_clip_the_end_is_told_at_once(stage):
    one = stage(Loudspeaker())
    one.announcer.say("none", "en")
    assert one.wait(1) == ["none"]


@pytest.mark.parametrize(
    "speaker",
    [
        Loudspeaker(fails_open=DeviceMissing(Code.SPEAKER_MISSING)),
        Loudspeaker(fails_play=DeviceLost(Code.SPEAKER_MISSING)),
        Loudspeaker(fails_play=ZeroDivisionError()),
    ],
    ids=["missing", "lost", "a bug in its driver"],
)
def test_a_broken_loudspeaker_stops_nothing_and_is_tried_again(stage, speaker, caplog):
    one = stage(speaker)
    one.announcer.say("welcome", "zh-Hans")
    one.wait(1)
    one.announcer.say("welcome", "en")
    assert one.wait(2) == ["welcome", "welcome"]
    assert speaker.opened == 2


def test_a_new_prompt_cuts_the_old_one_short(stage):
    speaker = Loudspeaker()
    one = stage(speaker)
    began = time.monotonic()
    one.announcer.say("long", "zh-Hans")
    while not speaker.played:
        time.sleep(0.01)
    one.announcer.say("welcome", "en")
    assert one.wait(2) == ["long", "welcome"]
    assert time.monotonic() - began < 15.0, "the prompt alone takes 20 s"


def test_stop_ends_what_is_said_and_what_waits(stage):
    one = stage(Loudspeaker())
    one.announcer.say("long", "zh-Hans")
    one.announcer.say("long", "zh-Hans")
    one.announcer.stop()
    assert one.wait(2) == ["long", "long"]
    one.announcer.say("welcome", "en")
    assert one.wait(3)[-1] == "welcome"


def test_many_prompts_in_a_hurry_all_end(stage):
    one = stage(Loudspeaker())
    for _ in range(200):
        one.announcer.say("long", "zh-Hans")
    one.announcer.stop()
    assert len(one.wait(200)) == 200


# ── reasons and hints ────────────────────────────────────────────────────────────────────────────


def test_a_reason_without_a_clip_is_said_as_the_plain_prompt(folder):
    assert len(Prompts(folder).get("welcome.noisy", "zh-Hans")) == pytest.approx(3200, abs=2)
    assert Prompts(folder).get("none.noisy", "zh-Hans") is None


@pytest.fixture
def hinting(folder):
    for name in ("hint_too_far", "hint_turned"):
        soundfile.write(folder / "en" / f"{name}.ogg", voice(4, 0.1), SAMPLE_RATE)
    return folder


def test_a_hint_never_talks_over_what_is_said(stage, hinting):
    speaker = Loudspeaker()
    one = stage(speaker)
    one.announcer.say("long", "zh-Hans")
    one.announcer.say("hint_too_far", "en")  # left out, and says so at once
    assert one.wait(1) == ["hint_too_far"]
    one.announcer.stop()
    one.wait(2)
    assert len(speaker.played) <= 1


def test_what_has_to_be_said_cuts_a_hint_short(stage, hinting):
    soundfile.write(hinting / "en" / "hint_long.ogg", np.tile(voice(3, 0.1), 200), SAMPLE_RATE)
    speaker, began = Loudspeaker(), time.monotonic()
    one = stage(speaker)
    one.announcer.say("hint_long", "en")
    while not speaker.played:
        time.sleep(0.01)
    one.announcer.say("welcome", "en")
    assert one.wait(2) == ["hint_long", "welcome"]
    assert time.monotonic() - began < 15.0, "the hint alone takes 20 s"


def test_the_same_hint_is_not_repeated_for_some_seconds_another_comes_sooner(hinting):
    """Driven by hand: the clock is a number."""
    now, ended = [100.0], []
    speaker = Loudspeaker()
    announcer = Announcer(
        speaker, post=ended.append, settings=LIMITS, clock=lambda: now[0], prompts=Prompts(hinting)
    )

    def hint(name, after_s):
        now[0] += after_s
        announcer.say(f"hint_{name}", "en")
        while not announcer._waiting.empty():
            announcer._play_queued(announcer._waiting.get())
        return len(speaker.played)

    assert hint("too_far", 0.0) == 1
    assert hint("too_far", 4.0) == 1
    assert hint("turned", 0.5) == 2
    assert hint("too_far", 1.0) == 2
    assert hint("turned", 9.0) == 3
    assert len(ended) == 5


# ── pages that are read aloud ────────────────────────────────────────────────────────────────────


@pytest.fixture
def pages(tmp_path):
    """Clips of a page: `a` and `b` are short, `long` takes 20 s; `yue` is a placeholder with `a` only."""
    for language, clip, seconds in (
        ("zh-Hans", "a", 0.2), ("zh-Hans", "b", 0.4), ("zh-Hans", "long", 20.0), ("yue", "a", 0.6),
        ("zh-Hans", "consent.who", 0.2), ("zh-Hans", LOUD_ENOUGH, 0.3),
    ):  # fmt: skip
        path = tmp_path / "pages" / language / f"{clip}.ogg"
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(path, np.tile(voice(3, 0.1), round(seconds * 10)), SAMPLE_RATE)
    return tmp_path / "pages"


@pytest.fixture
def reader(folder, pages):
    """Returns a loudspeaker and the announcer's stage, whose page clips are those above."""
    stages = []

    def make():
        speaker = Loudspeaker()
        stages.append(Stage(folder, speaker, Prompts(folder, pages=pages)))
        return speaker, stages[-1]

    yield make
    for one in stages:
        one.announcer.stop()
        assert one.worker.stop()


def lengths(speaker):
    return [round(len(samples) / SAMPLE_RATE, 1) for samples in speaker.played]


def test_a_page_is_read_sentence_by_sentence_and_its_end_is_told_once(reader):
    speaker, one = reader()
    one.announcer.read(("a", "none", "b"), "zh-Hant")
    assert one.wait(1) == [READ_ALOUD]
    assert lengths(speaker) == [0.2, 0.4]


def wait_until_playing(speaker, count=1):
    while len(speaker.played) < count:
        time.sleep(0.01)


def test_a_prompt_ends_what_is_read(reader):
    speaker, one = reader()
    one.announcer.read(("long", "long"), "zh-Hans")
    wait_until_playing(speaker)
    one.announcer.say("welcome", "zh-Hans")
    assert one.wait(1) == ["welcome"], "nothing says that the page was read"
    assert lengths(speaker) == [20.0, 0.2]


def test_to_stop_reading_stops_no_prompt(reader):
    speaker, one = reader()
    one.announcer.read(("long", "b"), "zh-Hans")
    wait_until_playing(speaker)
    one.announcer.say("welcome", "zh-Hans")
    one.announcer.stop_reading()
    assert one.wait(1) == ["welcome"]
    one.announcer.read(("long",), "zh-Hans")
    wait_until_playing(speaker, 3)
    one.announcer.stop_reading()
    one.announcer.say("welcome", "zh-Hans")
    assert one.wait(2) == ["welcome", "welcome"]


def test_another_volume_is_heard_at_once_from_the_beginning_of_the_sentence(reader):
    speaker, one = reader()
    one.announcer.read(("a", "long"), "zh-Hans")
    wait_until_playing(speaker, 2)
    one.announcer.choose_sound(1, "", "zh-Hans")
    wait_until_playing(speaker, 3)
    one.announcer.stop()
    assert lengths(speaker) == [0.2, 20.0, 20.0]
    assert np.abs(speaker.played[2]).max() == pytest.approx(
        np.abs(speaker.played[1]).max() * 10 ** (STEP_DB / 20), rel=0.01
    )


def test_a_sentence_shows_how_loud_it_is_and_the_sites_own_volume_comes_back(reader):
    speaker, one = reader()
    one.announcer.choose_sound(-99, "", "zh-Hans")
    assert one.wait(1) == [READ_ALOUD]
    assert lengths(speaker) == [0.3]
    one.announcer.choose_sound(0, "")
    one.announcer.say("welcome", "zh-Hans")
    one.wait(2)
    soft, usual = (np.abs(samples).max() for samples in speaker.played)
    assert soft == pytest.approx(usual * 10 ** (STEPS[0] * STEP_DB / 20), rel=0.05)


def test_the_chime_is_never_cut_short_nor_made_softer(reader):
    speaker, one = reader()
    one.announcer.choose_sound(-3, "")
    one.announcer.ring()
    one.announcer.say("welcome", "zh-Hans")
    assert one.wait(2) == ["chime", "welcome"]
    chime = Prompts().chime()
    assert np.array_equal(speaker.played[0], np.clip(chime * LIMITS.volume, -1, 1))


def test_another_spoken_language_is_taken_where_it_has_a_clip(reader):
    speaker, one = reader()
    one.announcer.choose_sound(0, "yue")
    one.announcer.read(("a", "b"), "zh-Hans")
    one.wait(1)
    assert lengths(speaker) == [0.6, 0.4]


def test_english_is_never_read_in_another_spoken_language(pages):
    assert Prompts(pages=pages).page("a", "en", voice="yue") is None


def test_the_sites_own_clip_says_the_operators_name(pages, tmp_path):
    plain = Prompts(pages=pages).page("consent.who", "zh-Hant")
    soundfile.write(tmp_path / "zh-Hans.ogg", voice(4, 0.5), SAMPLE_RATE)
    named = Prompts(pages=pages, operator=tmp_path).page("consent.who", "zh-Hant")
    assert (len(plain) / SAMPLE_RATE, len(named) / SAMPLE_RATE) == pytest.approx((0.2, 0.7), abs=0.01)
    assert len(Prompts(pages=pages, operator=tmp_path / "none").page("consent.who", "zh-Hant")) == len(plain)


@pytest.mark.parametrize("speed", [0.7, 0.85, 1.3])
def test_speed_changes_the_length_and_not_the_pitch(speed):
    sound = voice(5, 2.0, -20.0)
    slow = time_stretch(sound, speed)
    assert len(slow) / len(sound) == pytest.approx(1 / speed, rel=0.03)
    middle = slow[len(slow) // 4 : -len(slow) // 4]
    peak = np.argmax(np.abs(np.fft.rfft(middle * np.hanning(len(middle))))) * SAMPLE_RATE / len(middle)
    assert peak == pytest.approx(500.0, abs=4.0)
    assert np.sqrt(np.mean(middle**2)) == pytest.approx(np.sqrt(np.mean(sound**2)), rel=0.1)


def test_speed_one_changes_nothing_and_short_sounds_stay():
    sound = voice(5, 0.5)
    assert time_stretch(sound, 1.0) is sound
    assert len(time_stretch(sound[:100], 0.8)) == 100
    assert len(time_stretch(np.zeros(0, np.float32), 0.8)) == 0


def test_the_settings_speed_is_heard(folder):
    plain, slow = (len(Prompts(folder, s).get("welcome", "en")) for s in (1.0, 0.8))
    assert slow > 1.15 * plain


# ── words and voices ─────────────────────────────────────────────────────────────────────────────


def test_every_digit_has_a_word_and_every_word_its_digit():
    assert [class_of(word) for word in "零一二三四五六七八九"] == list(range(10))
    assert set(MANDARIN.values()) == set(range(10))
    assert (class_of("幺"), class_of("两"), class_of("百")) == (1, 2, OTHER)
    assert set(MANDARIN.values()) == set(range(10))


@pytest.fixture
def speaker_folder(tmp_path):
    for digit in range(10):
        for take in (1, 2):
            soundfile.write(tmp_path / f"{digit}-{take}.ogg", voice(digit, 0.2 + 0.1 * take), SAMPLE_RATE)
    soundfile.write(tmp_path / "yao-1.ogg", voice(1, 0.7), SAMPLE_RATE)
    return tmp_path


def test_a_simulated_voice_says_digits_and_both_kinds_of_one(speaker_folder):
    one = Voice(speaker_folder, seed=3)
    assert [one.takes(d) for d in (0, 1, 9)] == [2, 3, 2]
    assert len(one.say(5, 0)) < len(one.say(5, 1))
    assert len(one.say(1, 2)) == pytest.approx(0.7 * SAMPLE_RATE, abs=2)


def test_the_same_seed_speaks_the_same(speaker_folder):
    said = [[len(Voice(speaker_folder, seed=s).say(d)) for d in range(10)] for s in (1, 1)]
    assert said[0] == said[1]


def test_a_voice_without_a_digit_is_refused(speaker_folder):
    files = list(speaker_folder.glob("4-*.ogg"))
    assert files
    for path in files:
        path.unlink()
    with pytest.raises(FileNotFoundError, match="4"):
        Voice(speaker_folder, seed=1)
