"""Ten digits, delete and next, as on a telephone."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QGridLayout, QWidget

from kiosk.phrases import Phrases
from kiosk.ui.theme import Theme
from kiosk.ui.widgets.buttons import Button


class Keypad(QWidget):
    """Tells each touched key; holds nothing itself."""

    digit = Signal(str)
    delete = Signal()
    go_on = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        for index, character in enumerate("123456789"):
            self._add_digit(character, index // 3, index % 3)
        self._add_digit("0", 3, 1)
        self._delete = self._add(Button("key_delete", "plain"), 3, 0)
        self._delete.clicked.connect(self.delete)
        self._next = self._add(Button("key_next", "primary"), 3, 2)
        self._next.clicked.connect(self.go_on)

    def speak(self, phrases: Phrases) -> None:
        self._delete.say(phrases["button.key_delete"])
        self._next.say(phrases["button.key_next"])

    def fit(self, look: Theme) -> None:
        self._grid.setSpacing(max(3, look.px(16)))

    def _add_digit(self, character: str, row: int, column: int) -> None:
        key = self._add(Button(f"key_{character}", "key", role="title").grow(1.25), row, column)
        key.say(character)
        key.clicked.connect(lambda: self.digit.emit(character))

    def _add(self, button: Button, row: int, column: int) -> Button:
        self._grid.addWidget(button.grow(1.25), row, column)
        self._grid.setRowStretch(row, 1)
        self._grid.setColumnStretch(column, 1)
        return button
