"""A terminal in a process of its own, whose memory is searched after a visit.

    python -m tests.end_to_end.remains SETTINGS FD

Reads who comes from standard input (`os.read`: Python's own buffer would keep it), serves that customer, and
says "idle" with the outcome when everything is over. On the way it tells through FD samples of what passed
through: rows of frames and of faces that were cut out, embeddings, sound, what the recogniser was fed with.
It writes them straight from where they lie and keeps no copy. Frames get noise of their own, so that none
equals a picture of the simulator's.
"""

import os
import sys
from pathlib import Path
from typing import Any

import cv2
import msgspec
import numpy as np
from msgspec.structs import replace

from kiosk import events as e
from kiosk.card.protocol import PORTRAIT_BYTES
from kiosk.face.sface import SFace
from kiosk.model import IdCard, Stage
from kiosk.simulators.camera import SimulatedCamera
from kiosk.simulators.people import Person
from kiosk.speech.listener import Listener
from kiosk.speech.recognisers import embedded
from tests.support.headless_terminal import HeadlessTerminal, genuine_customer

SAMPLE = 40
"""Bytes of a sample: long enough to stand nowhere by chance."""


def named(seed: int) -> IdCard:
    """A card whose name and address stand nowhere in the program: they are made anew each time."""
    signs = [chr(0x4E00 + b % 20_000) for b in np.random.default_rng(seed).integers(0, 20_000, 16)]
    return replace(_card(Person(seed, b"")), name="".join(signs[:4]), address="".join(signs[4:]))


_card = Person.card


def _named(person: Person) -> IdCard:
    made = named(person.seed)
    return replace(_card(person), name=made.name, address=made.address)


class MemorySampler:
    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._noise = np.random.default_rng()
        self._over = False

    def see(self, notice: e.Notice) -> None:
        """Say that frames after the visit contain no person: the nets are fed a grey picture then."""
        self._over |= isinstance(notice, e.Forget)

    def sample(self, kind: bytes, array: Any) -> None:
        """The middle of it: the edges of pictures and sounds are flat."""
        flat = memoryview(np.ascontiguousarray(array)).cast("B")
        at = (len(flat) // 2) & ~63
        if len(flat) >= at + SAMPLE and not self._over:
            os.writev(self._fd, [kind, flat[at : at + SAMPLE]])

    def watch(self) -> None:
        """Put itself between the devices, the engines and those who use them."""
        self._around(SimulatedCamera, "read", self._frame)
        self._around(SFace, "embed", lambda vector: self.sample(b"E", vector))
        self._around(embedded, "windows", lambda fed: self.sample(b"F", fed))
        self._around(cv2.dnn, "blobFromImage", lambda blob: self.sample(b"B", blob))
        self._around(cv2, "imencode", self._encoded)
        Person.card = _named  # type: ignore[method-assign]
        hear = Listener.feed

        def heard(ear: Listener, block: Any) -> None:
            if np.abs(block.samples).max(initial=0) > 0.02:
                self.sample(b"S", block.samples)
            hear(ear, block)

        Listener.feed = heard  # type: ignore[method-assign]

    def _frame(self, frame: Any) -> None:
        shift = self._noise.integers(0, 3, frame.image.shape, np.uint8)
        np.add(frame.image, shift, out=frame.image, where=frame.image < 250)
        self.sample(b"P", frame.image)

    def _encoded(self, made: Any) -> None:
        if len(made[1]) > PORTRAIT_BYTES:  # not the simulated chip's, which the shop keeps
            self.sample(b"J", made[1])

    def _around(self, owner: Any, name: str, see: Any) -> None:
        real = getattr(owner, name)

        def call(*given: Any, **named: Any) -> Any:
            result = real(*given, **named)
            see(result)
            return result

        setattr(owner, name, call)


def serve(headless: HeadlessTerminal) -> str:
    told = msgspec.json.decode(os.read(0, 4096))
    ended = headless.visit(genuine_customer(**told))
    return f"{ended.slip.outcome.value} {ended.slip.code.value}"


def main(settings: Path, fd: int) -> None:
    sampler = MemorySampler(fd)
    sampler.watch()
    with HeadlessTerminal(settings) as headless:
        headless.terminal.engine.subscribe(sampler.see)
        headless.in_service()
        print("in service", flush=True)
        mark = headless.notice_log.mark
        word = serve(headless)
        headless.notice_log.wait_for_stage(Stage.IDLE, mark)
        headless.customers.leave()
        print("idle", word, flush=True)
        os.read(0, 1)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
