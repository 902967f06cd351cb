"""`kiosk evaluate speech`: how well do the recognisers, in the terminal's own ear, hear labelled digits?

Three measurements, each for every installed recogniser on the very same sound: clips alone; challenges built
from one speaker's clips, paced and noisy; and whole recordings of challenges. What is built is simulated, and
the numbers are those of a simulation. See docs/evaluate.md.
"""

import argparse
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from zlib import crc32

import msgspec
import numpy as np
from msgspec import Struct

from evaluation import options
from evaluation.output import progress, pyplot, write_json
from evaluation.speech import drivers as drivers
from evaluation.speech import negatives as negatives
from evaluation.speech import scene as scenes
from evaluation.speech.datasets import Clip, Data, read
from evaluation.speech.sound_files import Unusable, load
from evaluation.speech.fusion import Both, Fusion, Heard, left_out
from evaluation.speech.trials import Trial, judge
from evaluation.speech.noise import NOISES
from evaluation.speech.offline_listener import converse, longest_s, play, play_alone
from evaluation.speech.plots import plot
from evaluation.speech.reading_plan import MANNERS, Reader, reader
from evaluation.speech.report import report
from evaluation.speech.results import Answer, DriverResult, Result, answer, isolated, pool, pools
from kiosk.codes import Code
from kiosk.errors import SettingsError
from kiosk.model import SAMPLE_RATE
from kiosk.ports import Samples
from kiosk.settings import Settings
from kiosk.visit.rules import likelihood_ratio

FEWEST_DIGITS = 6
"""A speaker with clips of fewer different digits cannot read challenges that are worth the name."""

LONGEST_HUM_S = 3.0

_Clips = dict[str, dict[int, list[scenes.Spoken]]]


class Plan(Struct, frozen=True):
    """What is asked for."""

    seed: int
    snrs_db: tuple[float, ...]
    noises: tuple[str, ...]
    challenges: int  # for each speaker, SNR and noise
    wrong_codes: int  # for each challenge
    manner: str = "plain"  # how the challenges are read
    fusion: bool = False  # does vosk help the embedded recogniser?
    hesitations: tuple[scenes.Spoken, ...] = ()  # recorded 嗯 and 呃, for the manners with one


class Paced(Struct, frozen=True):
    """One challenge to be built: number `index` of a speaker, in this noise."""

    speaker: str
    index: int
    snr_db: float
    noise: str


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `kiosk evaluate speech`."""
    text = "folder with labels.tsv or challenge.tsv, or a folder of such folders"
    options.add_shared(parser, text, required=False)
    add = parser.add_argument
    add(
        "--negatives",
        type=Path,
        metavar="DIR",
        help="instead of --data: sounds that answer nothing",
    )
    add("--snr", nargs="+", type=_decibels, default=[25.0, 10.0], metavar="DB", help="default: 25 10")
    add("--noise", type=_noises, default=tuple(NOISES), metavar="KINDS", help=f"of {','.join(NOISES)}")
    add(
        "--challenges",
        type=_count,
        default=20,
        help="per speaker, SNR and noise, or per file (default: 20)",
    )
    add("--manner", choices=MANNERS, default="plain", help="how people read (default: plain)")
    add("--hesitations", type=Path, metavar="DIR", help="recorded 嗯 and 呃 for --manner hums | drawls")
    add("--fusion", action="store_true", help="choose and try the weight of vosk beside embedded")
    add("--codes", type=_count, default=300, help="wrong codes tried on each challenge (default: 300)")


def run(asked: argparse.Namespace) -> int:
    """0: measured; 1: nothing could be measured, or a named driver not. Raises SettingsError."""
    if (asked.data is None) == (asked.negatives is None):
        raise SettingsError(Code.SETTINGS_BAD_VALUE, "either --data DIR or --negatives DIR")
    return _run_data(asked) if asked.data is not None else _run_negatives(asked)


def _run_negatives(asked: argparse.Namespace) -> int:
    settings = options.read_settings(asked)
    found, missing = drivers.make_all(asked.driver or drivers.installed(), settings)
    count, codes = asked.challenges, asked.codes
    result = negatives.measure(asked.negatives, found, settings, count, codes, abs(asked.seed))
    print(negatives.report(result))
    for name, why in sorted(missing.items()):
        print(f"  not measured, {name}: {why}")
    if asked.json is not None:
        write_json(asked.json, result)
    return 0 if result.kinds and not (asked.driver and missing) else 1


def _run_data(asked: argparse.Namespace) -> int:
    settings = options.read_settings(asked)
    noises, codes = tuple(asked.noise), asked.codes
    snrs_db, fusion = tuple(asked.snr), asked.fusion
    hums = _hesitations(asked.hesitations, settings) if asked.hesitations else ()
    plan = Plan(abs(asked.seed), snrs_db, noises, asked.challenges, codes, asked.manner, fusion, hums)
    if asked.plots is not None:
        pyplot()  # told before the work, not after it
    data = read(asked.data, settings.speech)
    found, missing = drivers.make_all(asked.driver or drivers.installed(), settings)
    result = measure(data, found, missing, settings, plan, str(asked.data))
    print(report(result))
    _write(result, asked)
    named_but_missing = bool(asked.driver) and bool(missing)
    return 0 if result.drivers and (data.clips or data.recordings) and not named_but_missing else 1


def measure(
    data: Data,
    found: Mapping[str, drivers.Noted],
    missing: Mapping[str, str],
    settings: Settings,
    plan: Plan,
    name: str = "",
) -> Result:
    """Everything, on every recogniser of `found`."""
    clips = _by_speaker(data.clips, settings)
    able = {speaker: digits for speaker, digits in clips.items() if len(digits) >= FEWEST_DIGITS}
    answers = _alone(data.clips, found, settings, plan)
    trials = _paced(able, found, settings, plan)
    recordings = _recorded(data, found, settings, plan)
    return Result(
        data=name,
        seed=plan.seed,
        settings=settings.file,
        digits_needed=likelihood_ratio.needed(scenes.LENGTH, settings.visit.digits.guess),
        llr_needed=likelihood_ratio.least(settings.visit.digits.guess),
        rows=data.rows,
        clips=len(data.clips),
        recordings=len(data.recordings),
        skipped=data.skipped,
        too_few_digits=sorted(set(clips) - set(able)),
        wrong_codes_each=plan.wrong_codes,
        drivers=[_of(d, found[d], answers[d], trials[d], recordings[d], settings) for d in found],
        missing=dict(missing),
        fusion=_fusion(able, found, settings, plan) if plan.fusion else None,
    )


def _alone(
    clips: Sequence[Clip], found: Mapping[str, drivers.Noted], settings: Settings, plan: Plan
) -> dict[str, list[Answer]]:
    """Every clip by itself."""
    answers: dict[str, list[Answer]] = {name: [] for name in found}
    for number, clip in enumerate(progress(clips, "isolated", len(clips))):
        scene = scenes.alone(clip.speaker, clip.digit, clip.samples, _random(plan, clip.speaker, number))
        for name, recogniser in found.items():
            heard = play_alone(scene, recogniser, settings.speech, settings.visit)
            answers[name].append(answer(clip.speaker, clip.digit, heard))
    return answers


def _paced(
    clips: _Clips, found: Mapping[str, drivers.Noted], settings: Settings, plan: Plan
) -> dict[str, list[Trial]]:
    """Challenges read by speakers made of their clips; the same codes and turns in every noise."""
    trials: dict[str, list[Trial]] = {name: [] for name in found}
    for one, person, ground in _readings(clips, settings, plan, "challenges"):
        for name, recogniser in found.items():
            scene, heard = converse(person, ground, recogniser, settings.speech, settings.visit)
            codes = _random(plan, f"codes of {one.speaker} at {one.snr_db} dB {one.noise}", one.index)
            trial = judge(scene, heard, settings.visit, plan.wrong_codes, codes)
            trials[name].append(_marked(trial, one))
    return trials


def _readings(
    clips: _Clips, settings: Settings, plan: Plan, what: str
) -> Iterator[tuple[Paced, Reader, Samples]]:
    """Everybody who reads, and the noise in which it is done."""
    wanted = list(_wanted(clips, plan))
    for one in progress(wanted, what, len(wanted)):
        random = _random(plan, one.speaker, one.index)
        person = reader(one.speaker, clips[one.speaker], plan.manner, random, plan.hesitations)
        length = round(longest_s(person, settings.visit) * SAMPLE_RATE)
        level = np.float32(person.level * 10 ** (-one.snr_db / 20))
        yield one, person, NOISES[one.noise](length, random) * level


def _fusion(
    clips: _Clips, found: Mapping[str, drivers.Noted], settings: Settings, plan: Plan
) -> Fusion | None:
    """What a second recogniser is worth; None if one of the two is not there."""
    if not {"embedded", "vosk"} <= set(found):
        return None
    both, heard = Both(found["embedded"], found["vosk"]), list[Heard]()
    for one, person, ground in _readings(clips, settings, plan, "fusion"):
        _, said = converse(person, ground, both, settings.speech, settings.visit)
        heard += [
            Heard(one.speaker, digit, h.scores, both.noted[h.scores])
            for digit, h in zip(person.digits, said, strict=True)
            if h.scores in both.noted
        ]
    return left_out(heard, "embedded", "vosk")


def _recorded(
    data: Data, found: Mapping[str, drivers.Noted], settings: Settings, plan: Plan
) -> dict[str, list[Trial]]:
    """Recordings as they are."""
    trials: dict[str, list[Trial]] = {name: [] for name in found}
    for index, one in enumerate(progress(data.recordings, "recordings", len(data.recordings))):
        scene = scenes.Scene(one.speaker, one.digits, one.shown, one.samples)
        for name, recogniser in found.items():
            trials[name].append(_trial(scene, recogniser, settings, plan, index))
    return trials


def _trial(
    scene: scenes.Scene, recogniser: drivers.Noted, settings: Settings, plan: Plan, index: int
) -> Trial:
    heard = play(scene, recogniser, settings.speech, settings.visit)
    codes = _random(plan, f"codes of {scene.speaker}", index)
    return judge(scene, heard, settings.visit, plan.wrong_codes, codes)


def _of(
    name: str,
    noted: drivers.Noted,
    answers: Sequence[Answer],
    trials: Sequence[Trial],
    recordings: Sequence[Trial],
    settings: Settings,
) -> DriverResult:
    return DriverResult(
        driver=name,
        version=noted.version,
        cost=drivers.cost(name, noted, settings),
        isolated=isolated(answers) if answers else None,
        by_snr=pools(trials, "snr_db"),
        by_condition=pools(trials, "snr_db", "noise"),
        by_speaker=pools(trials, "speaker", "snr_db"),
        recordings=pool(recordings) if recordings else None,
        recordings_by_speaker=pools(recordings, "speaker"),
    )


def _by_speaker(clips: Sequence[Clip], settings: Settings) -> _Clips:
    found: _Clips = {}
    for clip in clips:
        cut = scenes.spoken(clip.samples, settings.speech)
        found.setdefault(clip.speaker, {}).setdefault(clip.digit, []).append(cut)
    return dict(sorted(found.items()))


def _wanted(clips: _Clips, plan: Plan) -> Iterator[Paced]:
    for snr_db in plan.snrs_db:
        for noise in plan.noises:
            for speaker in clips:
                for index in range(plan.challenges):
                    yield Paced(speaker, index, snr_db, noise)


def _random(plan: Plan, what: str, index: int) -> np.random.Generator:
    """Its own numbers for each thing, so that one more speaker changes nothing for the others."""
    return np.random.default_rng([plan.seed, crc32(what.encode()), index])


def _marked(trial: Trial, one: Paced) -> Trial:
    return msgspec.structs.replace(trial, snr_db=one.snr_db, noise=one.noise)


def _write(result: Result, asked: argparse.Namespace) -> None:
    if asked.json is not None:
        write_json(asked.json, result)
    if asked.plots is not None:
        for path in plot(result, asked.plots):
            print(path, file=sys.stderr)


def _hesitations(folder: Path, settings: Settings) -> tuple[scenes.Spoken, ...]:
    """Raises SettingsError if no file of the folder can be used."""
    found = []
    for path in sorted(folder.rglob("*")):
        with suppress(Unusable):
            found.append(scenes.spoken(load(path, LONGEST_HUM_S), settings.speech))
    if not found:
        raise SettingsError(Code.SETTINGS_BAD_VALUE, f"--hesitations {folder}: no sound that can be used")
    return tuple(found)


def _noises(text: str) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(text.split(",")))
    unknown = [n for n in names if n not in NOISES]
    if unknown:
        raise argparse.ArgumentTypeError(f"{', '.join(unknown)}: not one of {', '.join(NOISES)}")
    return names


def _decibels(text: str) -> float:
    value = float(text)
    if not -40.0 <= value <= 80.0:
        raise argparse.ArgumentTypeError(f"{text}: not between -40 and 80 dB")
    return value


def _count(text: str) -> int:
    value = int(text)
    if not 0 <= value <= 1_000_000:
        raise argparse.ArgumentTypeError(f"{text}: not between 0 and 1000000")
    return value
