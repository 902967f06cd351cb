"""Sentences of the pages, one file a language, all with the same keys."""

import re
import tomllib
from pathlib import Path
from typing import Any

LANGUAGES = ("zh-Hans", "zh-Hant", "en")
PHRASES: dict[str, dict[str, Any]] = {
    language: tomllib.loads((Path(__file__).parent / f"{language}.toml").read_text(encoding="utf-8"))
    for language in LANGUAGES
}


def choose_language(wanted: str, accepted: str) -> str:
    """Return the language of a page. `wanted`: as chosen before, or ""; `accepted`: Accept-Language."""
    if wanted in LANGUAGES:
        return wanted
    for name in re.findall(r"[A-Za-z-]+", re.sub(r";[^,]*", "", accepted[:500])):
        if name.lower().startswith("en"):
            return "en"
        if name.lower().startswith("zh"):
            return "zh-Hant" if re.search("hant|hk|tw|mo", name.lower()) else "zh-Hans"
    return LANGUAGES[0]
