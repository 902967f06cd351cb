"""Buttons at the bottom of every screen: leave, another way, call the clerk; and the time left.

What leaves a screen (cancel, back, the end of the visit) lies on the left here, and nothing that begins or
agrees to something ever does: a touch too many leads out, not in.
"""

from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from kiosk.phrases import Phrases
from kiosk.ui.icons import Icon
from kiosk.ui.theme import Theme
from kiosk.ui.widgets.button import Button
from kiosk.ui.widgets.countdown_ring import CountdownRing
from kiosk.ui.widgets.message_bar import MessageBar


class Footer(QWidget):
    """The buttons, and above them what became of a call of the clerk."""

    def __init__(self) -> None:
        super().__init__()
        self.cancel = Button("cancel", "plain", icon=Icon.EXIT)
        self.back = Button("back", "plain")
        self.dismiss = Button("dismiss", "primary")
        self.low = Button("low_reach", "plain")
        self.low.setCheckable(True)
        self.help = Button("help", "plain", icon=Icon.BELL)
        self.change = Button("change_way", "plain", icon=Icon.FORK)
        self.ring = CountdownRing()
        self._message = MessageBar(Icon.BELL)
        for button in (self.cancel, self.help):
            policy = button.sizePolicy()
            policy.setRetainSizeWhenHidden(True)
            button.setSizePolicy(policy)
        self._row = QHBoxLayout()
        leaving = QWidget()  # at most one of them is visible
        place = QGridLayout(leaving)
        place.setContentsMargins(0, 0, 0, 0)
        for button in (self.cancel, self.back, self.dismiss, self.low):
            place.addWidget(button, 0, 0)
        self._row.addWidget(leaving, 1)
        self._row.addWidget(self.change, 1)
        self._row.addWidget(self.ring)
        self._row.addWidget(self.help, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._message)
        column.addLayout(self._row)

    def set_buttons(
        self,
        *,
        cancel: bool,
        help_: bool,
        change: bool = False,
        back: bool = False,
        dismiss: bool = False,
        low: bool = False,
    ) -> None:
        """Show the buttons that there are on a screen."""
        self.cancel.setVisible(cancel)
        self.back.setVisible(back)
        self.dismiss.setVisible(dismiss)
        self.low.setVisible(low)
        self.change.setVisible(change)
        self.help.setVisible(help_)

    def show_call(self, text: str) -> None:
        """Say what became of the call: a person who asks for help must see a reaction. Empty: no longer."""
        self._message.show_message(text)

    def retranslate(self, phrases: Phrases) -> None:
        self.cancel.set_label(phrases["button.cancel"])
        self.back.set_label(phrases["button.back"])
        self.dismiss.set_label(phrases["button.dismiss"])
        self.low.set_label(phrases["button.low_reach"])
        self.help.set_label(phrases["button.help"])
        self.change.set_label(phrases["button.change_way"])
        self.ring.set_accessible_texts(phrases["general.time_left"], phrases["general.seconds"])

    def set_theme(self, theme: Theme) -> None:
        self._row.setSpacing(theme.px(32))
