"""Measure recognisers on labelled speech: isolated clips, simulated challenges and recorded challenges."""

from collections.abc import Iterator, Mapping, Sequence
from zlib import crc32

import msgspec
import numpy as np
from msgspec import Struct

from evaluation.output import progress
from evaluation.speech import drivers
from evaluation.speech.challenge_audio import LENGTH, ChallengeAudio, TrimmedUtterance, isolated_clip, trim
from evaluation.speech.datasets import DigitClip, SpeechData
from evaluation.speech.drivers import RecordingRecogniser
from evaluation.speech.fusion import DigitAnswers, Fusion, RecogniserPair, leave_one_out
from evaluation.speech.noise import NOISES
from evaluation.speech.offline_listener import longest_reading_s, play_clip, play_recording, simulate_reading
from evaluation.speech.reading_plan import ReadingPlan, plan_reading
from evaluation.speech.results import (
    IsolatedAnswer,
    SpeechDriverResult,
    SpeechResult,
    isolated_answer,
    isolated_rates,
    pool,
    pools,
)
from evaluation.speech.trials import ChallengeTrial, score_trial
from kiosk.model import SAMPLE_RATE
from kiosk.ports import Samples
from kiosk.settings import Settings
from kiosk.visit.rules import likelihood_ratio

FEWEST_DIGITS = 6
"""Speakers with clips of fewer different digits read no challenges: too few codes could be made of them."""

SpeakerClips = dict[str, dict[int, list[TrimmedUtterance]]]
"""Trimmed clips by speaker and digit."""


class Plan(Struct, frozen=True, kw_only=True):
    """What is to be measured. `manner`: how challenges are read; `fusion`: whether vosk helps `embedded`.

    `challenges`: for each speaker, SNR and noise; `wrong_codes`: for each challenge; `hesitations`: recorded
    嗯 and 呃 for the manners that begin with one.
    """

    seed: int
    snrs_db: tuple[float, ...]
    noises: tuple[str, ...]
    challenges: int
    wrong_codes: int
    manner: str = "plain"
    fusion: bool = False
    hesitations: tuple[TrimmedUtterance, ...] = ()


class SimulatedChallenge(Struct, frozen=True, kw_only=True):
    """Challenge number `index` of a speaker in a noise: how it is read, and the noise, (n,) at 16 kHz."""

    speaker: str
    index: int
    snr_db: float
    noise: str
    reading: ReadingPlan
    background: Samples


def measure(
    data: SpeechData,
    recognisers: Mapping[str, RecordingRecogniser],
    missing: Mapping[str, str],
    settings: Settings,
    *,
    plan: Plan,
    name: str = "",
) -> SpeechResult:
    """Measure every recogniser on all data. `missing`: why others are not measured; `name`: of the data."""
    clips = clips_by_speaker(data.clips, settings)
    able = {speaker: digits for speaker, digits in clips.items() if len(digits) >= FEWEST_DIGITS}
    answers = measure_isolated(data.clips, recognisers, settings, plan)
    simulated = measure_simulated(able, recognisers, settings, plan)
    recorded = measure_recorded(data, recognisers, settings, plan)
    return SpeechResult(
        data=name,
        seed=plan.seed,
        settings=settings.file,
        digits_needed=likelihood_ratio.needed(LENGTH, settings.visit.digits.guess),
        llr_needed=likelihood_ratio.least(settings.visit.digits.guess),
        rows=data.rows,
        clips=len(data.clips),
        recordings=len(data.recordings),
        skipped=data.skipped,
        too_few_digits=sorted(set(clips) - set(able)),
        wrong_codes_each=plan.wrong_codes,
        drivers=[
            SpeechDriverResult(
                driver=driver,
                version=recogniser.version,
                cost=drivers.measure_cost(driver, recogniser, settings),
                isolated=isolated_rates(answers[driver]) if answers[driver] else None,
                by_snr=pools(simulated[driver], "snr_db"),
                by_condition=pools(simulated[driver], "snr_db", "noise"),
                by_speaker=pools(simulated[driver], "speaker", "snr_db"),
                recordings=pool(recorded[driver]) if recorded[driver] else None,
                recordings_by_speaker=pools(recorded[driver], "speaker"),
            )
            for driver, recogniser in recognisers.items()
        ],
        missing=dict(missing),
        fusion=measure_fusion(able, recognisers, settings, plan) if plan.fusion else None,
    )


def clips_by_speaker(clips: Sequence[DigitClip], settings: Settings) -> SpeakerClips:
    """Trim all clips and group them by speaker and digit."""
    found: SpeakerClips = {}
    for clip in clips:
        trimmed = trim(clip.samples, settings.speech)
        found.setdefault(clip.speaker, {}).setdefault(clip.digit, []).append(trimmed)
    return dict(sorted(found.items()))


def measure_isolated(
    clips: Sequence[DigitClip],
    recognisers: Mapping[str, RecordingRecogniser],
    settings: Settings,
    plan: Plan,
) -> dict[str, list[IsolatedAnswer]]:
    """Play each clip by itself to each recogniser."""
    answers: dict[str, list[IsolatedAnswer]] = {driver: [] for driver in recognisers}
    for number, clip in enumerate(progress(clips, "isolated", len(clips))):
        audio = isolated_clip(clip.speaker, clip.digit, clip.samples, _random(plan, clip.speaker, number))
        for driver, recogniser in recognisers.items():
            heard = play_clip(audio, recogniser, settings.speech, settings.visit)
            answers[driver].append(isolated_answer(clip.speaker, clip.digit, heard))
    return answers


def measure_simulated(
    clips: SpeakerClips, recognisers: Mapping[str, RecordingRecogniser], settings: Settings, plan: Plan
) -> dict[str, list[ChallengeTrial]]:
    """Play challenges composed of each speaker's clips; codes and readings are the same in every noise."""
    trials: dict[str, list[ChallengeTrial]] = {driver: [] for driver in recognisers}
    for one in simulate_challenges(clips, settings, plan, "challenges"):
        for driver, recogniser in recognisers.items():
            audio, heard = simulate_reading(
                one.reading, one.background, recogniser, settings.speech, settings.visit
            )
            codes = _random(plan, f"codes of {one.speaker} at {one.snr_db} dB {one.noise}", one.index)
            trial = score_trial(audio, heard, settings.visit, plan.wrong_codes, codes)
            trials[driver].append(msgspec.structs.replace(trial, snr_db=one.snr_db, noise=one.noise))
    return trials


def simulate_challenges(
    clips: SpeakerClips, settings: Settings, plan: Plan, what: str
) -> Iterator[SimulatedChallenge]:
    """Yield every challenge of the plan, in the order of SNR, noise, speaker and number."""
    conditions = [
        (snr_db, noise, speaker, index)
        for snr_db in plan.snrs_db
        for noise in plan.noises
        for speaker in clips
        for index in range(plan.challenges)
    ]
    for snr_db, noise, speaker, index in progress(conditions, what, len(conditions)):
        random = _random(plan, speaker, index)
        reading = plan_reading(speaker, clips[speaker], plan.manner, random, plan.hesitations)
        length = round(longest_reading_s(reading, settings.visit) * SAMPLE_RATE)
        level = np.float32(reading.level * 10 ** (-snr_db / 20))
        yield SimulatedChallenge(
            speaker=speaker,
            index=index,
            snr_db=snr_db,
            noise=noise,
            reading=reading,
            background=NOISES[noise](length, random) * level,
        )


def measure_fusion(
    clips: SpeakerClips, recognisers: Mapping[str, RecordingRecogniser], settings: Settings, plan: Plan
) -> Fusion | None:
    """Measure what a second recogniser is worth; None if one of the two is not there."""
    if not {"embedded", "vosk"} <= set(recognisers):
        return None
    pair, answers = RecogniserPair(recognisers["embedded"], recognisers["vosk"]), list[DigitAnswers]()
    for one in simulate_challenges(clips, settings, plan, "fusion"):
        _, heard = simulate_reading(one.reading, one.background, pair, settings.speech, settings.visit)
        answers += [
            DigitAnswers(
                speaker=one.speaker, digit=digit, leading=h.scores, second=pair.second_scores[h.scores]
            )
            for digit, h in zip(one.reading.digits, heard, strict=True)
            if h.scores in pair.second_scores
        ]
    return leave_one_out(answers, "embedded", "vosk")


def measure_recorded(
    data: SpeechData, recognisers: Mapping[str, RecordingRecogniser], settings: Settings, plan: Plan
) -> dict[str, list[ChallengeTrial]]:
    """Play each recorded challenge, as it is, to each recogniser."""
    trials: dict[str, list[ChallengeTrial]] = {driver: [] for driver in recognisers}
    for index, one in enumerate(progress(data.recordings, "recordings", len(data.recordings))):
        audio = ChallengeAudio(speaker=one.speaker, digits=one.digits, shown=one.shown, samples=one.samples)
        for driver, recogniser in recognisers.items():
            heard = play_recording(audio, recogniser, settings.speech, settings.visit)
            codes = _random(plan, f"codes of {audio.speaker}", index)
            trials[driver].append(score_trial(audio, heard, settings.visit, plan.wrong_codes, codes))
    return trials


def _random(plan: Plan, what: str, index: int) -> np.random.Generator:
    """Return an independent generator for each thing: one more speaker changes nothing for the others."""
    return np.random.default_rng([plan.seed, crc32(what.encode()), index])
