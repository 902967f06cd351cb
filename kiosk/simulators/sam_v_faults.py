"""Everything that can go wrong at a SAM-V reader, as a script: played to the real driver over a real line.

Each scene names what happens and the code in which it must end: OK when the driver has to get over it.
`tests/kiosk/card/test_sam_v_faults.py` asserts them all, `python -m kiosk.simulators.sam_v_faults` prints
them.
"""

import struct
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from msgspec import Struct

from kiosk.capture.card_reader import SamV
from kiosk.card.frames import build
from kiosk.card.layout import LAYOUTS, TYPE_AT, compose
from kiosk.card.protocol import BAUDS, STATUS_MEANINGS, Command, Status
from kiosk.codes import Code
from kiosk.errors import CardError, DeviceError
from kiosk.ports import Context
from kiosk.simulators.people import Person
from kiosk.simulators.sam_v import Fault, SamVOnPty

PATIENCE_S = 0.4
"""The driver's time for one answer while the script is played; in a shop it has five times as much."""
_CARD = Person(1, bytes(range(256)) * 4).card()
Setting = Callable[[SamVOnPty], None]


class Scene(Struct, frozen=True):
    """`before`: set up before the driver opens the reader; `then`: after that, with a card on it."""

    name: str
    ends: Code
    faults: tuple[Fault, ...] = ()
    before: tuple[Fault, ...] = ()
    then: Setting | None = None
    text: bytes | None = None  # what the chip holds instead
    baud: int = BAUDS[0]


def played(scene: Scene) -> Code:
    """How the real driver ends it: it opens the reader, waits for the card and reads it."""
    with SamVOnPty(scene.baud) as reader:
        reader.faults += scene.before
        driver = SamV(SamV.Settings(port=reader.port, timeout_s=PATIENCE_S), nowhere())
        try:
            return _read(driver, reader, scene)
        except (CardError, DeviceError) as error:
            return error.code
        finally:
            driver.close()


def play(tell: Callable[[str], object]) -> int:
    """Print the table; 0 if each scene ended in its code."""
    wrong = 0
    for number, scene in enumerate(SCENES, 1):
        began = time.monotonic()
        ended = played(scene)
        wrong += ended is not scene.ends
        mark = "" if ended is scene.ends else f"   WRONG: {scene.ends} was expected"
        tell(f"{number:3} {scene.name:<62} {ended:<26} {time.monotonic() - began:5.2f} s{mark}\n")
    tell(f"{len(SCENES)} faults, {wrong} ended otherwise than they should\n")
    return 1 if wrong else 0


def _read(driver: SamV, reader: SamVOnPty, scene: Scene) -> Code:
    driver.open()
    reader.put(_CARD, scene.text)
    reader.faults += scene.faults
    if scene.then is not None:
        scene.then(reader)
    if not driver.present():
        return Code.CARD_REMOVED
    card = driver.read()
    return Code.OK if card == _CARD else Code.INTERNAL  # read, but not what the card holds


def nowhere() -> Context:
    """A driver's surroundings where nothing is needed of them."""
    return Context(Path("."), Path("."), simulation=True, clock=time.monotonic)


# ── what goes wrong ──────────────────────────────────────────────────────────────────────────────


def _nothing(_: bytes) -> bytes:
    return b""


def _flipped(at: int) -> Callable[[bytes], bytes]:
    return lambda frame: frame[:at] + bytes([frame[at] ^ 0x40]) + frame[at + 1 :]


def _cut(at: int) -> Callable[[bytes], bytes]:
    return lambda frame: frame[:at]


def _noise(noise: bytes) -> Callable[[bytes], bytes]:
    return lambda frame: noise + frame


def _data(data: bytes) -> Callable[[bytes], bytes]:
    """A well-formed answer with other data."""
    return lambda _: build(bytes([0, 0, Status.OK]) + data)


def _with_forgery(frame: bytes) -> bytes:
    """A damaged answer that carries a well-formed one inside."""
    forged = build(bytes([0, 0, Status.OK]) + struct.pack(">HH", 256, 1024) + bytes(1280))
    return frame[:100] + forged + frame[100 + len(forged) :]


def _again(fault: Fault, times: int) -> tuple[Fault, ...]:
    return (fault,) * times


def _put_back(reader: SamVOnPty) -> None:
    """The card is lifted while it is read, and lies again when it is looked for."""

    def lay(answer: bytes) -> bytes:
        reader.put(_CARD)
        return answer

    reader.faults.append(Fault(Command.READ, Status.READ_FAILED, lay))


def _field(name: str, value: bytes, kind: str = "resident") -> bytes:
    """The card's text with other bytes in one field."""
    text, at = bytearray(compose(_CARD)), 0
    for field, size in LAYOUTS[kind]:
        if field == name:
            text[at : at + size] = value.ljust(size, b"\0")[:size]
        at += size
    return bytes(text)


def _utf16(text: str) -> bytes:
    return text.encode("utf-16-le")


_TRIED_AGAIN = (Status.READ_FAILED, Status.EMPTY)
_ABSENT = (Status.FIND_FAILED, Status.SELECT_FAILED, Status.EMPTY)


def _statuses(command: Command, where: str, ends: Mapping[Status, Code]) -> list[Scene]:
    """Each status that a page lists, as the answer to one command; often enough that no asking again helps.

    `ends`: where the same status means something else at this command.
    """
    return [
        Scene(f"{where} is answered with {status:02X} {status.name}", ends.get(status, found.code), faults)
        for status, found in STATUS_MEANINGS.items()
        if status not in (Status.OK, Status.FOUND)
        for faults in [_again(Fault(command, status), 3)]
    ]


_OPEN = (
    Scene(
        "the reader is silent", Code.READER_MISSING, before=_again(Fault(Command.STATUS, alter=_nothing), 9)
    ),
    Scene(
        "the reader is not authorised",
        Code.READER_UNAUTHORISED,
        before=(Fault(Command.STATUS, Status.UNAUTHORISED),),
    ),
    Scene(
        "the reader's self-test fails", Code.READER_FAULT, before=(Fault(Command.STATUS, Status.SELF_TEST),)
    ),
    Scene(
        "its state is a status of a card",
        Code.READER_FAULT,
        before=(Fault(Command.STATUS, Status.READ_FAILED),),
    ),
    Scene("its state comes damaged once", Code.OK, before=(Fault(Command.STATUS, alter=_flipped(-1)),)),
    Scene(
        "its state comes damaged always",
        Code.READER_MISSING,
        before=_again(Fault(Command.STATUS, alter=_flipped(-1)), 12),
    ),
    *(Scene(f"it talks at {baud} baud", Code.OK, baud=baud) for baud in BAUDS[1:]),
    Scene(
        "it talks at 9600 baud and will not go faster",
        Code.OK,
        baud=9600,
        before=(Fault(Command.BAUD, Status.NOT_PERMITTED),),
    ),
)

_LINE = (
    Scene(
        "noise before the answer", Code.OK, (Fault(Command.READ, alter=_noise(b"\x00\xff\xaa\xaa noise")),)
    ),
    Scene("half a preamble before the answer", Code.OK, (Fault(Command.READ, alter=_noise(b"\xaa\xaa")),)),
    Scene("one preamble too many", Code.OK, (Fault(Command.READ, alter=_noise(b"\xaa\xaa\xaa\x96\x69")),)),
    Scene("a wrong check byte once", Code.OK, (Fault(Command.READ, alter=_flipped(-1)),)),
    Scene("a wrong check byte always", Code.READER_FAULT, _again(Fault(Command.READ, alter=_flipped(-1)), 3)),
    Scene("a bit of the photo flips once", Code.OK, (Fault(Command.READ, alter=_flipped(900)),)),
    Scene("a bit of the length flips once", Code.OK, (Fault(Command.READ, alter=_flipped(5)),)),
    Scene("the answer stops half way once", Code.OK, (Fault(Command.READ, alter=_cut(500)),)),
    Scene(
        "the answer stops half way always", Code.READER_FAULT, _again(Fault(Command.READ, alter=_cut(500)), 3)
    ),
    Scene("a damaged answer holds a forged one", Code.OK, (Fault(Command.READ, alter=_with_forgery),)),
    Scene("no answer to a read", Code.READER_LOST, (Fault(Command.READ, alter=_nothing),)),
    Scene("no answer when it looks for cards", Code.READER_LOST, (Fault(Command.FIND, alter=_nothing),)),
    Scene("the answer comes late, but in time", Code.OK, (Fault(Command.READ, delay_s=0.5 * PATIENCE_S),)),
    Scene("the answer comes too late", Code.READER_LOST, (Fault(Command.READ, delay_s=1.5 * PATIENCE_S),)),
    Scene(
        "nothing but noise for an answer",
        Code.READER_FAULT,
        _again(Fault(Command.FIND, alter=lambda _: b"\x55" * 40), 3),
    ),
    Scene(
        "an answer too short to hold a status", Code.OK, (Fault(Command.FIND, alter=lambda _: build(b"\0")),)
    ),
    Scene("chatter nobody asked for", Code.OK, then=lambda reader: reader.say(build(b"\0\0\x90") * 20)),
    Scene("unplugged while it looks for cards", Code.READER_LOST, (Fault(Command.FIND, unplug=True),)),
    Scene("unplugged while it reads", Code.READER_LOST, (Fault(Command.READ, unplug=True),)),
    Scene("a status that no page lists", Code.READER_FAULT, (Fault(Command.READ, 0x77),)),
)

_CARDS = (
    Scene("taken away before it is selected", Code.CARD_REMOVED, (Fault(Command.FIND, lift=True),)),
    Scene(
        "taken away while it is read", Code.CARD_MOVED, (Fault(Command.READ, Status.READ_FAILED, lift=True),)
    ),
    Scene("moved while it is read, and lies again", Code.OK, then=_put_back),
    Scene(
        "other sizes than text and photo have",
        Code.CARD_MALFORMED,
        (Fault(Command.READ, alter=_data(struct.pack(">HH", 256, 512) + bytes(768))),),
    ),
    Scene(
        "a byte too few",
        Code.CARD_MALFORMED,
        (Fault(Command.READ, alter=_data(struct.pack(">HH", 256, 1024) + bytes(1279))),),
    ),
    Scene(
        "an empty answer that says all is well", Code.CARD_MALFORMED, (Fault(Command.READ, alter=_data(b"")),)
    ),
    Scene("a chip full of zeros", Code.CARD_MALFORMED, text=bytes(256)),
    Scene("a chip that holds no text", Code.CARD_WRONG_TYPE, text=b"\xff" * 256),
    Scene("no name", Code.CARD_MALFORMED, text=_field("name", b"")),
    Scene("half a character in the name", Code.CARD_MALFORMED, text=_field("name", b"\x00\xd8")),
    Scene("no number", Code.CARD_MALFORMED, text=_field("number", b"")),
    Scene("a birth that is no day", Code.CARD_MALFORMED, text=_field("birth", _utf16("19840230"))),
    Scene("a nation that does not exist", Code.CARD_MALFORMED, text=_field("nation", _utf16("77"))),
    Scene("a sex that does not exist", Code.CARD_MALFORMED, text=_field("sex", _utf16("7"))),
    Scene("valid until nothing", Code.CARD_MALFORMED, text=_field("valid_to", b"")),
    Scene(
        "a type letter that nobody knows",
        Code.CARD_WRONG_TYPE,
        text=compose(_CARD)[:TYPE_AT] + _utf16("Q") + compose(_CARD)[TYPE_AT + 2 :],
    ),
)

SCENES: Sequence[Scene] = (
    *_OPEN,
    *_LINE,
    *_CARDS,
    *_statuses(Command.FIND, "looking for a card", dict.fromkeys(_ABSENT, Code.CARD_REMOVED)),
    *_statuses(Command.SELECT, "selecting it", {}),
    # It is looked for once more before it is given up, and a reader finds each card once.
    *_statuses(Command.READ, "reading it", dict.fromkeys(_TRIED_AGAIN, Code.CARD_MOVED)),
)
