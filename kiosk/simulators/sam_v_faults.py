"""Everything that can go wrong at a SAM-V reader: fault scenarios, played to the real driver over a pty.

Each scenario names what happens and the code in which it must end: OK where the driver has to recover.
`tests/kiosk/card/test_sam_v_faults.py` asserts them all; `python -m kiosk.simulators.sam_v_faults` prints
them.
"""

import struct
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from msgspec import Struct

from kiosk.capture.card_reader import SamV
from kiosk.card.frames import build
from kiosk.card.layout import LAYOUTS, TYPE_AT, compose, parse
from kiosk.card.protocol import BAUDS, STATUS_MEANINGS, Command, Status
from kiosk.codes import Code
from kiosk.console import run_command
from kiosk.errors import CardError, DeviceError
from kiosk.ports import Context
from kiosk.simulators.people import Person
from kiosk.simulators.sam_v import ReaderFault, SamVOnPty

ANSWER_TIMEOUT_S = 0.4
"""The driver's time for one answer while scenarios are played; in a shop it has five times as much."""
_CARD = Person(1, bytes(range(256)) * 4).card()


class FaultScenario(Struct, frozen=True):
    """What happens at the reader, and the code in which the driver's attempt to read a card ends.

    `before`: faults from before the driver opens the reader; `faults`: from when the card is on it; `then`
    is called with the reader at that moment. `text`: what the chip holds instead of the card's own.
    """

    name: str
    ends: Code
    faults: tuple[ReaderFault, ...] = ()
    before: tuple[ReaderFault, ...] = ()
    then: Callable[[SamVOnPty], None] | None = None
    text: bytes | None = None
    baud: int = BAUDS[0]


def run_scenario(scenario: FaultScenario) -> Code:
    """Let the real driver open the reader, wait for the card and read it; return the code it ends in."""
    with SamVOnPty(scenario.baud) as reader:
        reader.faults += scenario.before
        driver = SamV(SamV.Settings(port=reader.port, timeout_s=ANSWER_TIMEOUT_S), bare_context())
        try:
            return _read_card(driver, reader, scenario)
        except (CardError, DeviceError) as error:
            return error.code
        finally:
            driver.close()


def run_all(write: Callable[[str], object]) -> int:
    """Write a table of all scenarios; return 0 if each ended in its code, else 1."""
    wrong = 0
    for number, scenario in enumerate(SCENARIOS, 1):
        began = time.monotonic()
        ended = run_scenario(scenario)
        wrong += ended is not scenario.ends
        mark = "" if ended is scenario.ends else f"   WRONG: {scenario.ends} was expected"
        write(f"{number:3} {scenario.name:<62} {ended:<26} {time.monotonic() - began:5.2f} s{mark}\n")
    write(f"{len(SCENARIOS)} faults, {wrong} ended otherwise than they should\n")
    return 1 if wrong else 0


def _read_card(driver: SamV, reader: SamVOnPty, scenario: FaultScenario) -> Code:
    driver.open()
    reader.put(_CARD, scenario.text)
    reader.faults += scenario.faults
    if scenario.then is not None:
        scenario.then(reader)
    if not driver.present():
        return Code.CARD_REMOVED
    expected = _CARD if scenario.text is None else parse(scenario.text, _CARD.portrait)
    return Code.OK if driver.read() == expected else Code.INTERNAL  # read, but not what the card holds


def bare_context() -> Context:
    """Return the context of a driver that needs neither models nor resources."""
    return Context(resources=Path("."), models=Path("."), simulation=True, clock=time.monotonic)


# ── alterations of answers ───────────────────────────────────────────────────────────────────────


def flip_bit(at: int) -> Callable[[bytes], bytes]:
    """Flip one bit of the byte at this index."""
    return lambda frame: frame[:at] + bytes([frame[at] ^ 0x40]) + frame[at + 1 :]


def truncate(at: int) -> Callable[[bytes], bytes]:
    """Cut the answer before this index."""
    return lambda frame: frame[:at]


def put_before(noise: bytes) -> Callable[[bytes], bytes]:
    """Put noise before the answer."""
    return lambda frame: noise + frame


def replace_data(data: bytes) -> Callable[[bytes], bytes]:
    """Replace the answer by a well-formed one with other data."""
    return lambda _: build(bytes([0, 0, Status.OK]) + data)


def embed_forgery(frame: bytes) -> bytes:
    """Damage the answer so that it carries a well-formed one inside."""
    forged = build(bytes([0, 0, Status.OK]) + struct.pack(">HH", 256, 1024) + bytes(1280))
    return frame[:100] + forged + frame[100 + len(forged) :]


def lift_and_put_back(reader: SamVOnPty) -> None:
    """Lift the card while it is read, and lay it down again before it is looked for."""

    def lay(answer: bytes) -> bytes:
        reader.put(_CARD)
        return answer

    reader.faults.append(ReaderFault(Command.READ, Status.READ_FAILED, lay))


def text_with(name: str, value: bytes, kind: str = "resident") -> bytes:
    """Return the card's 256 bytes of text with other bytes in one field."""
    text, at = bytearray(compose(_CARD)), 0
    for field, size in LAYOUTS[kind]:
        if field == name:
            text[at : at + size] = value.ljust(size, b"\0")[:size]
        at += size
    return bytes(text)


_RETRIED = (Status.READ_FAILED, Status.EMPTY)
_ABSENT = (Status.FIND_FAILED, Status.SELECT_FAILED, Status.EMPTY)


def status_scenarios(command: Command, step: str, ends: Mapping[Status, Code]) -> list[FaultScenario]:
    """Return a scenario for each documented status as the answer to `command`, too often for a retry.

    `ends`: codes of the statuses that mean something else at this command.
    """
    return [
        FaultScenario(
            f"{step} is answered with {status:02X} {status.name}",
            ends.get(status, meaning.code),
            (ReaderFault(command, status),) * 3,
        )
        for status, meaning in STATUS_MEANINGS.items()
        if status not in (Status.OK, Status.FOUND)
    ]


_OPENING = (
    FaultScenario(
        "the reader is silent",
        Code.READER_MISSING,
        before=(ReaderFault(Command.STATUS, alter=lambda _: b""),) * 9,
    ),
    FaultScenario(
        "the reader is not authorised",
        Code.READER_UNAUTHORISED,
        before=(ReaderFault(Command.STATUS, Status.UNAUTHORISED),),
    ),
    FaultScenario(
        "the reader's self-test fails",
        Code.READER_FAULT,
        before=(ReaderFault(Command.STATUS, Status.SELF_TEST),),
    ),
    FaultScenario(
        "its state is a status of a card",
        Code.READER_FAULT,
        before=(ReaderFault(Command.STATUS, Status.READ_FAILED),),
    ),
    FaultScenario(
        "its state comes damaged once", Code.OK, before=(ReaderFault(Command.STATUS, alter=flip_bit(-1)),)
    ),
    FaultScenario(
        "its state comes damaged always",
        Code.READER_MISSING,
        before=(ReaderFault(Command.STATUS, alter=flip_bit(-1)),) * 12,
    ),
    *(FaultScenario(f"it talks at {baud} baud", Code.OK, baud=baud) for baud in BAUDS[1:]),
    FaultScenario(
        "it talks at 9600 baud and will not go faster",
        Code.OK,
        baud=9600,
        before=(ReaderFault(Command.BAUD, Status.NOT_PERMITTED),),
    ),
)

_TRANSMISSION = (
    FaultScenario(
        "noise before the answer",
        Code.OK,
        (ReaderFault(Command.READ, alter=put_before(b"\x00\xff\xaa\xaa noise")),),
    ),
    FaultScenario(
        "half a preamble before the answer",
        Code.OK,
        (ReaderFault(Command.READ, alter=put_before(b"\xaa\xaa")),),
    ),
    FaultScenario(
        "one preamble too many",
        Code.OK,
        (ReaderFault(Command.READ, alter=put_before(b"\xaa\xaa\xaa\x96\x69")),),
    ),
    FaultScenario("a wrong check byte once", Code.OK, (ReaderFault(Command.READ, alter=flip_bit(-1)),)),
    FaultScenario(
        "a wrong check byte always", Code.READER_FAULT, (ReaderFault(Command.READ, alter=flip_bit(-1)),) * 3
    ),
    FaultScenario(
        "a bit of the photo flips once", Code.OK, (ReaderFault(Command.READ, alter=flip_bit(900)),)
    ),
    FaultScenario("a bit of the length flips once", Code.OK, (ReaderFault(Command.READ, alter=flip_bit(5)),)),
    FaultScenario(
        "the answer stops half way once", Code.OK, (ReaderFault(Command.READ, alter=truncate(500)),)
    ),
    FaultScenario(
        "the answer stops half way always",
        Code.READER_FAULT,
        (ReaderFault(Command.READ, alter=truncate(500)),) * 3,
    ),
    FaultScenario(
        "a damaged answer holds a forged one", Code.OK, (ReaderFault(Command.READ, alter=embed_forgery),)
    ),
    FaultScenario("no answer to a read", Code.READER_LOST, (ReaderFault(Command.READ, alter=lambda _: b""),)),
    FaultScenario(
        "no answer when it looks for cards",
        Code.READER_LOST,
        (ReaderFault(Command.FIND, alter=lambda _: b""),),
    ),
    FaultScenario(
        "the answer comes late, but in time",
        Code.OK,
        (ReaderFault(Command.READ, delay_s=0.5 * ANSWER_TIMEOUT_S),),
    ),
    FaultScenario(
        "the answer comes too late",
        Code.READER_LOST,
        (ReaderFault(Command.READ, delay_s=1.5 * ANSWER_TIMEOUT_S),),
    ),
    FaultScenario(
        "nothing but noise for an answer",
        Code.READER_FAULT,
        (ReaderFault(Command.FIND, alter=lambda _: b"\x55" * 40),) * 3,
    ),
    FaultScenario(
        "an answer too short to hold a status",
        Code.OK,
        (ReaderFault(Command.FIND, alter=lambda _: build(b"\0")),),
    ),
    FaultScenario(
        "chatter nobody asked for", Code.OK, then=lambda reader: reader.send(build(b"\0\0\x90") * 20)
    ),
    FaultScenario(
        "unplugged while it looks for cards", Code.READER_LOST, (ReaderFault(Command.FIND, unplug=True),)
    ),
    FaultScenario("unplugged while it reads", Code.READER_LOST, (ReaderFault(Command.READ, unplug=True),)),
    FaultScenario("a status that no page lists", Code.READER_FAULT, (ReaderFault(Command.READ, 0x77),)),
)

_CARDS = (
    FaultScenario(
        "taken away before it is selected", Code.CARD_REMOVED, (ReaderFault(Command.FIND, lift=True),)
    ),
    FaultScenario(
        "taken away while it is read",
        Code.CARD_MOVED,
        (ReaderFault(Command.READ, Status.READ_FAILED, lift=True),),
    ),
    FaultScenario("moved while it is read, and lies again", Code.OK, then=lift_and_put_back),
    FaultScenario(
        "other sizes than text and photo have",
        Code.CARD_MALFORMED,
        (ReaderFault(Command.READ, alter=replace_data(struct.pack(">HH", 256, 512) + bytes(768))),),
    ),
    FaultScenario(
        "a byte too few",
        Code.CARD_MALFORMED,
        (ReaderFault(Command.READ, alter=replace_data(struct.pack(">HH", 256, 1024) + bytes(1279))),),
    ),
    FaultScenario(
        "an empty answer that says all is well",
        Code.CARD_MALFORMED,
        (ReaderFault(Command.READ, alter=replace_data(b"")),),
    ),
    FaultScenario("a chip full of zeros", Code.CARD_MALFORMED, text=bytes(256)),
    FaultScenario("a chip that holds no text", Code.CARD_WRONG_TYPE, text=b"\xff" * 256),
    FaultScenario("no name", Code.CARD_MALFORMED, text=text_with("name", b"")),
    FaultScenario("half a character in the name", Code.CARD_MALFORMED, text=text_with("name", b"\x00\xd8")),
    FaultScenario("no number", Code.CARD_MALFORMED, text=text_with("number", b"")),
    FaultScenario(
        "a birth that is no day",
        Code.CARD_MALFORMED,
        text=text_with("birth", "19840230".encode("utf-16-le")),
    ),
    FaultScenario("a nation that is in no list", Code.OK, text=text_with("nation", "81".encode("utf-16-le"))),
    FaultScenario("no nation", Code.OK, text=text_with("nation", b"")),
    FaultScenario("no sex", Code.OK, text=text_with("sex", b"")),
    FaultScenario("half a character in the address", Code.OK, text=text_with("address", b"\x00\xd8")),
    FaultScenario("valid until nothing", Code.CARD_MALFORMED, text=text_with("valid_to", b"")),
    FaultScenario(
        "a type letter that nobody knows",
        Code.CARD_WRONG_TYPE,
        text=compose(_CARD)[:TYPE_AT] + "Q".encode("utf-16-le") + compose(_CARD)[TYPE_AT + 2 :],
    ),
)

SCENARIOS: Sequence[FaultScenario] = (
    *_OPENING,
    *_TRANSMISSION,
    *_CARDS,
    *status_scenarios(Command.FIND, "looking for a card", dict.fromkeys(_ABSENT, Code.CARD_REMOVED)),
    *status_scenarios(Command.SELECT, "selecting it", {}),
    # The driver looks for the card once more before it gives up, and a reader finds each card once.
    *status_scenarios(Command.READ, "reading it", dict.fromkeys(_RETRIED, Code.CARD_MOVED)),
)


if __name__ == "__main__":
    sys.exit(run_command(lambda: run_all(sys.stdout.write)))
