"""Map spoken words to digits.

幺 is how a one is read in numbers that are spelt out; 两 is two before a measure word.
"""

from collections.abc import Mapping

OTHER = 10
"""The class behind the ten digits: speech that is no digit, or no speech."""
CLASSES = 11

MANDARIN: Mapping[str, int] = {
    "零": 0,
    "〇": 0,
    "一": 1,
    "幺": 1,
    "二": 2,
    "两": 2,
    "三": 3,
    "四": 4,
    "五": 5,
    "六": 6,
    "七": 7,
    "八": 8,
    "九": 9,
}
"""Every way in which a customer may read a digit; the first word of each digit is the usual one."""


def class_of(word: str, lexicon: Mapping[str, int] = MANDARIN) -> int:
    """Return the class of a word: 0–9, or `OTHER`."""
    return lexicon.get(word, OTHER)
