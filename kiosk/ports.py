"""Defines the plug-in points: one protocol a kind of driver.

A driver is a class with a `Settings` type (a frozen msgspec Struct, unknown keys forbidden) and a
constructor `Driver(settings, context)`; it is named by an entry point in the group of its port and chosen by
`driver = "…"` in the port's section of the settings. The contract tests in `tests/kiosk/contracts/` run
over every driver.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from kiosk.events import Event, Notice
from kiosk.model import (
    ActivationReceipt,
    AudioBlock,
    ClerkCallFacts,
    DayReport,
    FaceMinimums,
    FaceThresholds,
    Frame,
    Given,
    IdCard,
    ReaderIdentity,
    Slip,
    Wants,
)

Image = NDArray[np.uint8]
"""(height, width, 3) BGR."""
Samples = NDArray[np.float32]
"""(n,) mono at `model.SAMPLE_RATE`, −1…1."""
Vector = NDArray[np.float32]
"""(d,) of unit length."""


class Context(Struct, frozen=True, kw_only=True):
    """What every driver is given: folders, mode, clock."""

    resources: Path
    models: Path
    simulation: bool
    clock: Callable[[], float]
    world: Any = None  # the simulated shop (`kiosk.simulators.shop.SimulatedShop`); None in production


class Camera(Protocol):
    """A camera. Called from one thread; open only during a visit."""

    def probe(self) -> None:
        """Check cheaply, while closed, whether `open` could work. Raises DeviceMissing, DeviceBusy."""

    def open(self) -> None:
        """Open the device. Raises DeviceMissing, DeviceBusy."""

    def read(self) -> Frame:
        """Return the next frame, waiting at most two seconds. Raises DeviceLost."""

    def close(self) -> None:
        """Close the camera. Never raises; may be called twice."""


class Microphone(Protocol):
    """Sound. `deliver` is called from the driver's own thread and must only copy and queue."""

    def probe(self) -> None:
        """Check cheaply, while closed, whether `open` could work. Raises DeviceMissing."""

    def open(self, deliver: Callable[[AudioBlock], None]) -> None:
        """Open the device. Raises DeviceMissing, DeviceBusy."""

    def check(self) -> None:
        """Raise DeviceLost if no block came for too long; called about twice a second."""

    def close(self) -> None:
        """Close the microphone. Never raises, never hangs."""


class Speaker(Protocol):
    """Spoken prompts."""

    def open(self) -> None:
        """Open the device. Raises DeviceMissing."""

    def play(self, samples: Samples) -> None:
        """Return when the sound has left the loudspeaker, or `stop` was called. Raises DeviceLost."""

    def stop(self) -> None:
        """Stop playing at once; from any thread."""

    def close(self) -> None: ...


class CardReader(Protocol):
    """ID cards. Called from one thread."""

    def open(self) -> None:
        """Open the reader. Raises DeviceMissing, DeviceBusy, DeviceLost."""

    def identity(self) -> ReaderIdentity:
        """Ask the open reader which one it is; cheap, asked before every card. Raises DeviceLost."""

    def present(self) -> bool:
        """Return whether a card is on the reader. Raises DeviceLost."""

    def read(self) -> IdCard:
        """Read the card that is present. Raises CardError with its code, DeviceLost."""

    def close(self) -> None: ...


class PortraitDecoder(Protocol):
    """Decoder of the 1024 bytes that the chip holds as its portrait."""

    def decode(self, portrait: bytes) -> Image:
        """Return the portrait, (126, 102, 3) BGR. Raises CardError(CARD_PORTRAIT_UNREADABLE)."""


class Face(Struct, frozen=True, eq=False, kw_only=True):
    """One detected face, in pixels of its picture. `points`: (5, 2) right eye, left eye (the person's), nose,
    right and left corner of the mouth. `raw` is the engine's own record.
    """

    x: float
    y: float
    width: float
    height: float
    points: NDArray[np.float32]
    score: float
    raw: Any = None


class FaceEngine(Protocol):
    """Finds faces and measures how alike two of them are. Called from one thread.

    `thresholds`: where this engine decides, measured with it; [face_engine.limits] may override them.
    `minimums`: the lowest values that a site may set in production.
    """

    name: str
    version: str
    thresholds: FaceThresholds
    minimums: FaceMinimums

    def detect(self, image: Image) -> Sequence[Face]:
        """Return all faces, largest first. Raises EngineError."""

    def embed(self, image: Image, face: Face) -> Vector:
        """Return an embedding of unit length; the dot product of two is the likeness. Raises EngineError."""


class FaceMesh(Struct, frozen=True, kw_only=True):
    """Measures from dense landmarks; ratios without unit, angles in degrees (see `model.FaceSeen`)."""

    mouth: float
    eyes: float
    yaw: float
    pitch: float
    roll: float
    presence: float  # 0…1, how sure the landmarker is that it looks at a face


class FaceLandmarks(Protocol):
    """Measures a face from dense landmarks. Called from one thread."""

    name: str
    version: str

    def measure(self, image: Image, face: Face) -> FaceMesh:
        """Return the measures of one face. Raises EngineError."""


class Liveness(Protocol):
    """Passive presentation-attack detection."""

    name: str
    version: str

    def score(self, image: Image, face: Face) -> float | None:
        """Return 0 attack … 1 live; None: no model is installed, nothing is known. Raises EngineError."""


class Recogniser(Protocol):
    """Recognises which digit is in a stretch of sound."""

    version: str

    @property
    def name(self) -> str:
        """The name, read after `score` and kept as evidence: a driver made of several says which answered."""

    def score(self, samples: Samples, onset: int) -> tuple[float, ...]:
        """Return natural-log posteriors over 0–9 and "other" (11 numbers) for the voice that begins at sample
        `onset` of `samples`, which holds some sound before and behind it. Raises EngineError.
        """


class Printer(Protocol):
    def open(self) -> None:
        """Open the device. Raises DeviceMissing."""

    def print(self, printed: Slip | DayReport) -> None:
        """Return once it is printed. Raises DeviceLost: gone, paper out; PRINTER_UNKNOWN: it does not say."""

    def check(self) -> None:
        """Raise DeviceLost if nothing can be printed now, PRINTER_UNKNOWN if the printer does not say."""

    def close(self) -> None: ...


class ClerkCall(Protocol):
    """Calls the clerk to the terminal. Called from one thread of its own.

    `reaches`: whether this driver calls anybody at all; if not, the screen asks the customer to wave.
    """

    reaches: bool

    def probe(self) -> None:
        """Check, without calling anybody, whether `call` could work. Raises DeviceMissing."""

    def call(self, facts: ClerkCallFacts) -> None:
        """Call the clerk; return once the call has gone out, within some seconds. Raises DeviceError."""

    def end(self) -> None:
        """End the call: the clerk came, or is not needed any more. Raises DeviceError."""


class KeyStore(Protocol):
    """Where the terminal's key lives: a file, or a chip that never shows it.

    Group `kiosk.terminal_key`; made as `Driver(identity_folder, settings)`; every method raises
    IdentityError. The next key is the one that `kiosk identity rotate` is about to exchange for the present
    one; it must survive a power cut between `make_next` and `adopt_next`.
    """

    def make(self) -> None:
        """Make a key if there is none."""

    def public(self) -> bytes:
        """Return the public key; fails if the key cannot be used.

        32 bytes: Ed25519 (RFC 8032); 64 bytes: the point x ‖ y of P-256. All keys of a store are of one kind.
        """

    def sign(self, message: bytes) -> bytes:
        """Return the signature, 64 bytes: of Ed25519, or r ‖ s of ECDSA with SHA-256."""

    def secret(self, purpose: str) -> bytes:
        """Return 32 secret bytes for this purpose; always the same ones, until another key is adopted."""

    def make_next(self) -> bytes:
        """Return the public half of the next key: made if there is none, else the one that waits."""

    def next_public(self) -> bytes | None:
        """Return the public half of the next key; None: no exchange is under way."""

    def sign_next(self, message: bytes) -> bytes:
        """Return the signature of the next key, 64 bytes."""

    def adopt_next(self) -> None:
        """Replace the present key by the next one; the present one is destroyed."""


class Central(Protocol):
    """The central server, as the delivery worker sees it."""

    def challenges(self, count: int) -> Sequence[str]:
        """Return signed challenge tokens. Raises CentralError."""

    def activate(self, request: str, body: bytes, clock_off_s: float | None = None) -> ActivationReceipt:
        """Deliver a request; return the receipt.

        Raises Unreachable (outcome unknown), Untrusted, Unacceptable.
        """

    def roster(self) -> str:
        """Return the roster of who may sign in here: a signed token. Raises CentralError."""

    def look_up(self, request: str) -> ActivationReceipt | None:
        """Return the receipt of a request; None: central never had it. Raises CentralError."""

    def heartbeat(self, wants: Wants) -> Given | None:
        """Report this terminal's state; return what it lacks, or None: central does not give it this way.

        Raises CentralError.
        """


class Feeds(Struct, frozen=True):
    """What a shell fetches at its own pace."""

    frame: Callable[[], Frame | None]
    level_dbfs: Callable[[], float]
    pair: Callable[[], tuple[Image | None, Image | None]] = lambda: (None, None)
    """The card's portrait and the best live picture, copies: for a clerk's review, and for nothing else."""


class Engine(Protocol):
    """What a shell may use of the engine."""

    def post(self, event: Event) -> None:
        """Put an event into the inbox; from any thread; never blocks."""

    def subscribe(self, listener: Callable[[Notice], None]) -> None:
        """`listener` is called on the engine's thread with each notice and must return at once."""
