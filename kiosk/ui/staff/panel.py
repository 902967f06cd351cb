"""The panel: sign in, then pages. It closes itself: nobody can leave the terminal in staff's hands.

It is laid over the customer's screen, or stands in a window of its own.
"""

from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QApplication, QStackedWidget, QVBoxLayout, QWidget

from kiosk.codes import Code
from kiosk.phrases import Phrases, load
from kiosk.ports import Feeds
from kiosk.staff.service import StaffService
from kiosk.ui.icons import Icon
from kiosk.ui.screens.base import Row, fit_all
from kiosk.ui.staff.background_tasks import BackgroundTasks
from kiosk.ui.staff.page import Page
from kiosk.ui.staff.pages import DevicesPage, QueuePage, ReportPage, TerminalPage, TodayPage
from kiosk.ui.staff.sign_in import SignIn
from kiosk.ui.theme import Theme, colour
from kiosk.ui.widgets.buttons import Button
from kiosk.ui.widgets.note import Note
from kiosk.ui.widgets.words import Words

_TOUCHES = {QEvent.Type.MouseButtonPress, QEvent.Type.TouchBegin, QEvent.Type.KeyPress}


class Panel(QWidget):
    """`open` shows the sign-in; `closed` is told when it has gone.

    That it closes (a customer begins, nobody touches it) ends no shift: whoever signed in stays so for
    reviews, and gives the PIN again to come in.

    `fixed`: a window of its own, which goes back to the sign-in instead of away.
    """

    closed = Signal()
    changed = Signal(str)
    """It looks different: which page."""

    def __init__(self, counter: StaffService, feeds: Feeds, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.counter = counter
        self.fixed = parent is None
        self._phrases = load()
        self._errands = BackgroundTasks(self)
        self._tries = 0  # an answer to an earlier try opens nothing
        self._unwanted = -1  # the try that whoever made it took back
        self._page: Page | None = None
        self.sign_in = SignIn()
        self.pages: dict[str, Page] = {
            page.name: page
            for page in (
                TodayPage(counter, self._errands),
                QueuePage(counter, self._errands),
                DevicesPage(counter, self._errands, feeds),
                TerminalPage(counter, self._errands),
                ReportPage(counter, self._errands),
            )
        }
        self._make_parts()
        self._lay_out()
        self._connect()
        self.hide()

    # ── building ─────────────────────────────────────────────────────────────────────────────────

    def _make_parts(self) -> None:
        self._who = Words("small", centred=False, bold=True)
        self._back = Button("staff_back", "plain", role="small")
        self._out = Button("staff_sign_out", "plain", role="small", icon=Icon.EXIT)
        self._warning = Note(Icon.CLOCK)
        self._stack = QStackedWidget()
        self._tabs = {name: self._tab(name) for name in self.pages}
        self._head = Row(self._who, self._back, self._out)
        self._foot = Row(*self._tabs.values())
        self._idle = QTimer(self, singleShot=True, interval=round(self.counter.idle_s * 1000))
        self._warn = QTimer(self, singleShot=True, interval=round(self.counter.idle_warning_s * 1000))

    def _tab(self, name: str) -> Button:
        tab = Button(f"staff_{name}", "plain", role="small")
        tab.setCheckable(True)
        tab.clicked.connect(lambda: self.turn(name))
        return tab

    def _lay_out(self) -> None:
        colours = self.palette()
        colours.setColor(QPalette.ColorRole.Window, QColor(colour("ground")))
        self.setPalette(colours)
        self.setAutoFillBackground(True)
        for widget in (self.sign_in, *self.pages.values()):
            self._stack.addWidget(widget)
        self._box = QVBoxLayout(self)
        for part in (self._head, self._warning):
            self._box.addWidget(part)
        self._box.addWidget(self._stack, 1)
        self._box.addWidget(self._foot)

    def _connect(self) -> None:
        for page in self.pages.values():
            page.written.connect(lambda page=page: self._tell(page))
        self.sign_in.tried.connect(self._try)
        self.sign_in.left.connect(self._not_now)
        self._back.clicked.connect(self.put_away)
        self._out.clicked.connect(self.leave)
        self._idle.timeout.connect(self.put_away)
        self._warn.timeout.connect(lambda: self._warning.say(self._phrases["staff.idle_warning"]))

    # ── coming and going ─────────────────────────────────────────────────────────────────────────

    @property
    def signed_in(self) -> bool:
        return self._page is not None

    def open(self) -> None:
        """Show the sign-in."""
        self._dress(None)
        self.sign_in.begin(self.counter.roster.state())
        self._stack.setCurrentWidget(self.sign_in)
        self.show()
        self.raise_()
        application().installEventFilter(self)
        self._stay()
        self.changed.emit("sign_in")

    def leave(self) -> None:
        """Sign out and go."""
        self.counter.roster.sign_out()
        self._not_now()

    def _not_now(self) -> None:
        """Whoever was typing a PIN goes: it signs nobody in any more."""
        self._unwanted = self._tries
        self.put_away()

    def put_away(self) -> None:
        """Go; a panel of its own window stays at the sign-in."""
        self._tries += 1
        self._idle.stop()
        self._warn.stop()
        application().removeEventFilter(self)
        self._dress(None)
        if self.fixed:
            self.open()
            self._idle.stop()
            self._warn.stop()
        else:
            self.hide()
        self.closed.emit()

    def turn(self, name: str) -> None:
        """Another page."""
        self._dress(self.pages[name])
        self._stack.setCurrentWidget(self.pages[name])
        self.pages[name].show_now()

    def _tell(self, page: Page) -> None:
        if page is self._page:
            self.changed.emit(page.name)

    def close_errands(self) -> None:
        """The application ends."""
        self._errands.close()

    def _try(self, number: str, pin: str) -> None:
        self._tries += 1
        mine = self._tries
        self.sign_in.wait()
        self._errands.run(
            lambda: self.counter.roster.sign_in(number, pin),
            lambda _: self._welcome(mine),
            lambda code: self._refuse(mine, code),
        )

    def _welcome(self, mine: int) -> None:
        if mine == self._unwanted:
            self.counter.roster.sign_out()
        if mine != self._tries:  # a customer came meanwhile: the sign-in stands, for reviews
            return
        self._stay()
        self.turn("today")

    def _refuse(self, mine: int, code: Code) -> None:
        if mine == self._tries:
            self._stay()
            self.sign_in.begin(self.counter.roster.state(), code)
            self.changed.emit(f"sign_in-{code.value}")

    def _dress(self, page: Page | None) -> None:
        """What surrounds the page; the page before holds nothing any more."""
        if self._page is not None:
            self._page.leave()
        self._page = page
        self._head.setVisible(page is not None)
        self._foot.setVisible(page is not None)
        for name, tab in self._tabs.items():
            tab.setChecked(page is not None and page.name == name)
        self._say_who()

    # ── idleness ─────────────────────────────────────────────────────────────────────────────────

    def eventFilter(self, _: QObject, event: QEvent) -> bool:
        if event.type() in _TOUCHES:
            self._stay()
        return False

    def _stay(self) -> None:
        """Somebody is there."""
        self._warning.say("")
        self._warn.start()
        self._idle.start()

    # ── words and sizes ──────────────────────────────────────────────────────────────────────────

    def speak(self, phrases: Phrases) -> None:
        self._phrases = phrases
        self.sign_in.speak(phrases)
        for name, page in self.pages.items():
            page.speak(phrases)
            self._tabs[name].say(phrases[f"staff.{name}"])
        self._back.say(phrases["staff.leave"])
        self._out.say(phrases["staff.sign_out"])
        self.setWindowTitle(phrases["staff.title"])
        self._say_who()

    def _say_who(self) -> None:
        clerk = self.counter.roster.signed_in if self._page is not None else None
        role = "" if clerk is None else self._phrases[f"staff.role_{clerk.role.value}"]
        self._who.say("" if clerk is None else f"{role} {clerk.number}")

    def fit(self, look: Theme) -> None:
        pad = look.px(40)
        self._box.setContentsMargins(pad, pad, pad, pad)
        self._box.setSpacing(look.px(20))

    def fit_window(self) -> None:
        """As a window of its own: sizes follow from this window."""
        look = Theme(max(1, self.width()), max(1, self.height()), self._phrases.language)
        fit_all(self, look)
        self.fit(look)

    def resizeEvent(self, event: object) -> None:
        super().resizeEvent(event)  # type: ignore[arg-type]
        if self.fixed:
            self.fit_window()


def application() -> QApplication:
    found = QApplication.instance()
    assert isinstance(found, QApplication)
    return found


class Corner(QWidget):
    """An unmarked corner of the customer's screen that staff hold down; customers' touches do nothing."""

    held = Signal()

    def __init__(self, parent: QWidget, hold_ms: int) -> None:
        super().__init__(parent)
        self.setObjectName("staff_corner")
        self.setAttribute(Qt.WidgetAttribute.WA_NoSystemBackground)
        self._timer = QTimer(self, singleShot=True, interval=hold_ms)
        self._timer.timeout.connect(self.held)

    def mousePressEvent(self, _: object) -> None:
        self._timer.start()

    def mouseReleaseEvent(self, _: object) -> None:
        self._timer.stop()

    def fit(self, look: Theme) -> None:
        self.setGeometry(0, 0, look.px(150), look.px(150))
