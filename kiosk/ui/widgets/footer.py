"""Always there: the way out, the time left, the clerk; and another way where one can be chosen."""

from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from kiosk.phrases import Phrases
from kiosk.ui.icons import Icon
from kiosk.ui.theme import Theme
from kiosk.ui.widgets.buttons import Button
from kiosk.ui.widgets.note import Note
from kiosk.ui.widgets.ring import Ring


class Footer(QWidget):
    """`clerk_call`: how the clerk is reached here (a name, a bell, a phone number); may be empty."""

    def __init__(self, clerk_call: str) -> None:
        super().__init__()
        self._clerk_call = clerk_call
        self._called, self._is_called = "", False
        self.cancel = Button("cancel", "plain", icon=Icon.EXIT)
        self.help = Button("help", "plain", icon=Icon.BELL)
        self.change = Button("change_way", "plain", icon=Icon.FORK)
        self.ring = Ring()
        self._told = Note(Icon.BELL)
        for button in (self.cancel, self.help):
            policy = button.sizePolicy()
            policy.setRetainSizeWhenHidden(True)
            button.setSizePolicy(policy)
        self._row = QHBoxLayout()
        self._row.addWidget(self.cancel, 1)
        self._row.addWidget(self.change, 1)
        self._row.addWidget(self.ring)
        self._row.addWidget(self.help, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._told)
        column.addLayout(self._row)

    def offer(self, *, cancel: bool, help_: bool, change: bool = False) -> None:
        """Which ways there are on this screen."""
        self.cancel.setVisible(cancel)
        self.change.setVisible(change)
        self.help.setVisible(help_)

    def tell_called(self, called: bool) -> None:
        """That the clerk was called: a person who asks for help must see that it was heard."""
        self._is_called = called
        self._told.say(self._called if called else "")

    def speak(self, phrases: Phrases) -> None:
        self.cancel.say(phrases["button.cancel"])
        self.help.say(phrases["button.help"])
        self.change.say(phrases["button.change_way"])
        self._called = f"{phrases['general.clerk_called']} {self._clerk_call}".strip()
        self.tell_called(self._is_called)
        self.ring.speak(phrases["general.time_left"], phrases["general.seconds"])

    def fit(self, look: Theme) -> None:
        self._row.setSpacing(look.px(32))
