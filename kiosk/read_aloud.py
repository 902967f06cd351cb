"""Says which sentences of the phrase catalogues are read aloud, and which clips speak a text on the screen.

Every sentence of a page has a clip of its own, named after its key in the catalogue: a page is read aloud by
playing the clips of what stands on it, so that a new page needs no list. What holds a name that differs from
shop to shop (`{operator}`) is spoken in other words (`[read_aloud]`). No Qt, no sound.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any

from kiosk.paths import RESOURCES
from kiosk.phrases import load

FOLDER = RESOURCES / "sounds" / "read_aloud"
"""Holds `<language>/<key>.ogg`; made by `training/voices`."""
PARTS = (
    *("general.tries", "general.well_placed", "general.number", "general.look_up"),
    *(
        "stage",
        "starting",
        "help",
        "guardian",
        "next",
        "keypad",
        "confirm",
        "matters",
        "phone_code",
        "digits",
        "ways",
    ),
    *("touch", "cancel", "outcome", "button", "consent", "read_aloud", "code"),
)
"""Parts of a catalogue that hold sentences for customers."""
NOT_SPOKEN = re.compile(
    r"digits\.(words|microphone_)|help\.nobody_comes|phone_code\.(sent_to|again_in)|consent\.(version|not_set)|.*\.(clerk|engineer)$"
    r"|button\.(key_|scroll_|i_am_clerk|approve|again$|refuse|time_|help$|slow|read_|softer|louder|large|low_)"
    r"|code\.(staff|stick|camera|microphone|reader|card_picture)\."
)
"""What is never read with a page: words for staff, keys, what stands on every page, and names of devices."""
OF_ANOTHER_TRY = re.compile(r"(code\.(face|speech|lips|head|light)\.\w+)\.customer")
"""Sentences that only another try is shown with, where there is another for the end: prompts say them."""
OTHER_WORDS = {"consent.who": "read_aloud.who"}
"""Sentences with a name in them, and what is spoken instead."""
INTRODUCTION = "read_aloud.choices"
"""Is said before the buttons of a page."""
LOUD_ENOUGH = "read_aloud.loud_enough"
"""Is said when the volume was changed while nothing is read."""

FULL_STOPS = "。！？.!?"
STEPS = range(-3, 3)
"""Steps by which the volume can be changed from the site's own: louder, the loudest syllables would clip."""


def sentences(table: Mapping[str, Any]) -> dict[str, str]:
    """Return every sentence of a catalogue that may be read aloud, by its dotted key."""
    found: dict[str, str] = {}
    for part in PARTS:
        node: Any = table
        for name in part.split("."):
            node = node[name]
        found.update(_leaves(part, node))
    return {key: text for key, text in found.items() if text and _is_read(key, found)}


def _is_read(key: str, found: Mapping[str, str]) -> bool:
    another_try = OF_ANOTHER_TRY.fullmatch(key)
    if another_try is not None and f"{another_try[1]}.end" in found:
        return False
    return not NOT_SPOKEN.match(key)


def clip_names(table: Mapping[str, Any]) -> dict[str, str]:
    """Return the name of the clip of each key: that of the first key with the same sentence."""
    known = sentences(table)
    first: dict[str, str] = {}
    return {key: first.setdefault(known[OTHER_WORDS.get(key, key)], key) for key in known}


def spoken_sentences(table: Mapping[str, Any]) -> dict[str, str]:
    """Return what there is a clip of, by the clip's name: each sentence once."""
    known = sentences(table)
    return {clip: known[OTHER_WORDS.get(clip, clip)] for clip in clip_names(table).values()}


def clips_of(texts: Iterable[str], language: str) -> tuple[str, ...]:
    """Return the names of the clips that speak these texts of the screen.

    Left out is what has no clip: numbers, and the words of another language.
    """
    return tuple(
        clip for text in texts for line in text.splitlines() for clip in _clips_of_line(line, language)
    )


def is_recorded(clip: str, language: str) -> bool:
    """Return whether there is a clip of this name for pages shown in `language`."""
    return clip in _recorded(load(language).spoken)


@cache
def _recorded(spoken: str) -> frozenset[str]:
    return frozenset(path.stem for path in (FOLDER / spoken).glob("*.ogg"))


def voices(language: str) -> tuple[str, ...]:
    """Return the other spoken languages that may be chosen with `language`, with clips or without."""
    found: list[str] = load(language).table["language"]["voices"]
    return tuple(found)


def has_clips(voice: str) -> bool:
    """Return whether clips of this spoken language are installed."""
    return (FOLDER / voice).is_dir()


def _clips_of_line(line: str, language: str) -> Iterator[str]:
    """Take one known sentence after the other from the beginning of the line."""
    clips = _clips_by_sentence(language)
    while line := line.strip():
        for pattern, clip in _patterns(language):
            if pattern.fullmatch(line):
                yield clip
                return
        sentence = next((s for s in clips if line.startswith(s)), None)
        if sentence is None or (sentence != line and sentence[-1] not in FULL_STOPS):
            return  # a word that another text begins with is not that text
        yield clips[sentence]
        line = line[len(sentence) :]


@cache
def _clips_by_sentence(language: str) -> dict[str, str]:
    """Return the clip of each sentence as `language` shows it, the longest sentence first."""
    phrases = load(language)
    spoken = clip_names(load(phrases.spoken).table)
    shown = sorted(sentences(phrases.table).items(), key=lambda entry: -len(entry[1]))
    found: dict[str, str] = {}
    for key, text in shown:
        found.setdefault(text, spoken[key])
    return found


@cache
def _patterns(language: str) -> tuple[tuple[re.Pattern[str], str], ...]:
    """Return the sentences with names in them, each name a wildcard, and their clips."""
    return tuple(
        (re.compile(re.sub(r"\\{\w+\\}", ".+", re.escape(text))), clip)
        for text, clip in _clips_by_sentence(language).items()
        if "{" in text
    )


def _leaves(key: str, node: Any) -> Iterator[tuple[str, str]]:
    if isinstance(node, str):
        yield key, node
    elif isinstance(node, Mapping):
        for name, part in node.items():
            yield from _leaves(f"{key}.{name}", part)
    else:
        for index, part in enumerate(node):
            yield from _leaves(f"{key}.{index}", part)
