"""Save a picture of every screen: `python -m tests.kiosk.ui.gallery FOLDER [NAME … | PART …]`."""

import sys
from pathlib import Path

from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from kiosk import settings
from kiosk.model import Language
from kiosk.ports import Feeds
from kiosk.ui.theme import load_fonts
from kiosk.ui.window import Window
from tests.kiosk.ui.conftest import RecordingEngine, made_up_frame, made_up_pair
from tests.kiosk.ui.stories import STORIES, play

SIZES = {
    "tall": (1080, 1920),
    "wide": (1920, 1080),
    "small": (1280, 720),
    "large": (1080, 1920),
    "largesmall": (1280, 720),
    "narrow": (720, 1280),
    "largenarrow": (720, 1280),
}


def main(folder: Path, wanted: list[str]) -> None:
    app = QApplication(["gallery"])
    app.setStyle("Fusion")
    load_fonts()
    folder.mkdir(parents=True, exist_ok=True)
    frame = made_up_frame()
    feeds = Feeds(frame=lambda: frame, level_dbfs=lambda: -22.0, pair=made_up_pair)
    for shape, size in SIZES.items():
        window = Window(RecordingEngine(), feeds, settings.load(), simulated=True)
        window.resize(*size)
        window.show()
        for language in Language:
            for name, story in STORIES.items():
                full = f"{shape}-{language}-{name}"
                if full in wanted or all(part in full for part in wanted):
                    play(window, story)
                    window._header.set_large(shape.startswith("large"))
                    window.retranslate(language)
                    QTest.qWait(120)
                    window.grab().save(str(folder / f"{full}.png"))
        window._header.set_large(False)  # the palette is the whole program's


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
