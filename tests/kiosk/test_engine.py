"""The engine with real threads and scripted handlers."""

import queue
import time
from typing import get_args

import pytest
from msgspec.structs import replace

from kiosk import events as e
from kiosk.bootstrap import Terminal
from kiosk.codes import Code
from kiosk.engine import Engine
from kiosk.model import (
    ActivationReceipt,
    ClerkCallState,
    Device,
    FaceSeen,
    Outcome,
    RequestStatus,
    Slip,
    Stage,
)
from kiosk.printing.print_queue import PrintQueue
from kiosk.settings import load
from kiosk.visit.visit import Visit
from kiosk.worker import Worker
from tests.support.visit_driver import GOOD_CARD, LIMITS, NUMBER, challenge, policy

NOW_UNIX = 1_800_000_000.0
REQUIRED = frozenset({Device.CAMERA, Device.MODELS})


class Rig:
    """An engine on its thread; handlers note each order, and one may be made to fail."""

    def __init__(self, limits=LIMITS):
        self.done: list[type] = []
        self.recorded: list[e.Event] = []
        self.said: list[tuple[str, str]] = []
        self.notices: queue.Queue[e.Notice] = queue.Queue()
        self.fail_at: type | None = None
        self.printed: list[Slip] = []
        self.print_queue = PrintQueue(self, self._ignore)
        handlers = {order: self._note for order in get_args(e.Order) if order not in get_args(e.Notice)}
        handlers |= {
            e.Forget: self._note,
            e.TakeChallenge: lambda _: e.ChallengeTaken(challenge()),
            e.RingClerk: self._ring,
            e.Submit: lambda order: e.Stored(order.visit),
            e.Say: lambda order: self.said.append((order.prompt, self.engine.language)),
            e.Print: self.print_queue.print_slip,
        }
        self.engine = Engine(
            lambda: Visit(policy(limits)),
            handlers,
            required=REQUIRED,
            record=lambda number, at, event: self.recorded.append(event),
            clock=time.monotonic,
            clock_unix=lambda: NOW_UNIX,
        )
        self.engine.subscribe(self.notices.put)
        self.worker = Worker("engine", self.engine.run).start()

    def _note(self, order):
        if type(order) is self.fail_at:
            raise RuntimeError(type(order).__name__)
        self.done.append(type(order))

    def _ignore(self, _):
        pass

    open = close = lambda self: None  # the rig is its own printer

    def print(self, slip):
        self.printed.append(slip)

    def ready(self):
        for device in REQUIRED:
            self.engine.post(e.DeviceReady(device))
        return self

    def begin(self):
        self.engine.post(e.Began(visit=NUMBER, language="zh-Hans", at_unix=0.0))
        self.shows(Stage.CONSENT)
        return self

    def help_shown(self) -> e.ShowHelp:
        """The next news of a call for which no visit waits."""
        while not isinstance(notice := self.notices.get(timeout=5.0), e.ShowHelp) or notice.until is not None:
            pass
        return notice

    def _ring(self, order):
        self._note(order)
        return e.ClerkCallChanged(ClerkCallState.CALLING, staffed=False)

    def shows(self, stage, timeout=5.0) -> e.Show:
        until = time.monotonic() + timeout
        while time.monotonic() < until:
            notice = self.notices.get(timeout=timeout)
            if isinstance(notice, e.Show) and notice.stage is stage:
                return notice
        raise AssertionError(stage)


@pytest.fixture
def rig():
    rigs = []

    def make(limits=LIMITS):
        rigs.append(Rig(limits))
        return rigs[-1]

    yield make
    for one in rigs:
        assert one.worker.stop()


def test_out_of_service_until_all_that_is_required_is_ready(rig):
    one = rig()
    assert one.shows(Stage.OUT_OF_SERVICE).code is Code.STARTING
    one.engine.post(e.Began(visit=NUMBER, language="zh-Hans", at_unix=0.0))
    one.engine.post(e.DeviceReady(Device.CAMERA))
    assert one.shows(Stage.OUT_OF_SERVICE)
    one.engine.post(e.DeviceReady(Device.MODELS))
    one.shows(Stage.IDLE)
    assert one.engine.out_of_service is None
    one.engine.post(e.DeviceFailed(Device.CAMERA, Code.CAMERA_LOST))
    assert one.shows(Stage.OUT_OF_SERVICE).code is Code.CAMERA_LOST
    assert one.engine.out_of_service == (Code.CAMERA_LOST, NOW_UNIX)
    one.engine.post(e.DeviceReady(Device.CAMERA))
    one.shows(Stage.IDLE)
    assert not one.recorded


def test_what_is_not_required_does_not_stop_the_service(rig):
    one = rig().ready()
    one.shows(Stage.IDLE)
    one.engine.post(e.DeviceFailed(Device.PRINTER, Code.PRINTER_PAPER))
    one.begin()


def test_a_device_that_fails_during_a_visit_is_told_after_it(rig):
    one = rig().ready().begin()
    one.engine.post(e.DeviceFailed(Device.CAMERA, Code.CAMERA_LOST))
    one.engine.post(e.Cancelled())
    one.shows(Stage.OUTCOME)
    one.engine.post(e.Dismissed())
    assert one.shows(Stage.OUT_OF_SERVICE).code is Code.CAMERA_LOST


def test_a_language_chosen_at_the_consent_is_spoken_from_then_on(rig):
    one = rig().ready().begin()
    one.engine.post(e.Agreed("zh-Hant", "00", picture=True))
    one.shows(Stage.CARD)
    one.engine.post(e.Cancelled())
    one.shows(Stage.OUTCOME)
    one.engine.post(e.Dismissed())
    one.shows(Stage.IDLE)
    languages = [language for _, language in one.said]
    assert languages[0] == "zh-Hans"
    assert set(languages[1:]) == {"zh-Hant"}
    one.begin()
    one.engine.post(e.Cancelled())
    one.shows(Stage.OUTCOME)
    assert one.said[len(languages)][1] == "zh-Hans"


def test_deadlines_are_kept(rig):
    one = rig(replace(LIMITS, consent_s=0.2, outcome_s=0.2)).ready().begin()
    one.shows(Stage.OUTCOME)
    one.shows(Stage.IDLE)
    assert e.Forget in one.done


def test_a_bug_ends_the_visit_and_not_the_engine(rig):
    one = rig().ready().begin()
    one.fail_at = e.AwaitCard
    one.engine.post(e.Agreed("zh-Hans", "00", picture=True))
    assert one.shows(Stage.OUTCOME).code is Code.INTERNAL
    one.fail_at = None
    one.engine.post(e.Dismissed())
    one.shows(Stage.IDLE)
    one.begin()


def test_three_bugs_take_the_terminal_out_of_service(rig):
    one = rig().ready()
    for _ in range(3):
        one.begin()
        one.fail_at = e.AwaitCard
        one.engine.post(e.Agreed("zh-Hans", "00", picture=True))
        one.shows(Stage.OUTCOME)
        one.engine.post(e.Dismissed())
    one.shows(Stage.OUT_OF_SERVICE)
    one.engine.post(e.Began(visit=NUMBER, language="zh-Hans", at_unix=0.0))
    time.sleep(0.1)
    assert one.recorded[-1] != e.Began(visit=NUMBER, language="zh-Hans", at_unix=0.0)


def test_a_dead_worker_takes_the_terminal_out_of_service(rig):
    one = rig().ready()
    one.shows(Stage.IDLE)
    one.engine.worker_died("speech", RuntimeError())
    assert one.shows(Stage.OUT_OF_SERVICE).code is Code.INTERNAL


def test_a_shell_that_fails_does_not_stop_the_others(rig):
    one = rig()
    seen: queue.Queue[e.Notice] = queue.Queue()

    def broken(_):
        raise RuntimeError("no window")

    one.engine.subscribe(broken)
    one.engine.subscribe(seen.put)
    one.ready()
    assert seen.get(timeout=5)


def test_an_abandoned_visit_prints_nothing_and_a_promise_does(rig):
    one = rig().ready().begin()
    one.engine.post(e.Cancelled())
    one.shows(Stage.OUTCOME)
    assert not one.print_queue.print_pending()
    one.engine.post(e.Dismissed())
    one.begin()
    one.engine.post(e.Declined())
    one.shows(Stage.OUTCOME)
    assert one.print_queue.print_pending()
    assert [slip.outcome for slip in one.printed] == [Outcome.REFERRED]


def test_the_clerk_is_called_from_the_first_screen_too(rig):
    one = rig().ready()
    one.shows(Stage.IDLE)
    one.engine.post(e.HelpWanted())
    assert one.help_shown() == e.ShowHelp(call=ClerkCallState.CALLING)
    one.engine.post(e.ClerkCallChanged(ClerkCallState.CALLED, staffed=False))
    assert one.help_shown() == e.ShowHelp(call=ClerkCallState.CALLED)
    assert e.RingClerk in one.done


def test_a_call_of_the_visit_before_is_not_told_on_the_first_screen(rig):
    one = rig().ready().begin()
    one.engine.post(e.HelpWanted())
    one.engine.post(e.Cancelled())
    one.engine.post(e.Dismissed())
    one.shows(Stage.IDLE)
    one.engine.post(e.ClerkCallChanged(ClerkCallState.CALLED, staffed=False))
    one.engine.post(e.HelpWanted())
    assert one.help_shown().call is ClerkCallState.CALLING


def test_a_receipt_without_a_visit_is_ignored(rig):
    one = rig().ready()
    one.shows(Stage.IDLE)
    one.engine.post(e.ReceiptArrived(ActivationReceipt(id=NUMBER, status=RequestStatus.ACTIVATED)))
    one.begin()
    assert e.CardRead(GOOD_CARD) not in one.recorded


# ── the list of orders ───────────────────────────────────────────────────────────────────────────


class Part:
    """Stands for the face watcher and the listener: has every method."""

    def __getattr__(self, name):
        return lambda *_: None


@pytest.fixture
def terminal(tmp_path):
    site = tmp_path / "settings.toml"
    text = 'mode = "simulation"\n[central]\nurl = "https://localhost:1"\n[visit]\nliveness.required = false\n'
    for port in ("camera", "microphone", "speaker", "card_reader", "portrait_decoder"):
        text += f'[{port}]\ndriver = "simulated"\n'
    site.write_text(text, encoding="utf-8")
    return Terminal(load(site), world=None)


def test_every_order_is_a_notice_or_has_a_handler_once_the_models_are_there(terminal):
    orders, notices = set(get_args(e.Order)), set(get_args(e.Notice))
    need_models = {e.Watch, e.WatchCard, e.Unwatch, e.KeepFace, e.Submit}
    need_models |= {e.Listen, e.WindowOpened, e.StopListening}
    assert orders - notices - terminal._handlers.keys() == need_models
    terminal._connect_engines(Part(), Part())
    assert orders - notices <= terminal._handlers.keys()
    assert terminal._handlers.keys() <= orders, "a handler for what is no order"


def test_the_visit_is_dated_by_the_terminals_clock_and_not_by_the_window(rig):
    one = rig().ready().begin()
    assert [event.at_unix for event in one.recorded if isinstance(event, e.Began)] == [NOW_UNIX]


def test_an_order_without_a_handler_is_a_bug_and_not_ignored():
    engine = Engine(
        lambda: Visit(policy()),
        {},
        required=frozenset(),
        record=lambda *_: None,
        clock=time.monotonic,
        clock_unix=lambda: NOW_UNIX,
    )
    assert engine._carry_out([e.ShowHeard(0)]) == []
    with pytest.raises(KeyError):
        engine._carry_out([e.KeepFace()])


def test_each_change_of_a_device_leaves_one_line_in_the_log(caplog):
    caplog.set_level("INFO", logger="kiosk.engine")
    engine = Engine(
        lambda: Visit(policy(LIMITS)),
        {},
        required=REQUIRED,
        record=lambda *_: None,
        clock=time.monotonic,
        clock_unix=lambda: NOW_UNIX,
    )
    for _ in range(2):
        engine.post(e.DeviceFailed(Device.AUDIT, Code.STORAGE_READ_ONLY))
    engine.post(e.DeviceReady(Device.AUDIT))
    engine.process_pending()
    assert [(line.levelname, line.message) for line in caplog.records] == [
        ("WARNING", "audit: storage.read_only"),
        ("INFO", "audit: ok"),
    ]


def test_a_turned_camera_is_on_the_staffs_list_until_a_face_was_compared_again():
    engine = Engine(
        lambda: Visit(policy(LIMITS)),
        {},
        required=REQUIRED,
        record=lambda *_: None,
        clock=time.monotonic,
        clock_unix=lambda: NOW_UNIX,
    )
    engine.post(e.DeviceReady(Device.CAMERA))
    for seen, code in (
        (FaceSeen(at=1.0, seq=1, hint=Code.CAMERA_TURNED), Code.CAMERA_TURNED),
        (FaceSeen(at=2.0, seq=2, hint=Code.FACE_NONE), Code.CAMERA_TURNED),
        (FaceSeen(at=3.0, seq=3, good=True), Code.OK),
    ):
        engine.post(seen)
        engine.process_pending()
        assert engine.devices[Device.CAMERA] is code


# ── reading aloud ────────────────────────────────────────────────────────────────────────────────

PAGE = e.ReadAloud(("stage.card.title",), "zh-Hans")
WISHES = [PAGE, e.SoundChosen(1, "", "zh-Hans"), e.StopReading()]


class PlayedVisit(Visit):
    """A visit that is in one stage, and is fed nothing."""

    stage_of_all = Stage.CARD

    def feed(self, event, at):
        if isinstance(event, e.Began):
            self.began, self.stage = event, self.stage_of_all
            return []
        raise AssertionError(event)


def passed_on(stage, wishes, *, helped=False):
    """Return what the loudspeaker was asked while a visit is in `stage`; None: nobody is served."""
    asked = []
    visit = PlayedVisit(policy())
    visit.stage_of_all = stage
    visit.help = object() if helped else None
    engine = Engine(
        lambda: visit,
        dict.fromkeys(get_args(e.Spoken), asked.append),
        required=frozenset(),
        record=lambda *_: None,
        clock=time.monotonic,
        clock_unix=lambda: NOW_UNIX,
    )
    if stage is not None:
        engine.post(e.Began(visit=NUMBER, language="zh-Hans"))
    for wish in wishes:
        engine.post(wish)
    engine.process_pending()
    return asked


@pytest.mark.parametrize("stage", [None, *(s for s in Stage if s not in (Stage.DIGITS, Stage.HEAD))])
def test_a_page_is_read_aloud_and_no_visit_hears_of_it(stage):
    assert passed_on(stage, WISHES) == WISHES


@pytest.mark.parametrize("stage", [Stage.DIGITS, Stage.HEAD])
def test_nothing_is_spoken_into_a_challenge(stage):
    assert passed_on(stage, WISHES) == [e.StopReading()]
    assert passed_on(stage, WISHES, helped=True) == WISHES


def test_a_training_without_a_loudspeaker_ignores_it():
    engine = Engine(
        Visit, {}, required=frozenset(), record=lambda *_: None, clock=time.monotonic, clock_unix=time.time
    )
    engine.post(PAGE)
    engine.process_pending()
