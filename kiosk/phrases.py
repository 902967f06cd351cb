"""Catalogue of every sentence for people, in every language. Only here does a code become a sentence. No Qt.

phrases = load(Language.ZH_HANS)
phrases["stage.card.title"], phrases.customer(Code.CARD_EXPIRED), phrases.consent_sha256()
"""

import hashlib
import tomllib
from collections.abc import Mapping
from functools import cache
from typing import Any, Literal

from kiosk.codes import Code
from kiosk.model import Language, Purpose
from kiosk.paths import RESOURCES

Script = Literal["Hans", "Hant", "Latn"]
"""Writing systems (ISO 15924) that the bundled fonts are chosen for."""

FACE_NOTICE = ("who", "purpose", "method", "retention", "impact", "rights", "alternative")
"""What people must be informed of before face recognition (Measures for the security of face recognition
technology, CAC and MPS order 19, in force 2025-06-01, article 5), and the alternative way (article 10)."""
CLERK_NOTICE = ("who", "purpose", "clerk_how", "clerk_data", "clerk_retention", "clerk_rights")
"""The clerk's way: no face recognition, but personal data all the same (PIPL, article 17)."""
GUARDIAN_NOTICE = (
    "who", "guardian_what", "guardian_how", "guardian_data", "guardian_retention", "guardian_rights",
)  # fmt: skip
"""For a child under fourteen (PIPL, article 31): the guardian's consent, and whose data go where."""
PICTURE_NOTICE = ("picture_what", "picture_purpose", "picture_retention", "picture_choice")
"""Asked separately: sending a face over a network needs its own consent (the same order, article 8)."""
KEEP_NOTICE = ("keep_what", "keep_purpose", "keep_retention", "keep_choice")
"""Asked separately, where a site asks at all: keeping a face is more than sending one."""

MATTER_NOTICE = (
    "who", "matter_purpose", "matter_method", "matter_retention", "impact", "matter_rights", "alternative",
)  # fmt: skip
MATTER_CLERK_NOTICE = (
    "who", "matter_purpose", "clerk_how", "matter_clerk_data", "matter_retention", "matter_rights",
)  # fmt: skip
MATTER_GUARDIAN_NOTICE = (
    "who", "matter_guardian_what", "guardian_how", "matter_guardian_data", "matter_retention",
    "matter_rights",
)  # fmt: skip
"""The same where no password is chosen (`Purpose.has_password`): no more is agreed to than the check needs,
and no picture is asked for."""


class Phrases:
    """Catalogue of one language."""

    def __init__(self, language: Language, table: dict[str, Any]) -> None:
        """`table`: the content of the language's file."""
        self.language = language
        self._table = table

    @property
    def script(self) -> Script:
        """Writing system: decides about the font and the punctuation between phrases."""
        found: Script = self._table["language"]["script"]
        return found

    @property
    def spoken(self) -> Language:
        """Language of the prompts that are played: several scripts share a spoken language."""
        return Language(self._table["language"]["spoken"])

    @property
    def table(self) -> Mapping[str, Any]:
        """Content of the catalogue."""
        return self._table

    def __getitem__(self, key: str) -> str:
        """Return the sentence at a dotted key. Raises KeyError: a missing phrase is a bug."""
        found: Any = self._table
        for part in key.split("."):
            found = found[part]
        if not isinstance(found, str):
            raise KeyError(key)
        return found

    def customer(self, code: Code) -> str:
        """Return what happened and what the customer should do now; empty for OK."""
        return self._sentence(code, "customer")

    def customer_end(self, code: Code) -> str:
        """Return the same where the customer can do no more: the visit ended, or waits for the clerk."""
        return self._sentence(code, "end", "customer")

    def clerk(self, code: Code) -> str:
        """Return what the clerk should do; empty for OK."""
        return self._sentence(code, "clerk")

    def engineer(self, code: Code) -> str:
        """Return what to do for somebody who can run commands; the terminal's screen never shows it."""
        return self._sentence(code, "engineer", "clerk")

    def _sentence(self, code: Code, *kinds: str) -> str:
        """Return the first kind of sentence that the code has; "end" only those have that can be repeated."""
        if code is Code.OK:
            return ""
        codes: dict[str, dict[str, str]] = self._table["code"]
        # A test keeps the catalogue complete. Should a code be missing, people are sent to the clerk.
        sentences = codes.get(code.value, codes[Code.INTERNAL.value])
        return next(sentences[kind] for kind in kinds if kind in sentences)

    def tries_left(self, count: int) -> str:
        """Return a sentence about the tries that are left; empty where there is nothing to say."""
        known: list[str] = self._table["general"]["tries"]
        return known[count] if 0 <= count < len(known) else ""

    def digit_word(self, digit: int) -> str:
        """Return how a digit sounds, for people who may not know (English: pinyin); empty where they do."""
        words: list[str] = self._table["digits"]["words"]
        return words[digit] if words else ""

    def face_notice(self, purpose: Purpose = Purpose.OPEN) -> list[str]:
        """Return the paragraphs to be shown before face recognition."""
        return self._notice(FACE_NOTICE if purpose.has_password else MATTER_NOTICE)

    def picture_notice(self) -> list[str]:
        """Return the paragraphs to be shown before a picture may be sent."""
        return self._notice(PICTURE_NOTICE)

    def keep_notice(self) -> list[str]:
        """Return the paragraphs to be shown before a picture may be kept."""
        return self._notice(KEEP_NOTICE)

    def clerk_notice(self, purpose: Purpose = Purpose.OPEN) -> list[str]:
        """Return the paragraphs to be shown before the clerk's way."""
        return self._notice(CLERK_NOTICE if purpose.has_password else MATTER_CLERK_NOTICE)

    def guardian_notice(self, purpose: Purpose = Purpose.OPEN) -> list[str]:
        """Return the paragraphs to be shown to a child's guardian."""
        return self._notice(GUARDIAN_NOTICE if purpose.has_password else MATTER_GUARDIAN_NOTICE)

    def fill_in(self, paragraphs: list[str], names: Mapping[str, str]) -> list[str]:
        """Return the paragraphs with `names` in the places of `{operator}`, `{contact}` and the like.

        The hashes below are of the texts before this: they are the same at every acceptance point, and the
        terminal's audit log says since when which names stood in them (`terminal.started`).
        """
        filled = []
        for text in paragraphs:
            for name, value in names.items():
                text = text.replace(f"{{{name}}}", value or self["consent.not_set"])
            filled.append(text)
        return filled

    def _notice(self, parts: tuple[str, ...]) -> list[str]:
        return [self[f"consent.{part}"] for part in parts]

    def consent_text(self, purpose: Purpose = Purpose.OPEN) -> str:
        """Return all that is shown before consent, in the order shown, one paragraph a line."""
        pages = [self["consent.title"], *self.face_notice(purpose)]
        if purpose.has_password:
            pages += [self["consent.picture_title"], *self.picture_notice()]
        return "\n".join([self["consent.version"], *pages])

    def consent_sha256(self, purpose: Purpose = Purpose.OPEN) -> str:
        """Return the hex SHA-256 of `consent_text` in UTF-8: it says which text was agreed to."""
        return hashlib.sha256(self.consent_text(purpose).encode()).hexdigest()

    def clerk_consent_sha256(self, purpose: Purpose = Purpose.OPEN) -> str:
        """Return the same of the text of the clerk's way."""
        return self._notice_sha256("consent.clerk_title", self.clerk_notice(purpose))

    def keep_consent_sha256(self) -> str:
        """Return the same of the text about a picture that is kept."""
        return self._notice_sha256("consent.keep_title", self.keep_notice())

    def guardian_consent_sha256(self, purpose: Purpose = Purpose.OPEN) -> str:
        """Return the same of the text for a child's guardian."""
        return self._notice_sha256("stage.guardian.title", self.guardian_notice(purpose))

    def _notice_sha256(self, title: str, notice: list[str]) -> str:
        text = "\n".join([self["consent.version"], self[title], *notice])
        return hashlib.sha256(text.encode()).hexdigest()


@cache
def load(language: str = Language.ZH_HANS) -> Phrases:
    """Return the phrases of `language`, or of the first language if there is no such one."""
    known = Language(language) if language in set(Language) else next(iter(Language))
    path = RESOURCES / "phrases" / f"{known}.toml"
    return Phrases(known, tomllib.loads(path.read_text(encoding="utf-8")))


def spoken_language(language: str) -> str:
    """Return the language in which prompts for `language` are spoken; an unknown one is spoken as itself."""
    return load(language).spoken if language in set(Language) else language
