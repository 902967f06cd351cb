"""`make demo`: simulated customers at a real terminal, against a real central server.

    python -m demo [--interactive] [--only NAME …] [--portrait | --landscape] [--out DIR]

Exit status: 0 if every visit went as expected.
"""

import argparse
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

from demo import report, scenarios
from demo.clerk import PAGES
from demo.director import Director
from demo.environment import Environment
from kiosk.models.installer import install

MODELS = Path("var/models")
PORTRAIT = (1080, 1920)
LANDSCAPE = (1920, 1080)
DESKTOP = (1280, 720)
"""Somebody's own screen also wants to show the terminal's text."""


def main() -> int:
    """See above."""
    options = _parser().parse_args()
    began = time.monotonic()
    install(folder=MODELS)
    size = _size(options)
    work = _fresh(options.out)
    with Environment(work, MODELS, size, haste=not options.interactive) as environment:
        if options.interactive:
            return _interactive(environment)
        return _play(environment, options, began)


def _play(environment: Environment, options: argparse.Namespace, began: float) -> int:
    chosen = tuple(s for s in scenarios.load() if not options.only or s.name in options.only)
    director = Director(environment, options.out / "screens", _tell)
    results = director.play(chosen)
    report.write(options.out, results, director.start_s)
    good = sum(r.as_expected for r in results)
    print(f"\n{report.table(results)}\n\n{report.SIMULATED}\n")
    print(
        f"{good} of {len(results)} as expected, {time.monotonic() - began:.0f} s; {options.out}/report.html"
    )
    staff = len(director.pages) == len(PAGES)
    print("staff saw every page" if staff else f"staff saw only: {', '.join(director.pages) or 'nothing'}")
    return 0 if good == len(results) and results and staff else 1


def _interactive(environment: Environment) -> int:
    """A person touches; face, voice and card are simulated."""
    print("The window is yours: touch 开始. Face, voice and card are simulated. Close it to end.", flush=True)
    print(f"For the staff panel hold its upper left corner for two seconds. {environment.accounts()}", flush=True)
    command = [sys.executable, "-m", "kiosk", "run", "--settings", str(environment.settings)]
    return subprocess.run(command, check=False).returncode


def _size(options: argparse.Namespace) -> tuple[int, int]:
    if options.landscape or options.portrait:
        return LANDSCAPE if options.landscape else PORTRAIT
    seen = os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    return DESKTOP if seen else PORTRAIT


def _fresh(out: Path) -> Path:
    """An empty folder for keys, databases and logs of this run; old reports are removed."""
    for name in ("work", "screens"):
        shutil.rmtree(out / name, ignore_errors=True)
    work = out / "work"
    (out / "screens").mkdir(parents=True)
    work.mkdir()
    return work


def _tell(text: str) -> None:
    print(text, flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m demo", description=__doc__)
    parser.add_argument(
        "--interactive", action="store_true", help="keep the window open for you and your mouse"
    )
    parser.add_argument("--landscape", action="store_true", help="1920×1080")
    parser.add_argument("--portrait", action="store_true", help="1080×1920")
    parser.add_argument("--only", nargs="*", metavar="NAME", help="only these scenarios")
    parser.add_argument("--out", type=Path, default=Path("out/demo"))
    return parser


if __name__ == "__main__":
    sys.exit(main())
