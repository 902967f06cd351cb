"""Makes recordings as a phone's browser makes them, of simulated people: for tests, measuring and the demo.

A simulated head reads digits aloud before a phone whose screen goes through the colours of the light; the
pictures and the sound are encoded by FFmpeg with the codecs that browsers use. It is simulation: it shows
that the parts fit, not how well real phones do.
"""

import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from fractions import Fraction
from typing import Any, Literal, NamedTuple

import av
import numpy as np
from msgspec import Struct

from central.protocol.verification import ClipEvidence, ShownColour, ShownDigit
from kiosk.model import SAMPLE_RATE
from kiosk.ports import Image, Samples
from kiosk.simulators.head import SimulatedHead
from kiosk.simulators.light import LightingConditions, LitCamera, ScreenColours
from kiosk.simulators.voice import Voice
from kiosk.visit.rules.light import colours
from verification.screen_colours import COLOURS

Format = Literal["webm-vp8", "webm-h264", "mp4-h264"]
Picture = Callable[[float, float], Image]
"""Returns the camera's picture at a time, with the mouth so far open (0…1)."""

PHONE = LightingConditions(shop_lx=300.0, nits=500.0, screen_m2=0.0085, distance_m=0.3)
"""A phone's screen, 85 cm², at 30 cm, in a room."""
LEAD_S = 1.2
TAIL_S = 1.2
_REACTION_S = 0.42  # seen in the simulated reader: 370-475 ms
_STARTED_MS = 5000.0
_OFFSET_S = 0.031  # of the first frame after the call of start()
_HANDED_BEFORE_MS = 90.0
_CHUNK_MS = 1400.0
_AUDIO_RATE = 48000
_HOLD_S = 0.6
_QUIET = 0.01  # root mean square; less is the room's noise
_MS = Fraction(1, 1000)
_MUXER = {"movflags": "frag_keyframe+empty_moov+default_base_moof"}
_CODECS: dict[str, tuple[str, str, dict[str, str]]] = {
    "webm-vp8": ("matroska", "libvpx", {"deadline": "realtime", "cpu-used": "8"}),
    "webm-h264": ("matroska", "libx264", {"preset": "ultrafast", "tune": "zerolatency"}),
    "mp4-h264": ("mp4", "libx264", {"preset": "ultrafast", "tune": "zerolatency"}),
}


class ClipPlan(Struct, frozen=True, kw_only=True):
    """`said`: what is read in place of the digits; None at a place: silence there."""

    digits: tuple[int, ...]
    said: tuple[int | None, ...] | None = None
    challenge: str = "challenge"  # gives the colours
    format: Format = "webm-h264"
    bit_rate: int = 1_200_000
    fps: float = 15.0
    gap_s: float = 1.2
    seed: int = 0

    @property
    def shown_s(self) -> list[float]:
        """Return when each digit is displayed, on the clip's clock."""
        return [LEAD_S + i * self.gap_s for i in range(len(self.digits))]

    @property
    def length_s(self) -> float:
        """Return the length of the clip."""
        return self.shown_s[-1] + self.gap_s + TAIL_S


class RecordedClip(NamedTuple):
    """A clip and what the page and central noted while it was made."""

    clip: bytes
    evidence: ClipEvidence


def lit_head(head: SimulatedHead, plan: ClipPlan, lighting: LightingConditions = PHONE) -> Picture:
    """Return a camera before a person in whose face the light of the screen is seen."""
    camera, screen = LitCamera(lighting, seed=plan.seed), ScreenColours(*_colour_times(plan))

    def picture(at: float, mouth: float) -> Image:
        lit = camera.capture(head.render(at, mouth=mouth), head.reflectance(at), screen.at(at), at)
        return np.asarray(lit, np.uint8)

    return picture


def reading(plan: ClipPlan, voice: Voice, noise_dbfs: float = -60.0) -> Samples:
    """Return the sound of the reading, (n,) at 16 kHz."""
    random = np.random.default_rng(plan.seed)
    sound = random.standard_normal(round(plan.length_s * SAMPLE_RATE), np.float32)
    sound *= np.float32(10 ** (noise_dbfs / 20))
    for shown, digit in zip(plan.shown_s, plan.said or plan.digits, strict=True):
        if digit is None:
            continue
        begin = round((shown + _REACTION_S) * SAMPLE_RATE)
        utterance = voice.say(digit)[: len(sound) - begin]
        sound[begin : begin + len(utterance)] += utterance
    return np.clip(sound, -1.0, 1.0)


def record(plan: ClipPlan, picture: Picture, sound: Samples, mouth: Samples | None = None) -> RecordedClip:
    """Return the recording. `mouth`: the sound that the lips follow; None: the one that is heard."""
    times = frame_times(plan)
    lips = sound if mouth is None else mouth
    pictures = (picture(at, _opening(lips, at)) for at in times)
    return RecordedClip(encode(plan, times, pictures, sound), evidence(plan, times))


def frame_times(plan: ClipPlan) -> list[float]:
    """Return the capture times, the first at 0, with the jitter of a camera."""
    count = int(plan.length_s * plan.fps)
    jitter = np.random.default_rng(plan.seed + 1).uniform(-0.006, 0.006, count)
    times = np.arange(count) / plan.fps + jitter
    return [float(at) for at in np.round(times - times[0], 3)]


def evidence(plan: ClipPlan, times: Sequence[float]) -> ClipEvidence:
    """Return what page and central note of a recording with these capture times."""

    def page_ms(at: float) -> float:
        return _STARTED_MS + 1000 * (at + _OFFSET_S)

    before = [-0.2, -0.13, -0.07]  # the camera ran before the recorder
    shown = [page_ms(at) for at in plan.shown_s]
    colour_times, letters = _colour_times(plan)
    return ClipEvidence(
        container="mp4" if plan.format == "mp4-h264" else "webm",
        digits=tuple(
            ShownDigit(
                digit=digit,
                shown_ms=at,
                handed_out_ms=at - _STARTED_MS - _HANDED_BEFORE_MS,
                answered_ms=at - _STARTED_MS + 1000 * plan.gap_s + _CHUNK_MS,
            )
            for digit, at in zip(plan.digits, shown, strict=True)
        ),
        colours=tuple(
            ShownColour(at_ms=page_ms(at), rgb=COLOURS[letter])
            for at, letter in zip(colour_times, letters, strict=True)
        ),
        frame_times_ms=tuple(page_ms(at) for at in [*before, *times]),
        started_ms=_STARTED_MS,
    )


def encode(
    plan: ClipPlan,
    times: Sequence[float],
    pictures: Iterable[Image],
    sound: Samples | None,
) -> bytes:
    """Return the file. `sound`: None for a file without any."""
    container, codec, options = _CODECS[plan.format]
    file = io.BytesIO()
    with av.open(file, "w", format=container, options=_MUXER if container == "mp4" else {}) as output:
        video: Any = output.add_stream(codec, rate=30, options=options)
        audio: Any = None if sound is None else output.add_stream("libopus", rate=_AUDIO_RATE, layout="mono")
        video.pix_fmt, video.bit_rate, video.codec_context.time_base = "yuv420p", plan.bit_rate, _MS
        packets: list[Any] = []
        for at, picture in zip(times, pictures, strict=False):
            if at == times[0]:
                video.width, video.height = picture.shape[1], picture.shape[0]
            frame = av.VideoFrame.from_ndarray(picture, format="bgr24")
            frame.pts, frame.time_base = round(1000 * at), _MS
            packets += video.encode(frame)
        packets += video.encode(None)
        if sound is not None:
            packets += _sound_packets(audio, sound)
        for packet in sorted(packets, key=lambda one: float(one.dts * one.time_base)):
            output.mux(packet)
    return file.getvalue()


def _sound_packets(stream: Any, sound: Samples) -> Iterator[Any]:
    resampler = av.AudioResampler(format="flt", layout="mono", rate=_AUDIO_RATE)
    frame = av.AudioFrame.from_ndarray(sound[None], format="flt", layout="mono")
    frame.sample_rate, frame.pts, frame.time_base = SAMPLE_RATE, 0, Fraction(1, SAMPLE_RATE)
    for part in [*resampler.resample(frame), *resampler.resample(None)]:
        yield from stream.encode(part)
    yield from stream.encode(None)


def _colour_times(plan: ClipPlan) -> tuple[tuple[float, ...], str]:
    count = int((plan.length_s - LEAD_S) / _HOLD_S)
    return tuple(LEAD_S - 0.2 + _HOLD_S * i for i in range(count)), colours(plan.challenge, count)


def _opening(sound: Samples, at: float) -> float:
    """Return how far a mouth is open that says this; lips lead the sound a little."""
    middle = round(at * SAMPLE_RATE)
    around = sound[max(0, middle - 640) : middle + 1280]
    rms = float(np.sqrt(np.mean(around**2))) if len(around) else 0.0
    return min(1.0, 8.0 * rms) if rms > _QUIET else 0.0
