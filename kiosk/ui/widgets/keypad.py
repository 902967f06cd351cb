"""Keypad with ten digits, delete and next, arranged as on a telephone."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QGridLayout, QWidget

from kiosk.phrases import Phrases
from kiosk.ui.theme import Theme
from kiosk.ui.widgets.button import Button


class Keypad(QWidget):
    """Emits each key that is touched and holds nothing itself."""

    digit = Signal(str)
    delete = Signal()
    go_on = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        for index, character in enumerate("123456789 0"):
            if character != " ":
                key = Button(f"key_{character}", "key", role="title")
                key.set_label(character)
                key.clicked.connect(lambda _=False, character=character: self.digit.emit(character))
                self._add(key, index // 3, index % 3)
        self._delete, self._next = Button("key_delete", "plain"), Button("key_next", "primary")
        self._add(self._delete, 3, 0)
        self._add(self._next, 3, 2)
        self._delete.clicked.connect(self.delete)
        self._next.clicked.connect(self.go_on)

    def retranslate(self, phrases: Phrases) -> None:
        self._delete.set_label(phrases["button.key_delete"])
        self._next.set_label(phrases["button.key_next"])

    def set_theme(self, theme: Theme) -> None:
        self._grid.setSpacing(max(3, theme.px(16)))

    def _add(self, button: Button, row: int, column: int) -> None:
        self._grid.addWidget(button.with_height(1.25), row, column)
        self._grid.setRowStretch(row, 1)
        self._grid.setColumnStretch(column, 1)
