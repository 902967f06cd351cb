"""Buttons at the bottom of every screen: cancel, another way, call the clerk; and the time left."""

from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from kiosk.phrases import Phrases
from kiosk.ui.icons import Icon
from kiosk.ui.theme import Theme
from kiosk.ui.widgets.button import Button
from kiosk.ui.widgets.countdown_ring import CountdownRing
from kiosk.ui.widgets.message_bar import MessageBar


class Footer(QWidget):
    """`clerk_call` says how the clerk is reached here (a name, a bell, a phone number); it may be empty."""

    def __init__(self, clerk_call: str) -> None:
        super().__init__()
        self._clerk_call = clerk_call
        self._called_text, self._called = "", False
        self.cancel = Button("cancel", "plain", icon=Icon.EXIT)
        self.help = Button("help", "plain", icon=Icon.BELL)
        self.change = Button("change_way", "plain", icon=Icon.FORK)
        self.ring = CountdownRing()
        self._message = MessageBar(Icon.BELL)
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
        column.addWidget(self._message)
        column.addLayout(self._row)

    def set_buttons(self, *, cancel: bool, help_: bool, change: bool = False) -> None:
        """Show the buttons that there are on a screen."""
        self.cancel.setVisible(cancel)
        self.change.setVisible(change)
        self.help.setVisible(help_)

    def show_clerk_called(self, called: bool) -> None:
        """Say that the clerk was called, or no longer: a person who asks for help must see a reaction."""
        self._called = called
        self._message.show_message(self._called_text if called else "")

    def retranslate(self, phrases: Phrases) -> None:
        self.cancel.set_label(phrases["button.cancel"])
        self.help.set_label(phrases["button.help"])
        self.change.set_label(phrases["button.change_way"])
        self._called_text = f"{phrases['general.clerk_called']} {self._clerk_call}".strip()
        self.show_clerk_called(self._called)
        self.ring.set_accessible_texts(phrases["general.time_left"], phrases["general.seconds"])

    def set_theme(self, theme: Theme) -> None:
        self._row.setSpacing(theme.px(32))
