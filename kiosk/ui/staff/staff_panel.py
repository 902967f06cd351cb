"""Staff panel: a sign-in, then pages. It closes itself, so that no terminal stays open to the next customer.

It covers the customer's screen, or stands in a window of its own.
"""

from PySide6.QtCore import QEvent, QObject, QTimer, Signal
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QApplication, QStackedWidget, QVBoxLayout, QWidget

from kiosk.codes import Code
from kiosk.model import Language
from kiosk.phrases import Phrases, load
from kiosk.ports import Feeds
from kiosk.staff.service import StaffService
from kiosk.ui.icons import Icon
from kiosk.ui.staff.background_tasks import BackgroundTasks
from kiosk.ui.staff.find_page import FindPage
from kiosk.ui.staff.pages import DevicesPage, QueuePage, ReportPage, TerminalPage, TodayPage
from kiosk.ui.staff.sign_in import SignInPage
from kiosk.ui.staff.staff_page import StaffPage
from kiosk.ui.theme import Theme, colour
from kiosk.ui.widgets.button import Button
from kiosk.ui.widgets.containers import Row, TwoPanes, apply_theme
from kiosk.ui.widgets.fitted_label import FittedLabel
from kiosk.ui.widgets.message_bar import MessageBar

RINGS, RING_MS = 3, 4000
"""How often the window of its own rings when a customer calls, and at which interval."""
CALL_SHOWN_MS = 300_000
"""A call that nothing ends, as from the first screen, is shown so long."""
INPUT_EVENTS = {QEvent.Type.MouseButtonPress, QEvent.Type.TouchBegin, QEvent.Type.KeyPress}
"""What shows that somebody is there."""


class StaffPanel(QWidget):
    """`open` shows the sign-in; `closed` is emitted when the panel has gone.

    Closing it (a customer begins, nobody touches it) does not end the shift: the person who signed in stays
    signed in for reviews, and gives the PIN again to open the panel.

    `fixed`: it is a window of its own, and goes back to the sign-in instead of away.
    """

    closed = Signal()
    changed = Signal(str)
    """It looks different: the name of the page."""
    training_begun = Signal(object, str)
    """A training, and the trainee's language; the panel has gone."""

    def __init__(self, service: StaffService, feeds: Feeds, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.service = service
        self.fixed = parent is None
        self._phrases = self._home_phrases = load()
        self._tasks = BackgroundTasks(self)
        # A sign-in is checked on another thread; a result that belongs to an earlier attempt opens nothing.
        self._attempt = 0
        self._withdrawn_attempt = -1  # cancelled by the person who made it: it must not sign anybody in
        self._page: StaffPage | None = None
        self._chosen_language: Language | None = None  # on the present sign-in
        self._called, self._rings_left = False, 0
        self.sign_in = SignInPage()
        pages = (
            TodayPage(service, self._tasks),
            QueuePage(service, self._tasks),
            FindPage(service, self._tasks),
            DevicesPage(service, self._tasks, feeds),
            TerminalPage(service, self._tasks),
            ReportPage(service, self._tasks),
        )
        self.pages: dict[str, StaffPage] = {page.name: page for page in pages}
        self._lay_out()
        self._connect()
        self.hide()

    # ── construction ─────────────────────────────────────────────────────────────────────────────

    def _lay_out(self) -> None:
        colours = self.palette()
        colours.setColor(QPalette.ColorRole.Window, QColor(colour("ground")))
        self.setPalette(colours)
        self.setAutoFillBackground(True)
        self._who = FittedLabel("small", centred=False, bold=True)
        self._back = Button("staff_back", "plain", role="small")
        self._out = Button("staff_sign_out", "plain", role="small", icon=Icon.EXIT)
        self._warning = MessageBar(Icon.CLOCK)
        self._call = MessageBar(Icon.BELL)
        self._tabs = {name: Button(f"staff_{name}", "plain", role="small") for name in self.pages}
        tabs = tuple(self._tabs.values())
        self._head = Row(self._who, self._back, self._out)
        self._foot = TwoPanes(Row(*tabs[:3]), Row(*tabs[3:]))
        self._stack = QStackedWidget()
        for widget in (self.sign_in, *self.pages.values()):
            self._stack.addWidget(widget)
        self._box = QVBoxLayout(self)
        self._box.addWidget(self._call)
        self._box.addWidget(self._head)
        self._box.addWidget(self._warning)
        self._box.addWidget(self._stack, 1)
        self._box.addWidget(self._foot)

    def _connect(self) -> None:
        for name, tab in self._tabs.items():
            tab.setCheckable(True)
            tab.clicked.connect(lambda _=False, name=name: self.show_page(name))
        for page in self.pages.values():
            page.refreshed.connect(lambda page=page: self._emit_changed(page))
        self.sign_in.submitted.connect(self._check)
        today = self.pages["today"]
        assert isinstance(today, TodayPage)
        today.training_made.connect(self._leave_for_training)
        self.sign_in.cancelled.connect(self._cancel_sign_in)
        self.sign_in.language_chosen.connect(self._choose_language)
        self._back.clicked.connect(self.dismiss_panel)
        self._out.clicked.connect(self.sign_out)
        self._bell = QTimer(self, singleShot=True, interval=RING_MS)
        self._bell.timeout.connect(self._ring)
        self._call_end = QTimer(self, singleShot=True, interval=CALL_SHOWN_MS)
        self._call_end.timeout.connect(lambda: self.show_call(False))
        self._idle = QTimer(self, singleShot=True, interval=round(self.service.idle_s * 1000))
        self._idle.timeout.connect(self.dismiss_panel)
        self._warn = QTimer(self, singleShot=True, interval=round(self.service.idle_warning_s * 1000))
        self._warn.timeout.connect(lambda: self._warning.show_message(self._phrases["staff.idle_warning"]))

    # ── opening and closing ──────────────────────────────────────────────────────────────────────

    @property
    def signed_in(self) -> bool:
        """Whether a page is shown, and not the sign-in."""
        return self._page is not None

    def open(self) -> None:
        """Show the sign-in."""
        self._set_page(None)
        self._chosen_language = None
        self._use(self._home_phrases)
        self.sign_in.start(self.service.roster.state())
        self._stack.setCurrentWidget(self.sign_in)
        self.show()
        self.raise_()
        qt_application().installEventFilter(self)
        self._restart_idle_timers()
        self.changed.emit("sign_in")

    def sign_out(self) -> None:
        """End the shift and close the panel."""
        self.service.roster.sign_out()
        self._cancel_sign_in()

    def _cancel_sign_in(self) -> None:
        """Close the panel; a PIN that is still being checked signs nobody in."""
        self._withdrawn_attempt = self._attempt
        self.dismiss_panel()

    def dismiss_panel(self) -> None:
        """Close the panel without ending the shift; a fixed panel goes back to the sign-in."""
        self._attempt += 1
        qt_application().removeEventFilter(self)
        self._set_page(None)
        if self.fixed:
            self.open()
        else:
            self.hide()
        self._idle.stop()
        self._warn.stop()
        self.closed.emit()

    def _leave_for_training(self, training: object) -> None:
        self.dismiss_panel()
        self.training_begun.emit(training, self._phrases.language)

    def show_page(self, name: str) -> None:
        """Show another page, with fresh content."""
        self._set_page(self.pages[name])
        self._stack.setCurrentWidget(self.pages[name])
        self.pages[name].refresh()

    def _emit_changed(self, page: StaffPage) -> None:
        if page is self._page:
            self.changed.emit(page.name)

    def close_tasks(self) -> None:
        """Wait for the task that is running, at the end of the application."""
        self._tasks.close()

    def show_call(self, called: bool) -> None:
        """Show that a customer calls for somebody, or no more, and ring some times."""
        if called == self._called:
            return
        self._called = called
        self._rings_left = RINGS if called else 0
        self._call_end.start()
        self._ring()
        self._show_call()
        if called:
            self.changed.emit("call")

    def _ring(self) -> None:
        if self._rings_left:
            self._rings_left -= 1
            QApplication.beep()
            self._bell.start()

    def _show_call(self) -> None:
        self._call.show_message(self._phrases["staff.call"] if self._called else "")

    # ── sign-in ──────────────────────────────────────────────────────────────────────────────────

    def _check(self, number: str, pin: str) -> None:
        self._attempt += 1
        attempt = self._attempt

        def accept(_: object) -> None:
            self._follow_clerks_language(number)
            if attempt == self._withdrawn_attempt:
                self.service.roster.sign_out()
            if attempt == self._attempt:  # otherwise a customer came meanwhile: the shift stands, for reviews
                self._restart_idle_timers()
                self.show_page("today")

        def refuse(code: Code) -> None:
            if attempt == self._attempt:
                self._restart_idle_timers()
                self.sign_in.start(self.service.roster.state(), code)
                self.changed.emit(f"sign_in-{code.value}")

        self.sign_in.show_checking()
        self._tasks.run(lambda: self.service.roster.sign_in(number, pin), accept, refuse)

    def _choose_language(self, language: str) -> None:
        """Show the sign-in in another language; it is the clerk's who signs in next."""
        self._chosen_language = Language(language)
        self._use(load(language))

    def _follow_clerks_language(self, number: str) -> None:
        """Show everything in the language of who has signed in, and remember one that was just chosen."""
        if self._chosen_language is not None:
            self.service.languages.set(number, self._chosen_language)
        language = self.service.languages.get(number)
        if language is not None and language != self._phrases.language:
            self._use(load(language))

    def _set_page(self, page: StaffPage | None) -> None:
        """Show what surrounds `page` and clear the page before it; None: the sign-in."""
        if self._page is not None:
            self._page.clear()
        self._page = page
        self._head.setVisible(page is not None)
        self._foot.setVisible(page is not None)
        for name, tab in self._tabs.items():
            tab.setChecked(page is not None and page.name == name)
        self._show_who()

    # ── idleness ─────────────────────────────────────────────────────────────────────────────────

    def eventFilter(self, _: QObject, event: QEvent) -> bool:
        """Restart the idle timers at each touch or key anywhere in the application."""
        if event.type() in INPUT_EVENTS:
            self._restart_idle_timers()
        return False

    def _restart_idle_timers(self) -> None:
        self._warning.show_message("")
        self._warn.start()
        self._idle.start()

    # ── language and sizes ───────────────────────────────────────────────────────────────────────

    def retranslate(self, phrases: Phrases) -> None:
        """Show everything in the terminal's language, until a clerk with another one signs in."""
        self._home_phrases = phrases
        self._use(phrases)

    def _use(self, phrases: Phrases) -> None:
        self._phrases = phrases
        self.sign_in.retranslate(phrases)
        for name, page in self.pages.items():
            page.retranslate(phrases)
            self._tabs[name].set_label(phrases[f"staff.{name}"])
        self._back.set_label(phrases["staff.leave"])
        self._out.set_label(phrases["staff.sign_out"])
        self.setWindowTitle(phrases["staff.title"])
        self._show_who()
        self._show_call()

    def _show_who(self) -> None:
        clerk = self.service.roster.signed_in if self._page is not None else None
        role = "" if clerk is None else self._phrases[f"staff.role_{clerk.role.value}"]
        self._who.show_text("" if clerk is None else f"{role} {clerk.number}")

    def set_theme(self, theme: Theme) -> None:
        pad = theme.px(40)
        self._box.setContentsMargins(pad, pad, pad, pad)
        self._box.setSpacing(theme.px(20))

    def resizeEvent(self, event: object) -> None:
        """In a window of its own, take all sizes from this window."""
        super().resizeEvent(event)  # type: ignore[arg-type]
        if self.fixed:
            theme = Theme(max(1, self.width()), max(1, self.height()), self._phrases.language)
            apply_theme(self, theme)
            self.set_theme(theme)


def qt_application() -> QApplication:
    """Return the running application."""
    found = QApplication.instance()
    assert isinstance(found, QApplication)
    return found
