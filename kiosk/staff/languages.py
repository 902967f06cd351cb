"""Remembers in which language each clerk reads the pages for staff at this terminal."""

import logging
from pathlib import Path

import msgspec

from kiosk.errors import UNREADABLE
from kiosk.files import make_private, read_regular, write_whole
from kiosk.model import Language

log = logging.getLogger(__name__)

LANGUAGES_FILE = "languages.json"
MAX_BYTES = 1 << 16


class ClerkLanguages:
    """A file of numbers and languages. One that cannot be read or written costs a choice, nothing else."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / LANGUAGES_FILE
        self._languages: dict[str, Language] = {}
        try:
            known = msgspec.json.decode(read_regular(self._path, MAX_BYTES), type=dict[str, Language])
            self._languages.update(known)
        except FileNotFoundError:
            pass
        except (OSError, *UNREADABLE) as error:
            log.warning("clerks' languages not read: %s", type(error).__name__)

    def get(self, number: str) -> Language | None:
        """Return the language that this clerk chose last; None: none yet."""
        return self._languages.get(number)

    def set(self, number: str, language: Language) -> None:
        """Remember the choice of a clerk who has signed in."""
        if self._languages.get(number) is language:
            return
        self._languages[number] = language
        try:
            make_private(self._path.parent)
            write_whole(self._path, msgspec.json.encode(self._languages))
        except OSError as error:
            log.warning("clerks' languages not written: %s", error.strerror)
