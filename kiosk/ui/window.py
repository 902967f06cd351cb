"""Main window: languages and progress at the top, the screen of the stage, and the buttons at the bottom."""

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QCoreApplication, QEvent, QObject, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QKeySequence, QResizeEvent, QShortcut, QShowEvent
from PySide6.QtWidgets import QLayout, QStackedWidget, QVBoxLayout, QWidget

from kiosk.events import (
    AskTime,
    Began,
    Cancelled,
    Dismissed,
    Event,
    Forget,
    HelpOver,
    HelpWanted,
    Notice,
    ReadAloud,
    Show,
    ShowHelp,
    SlowDown,
    SoundChosen,
    StopReading,
    TimeLeft,
    Touched,
    WayChosen,
)
from kiosk.model import ClerkCallState, Purpose, Stage, Way
from kiosk.phrases import Phrases, load
from kiosk.ports import Engine, Feeds
from kiosk.settings import Settings
from kiosk.staff.service import StaffService
from kiosk.ui.page_texts import page_clips
from kiosk.ui.screens.base import Screen
from kiosk.ui.screens.cancel_question import CancelQuestion
from kiosk.ui.screens.card import CardScreen
from kiosk.ui.screens.confirm import ConfirmScreen
from kiosk.ui.screens.consent import ConsentScreen
from kiosk.ui.screens.digits import DigitsScreen
from kiosk.ui.screens.face import FaceScreen
from kiosk.ui.screens.guardian import GuardianScreen
from kiosk.ui.screens.head import HeadScreen
from kiosk.ui.screens.idle import IdleScreen
from kiosk.ui.screens.matters import MattersPage
from kiosk.ui.screens.out_of_service import OutOfServiceScreen
from kiosk.ui.screens.outcome import OutcomeScreen
from kiosk.ui.screens.phone import PhoneScreen
from kiosk.ui.screens.phone_code import PhoneCodeScreen
from kiosk.ui.screens.portrait import PortraitScreen
from kiosk.ui.screens.review import ReviewScreen
from kiosk.ui.screens.submit import SubmitScreen
from kiosk.ui.screens.touch import TouchScreen
from kiosk.ui.screens.ways import WaysPage
from kiosk.ui.staff.hold_area import HoldArea
from kiosk.ui.staff.staff_panel import StaffPanel
from kiosk.ui.theme import HIGH_CONTRAST, ORDINARY, Theme, choose_palette, colour_ground
from kiosk.ui.touch_reporter import TouchReporter
from kiosk.ui.touch_rest import TouchRest
from kiosk.ui.widgets.banner import Banner
from kiosk.ui.widgets.button import Button
from kiosk.ui.widgets.containers import apply_theme
from kiosk.ui.widgets.digit_display import DigitDisplay
from kiosk.ui.widgets.fitted_label import FittedLabel
from kiosk.ui.widgets.footer import Footer
from kiosk.ui.widgets.header import Header
from kiosk.ui.widgets.help_overlay import HelpOverlay
from kiosk.ui.widgets.overlay import Overlay
from kiosk.ui.widgets.time_overlay import TimeOverlay
from kiosk.visit.steps import progress

STAFF_STAGES = frozenset({Stage.IDLE, Stage.OUT_OF_SERVICE})
"""Stages in which the staff panel may cover the customer's screen."""
BEFORE_CARD = frozenset({*STAFF_STAGES, Stage.CONSENT, Stage.CARD, Stage.REVIEW, Stage.OUTCOME})
"""Stages that may be shown before a card was read. All others tell that one was."""
FORGOTTEN_MS = 60_000
"""After so long another look of the first screen is taken back: the person has gone."""
FITTED = (FittedLabel, Button, DigitDisplay)
"""Parts that say in which size they paint their text."""
GROWTHS = (1.0, 0.75, 0.5, 0.25, 0.0)
"""Shares of the growth of large type, of which a page takes the first that fits."""
LOWERED = 0.3
"""Share of an upright screen that stays free at the top for a person who sits. On a panel of 32 inches whose
lower edge is 70 cm above the floor everything then lies below 120 cm (EN 301 549, 8.3.2: 122 cm)."""
STAFF_HOLD_MS = 2000
"""How long the upper left corner must be held down to open the staff panel."""
STAFF_KEY = "F12"
"""Opens the panel too, in simulation: a terminal in a shop takes no keys (`kiosk.ui.window_lock`)."""
CALLED_MS = 12_000
"""How long the window says what became of a call, where no visit waits for it."""
NOT_READ = frozenset({Stage.DIGITS, Stage.HEAD})
"""Stages that nothing is spoken into but their own prompt (`kiosk.engine.NOT_SPOKEN_INTO`)."""
WATCHED = frozenset({Stage.FACE, Stage.DIGITS, Stage.HEAD, Stage.TOUCH})
"""Stages that begin again at the face after help."""


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
        self._language = load(self._home_language).language
        self._reads = False  # a page was read aloud, perhaps to its end
        self._kept_language = ""  # of a person who begins another visit at once
        self._unhurried = False  # the present visit is at the slow pace
        self._card_read = False  # in the present visit: cancelling it loses something
        self._growth = 0.0  # of large type on the present page
        self._fitted: list[str] = []  # texts that large type was fitted to
        self._fitting = False
        self.stage = Stage.OUT_OF_SERVICE
        self._notice_handlers: dict[type, Callable[[Any], None]] = {
            Show: self._show_stage,
            Forget: self._forget,
            ShowHelp: self._show_help,
            HelpOver: lambda _: self._uncover(),
            TimeLeft: self._show_more_time,
            AskTime: self._ask_time,
        }
        self._staff_service = staff_service
        screens = _make_screens(feeds, settings, self._staff_phrases)
        self.screens = {screen.stage: screen for screen in screens}
        self._banner, self._header = Banner(simulated), Header()
        self._footer = Footer()
        self._ways, self._matters = WaysPage(self._ways_offered), MattersPage()
        self._cancel_question = CancelQuestion()
        self._pages = (self._ways, self._matters, self._cancel_question)
        self._lay_out()
        self._help = HelpOverlay(self, settings.screen.clerk_call)
        self._time = TimeOverlay(self)
        self._waits = False  # the visit, for the clerk
        self._call: ClerkCallState | None = None  # that the bar at the bottom speaks of
        self.panel: StaffPanel | None = None
        if staff_service is not None:
            self.panel = self._make_panel(staff_service, feeds, settings.screen.staff_window)
            if simulated and not self.panel.fixed:
                QShortcut(QKeySequence(STAFF_KEY), self, self.open_staff_panel)
        self.touch_rest = TouchRest(self)
        self._connect()
        self._clock = QTimer(self, interval=1000)
        self._clock.timeout.connect(self._footer.ring.tick)
        for overlay in (self._help, self._time):
            self._clock.timeout.connect(overlay.ring.tick)
        self._called = QTimer(self, interval=CALLED_MS, singleShot=True)
        self._called.timeout.connect(lambda: self._show_call(None))
        self.retranslate(self._home_language)
        self.handle_notice(Show(stage=Stage.OUT_OF_SERVICE))

    # ── construction ─────────────────────────────────────────────────────────────────────────────

    def _lay_out(self) -> None:
        self.setAutoFillBackground(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._stack = QStackedWidget()
        for page in (*self.screens.values(), *self._pages):
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
        for part in (self._header, self._stack, self._footer):  # under an overlay nothing moves
            policy = part.sizePolicy()
            policy.setRetainSizeWhenHidden(True)
            part.setSizePolicy(policy)

    def _make_panel(self, staff_service: StaffService, feeds: Feeds, own_window: bool) -> StaffPanel:
        """Return a panel over this window, opened by an unmarked corner, or in its own window."""
        panel = StaffPanel(staff_service, feeds, None if own_window else self)
        panel.retranslate(load(self._home_language))
        panel.changed.connect(lambda page: self.shown.emit("staff", page))
        panel.closed.connect(self._on_panel_closed)
        if own_window:
            TouchRest(panel)
        else:
            self._corner = HoldArea(self, STAFF_HOLD_MS)
            self._corner.held.connect(self.open_staff_panel)
        return panel

    def _connect(self) -> None:
        self._header.installEventFilter(self)
        self._header.chosen.connect(self.retranslate)
        self._header.large_chosen.connect(self._show_large)
        self._header.read.connect(self._read_page)
        self._header.read_enough.connect(self._stop_reading)
        self._header.sound_chosen.connect(self._choose_sound)
        self._footer.low.toggled.connect(self._lower)
        self._forgotten = QTimer(self, interval=FORGOTTEN_MS, singleShot=True)
        self._forgotten.timeout.connect(self._reset_looks)
        self._footer.cancel.clicked.connect(self._cancel)
        self._footer.back.clicked.connect(self._close_page)
        self._footer.dismiss.clicked.connect(lambda: self.post(Dismissed()))
        self._footer.help.clicked.connect(lambda: self.post(HelpWanted()))
        self._help.posted.connect(self.post)
        self._help.left.connect(self._leave)
        self._time.stays.connect(lambda: self.post(Touched()))
        self._time.left.connect(self._leave)
        self._touches = TouchReporter(self._touched)
        self._footer.change.clicked.connect(self._open_ways)
        for screen in self.screens.values():
            screen.posted.connect(self.post)
            screen.changed.connect(self._emit_shown)
            screen.rearranged.connect(self._rest_if_visible)
        idle, outcome = self.screens[Stage.IDLE], self.screens[Stage.OUTCOME]
        consent = self.screens[Stage.CONSENT]
        assert isinstance(consent, ConsentScreen)
        consent.left.connect(self._cancel)
        assert isinstance(idle, IdleScreen)
        assert isinstance(outcome, OutcomeScreen)
        idle.other_way.connect(self._open_ways)
        outcome.again.connect(lambda purpose: self._begin_again(idle, Purpose(purpose)))
        idle.other_matter.connect(self._open_matters)
        self._matters.back.connect(self._close_page)
        self._matters.chosen.connect(lambda purpose: self._choose_matter(idle, Purpose(purpose)))
        self._ways.back.connect(self._close_page)
        self._cancel_question.back.connect(self._stay)
        self._cancel_question.confirmed.connect(lambda: self.post(Cancelled()))
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
        self._stop_reading()
        self._card_read = show.stage not in BEFORE_CARD or (self._card_read and show.stage is not Stage.IDLE)
        self.touch_rest.begin()
        self._uncover()
        if show.stage is Stage.IDLE:
            self.retranslate(self._kept_language or self._home_language)
            if self._kept_language:
                self._header.reset_sound()  # the visit's volume ended with it
            else:
                self._reset_looks()
            self._show_call(None)
        else:
            self._kept_language = ""
            self._forgotten.stop()
        self._show_surroundings(new, show)
        self._stack.setCurrentWidget(new)
        self.setFocus()  # no button looks selected before somebody selects it
        new.enter(show)
        self._offer_reading()

    def _show_surroundings(self, screen: Screen, show: Show) -> None:
        """Show progress, time left and buttons."""
        begun = show.step is not None and show.stage is not Stage.CONSENT
        self._header.show_steps(progress(show) if begun else ())
        self._show_buttons(screen)
        self._show_time_left(show.until)

    def _show_time_left(self, until: float | None) -> None:
        self._footer.ring.start(until)
        if until is None:
            self._clock.stop()
        else:
            self._clock.start()

    def _show_buttons(self, screen: Screen) -> None:
        change = screen.changeable and len(self._ways_offered) > 1
        self._footer.set_buttons(
            cancel=screen.cancellable and self._way not in screen.own_cancel,
            help_=screen.helpable,
            change=change,
            dismiss=screen.dismissable,
            low=self.stage is Stage.IDLE and self.height() > self.width(),
        )

    def _show_more_time(self, notice: TimeLeft) -> None:
        """Show another deadline; the question whether more time is needed is answered."""
        self._show_time_left(notice.until)
        if self._time.isVisible():
            self._hide_overlays()

    def _ask_time(self, notice: AskTime) -> None:
        self._time.ask(notice)
        self._cover(self._time)
        self._emit_shown("time")

    def _touched(self) -> None:
        """Tell the visit that somebody is there; the question about time is answered on its own page."""
        if self._footer.ring.left_s is not None and not self._time.isVisible():
            self.post(Touched())

    def _show_help(self, notice: ShowHelp) -> None:
        """Cover the screen while the visit waits; otherwise say it at the bottom for some seconds."""
        self._tell_staff(called=True)
        if notice.until is None:
            self._show_call(notice.call)
            self._called.start()
            return
        self._waits = True
        self._help.show_call(notice, watched=self.stage in WATCHED)
        self._cover(self._help)
        self._emit_shown(f"help-{notice.call.value}")

    def _tell_staff(self, *, called: bool) -> None:
        """Show a call on the second screen, where staff have one."""
        if self.panel is not None and self.panel.fixed:
            self.panel.show_call(called)

    def _cover(self, overlay: Overlay) -> None:
        self._stop_reading()
        if overlay.isHidden():
            self.touch_rest.begin()
        self._place_overlays()
        overlay.show()
        overlay.raise_()
        self._show_parts(False)
        self._header.setVisible(overlay is self._help)  # for languages, large type and reading aloud

    def _uncover(self) -> None:
        """Show the screen again; nothing waits for the clerk any more."""
        self._waits = False
        self._hide_overlays()
        self._tell_staff(called=False)

    def _hide_overlays(self) -> None:
        for overlay in (self._help, self._time):
            if overlay.isVisible():
                self.touch_rest.begin()
                self._stop_reading()
            overlay.hide()
        self._show_parts(True)
        self._offer_reading()

    def _leave(self) -> None:
        """Cancel the visit from an overlay; the question about that has the screen."""
        self._hide_overlays()
        self._cancel()

    def _stay(self) -> None:
        """Go back to what the question about cancelling covered."""
        self._close_page()
        if self._waits:
            self._cover(self._help)

    def _show_parts(self, visible: bool) -> None:
        """Hide what an overlay covers: it need not be painted, and no screen reader is to read it."""
        for part in (self._header, self._stack, self._footer):
            part.setVisible(visible)

    def _show_call(self, call: ClerkCallState | None) -> None:
        self._call = call
        self._footer.show_call(self._help.text_of(call) if call is not None else "")

    def _forget(self, _: Forget) -> None:
        for screen in self.screens.values():
            screen.forget()

    # ── staff ────────────────────────────────────────────────────────────────────────────────────

    def open_staff_panel(self) -> None:
        """Open the staff panel, but never over a customer's visit."""
        if self.panel is not None and not self.panel.fixed and self.stage in STAFF_STAGES:
            self._reset_looks()
            self._stop_reading()
            self.panel.retranslate(load(self._home_language))
            self.panel.setGeometry(self.rect())
            self.panel.open()
            self.touch_rest.begin()
            self._apply_theme()

    def _staff_phrases(self, clerk: str) -> Phrases:
        """Return the words for a clerk: in the language that they chose, else in the terminal's."""
        service = self._staff_service
        language = None if service is None else service.languages.get(clerk)
        return load(language or self._home_language)

    def _on_panel_closed(self) -> None:
        """The customer's screen is visible again."""
        if self.isVisible():
            self.touch_rest.begin()
            self.setFocus()
            self.shown.emit(self.stage.value, "")

    # ── how it looks ─────────────────────────────────────────────────────────────────────────────

    def _show_large(self, large: bool) -> None:
        """Show everything in large type and high contrast, until the visit ends or nobody begins one."""
        choose_palette(HIGH_CONTRAST if large else ORDINARY)
        self._change_looks()

    def _lower(self, _: bool) -> None:
        """Leave the upper part of an upright screen free, until the visit ends or nobody begins one."""
        self.touch_rest.begin()  # the buttons move
        self._change_looks()

    def _change_looks(self) -> None:
        self._apply_theme()
        self.update()
        self._forget_later()

    def _forget_later(self) -> None:
        """Take back in a while what was chosen on the first screen, if nobody begins a visit."""
        changed = self._header.large or self._footer.low.isChecked() or self._header.sound_changed
        if changed and self.stage in STAFF_STAGES:
            self._forgotten.start()
        else:
            self._forgotten.stop()

    def _reset_looks(self) -> None:
        self._header.set_large(False)
        self._footer.low.setChecked(False)
        if self._header.sound_changed:
            self.post(SoundChosen())
        self._header.reset_sound()

    # ── reading aloud ────────────────────────────────────────────────────────────────────────────

    def _read_page(self) -> None:
        """Read aloud what stands on the page."""
        self.post(ReadAloud(self._page_clips(), self._language))
        self._reads = True

    def _page_clips(self) -> tuple[str, ...]:
        if self._help.isVisible():  # nothing listens meanwhile, whatever the stage
            return page_clips(self._help, self._language)
        page = self._stack.currentWidget()
        assert page is not None
        return page_clips(page, self._language) if self.stage not in NOT_READ else ()

    def _offer_reading(self) -> None:
        """Offer to read the page aloud, where there is something to read."""
        self._header.set_readable(bool(self._page_clips()))

    def _stop_reading(self) -> None:
        """End reading aloud: another page is shown."""
        if self._reads:
            self._reads = False
            self.post(StopReading())

    def _choose_sound(self, steps: int, voice: str) -> None:
        self._reads = True
        self.post(SoundChosen(steps, voice, self._language))
        self._forget_later()

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
        if self._language is not phrases.language:
            self._stop_reading()
        self._language = phrases.language
        for screen in self.screens.values():
            screen.retranslate(phrases)
        for part in (self._banner, self._header, self._footer, *self._pages, self._help, self._time):
            part.retranslate(phrases)
        self._show_call(self._call)
        self._offer_reading()
        self.setWindowTitle(phrases["general.product"])
        self._apply_theme()

    def _begin_again(self, idle: IdleScreen, purpose: Purpose) -> None:
        """Begin a visit from the last screen of another; only language, way and pace are taken over."""
        self._kept_language = self._language
        self.post(Dismissed())
        idle.start(self._way, unhurried=self._unhurried, purpose=purpose)

    def _rest_if_visible(self) -> None:
        """Begin a rest: a screen has rearranged itself; under a page over it nobody sees that."""
        if self.screens[self.stage].isVisible():
            self._stop_reading()
            self._offer_reading()
            self.touch_rest.begin()

    # ── pages over the present screen ────────────────────────────────────────────────────────────

    def _open_page(self, page: QWidget, name: str, *, back: bool) -> None:
        """Show a page instead of the present screen, until it is closed or another stage begins."""
        self._stop_reading()
        self._footer.set_buttons(cancel=False, help_=True, back=back)
        self._stack.setCurrentWidget(page)
        self._offer_reading()
        self._emit_shown(name)

    def _close_page(self) -> None:
        if self._stack.currentWidget() in self._pages:
            self._stop_reading()
            screen = self.screens[self.stage]
            self._stack.setCurrentWidget(screen)
            self._show_buttons(screen)
            self._offer_reading()

    def _cancel(self) -> None:
        """Cancel the visit; ask first where that loses something."""
        if self._card_read:
            self._open_page(self._cancel_question, "cancel", back=False)
        else:
            self.post(Cancelled())

    def _open_ways(self) -> None:
        self._ways.show_choices(without=None if self.stage is Stage.IDLE else self._way)
        self._open_page(self._ways, "ways", back=True)

    def _choose_way(self, idle: IdleScreen, way: Way) -> None:
        self._close_page()
        if self.stage is Stage.IDLE:
            idle.start(way)
        else:
            self.post(WayChosen(way))

    def _open_matters(self) -> None:
        self._matters.open()
        self._open_page(self._matters, "matters", back=True)

    def _choose_matter(self, idle: IdleScreen, purpose: Purpose) -> None:
        self._close_page()
        if self.stage is Stage.IDLE:
            idle.start(self._ways_offered[0], purpose=purpose)

    # ── sizes ────────────────────────────────────────────────────────────────────────────────────

    @property
    def theme(self) -> Theme:
        """Sizes and fonts for the present window and language."""
        height = self.height() - self._lowered_by()
        return Theme(max(1, self.width()), max(1, height), self._language, self._growth)

    def _lowered_by(self) -> int:
        """Return how much stays free at the top for a person who cannot reach it."""
        low = self._footer.low.isChecked() and self.height() > self.width()
        return round(self.height() * LOWERED) if low else 0

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Place what lies below the header when the layout has moved it."""
        if watched is self._header and event.type() in (QEvent.Type.Resize, QEvent.Type.Move):
            self._place_overlays()
        return False

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._touches.watch(self)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._apply_theme()

    def event(self, event: QEvent) -> bool:
        handled = super().event(event)
        wanted = event.type() == QEvent.Type.LayoutRequest and self._header.large and not self._fitting
        if wanted and self._contents() != self._fitted:
            self._fit_large_type()
        return handled

    def _apply_theme(self) -> None:
        self._growth = 0.0
        self._set_theme()
        if self._header.large and not self._fitting:
            self._fit_large_type()

    def _fit_large_type(self) -> None:
        """Let type grow as far as nothing on the page is painted smaller than in ordinary type.

        A page whose larger texts do not fit takes their height from its other parts, which then shrink.
        """
        self._fitting = True
        ordinary = self._sizes(0.0)
        for growth in GROWTHS:
            sizes = self._sizes(growth)
            if all(sizes.get(part, 0) >= size for part, size in ordinary.items()):
                break
        self._fitted, self._fitting = self._contents(), False

    def _contents(self) -> list[str]:
        """Return the texts on the page, from which the sizes follow."""
        labels: list[FittedLabel | Button] = [*self.findChildren(FittedLabel), *self.findChildren(Button)]
        return [label.text() for label in labels if label.isVisible()]

    def _sizes(self, growth: float) -> dict[QWidget, int]:
        """Lay the page out in a share of large type; return in which size each part is painted."""
        self._growth = growth
        for _ in range(2):  # heights that follow from widths settle in the second turn
            self._set_theme()
            QCoreApplication.sendPostedEvents(None, QEvent.Type.LayoutRequest)
        parts = (part for part in self.findChildren(QWidget) if part.isVisible())
        fitted = [part for part in parts if isinstance(part, FITTED)]
        return {part: 0 if _is_cut(part) else part.fitting_px() for part in fitted}

    def _set_theme(self) -> None:
        theme = self.theme
        if self.panel is not None and not self.panel.fixed:
            self.panel.setGeometry(self.rect())
        colour_ground(self, "ground")
        pad = theme.px(44)
        self._inner.setContentsMargins(pad, self._lowered_by() + theme.px(16), pad, theme.px(28))
        self._inner.setSpacing(theme.px(16))
        for page in (*self.screens.values(), *self._pages):
            layout = page.layout()
            assert layout is not None
            layout.setContentsMargins(0, 0, 0, 0)
            if page not in self._pages:
                layout.setSpacing(theme.px(20))
        apply_theme(self, theme)
        self._place_overlays()

    def _place_overlays(self) -> None:
        """Cover everything but the banner that says that nothing here is real; help leaves the header too."""
        banner = 0 if self._banner.isHidden() else self._banner.height()
        for overlay, top in ((self._help, self._header.geometry().bottom() + 1), (self._time, banner)):
            overlay.setGeometry(0, top, self.width(), self.height() - top)

    def _emit_shown(self, detail: str) -> None:
        self._offer_reading()
        self.shown.emit(self.stage.value, detail)


def _is_cut(part: QWidget) -> bool:
    """Return whether the page has no room for the whole part."""
    return part.visibleRegion().boundingRect() != part.rect()


def _make_screens(feeds: Feeds, settings: Settings, staff_phrases: Callable[[str], Phrases]) -> list[Screen]:
    light = settings.visit.light.mode != "off"
    return [
        OutOfServiceScreen(),
        IdleScreen(),
        ConsentScreen(settings.operator, keep_picture=settings.visit.keep_picture),
        CardScreen(),
        GuardianScreen(settings.operator),
        PhoneScreen(),
        ConfirmScreen(),
        PhoneCodeScreen(),
        PortraitScreen(feeds),
        FaceScreen(feeds),
        DigitsScreen(feeds, light=light),
        HeadScreen(feeds, light=light),
        TouchScreen(light=light),
        ReviewScreen(feeds, staff_phrases),
        SubmitScreen(),
        OutcomeScreen(),
    ]
