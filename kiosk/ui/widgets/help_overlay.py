"""Covers the screen below its header while the visit waits for the clerk who was called."""

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QWidget

from kiosk.events import HelpEnded, HelpWanted, ReviewWanted, ShowHelp
from kiosk.model import ClerkCallState
from kiosk.phrases import Phrases, load
from kiosk.ui.icons import Icon
from kiosk.ui.widgets.button import Button
from kiosk.ui.widgets.containers import Row
from kiosk.ui.widgets.overlay import Overlay

AGAIN_MS = 20_000
"""The clerk can be called again after so long (`kiosk.clerk_call.caller.CALL_AGAIN_S`)."""


class HelpOverlay(Overlay):
    """Says what became of the call, and only what is known. `clerk_call`: how the clerk is reached here."""

    posted = Signal(object)
    left = Signal()
    """The person does not want to go on."""

    def __init__(self, parent: QWidget, clerk_call: str) -> None:
        self._go_on = Button("help_go_on", "primary").with_height(1.5)
        self._again = Button("help_again", "plain", icon=Icon.BELL)
        self._review = Button("help_review", "plain", icon=Icon.CLERK)
        self._leave = Button("help_leave", "plain", icon=Icon.EXIT).with_height(1.5)
        leave_or_stay = Row(self._leave, self._go_on)
        super().__init__(parent, Icon.BELL, (leave_or_stay, self._again, self._review))
        self._clerk_call = clerk_call
        self._phrases = load()
        self._call = ClerkCallState.CALLING
        self._watched = False
        self._may_call = QTimer(self, interval=AGAIN_MS, singleShot=True)
        self._may_call.timeout.connect(lambda: self._again.setEnabled(True))
        self._go_on.clicked.connect(lambda: self.posted.emit(HelpEnded()))
        self._again.clicked.connect(self._call_again)
        self._review.clicked.connect(lambda: self.posted.emit(ReviewWanted()))
        self._leave.clicked.connect(self.left)

    def show_call(self, notice: ShowHelp, *, watched: bool) -> None:
        """Show what became of the call. `watched`: the stage begins again at the face."""
        if self.isHidden():
            self._rest()
        self._call, self._watched = notice.call, watched
        self._review.setVisible(notice.review)
        self._show_texts()
        self.ring.start(notice.until)

    def text_of(self, call: ClerkCallState) -> str:
        """Return the same in one line, for where the visit does not wait."""
        stop = ". " if self._phrases.script == "Latn" else "。"
        body = self._body_of(call).replace("\n", " ")
        return f"{self._phrases[f'help.{call.value}_title']}{stop}{body}"

    def retranslate(self, phrases: Phrases) -> None:
        self._phrases = phrases
        self._go_on.set_label(phrases["button.help_go_on"])
        self._again.set_label(phrases["button.help_again"])
        self._review.set_label(phrases["button.i_am_clerk"])
        self._leave.set_label(phrases["button.cancel"])
        self.ring.set_accessible_texts(phrases["general.time_left"], phrases["general.seconds"])
        self._show_texts()

    def _body_of(self, call: ClerkCallState) -> str:
        """Return what to do, and below it how the clerk is reached here."""
        body, how = self._phrases[f"help.{call.value}_body"], self._clerk_call
        if how and call in (ClerkCallState.CALLED, ClerkCallState.CALLING):
            space = " " if self._phrases.script == "Latn" else ""
            how = f"{self._phrases['help.nobody_comes']}{space}{how}"
        return f"{body}\n{how}".strip()

    def _call_again(self) -> None:
        self._rest()
        self.posted.emit(HelpWanted())

    def _rest(self) -> None:
        self._again.setEnabled(False)
        self._may_call.start()

    def _show_texts(self) -> None:
        phrases, call = self._phrases, self._call.value
        self.title.show_text(phrases[f"help.{call}_title"])
        self.body.show_text(self._body_of(self._call))
        self.note.show_text(phrases["help.kept_watched" if self._watched else "help.kept"])
