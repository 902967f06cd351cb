"""Made-up people for simulated visits: ID numbers of an unassigned region with a valid check character.

The check character is ISO 7064 MOD 11-2 as GB 11643 uses it.
"""

from datetime import date

from msgspec import Struct

from kiosk.china_time import china_today
from kiosk.model import IdCard

REGION = "990001"
"""No county has this code: a number with it can belong to nobody."""

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK = "10X98765432"
_NAMES = ("陈示范", "李样本", "黄试用", "何演示", "梁模拟", "邓排练", "罗例子", "温假设")


BORN = date(1958, 3, 14)
CHILD_BORN = date(china_today().year - 8, 1, 1)
"""A child who is eight years old today."""


class Person(Struct, frozen=True):
    """Holder of a simulated card. `seed` makes number and name; `portrait`: the chip's 1024 bytes."""

    seed: int
    portrait: bytes
    born: date = BORN
    valid_from: date = date(2018, 6, 1)
    valid_to: date | None = None
    number_wrong: bool = False

    def card(self) -> IdCard:
        """Return the card as a reader delivers it."""
        number = made_up_number(self.seed, self.born)
        if self.number_wrong:
            number = number[:-1] + ("0" if number[-1] != "0" else "1")
        return IdCard(
            number=number,
            name=_NAMES[self.seed % len(_NAMES)],
            sex="男" if int(number[16]) % 2 else "女",  # GB 11643: odd for men
            nation="汉",
            birth=self.born,
            address="示范省样本市演示路一号",
            issuer="样本市公安局",
            valid_from=self.valid_from,
            valid_to=self.valid_to,
            portrait=self.portrait,
        )


def made_up_number(seed: int, born: date) -> str:
    """Return an eighteen-character ID number that is well formed and can belong to nobody."""
    body = f"{REGION}{born:%Y%m%d}{seed % 1000:03d}"
    return body + _CHECK[sum(w * int(c) for w, c in zip(_WEIGHTS, body, strict=True)) % 11]
