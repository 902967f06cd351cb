"""Main window: languages and progress at the top, the screen of the stage, and the buttons at the bottom."""

from collections.abc import Callable
from typing import Any

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
from kiosk.ui.screens.base import Screen
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
from kiosk.ui.staff.hold_area import HoldArea
from kiosk.ui.staff.staff_panel import StaffPanel
from kiosk.ui.theme import Theme, colour
from kiosk.ui.widgets.banner import Banner
from kiosk.ui.widgets.containers import apply_theme
from kiosk.ui.widgets.footer import Footer
from kiosk.ui.widgets.header import Header

STAFF_STAGES = frozenset({Stage.IDLE, Stage.OUT_OF_SERVICE})
"""Stages in which the staff panel may cover the customer's screen."""
STAFF_HOLD_MS = 2000
"""How long the upper left corner must be held down to open the staff panel."""
STAFF_KEY = "F12"
CALLED_MS = 12_000
"""How long the window says that the clerk has been called."""


class Window(QWidget):
    """Shows the screen that the engine asks for and posts what is touched to the engine.

    All methods are called on Qt's thread. Exactly one screen is visible at a time.
    """

    shown = Signal(str, str)
    """The window looks different: its stage and a short name of the difference."""

    def __init__(
        self,
        engine: Engine,
        feeds: Feeds,
        settings: Settings,
        *,
        simulated: bool,
        staff_service: StaffService | None = None,
    ) -> None:
        """Build all screens. Without `staff_service` there is no staff panel."""
        super().__init__()
        self._engine = engine
        self._home_language = settings.screen.language
        self._ways_offered = settings.visit.ways
        self._way = Way.VOICE
        self._kept_language = ""  # of a person who begins another visit at once
        self._unhurried = False  # the present visit is at the slow pace
        self.stage = Stage.OUT_OF_SERVICE
        self._notice_handlers: dict[type, Callable[[Any], None]] = {
            Show: self._show_stage,
            Forget: self._forget,
        }
        self.screens = {screen.stage: screen for screen in _make_screens(feeds, settings)}
        self._banner, self._header = Banner(simulated), Header()
        self._footer = Footer(settings.screen.clerk_call)
        self._ways = WaysPage(self._ways_offered)
        self._lay_out()
        self.panel: StaffPanel | None = None
        if staff_service is not None:
            self.panel = self._make_panel(staff_service, feeds, settings.screen.staff_window)
        self._connect()
        self._clock = QTimer(self, interval=1000)
        self._clock.timeout.connect(self._footer.ring.tick)
        self._called = QTimer(self, interval=CALLED_MS, singleShot=True)
        self._called.timeout.connect(lambda: self._footer.show_clerk_called(False))
        self.retranslate(self._home_language)
        self.handle_notice(Show(stage=Stage.OUT_OF_SERVICE))

    # ── construction ─────────────────────────────────────────────────────────────────────────────

    def _lay_out(self) -> None:
        colours = self.palette()
        colours.setColor(QPalette.ColorRole.Window, QColor(colour("ground")))
        self.setPalette(colours)
        self.setAutoFillBackground(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._stack = QStackedWidget()
        for page in (*self.screens.values(), self._ways):
            self._stack.addWidget(page)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(0)
        # Contents never enlarge the window: its size is that of the screen.
        outer.setSizeConstraint(QLayout.SizeConstraint.SetNoConstraint)
        outer.addWidget(self._banner)
        self._inner = QVBoxLayout()
        outer.addLayout(self._inner, 1)
        self._inner.addWidget(self._header)
        self._inner.addWidget(self._stack, 1)
        self._inner.addWidget(self._footer)

    def _make_panel(self, staff_service: StaffService, feeds: Feeds, own_window: bool) -> StaffPanel:
        """Return a panel over this window, opened by an unmarked corner or a key, or in its own window."""
        panel = StaffPanel(staff_service, feeds, None if own_window else self)
        panel.changed.connect(lambda page: self.shown.emit("staff", page))
        panel.closed.connect(self._on_panel_closed)
        if not own_window:
            self._corner = HoldArea(self, STAFF_HOLD_MS)
            self._corner.held.connect(self.open_staff_panel)
            QShortcut(QKeySequence(STAFF_KEY), self, self.open_staff_panel)
        return panel

    def _connect(self) -> None:
        self._header.chosen.connect(self.retranslate)
        self._footer.cancel.clicked.connect(lambda: self.post(Cancelled()))
        self._footer.help.clicked.connect(self._call_clerk)
        self._footer.change.clicked.connect(self._open_ways)
        for screen in self.screens.values():
            screen.posted.connect(self.post)
            screen.changed.connect(self._emit_shown)
        idle, outcome = self.screens[Stage.IDLE], self.screens[Stage.OUTCOME]
        assert isinstance(idle, IdleScreen)
        assert isinstance(outcome, OutcomeScreen)
        idle.other_way.connect(self._open_ways)
        outcome.again.connect(lambda purpose: self._begin_again(idle, Purpose(purpose)))
        self._ways.back.connect(self._close_ways)
        self._ways.chosen.connect(lambda way: self._choose_way(idle, Way(way)))

    # ── notices of the engine ────────────────────────────────────────────────────────────────────

    @Slot(object)
    def handle_notice(self, notice: Notice) -> None:
        """Show what one notice of the engine asks for."""
        handler = self._notice_handlers.get(type(notice), self._pass_to_screens)
        handler(notice)

    def _pass_to_screens(self, notice: Notice) -> None:
        """Give a notice about a stage's content to every screen: each takes what is its own."""
        for screen in self.screens.values():
            screen.handle_notice(notice)

    def _show_stage(self, show: Show) -> None:
        old, new = self.screens[self.stage], self.screens[show.stage]
        panel = self.panel
        if panel is not None and not panel.fixed and panel.isVisible() and show.stage not in STAFF_STAGES:
            panel.dismiss_panel()  # a customer is served: the screen is theirs
        if old is not new:
            old.leave()
        self.stage, self._way = show.stage, show.way
        if show.stage is Stage.IDLE:
            self.retranslate(self._kept_language or self._home_language)
            self._footer.show_clerk_called(False)
        else:
            self._kept_language = ""
        self._show_surroundings(new, show.until)
        self._stack.setCurrentWidget(new)
        self.setFocus()  # no button looks selected before somebody selects it
        new.enter(show)

    def _show_surroundings(self, screen: Screen, until: float | None) -> None:
        """Show progress, time left and buttons; `until`: the stage's deadline on the capture clock."""
        self._header.set_step(screen.step)
        change = screen.changeable and len(self._ways_offered) > 1
        self._footer.set_buttons(cancel=screen.cancellable, help_=screen.helpable, change=change)
        self._footer.ring.start(until)
        if until is None:
            self._clock.stop()
        else:
            self._clock.start()

    def _forget(self, _: Forget) -> None:
        for screen in self.screens.values():
            screen.forget()

    # ── staff ────────────────────────────────────────────────────────────────────────────────────

    def open_staff_panel(self) -> None:
        """Open the staff panel, but never over a customer's visit."""
        if self.panel is not None and not self.panel.fixed and self.stage in STAFF_STAGES:
            self.panel.retranslate(load(self._home_language))
            self.panel.setGeometry(self.rect())
            self.panel.open()
            self._apply_theme()

    def _on_panel_closed(self) -> None:
        """The customer's screen is visible again."""
        if self.isVisible():
            self.setFocus()
            self.shown.emit(self.stage.value, "")

    # ── what is touched ──────────────────────────────────────────────────────────────────────────

    def post(self, event: Event) -> None:
        """Post an event to the engine."""
        if isinstance(event, Began | SlowDown):
            self._unhurried = isinstance(event, SlowDown) or event.unhurried
        self._engine.post(event)

    @Slot(str)
    def retranslate(self, language: str) -> None:
        """Show everything in another language, at once, on every screen."""
        phrases = load(language)
        self._language = phrases.language
        for screen in self.screens.values():
            screen.retranslate(phrases)
        for part in (self._banner, self._header, self._footer, self._ways):
            part.retranslate(phrases)
        if self.panel is not None and not self.panel.isVisible():
            self.panel.retranslate(phrases)
        self.setWindowTitle(phrases["general.product"])
        self._apply_theme()

    def _call_clerk(self) -> None:
        self.post(HelpWanted())
        self._footer.show_clerk_called(True)
        self._called.start()

    def _begin_again(self, idle: IdleScreen, purpose: Purpose) -> None:
        """Begin a visit from the last screen of another; only language, way and pace are taken over."""
        self._kept_language = self._language
        self.post(Dismissed())
        idle.start(self._way, unhurried=self._unhurried, purpose=purpose)

    # ── choice of another way ────────────────────────────────────────────────────────────────────

    def _open_ways(self) -> None:
        self._ways.open(without=None if self.stage is Stage.IDLE else self._way)
        self._footer.change.setVisible(False)
        self._stack.setCurrentWidget(self._ways)
        self._emit_shown("ways")

    def _close_ways(self) -> None:
        if self._stack.currentWidget() is self._ways:
            self._stack.setCurrentWidget(self.screens[self.stage])
            self._footer.change.setVisible(self.screens[self.stage].changeable)

    def _choose_way(self, idle: IdleScreen, way: Way) -> None:
        self._close_ways()
        if self.stage is Stage.IDLE:
            idle.start(way)
        else:
            self.post(WayChosen(way))

    # ── sizes ────────────────────────────────────────────────────────────────────────────────────

    @property
    def theme(self) -> Theme:
        """Sizes and fonts for the present window and language."""
        return Theme(max(1, self.width()), max(1, self.height()), self._language)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._apply_theme()

    def _apply_theme(self) -> None:
        theme = self.theme
        if self.panel is not None and not self.panel.fixed:
            self.panel.setGeometry(self.rect())
        pad = theme.px(44)
        self._inner.setContentsMargins(pad, theme.px(16), pad, theme.px(28))
        self._inner.setSpacing(theme.px(16))
        for page in (*self.screens.values(), self._ways):
            layout = page.layout()
            assert layout is not None
            layout.setContentsMargins(0, 0, 0, 0)
            if page is not self._ways:
                layout.setSpacing(theme.px(20))
        apply_theme(self, theme)

    def _emit_shown(self, detail: str) -> None:
        self.shown.emit(self.stage.value, detail)


def _make_screens(feeds: Feeds, settings: Settings) -> list[Screen]:
    return [
        OutOfServiceScreen(),
        IdleScreen(),
        ConsentScreen(),
        CardScreen(),
        GuardianScreen(),
        PhoneScreen(),
        PortraitScreen(feeds),
        FaceScreen(feeds),
        DigitsScreen(feeds, light=settings.visit.light.mode != "off"),
        HeadScreen(feeds),
        TouchScreen(),
        ReviewScreen(feeds),
        SubmitScreen(),
        OutcomeScreen(),
    ]
