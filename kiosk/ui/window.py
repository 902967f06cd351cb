"""The window: a strip of languages above, the stage's screen in the middle, the ways out below."""

from PySide6.QtCore import Qt, QTimer, Signal, Slot
from PySide6.QtGui import QColor, QKeySequence, QPalette, QResizeEvent, QShortcut
from PySide6.QtWidgets import QLayout, QStackedWidget, QVBoxLayout, QWidget

from kiosk.events import (
    Began,
    Cancelled,
    Dismissed,
    Event,
    Forget,
    HelpWanted,
    Notice,
    Show,
    SlowDown,
    WayChosen,
)
from kiosk.model import Purpose, Stage, Way
from kiosk.phrases import load
from kiosk.ports import Engine, Feeds
from kiosk.settings import Settings
from kiosk.staff.service import StaffService
from kiosk.ui.screens.base import Screen, fit_all
from kiosk.ui.screens.card import CardScreen
from kiosk.ui.screens.consent import ConsentScreen
from kiosk.ui.screens.digits import DigitsScreen
from kiosk.ui.screens.face import FaceScreen
from kiosk.ui.screens.guardian import GuardianScreen
from kiosk.ui.screens.head import HeadScreen
from kiosk.ui.screens.idle import IdleScreen
from kiosk.ui.screens.out_of_service import OutOfServiceScreen
from kiosk.ui.screens.outcome import OutcomeScreen
from kiosk.ui.screens.phone import PhoneScreen
from kiosk.ui.screens.portrait import PortraitScreen
from kiosk.ui.screens.review import ReviewScreen
from kiosk.ui.screens.submit import SubmitScreen
from kiosk.ui.screens.touch import TouchScreen
from kiosk.ui.screens.ways import WaysPage
from kiosk.ui.staff.panel import Corner, Panel
from kiosk.ui.theme import Theme, colour
from kiosk.ui.widgets.banner import Banner
from kiosk.ui.widgets.footer import Footer
from kiosk.ui.widgets.header import Header

STAFF_STAGES = frozenset({Stage.IDLE, Stage.OUT_OF_SERVICE})
"""Only here may the panel be laid over the customer's screen."""
STAFF_HOLD_MS = 2000
"""So long the upper left corner is held down."""
STAFF_KEY = "F12"
CALLED_MS = 12_000
"""How long the window says that the clerk has been called."""


class Window(QWidget):
    """Takes notices (`take`), posts what is touched to the engine. One screen is seen at a time."""

    shown = Signal(str, str)
    """A screen looks different: its stage and a short name of the difference."""

    def __init__(
        self,
        engine: Engine,
        feeds: Feeds,
        settings: Settings,
        *,
        simulated: bool,
        counter: StaffService | None = None,
    ) -> None:
        """`counter`: what staff can see and do; without one there is no panel."""
        super().__init__()
        self._engine = engine
        self._home_language = settings.screen.language
        self._clerk_call = settings.screen.clerk_call
        self._light = settings.visit.light.mode != "off"
        self._offered = settings.visit.ways
        self._way = Way.VOICE
        self._kept_language = ""  # of a person who begins again at once
        self._unhurried = False  # … and who wanted or needed more time
        self.stage = Stage.OUT_OF_SERVICE
        self._make_parts(feeds, simulated)
        self._lay_out()
        self.panel = self._make_panel(counter, feeds, settings.screen.staff_window)
        self._connect()
        self._clock = QTimer(self, interval=1000)
        self._clock.timeout.connect(self._footer.ring.tick)
        self._called = QTimer(self, interval=CALLED_MS, singleShot=True)
        self._called.timeout.connect(lambda: self._footer.tell_called(False))
        self.speak(self._home_language)
        self.take(Show(stage=Stage.OUT_OF_SERVICE))

    # ── building ─────────────────────────────────────────────────────────────────────────────────

    def _make_parts(self, feeds: Feeds, simulated: bool) -> None:
        screens: list[Screen] = [
            OutOfServiceScreen(),
            IdleScreen(),
            ConsentScreen(),
            CardScreen(),
            GuardianScreen(),
            PhoneScreen(),
            PortraitScreen(feeds),
            FaceScreen(feeds),
            DigitsScreen(feeds, light=self._light),
            HeadScreen(feeds),
            TouchScreen(),
            ReviewScreen(feeds),
            SubmitScreen(),
            OutcomeScreen(),
        ]
        self.screens = {screen.stage: screen for screen in screens}
        self._banner = Banner(simulated)
        self._header, self._footer = Header(), Footer(self._clerk_call)
        self._stack = QStackedWidget()
        for screen in screens:
            self._stack.addWidget(screen)
        self._ways = WaysPage(self._offered)
        self._stack.addWidget(self._ways)

    def _make_panel(self, counter: StaffService | None, feeds: Feeds, apart: bool) -> Panel | None:
        """Over this window, behind an unmarked corner and a key; or apart, in a window of its own."""
        if counter is None:
            return None
        panel = Panel(counter, feeds, None if apart else self)
        panel.changed.connect(lambda page: self.shown.emit("staff", page))
        panel.closed.connect(self._staff_gone)
        if not apart:
            self._corner = Corner(self, STAFF_HOLD_MS)
            self._corner.held.connect(self.call_staff)
            QShortcut(QKeySequence(STAFF_KEY), self, self.call_staff)
        return panel

    def _lay_out(self) -> None:
        colours = self.palette()
        colours.setColor(QPalette.ColorRole.Window, QColor(colour("ground")))
        self.setPalette(colours)
        self.setAutoFillBackground(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(0)
        outer.setSizeConstraint(QLayout.SizeConstraint.SetNoConstraint)  # the screen is as large as it is
        outer.addWidget(self._banner)
        self._inner = QVBoxLayout()
        outer.addLayout(self._inner, 1)
        self._inner.addWidget(self._header)
        self._inner.addWidget(self._stack, 1)
        self._inner.addWidget(self._footer)

    def _connect(self) -> None:
        self._header.chosen.connect(self.speak)
        self._footer.cancel.clicked.connect(lambda: self.post(Cancelled()))
        self._footer.help.clicked.connect(lambda: self.post(HelpWanted()))
        self._footer.help.clicked.connect(self._say_called)
        for screen in self.screens.values():
            screen.posted.connect(self.post)
            screen.changed.connect(self._tell_shown)
        idle = self.screens[Stage.IDLE]
        assert isinstance(idle, IdleScreen)
        idle.other_way.connect(self._open_ways)
        outcome = self.screens[Stage.OUTCOME]
        assert isinstance(outcome, OutcomeScreen)
        outcome.again.connect(lambda purpose: self._begin_again(idle, Purpose(purpose)))
        self._footer.change.clicked.connect(self._open_ways)
        self._ways.back.connect(self._close_ways)
        self._ways.chosen.connect(lambda way: self._go_way(idle, Way(way)))

    # ── from the engine ──────────────────────────────────────────────────────────────────────────

    @Slot(object)
    def take(self, notice: Notice) -> None:
        """One notice, on Qt's thread."""
        if isinstance(notice, Show):
            self._show_stage(notice)
        elif isinstance(notice, Forget):
            self._forget()
        else:
            for screen in self.screens.values():
                screen.hear(notice)

    def _show_stage(self, show: Show) -> None:
        old, new = self.screens[self.stage], self.screens[show.stage]
        if show.stage not in STAFF_STAGES:
            self._send_staff_away()
        if old is not new:
            old.leave()
        self.stage, self._way = show.stage, show.way
        if show.stage is Stage.IDLE:
            self.speak(self._kept_language or self._home_language)
            self._footer.tell_called(False)
        else:
            self._kept_language = ""
        self._show_frame(new, show)
        self._stack.setCurrentWidget(new)
        self.setFocus()  # no button looks chosen before it is
        new.enter(show)

    def call_staff(self) -> None:
        """Staff want in. Never over a customer's visit."""
        if self.panel is not None and not self.panel.fixed and self.stage in STAFF_STAGES:
            self.panel.speak(load(self._home_language))
            self.panel.setGeometry(self.rect())
            self.panel.open()
            self._fit()

    def _send_staff_away(self) -> None:
        """A customer is served: the screen is theirs."""
        if self.panel is not None and not self.panel.fixed and self.panel.isVisible():
            self.panel.put_away()

    def _staff_gone(self) -> None:
        """The customer's screen is what is seen again."""
        if not self.isVisible():
            return
        self.setFocus()
        self.shown.emit(self.stage.value, "")

    def _show_frame(self, screen: Screen, show: Show) -> None:
        """What surrounds the screen: steps, time left, ways out."""
        self._header.go(screen.step)
        change = screen.changeable and len(self._offered) > 1
        self._footer.offer(cancel=screen.cancellable, help_=screen.helpable, change=change)
        self._footer.ring.begin(show.until)
        if show.until is None:
            self._clock.stop()
        else:
            self._clock.start()

    def _forget(self) -> None:
        for screen in self.screens.values():
            screen.forget()

    # ── from the person ──────────────────────────────────────────────────────────────────────────

    def post(self, event: Event) -> None:
        if isinstance(event, Began | SlowDown):
            self._unhurried = isinstance(event, SlowDown) or event.unhurried
        self._engine.post(event)

    @Slot(str)
    def speak(self, language: str) -> None:
        """Everything in another language, at once, on every screen."""
        phrases = load(language)
        self._language = phrases.language
        for screen in self.screens.values():
            screen.speak(phrases)
        for part in (self._banner, self._header, self._footer, self._ways):
            part.speak(phrases)
        if self.panel is not None and not self.panel.isVisible():
            self.panel.speak(phrases)
        self.setWindowTitle(phrases["general.product"])
        self._fit()

    def _say_called(self) -> None:
        self._footer.tell_called(True)
        self._called.start()

    def _begin_again(self, idle: IdleScreen, purpose: Purpose) -> None:
        """A new visit from the last screen of another: its language, way and pace, and nothing else of it."""
        self._kept_language = self._language
        self.post(Dismissed())
        idle.start(self._way, unhurried=self._unhurried, purpose=purpose)

    # ── another way ──────────────────────────────────────────────────────────────────────────────

    def _open_ways(self) -> None:
        self._ways.open(without=None if self.stage is Stage.IDLE else self._way)
        self._footer.change.setVisible(False)
        self._stack.setCurrentWidget(self._ways)
        self._tell_shown("ways")

    def _close_ways(self) -> None:
        if self._stack.currentWidget() is self._ways:
            self._stack.setCurrentWidget(self.screens[self.stage])
            self._footer.change.setVisible(self.screens[self.stage].changeable)

    def _go_way(self, idle: IdleScreen, way: Way) -> None:
        self._close_ways()
        if self.stage is Stage.IDLE:
            idle.start(way)
        else:
            self.post(WayChosen(way))

    # ── sizes ────────────────────────────────────────────────────────────────────────────────────

    @property
    def look(self) -> Theme:
        return Theme(max(1, self.width()), max(1, self.height()), self._language)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        look = self.look
        if self.panel is not None and not self.panel.fixed:
            self.panel.setGeometry(self.rect())
        pad = look.px(44)
        self._inner.setContentsMargins(pad, look.px(16), pad, look.px(28))
        self._inner.setSpacing(look.px(16))
        for screen in self.screens.values():
            layout = screen.layout()
            assert layout is not None
            layout.setContentsMargins(0, 0, 0, 0)
            layout.setSpacing(look.px(20))
        ways = self._ways.layout()
        assert ways is not None
        ways.setContentsMargins(0, 0, 0, 0)
        fit_all(self, look)

    def _tell_shown(self, detail: str) -> None:
        self.shown.emit(self.stage.value, detail)
