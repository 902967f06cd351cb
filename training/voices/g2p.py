"""Text to Kokoro's phonemes, offline: misaki for Mandarin, espeak-ng (through misaki) for English."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import cache
from types import SimpleNamespace


@cache
def _mandarin() -> Callable[[str], tuple[str, object]]:
    logging.getLogger("jieba").setLevel(logging.ERROR)
    import jieba

    jieba.setLogLevel(logging.ERROR)
    from misaki import zh

    return zh.ZHG2P()


@cache
def _english() -> Callable[[SimpleNamespace], tuple[str, object]]:
    from misaki import espeak

    return espeak.EspeakFallback(british=False)


@cache
def mandarin(text: str) -> str:
    """Return the phonemes of Mandarin text, tones as arrows."""
    return _mandarin()(text)[0].strip()


@cache
def english(text: str) -> str:
    """Return the phonemes of English text (American)."""
    return _english()(SimpleNamespace(text=text))[0].strip()
