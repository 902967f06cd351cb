"""Target `reader`: random bytes at everything that parses what a card reader sends.

Each case is one whole reading (state, find, select, read, further address, parse, facts) against a reader
whose answers were mangled. A case must end in a card or in a code within its time; anything else is a
finding. Time is simulated, so a hang shows as time that runs away;
every thousandth case goes over a real pseudo-terminal.
"""

import random
import struct
import time

from kiosk.capture.card_reader import SamV
from kiosk.card.facts import facts
from kiosk.card.frames import PREAMBLE, build
from kiosk.card.layout import LAYOUTS, compose, parse
from kiosk.card.protocol import ATTEMPTS, Command, Session, Status
from kiosk.china_time import china_today
from kiosk.errors import CardError, DeviceError
from kiosk.model import IdCard
from kiosk.simulators.people import Person
from kiosk.simulators.sam_v import ReaderFault, SamVOnPty
from kiosk.simulators.sam_v_faults import bare_context
from tests.fuzz.mangle import Mangle, cut, flip
from tests.fuzz.mangle import noise as insert

TIMEOUT_S = 2.0
COMMANDS = 6
LONGEST_S = COMMANDS * ATTEMPTS * (TIMEOUT_S + 1.0)
"""Longest simulated time that a reading may take."""
EVERY = 1000
"""Every n-th case goes over a pseudo-terminal, which is slow."""
CARD = Person(1, bytes(range(256)) * 4).card()


def preambles(rng: random.Random, data: bytes) -> bytes:
    return PREAMBLE[: rng.randrange(6)] * rng.randrange(4) + data


def other(rng: random.Random, data: bytes) -> bytes:
    """Return a well-formed frame with a random status and random data."""
    size = rng.choice((0, 1, 4, 8, 70, 1284, rng.randrange(3000)))
    return build(bytes([0, 0, rng.choice((*Status, rng.randrange(256)))]) + rng.randbytes(size))


def text(rng: random.Random, data: bytes) -> bytes:
    """Return a well-formed card of any layout whose text was mangled."""
    mangled = flip(rng, bytes(compose(CARD)))
    if rng.random() < 0.5:
        mangled = rng.randbytes(256)
    letter = rng.choice((" ", "J", "I", "Y", "\0", chr(rng.randrange(0xD7FF)))).encode("utf-16-le")
    mangled = mangled[:248] + letter + mangled[250:]
    return build(bytes([0, 0, 0x90]) + struct.pack(">HH", 256, 1024) + mangled + rng.randbytes(1024))


def noise(rng: random.Random, data: bytes) -> bytes:
    return rng.randbytes(rng.randrange(4000))


def silence(rng: random.Random, data: bytes) -> bytes:
    return b""


MANGLES: tuple[Mangle, ...] = (flip, cut, insert, preambles, other, text, noise, silence)


class ScriptedReader:
    """Reader whose answers are mangled, with a clock that advances only while the caller waits."""

    def __init__(self, rng: random.Random) -> None:
        self.rng, self.now = rng, 0.0
        self.waiting: list[bytes] = []

    def clock(self) -> float:
        self.now += 1e-4  # work takes time too, so that a busy loop ends
        return self.now

    def send(self, data: bytes) -> None:
        command = int.from_bytes(data[7:9], "big")
        answer = _right(command)
        reads = command == Command.READ  # what comes before is mostly left alone, or few would get so far
        for _ in range(self.rng.choice((0, 1, 1, 2) if reads else (0, 0, 0, 0, 1))):
            answer = self.rng.choice(MANGLES)(self.rng, answer)
        self.waiting = _pieces(self.rng, answer)

    def receive(self, timeout_s: float) -> bytes:
        if self.waiting and self.rng.random() < 0.999:
            self.now += self.rng.random() * 0.05
            return self.waiting.pop(0)
        self.now += timeout_s
        return b""


def _right(command: int) -> bytes:
    photo = struct.pack(">HH", 256, 1024) + compose(CARD) + bytes(1024)
    bodies = {
        Command.FIND: b"\x9f" + bytes(4),
        Command.READ: b"\x90" + photo,
        Command.FURTHER_ADDRESS: b"\x90" + "样板路2号".encode("utf-16-le").ljust(70, b"\0"),
    }
    return build(b"\0\0" + bodies.get(Command(command), b"\x90" + bytes(8)))


def _pieces(rng: random.Random, data: bytes) -> list[bytes]:
    step = rng.choice((1, 7, 62, 512, 4096))
    return [data[i : i + step] for i in range(0, len(data), step)]


def run_case(seed: int) -> str:
    """Run one case and return how it ended. Anything but a card or a code is raised."""
    rng = random.Random(seed)
    return _on_a_pty(rng) if seed % EVERY == 0 else _in_memory(rng)


def _in_memory(rng: random.Random) -> str:
    line = ScriptedReader(rng)
    try:
        session = Session(line, TIMEOUT_S, clock=line.clock)
        session.check()
        if not session.find():
            return "no card"
        session.select()
        card = parse(*session.read())
        session.further_address()
        session.chip_number()
        return _held(card)
    except (CardError, DeviceError) as error:
        return error.code.value
    finally:
        if line.now > LONGEST_S:
            raise AssertionError(f"{line.now:.0f} simulated seconds")


def _on_a_pty(rng: random.Random) -> str:
    began = time.monotonic()
    with SamVOnPty() as reader:
        for command in (Command.STATUS, Command.FIND, Command.SELECT, Command.READ, Command.FURTHER_ADDRESS):
            if rng.random() < 0.5:
                mangle = rng.choice(MANGLES[:-1])
                reader.faults.append(ReaderFault(command, alter=lambda frame, m=mangle: m(rng, frame)))
        driver = SamV(SamV.Settings(port=reader.port, timeout_s=0.1), bare_context())
        reader.put(CARD)
        try:
            driver.open()
            return _held(driver.read()) if driver.present() else "no card"
        except (CardError, DeviceError) as error:
            return error.code.value
        finally:
            driver.close()
            assert time.monotonic() - began < 60.0


def _held(card: IdCard) -> str:
    """Check that what was read has the form that the rules expect."""
    assert card.kind in LAYOUTS
    assert isinstance(facts(card, card.kind, china_today()).age, int)
    return "the card" if card.number == CARD.number else "another card"
