"""`make pictures`: large current pictures of the screens for README and docs, made by playing the demo.

    python -m demo.pictures [--to DIR]

The demo is played at 1080×1920 and at 1920×1080 pixels, and the screens that the documents show are saved at
two thirds of that size: sharp on a page, and small enough for a repository.
"""

import argparse
import subprocess
import sys
from pathlib import Path

import cv2

from kiosk.console import run_command

SCALE = 2 / 3
OUT = Path("out/pictures")
PORTRAIT_SCENARIOS = ("genuine", "head", "touch", "child")
PORTRAIT = {
    "idle": "*-idle.png",
    "consent": "*-consent-face.png",
    "card": "*-card.png",
    "guardian": "*-guardian*.png",
    "face": "[0-9]*[0-9]-face*.png",
    "digits": "*-digits-digit-3.png",
    "head": "*-head-*.png",
    "touch": "*-touch-digits.png",
    "review": "*-review-case.png",
    "outcome": "*-outcome-activated-ok.png",
    "staff-sign-in": "*-staff-sign_in.png",
    "staff-today": "*-staff-today.png",
    "staff-queue": "*-staff-queue.png",
    "staff-devices": "*-staff-devices.png",
}
LANDSCAPE_SCENARIOS = ("genuine",)
GALLERY = {
    "help": "tall-zh-Hans-help_called",
    "more-time": "tall-zh-Hans-more_time",
    "ways-landscape": "wide-zh-Hans-ways",
    "idle-large": "large-zh-Hans-idle",
    "matters": "tall-zh-Hans-matters",
    "confirm-erase": "tall-zh-Hans-confirm_erase",
    "erased": "tall-zh-Hans-erased_unprinted",
    "phone-code": "tall-zh-Hans-phone_code",
    "cancel-question": "tall-zh-Hans-cancel",
}
"""Screens that the demo does not play, from the gallery of the tests."""
LANDSCAPE = {"idle-landscape": "*-idle.png", "face-landscape": "[0-9]*[0-9]-face*.png"}


def main() -> int:
    """Play the demo twice, draw the gallery and save the pictures; returns 1 if a screen was not seen."""
    parser = argparse.ArgumentParser(
        prog="python -m demo.pictures", description="Pictures for the documents."
    )
    parser.add_argument("--to", type=Path, default=Path("docs/pictures"), help="folder for the pictures")
    folder: Path = parser.parse_args().to
    folder.mkdir(parents=True, exist_ok=True)
    portrait = _play("portrait", *PORTRAIT_SCENARIOS, "--staff")
    landscape = _play("landscape", *LANDSCAPE_SCENARIOS)
    missing = [name for name, glob in PORTRAIT.items() if not _save(portrait, glob, folder / f"{name}.png")]
    missing += [
        name for name, glob in LANDSCAPE.items() if not _save(landscape, glob, folder / f"{name}.png")
    ]
    gallery = _draw_gallery()
    missing += [
        name for name, story in GALLERY.items() if not _save(gallery, f"{story}.png", folder / f"{name}.png")
    ]
    for name in missing:
        print(f"no picture of {name}", file=sys.stderr)
    return 1 if missing else 0


def _play(shape: str, *options: str) -> Path:
    """Return the folder with pictures of the screens that were seen."""
    out = OUT / shape
    command = [sys.executable, "-m", "demo", f"--{shape}", "--out", str(out), "--only", *options]
    subprocess.run(command, check=False)
    return out / "screens"


def _draw_gallery() -> Path:
    """Return the folder with pictures of the chosen stories of the gallery."""
    out = OUT / "gallery"
    command = [sys.executable, "-m", "tests.kiosk.ui.gallery", str(out), *GALLERY.values()]
    subprocess.run(command, check=False)
    return out


def _save(screens: Path, pattern: str, to: Path) -> bool:
    """Save the last screen that fits, as hints come after the bare page; False if none does."""
    last = max(screens.glob(pattern), default=None)
    picture = None if last is None else cv2.imread(str(last))
    if picture is None:
        return False
    small = cv2.resize(picture, None, fx=SCALE, fy=SCALE, interpolation=cv2.INTER_AREA)
    return bool(cv2.imwrite(str(to), small, [cv2.IMWRITE_PNG_COMPRESSION, 9]))


if __name__ == "__main__":
    sys.exit(run_command(main))
