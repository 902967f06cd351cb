"""From the card on the reader to the next screen, beyond what the chip takes."""

import time
from collections.abc import Iterator
from queue import Empty, SimpleQueue

from PySide6.QtWidgets import QApplication

from benchmarks.bench import SIZE, Bench, load
from benchmarks.figures import Goal, Result, series
from kiosk import settings
from kiosk.capture.card_reader import SamV, SerialPort
from kiosk.capture.card_watcher import CardWatcher
from kiosk.capture.supervisor import Supervisor
from kiosk.card.protocol import BAUDS, Session
from kiosk.events import Agreed, AwaitCard, Began, CardRead, Event, Show
from kiosk.model import Device, IdCard, Stage
from kiosk.ports import Feeds
from kiosk.settings import Settings
from kiosk.simulators.people import Person
from kiosk.simulators.sam_v import SamVOnPty
from kiosk.simulators.sam_v_faults import bare_context
from kiosk.ui.theme import load_fonts
from kiosk.ui.window import Window
from kiosk.visit.policy import visit_policy
from kiosk.visit.visit import Visit
from kiosk.worker import Worker

CHIP_S = 0.8
"""So long the simulated chip takes for text and photo; real ones take about as long."""
GOAL_MS = 300.0
PATIENCE_S = 10.0


def run(bench: Bench) -> list[Result]:
    """The real driver over a pseudo-terminal, its supervisor, the visit, and the window that paints PHONE."""
    _app = QApplication.instance() or QApplication(["bench"])
    load_fonts()
    before, count, chosen = load(), bench.times(20, 2), settings.load()
    with SamVOnPty(read_s=CHIP_S) as reader:
        bare = list(_bare(reader, count))
    with SamVOnPty(read_s=CHIP_S) as reader:
        ours = list(_whole(reader, count, chosen))
    return [
        Result(
            name="card",
            title="Card lies on the reader → next screen painted, beyond the chip's own time",
            ours=series("terminal", "ms", [ms for ms, _ in ours]),
            baselines=(series("bare: find, select, read on the open line", "ms", bare),),
            parts=(series("of it: the window paints PHONE", "ms", [paint for _, paint in ours]),),
            goal=Goal(GOAL_MS),
            remark=f"The simulated chip takes {CHIP_S} s; the reader is looked at every 100 ms.",
            load=before,
        )
    ]


def _cards(count: int) -> Iterator[IdCard]:
    return (Person(seed, bytes(1024)).card() for seed in range(1, count + 1))


def _bare(reader: SamVOnPty, count: int) -> Iterator[float]:
    line = SerialPort(reader.port, BAUDS[0])
    session = Session(line, timeout_s=2.0)
    for card in _cards(count):
        reader.put(card)
        began = time.monotonic()
        assert session.find()
        session.select()
        session.read()
        yield 1000 * (time.monotonic() - began - CHIP_S)
        reader.lift()
    line.close()


def _whole(reader: SamVOnPty, count: int, chosen: Settings) -> Iterator[tuple[float, float]]:
    """Milliseconds beyond the chip's, and those of them that painting took."""
    inbox: SimpleQueue[Event] = SimpleQueue()
    watcher = CardWatcher(
        SamV(SamV.Settings(port=reader.port), bare_context()), inbox.put, require_pinned=lambda _: None
    )
    worker = Worker("card", Supervisor(Device.READER, watcher, inbox.put, wanted=True).run).start()
    window = Window(_Nobody(), Feeds(lambda: None, lambda: -60.0), chosen, simulated=True)
    window.resize(*SIZE)
    window.show()
    try:
        for number, card in enumerate(_cards(count)):
            yield _one(reader, watcher, inbox, window, chosen, card, number)
    finally:
        worker.stop()
        window.close()


def _one(
    reader: SamVOnPty,
    watcher: CardWatcher,
    inbox: "SimpleQueue[Event]",
    window: Window,
    chosen: Settings,
    card: IdCard,
    number: int,
) -> tuple[float, float]:
    visit = Visit(visit_policy(chosen))
    visit.feed(
        Began(visit=f"CARD-{number:04}-0000-0000", language="zh-Hans", at_unix=time.time()), time.monotonic()
    )
    orders = visit.feed(Agreed("zh-Hans", "0" * 64, picture=False), time.monotonic())
    assert any(isinstance(order, AwaitCard) for order in orders)
    watcher.await_card()
    time.sleep(0.037 * (number % 10))  # customers do not come in step with the looks at the reader
    reader.put(card)
    began = time.monotonic()
    event = _card(inbox)
    watcher.ignore_card()
    shown = next(o for o in visit.feed(event, time.monotonic()) if isinstance(o, Show))
    assert shown.stage is Stage.PHONE
    paints = time.monotonic()
    window.handle_notice(shown)
    window.grab()
    ended = time.monotonic()
    reader.lift()
    time.sleep(0.5)  # the watcher sees it go
    return 1000 * (ended - began - CHIP_S), 1000 * (ended - paints)


def _card(inbox: "SimpleQueue[Event]") -> CardRead:
    until = time.monotonic() + PATIENCE_S
    while (left := until - time.monotonic()) > 0:
        try:
            event = inbox.get(timeout=left)
        except Empty:
            break
        if isinstance(event, CardRead):
            return event
    raise RuntimeError("no card was read")


class _Nobody:
    """The engine that a window needs; nobody touches it."""

    def post(self, event: Event) -> None: ...

    def subscribe(self, listener: object) -> None: ...
