"""`make demo`: simulated customers at a real terminal, against a real central server.

    python -m demo [--all | --only NAME …] [--staff] [--interactive] [--portrait | --landscape] [--out DIR]

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
from kiosk.console import run_command
from kiosk.models.installer import install

MODELS = Path("var/models")
PORTRAIT = (1080, 1920)
LANDSCAPE = (1920, 1080)
DESKTOP = (1280, 720)
"""Size of the window on a person's own screen, which also has to show the shell beside it."""
SHORT_DEMO = (
    "{count} of {of} scenarios, about 50 seconds. All, with pictures of every screen: make demo ARGS=--all"
)
WHOLE_DEMO = "{count} scenarios and the staff panel, about 5 minutes."


def main() -> int:
    """Play the demo and return the exit status."""
    options = _parser().parse_args()
    began = time.monotonic()
    every = scenarios.load()
    wanted = [s.name for s in every if options.all or s.short] if options.only is None else options.only
    chosen = tuple(s for s in every if s.name in wanted)
    if options.interactive:
        return _interactive(options)
    if not chosen:
        print(f"no such scenario; there are: {', '.join(s.name for s in every)}", file=sys.stderr)
        return 2
    with_staff = options.all or options.staff
    text = WHOLE_DEMO if options.all else SHORT_DEMO
    _print(text.format(count=len(chosen), of=len(every)))
    install(folder=MODELS, report=lambda _: None)
    with Environment(emptied(options.out), MODELS, _size(options), fast=True) as environment:
        director = Director(environment, options.out / "screens", _print)
        try:
            director.start_terminal()
            environment.start()
            results = director.play(chosen, with_staff=with_staff)
        finally:
            director.close()
    report.write(options.out, results, window_s=director.window_s, start_s=director.start_s)
    good = sum(r.as_expected for r in results)
    print(f"\n{report.table(results)}\n\n{report.SIMULATED}\n")
    seconds = time.monotonic() - began
    print(f"{good} of {len(results)} as expected, {seconds:.0f} s; {options.out}/report.html")
    pages_missing = set(PAGES) - set(director.pages) if with_staff else set()
    if pages_missing:
        print(f"staff did not see: {', '.join(sorted(pages_missing))}")
    return 0 if good == len(results) and not pages_missing else 1


def _interactive(options: argparse.Namespace) -> int:
    """Let a person touch the window; face, voice and card are simulated."""
    install(folder=MODELS)
    with Environment(emptied(options.out), MODELS, _size(options), fast=False) as environment:
        environment.start()
        _print("The window is yours: touch 开始. Face, voice and card are simulated. Close it to end.")
        _print(f"For the staff panel hold its upper left corner for two seconds. {environment.accounts()}")
        command = [sys.executable, "-m", "kiosk", "run", "--settings", str(environment.settings)]
        return subprocess.run(command, check=False).returncode


def _size(options: argparse.Namespace) -> tuple[int, int]:
    if options.landscape or options.portrait:
        return LANDSCAPE if options.landscape else PORTRAIT
    seen = os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    return DESKTOP if seen else PORTRAIT


def emptied(out: Path) -> Path:
    """Return an empty folder for keys, databases and logs of this run; earlier pictures are removed too."""
    for name in ("work", "screens"):
        shutil.rmtree(out / name, ignore_errors=True)
    (out / "screens").mkdir(parents=True)
    work = out / "work"
    work.mkdir()
    return work


def _print(line: str) -> None:
    print(line, flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m demo", description="Simulated customers at a real terminal and a real central server."
    )
    parser.add_argument("--all", action="store_true", help="play every scenario and show the staff panel")
    parser.add_argument("--staff", action="store_true", help="show the staff panel too, as --all does")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="play only these scenarios")
    parser.add_argument(
        "--interactive", action="store_true", help="keep the window open for a person to touch"
    )
    parser.add_argument("--landscape", action="store_true", help="a window of 1920×1080 pixels")
    parser.add_argument("--portrait", action="store_true", help="a window of 1080×1920 pixels")
    parser.add_argument("--out", type=Path, default=Path("out/demo"), help="folder for report and pictures")
    return parser


if __name__ == "__main__":
    sys.exit(run_command(main))
