"""Targets `audio` and `image`: sound files and a microphone's blocks, pictures and the card's portrait."""

import io
import random
from pathlib import Path

import cv2
import numpy as np
import soundfile

from evaluation import pictures
from evaluation.speech.sound_files import UnusableSound, load
from kiosk.capture.stream_integrity import StreamMonitor
from kiosk.card.portrait import BMP, RAW, picture_of
from kiosk.errors import CardError
from kiosk.events import DigitHeard, WindowOpened
from kiosk.face import card_picture
from kiosk.model import SAMPLE_RATE, AudioBlock, Frame
from kiosk.settings import load as settings
from kiosk.simulators.portrait import SimulatedDecoder
from kiosk.speech.listener import Listener
from kiosk.speech.prompts import Prompts
from tests.fuzz.mangle import cut, double, drop, flip, mangled, noise, nothing, odd
from tests.support.sounds import PitchRecogniser, voice

BYTES = (flip, flip, cut, drop, double, odd, noise, nothing)
SETTINGS = settings()
FORMATS = (("WAV", "PCM_16"), ("WAV", "FLOAT"), ("FLAC", "PCM_16"), ("OGG", "VORBIS"), ("AU", "PCM_16"))
ENDINGS = (".png", ".jpg", ".bmp", ".webp", ".tiff")
HOSTILE = (float("nan"), float("inf"), -float("inf"), 1e30, -1.0, 1.0, 0.0, 1e-40)


def audio(folder: Path, seed: int) -> str:
    rng = random.Random(seed)
    return _file(folder, rng) if seed % 3 else f"microphone: {_microphone(rng)}"


def _file(folder: Path, rng: random.Random) -> str:
    kind, subtype = rng.choice(FORMATS)
    made = io.BytesIO()
    sound = np.random.default_rng(rng.randrange(1 << 30)).uniform(-0.5, 0.5, rng.choice((0, 1, 400, 4000)))
    soundfile.write(made, sound, rng.choice((8000, 16000, 48000)), subtype=subtype, format=kind)
    (folder / "zh-Hans").mkdir(exist_ok=True)
    path = folder / "zh-Hans" / "welcome.ogg"
    path.write_bytes(mangled(rng, made.getvalue(), BYTES))
    clip = Prompts(folder).get("welcome", "zh-Hans")
    assert clip is None or clip.ndim == 1
    try:
        samples = load(path, 2.0)
    except UnusableSound as error:
        return f"file: {error.reason.value}"
    assert np.isfinite(samples).all()
    assert np.abs(samples).max() <= 1.0
    return "file: sound"


def _microphone(rng: random.Random) -> str:
    """Deliver blocks that no driver should deliver: each window is reported, with finite numbers."""
    told: list[DigitHeard] = []
    clock = [0.0]
    ear = Listener(PitchRecogniser(), SETTINGS.speech, post=told.append, clock=lambda: clock[0])
    ear.listen(2)
    ear.open_window(WindowOpened(0, 0.1, 1.0))
    ear.open_window(WindowOpened(1, 1.0, 2.0))
    for number in range(60):
        ear.feed(_block(rng, number, clock))
        while ear.step(0.0):
            pass
    clock[0] += 30.0
    ear._check_for_silence()
    ear._check_for_silence()
    windows = [heard.window for heard in told]
    assert set(windows) == {0, 1}, windows  # a later voice of the same window may report it again
    for heard in told:
        assert all(np.isfinite(score) for score in heard.scores)
    ear.forget()
    ear.step(0.0)
    return f"{len(set(windows))} windows told"


def _block(rng: random.Random, number: int, clock: list[float]) -> AudioBlock:
    size = rng.choice((800, 800, 800, 800, 0, 1, 7, 16000))
    samples = np.zeros(size, np.float32)
    if rng.random() < 0.3 and size:
        said = voice(rng.randrange(10), 0.3)[:size]
        samples[: len(said)] = said
    if rng.random() < 0.2 and size:
        samples[rng.randrange(size) :: rng.randrange(1, 9)] = rng.choice(HOSTILE)
    at = clock[0] + rng.choice((0.0, 0.0, 0.0, 0.0, -1.0, 5.0, 0.003))
    clock[0] += size / SAMPLE_RATE
    seq = number + rng.choice((0, 0, 0, 0, 1, -1, 1000))
    return AudioBlock(samples=samples, seq=seq, at=at, lost=rng.random() < 0.1)


def image(folder: Path, seed: int) -> str:
    rng = random.Random(seed)
    kind = seed % 4
    if kind == 0:
        return f"decoder: {_decoder(rng)}"
    if kind == 1:
        return f"frame: {_frames(rng)}"
    return f"file: {_photo(folder, rng)}"


def _scene(rng: random.Random) -> np.ndarray:
    random_ = np.random.default_rng(rng.randrange(1 << 30))
    height, width = rng.choice(((1, 1), (1, 300), (300, 1), (2, 2), (48, 64), (240, 320), (480, 640)))
    base = rng.choice((0, 255, 128))
    picture = np.full((height, width, 3), base, np.uint8)
    if rng.random() < 0.6:
        picture = random_.integers(0, 256, (height, width, 3), np.uint8)
    for _ in range(rng.randrange(4)):  # rectangles like cards
        left, top = rng.randrange(width), rng.randrange(height)
        cv2.rectangle(
            picture,
            (left, top),
            (left + 200, top + 126),
            (rng.randrange(256),) * 3,
            rng.choice((-1, 3)),
        )
    return picture


def _photo(folder: Path, rng: random.Random) -> str:
    small = _scene(rng)[:64, :64]
    made, coded = cv2.imencode(rng.choice(ENDINGS), small)
    assert made
    path = folder / "photo.jpg"
    path.write_bytes(mangled(rng, coded.tobytes(), BYTES))
    found = pictures.read_photo(path)
    if found is None:
        return "unreadable"
    assert found.ndim == 3
    assert found.shape[2] == 3
    return "a picture"


def _decoder(rng: random.Random) -> str:
    """Decode what a manufacturer's library returns, and what the simulated chip holds."""
    size = rng.choice((RAW, BMP, RAW - 1, BMP + 1, 0, rng.randrange(BMP * 2)))
    data = (b"BM" if rng.random() < 0.5 else b"") + rng.randbytes(size)
    word = "vendor refused"
    try:
        assert picture_of(data[:size], rng.random() < 0.5).shape == (126, 102, 3)
        word = "vendor picture"
    except CardError:
        pass
    _, coded = cv2.imencode(".jpg", _scene(rng)[:100, :100])
    portrait = mangled(rng, coded.tobytes()[:1024], BYTES)[:1024].ljust(rng.choice((0, 1024)), b"\0")
    try:
        SimulatedDecoder(SimulatedDecoder.Settings(), None).decode(portrait)
    except CardError as error:
        return f"{word}, {error.code.value}"
    return f"{word}, decoded"


def _frames(rng: random.Random) -> str:
    """Watch frames of one size whose times jump, and an arbitrary card before the camera."""
    watch, at, seen = StreamMonitor(), 0.0, None
    picture = _scene(rng)
    for seq in range(6):
        at += rng.choice((0.033, 0.0, -1.0, 100.0, 1e-9))
        stamp = rng.choice((None, at, 0.0, -5.0))
        if rng.random() < 0.5:
            picture = np.roll(picture, 1, axis=1)
        seen = watch.look(Frame(image=picture, seq=seq, at=at, stamp=stamp))
    assert seen is not None
    corners = card_picture.find_card(picture)
    if corners is None:
        return "no card"
    card = card_picture.straighten(picture, corners)
    card_picture.print_sharpness(card)
    card_picture.has_number(card)
    card_picture.shows_number(card, "0" * 18)
    card_picture.has_print(card)
    return "card-like"
