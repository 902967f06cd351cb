"""Measure weights through the terminal's listener: `kiosk evaluate speech` for ONNX files not installed.

Runs in the terminal's environment, not in the training's. The result is that command's, as JSON.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import onnxruntime

from evaluation.output import write_json
from evaluation.speech.datasets import SpeechData, read
from evaluation.speech.drivers import RecordingRecogniser
from evaluation.speech.measurement import Plan, measure
from evaluation.speech.noise import NOISES
from evaluation.speech.report import format_report
from kiosk.ports import Samples
from kiosk.settings import load
from kiosk.speech.recognisers.embedded import pooled, windows

SNRS_DB = (25.0, 10.0)


class Weights:
    """One ONNX file as a recogniser."""

    def __init__(self, path: Path) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self.name, self.version = path.stem, f"{path.stat().st_size / 1e6:.1f} MB"
        self._session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])

    def score(self, samples: Samples, onset: int) -> tuple[float, ...]:
        """See `kiosk.ports.Recogniser`."""
        (scores,) = self._session.run(None, {"audio": windows(samples, onset)})
        return tuple(float(s) for s in pooled(scores))


def together(folders: list[SpeechData]) -> SpeechData:
    """Return several folders' clips as one."""
    return SpeechData(
        clips=[c for f in folders for c in f.clips],
        recordings=[],
        skipped={},
        rows=sum(f.rows for f in folders),
    )


def main() -> None:
    """Write `--to`; print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", type=Path, nargs="+", required=True)
    parser.add_argument("--data", type=Path, nargs="+", required=True)
    parser.add_argument("--challenges", type=int, default=20)
    parser.add_argument("--codes", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--to", type=Path, required=True)
    chosen = parser.parse_args()
    settings = load()
    data = together([read(folder, settings.speech) for folder in chosen.data])
    plan = Plan(
        seed=chosen.seed,
        snrs_db=SNRS_DB,
        noises=tuple(NOISES),
        challenges=chosen.challenges,
        wrong_codes=chosen.codes,
    )
    found = {path.stem: RecordingRecogniser(Weights(path)) for path in chosen.models}
    result = measure(data, found, {}, settings, plan=plan, name=", ".join(f.name for f in chosen.data))
    write_json(chosen.to, result)
    print(format_report(result))


if __name__ == "__main__":
    main()
