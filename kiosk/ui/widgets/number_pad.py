"""Keypad with the characters of a visit's number."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QGridLayout, QWidget

from kiosk.phrases import Phrases
from kiosk.ui.theme import Theme
from kiosk.ui.widgets.button import Button
from kiosk.visit_number import ALPHABET

TALL_COLUMNS, WIDE_COLUMNS = 6, 12


class NumberPad(QWidget):
    """Emits each key that is touched and holds nothing itself; the last cells are for `go_on`."""

    character = Signal(str)
    delete = Signal()

    def __init__(self, go_on: Button) -> None:
        super().__init__()
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._keys = [Button(f"key_{character}", "key", role="body") for character in ALPHABET]
        for key, character in zip(self._keys, ALPHABET, strict=True):
            key.set_label(character)
            key.clicked.connect(lambda _=False, character=character: self.character.emit(character))
        self._delete = Button("key_delete", "plain")
        self._delete.clicked.connect(self.delete)
        self._go_on = go_on

    def retranslate(self, phrases: Phrases) -> None:
        self._delete.set_label(phrases["button.key_delete"])

    def set_theme(self, theme: Theme) -> None:
        """Arrange the keys in columns by the window's shape."""
        self._grid.setSpacing(max(3, theme.px(12)))
        columns = TALL_COLUMNS if theme.portrait else WIDE_COLUMNS
        for index, key in enumerate((*self._keys, self._delete)):
            self._grid.removeWidget(key)
            self._grid.addWidget(key, index // columns, index % columns)
        row, column = divmod(len(self._keys) + 1, columns)
        self._grid.removeWidget(self._go_on)
        self._grid.addWidget(self._go_on, row, column, 1, columns - column)
        for index in range(WIDE_COLUMNS):
            self._grid.setColumnStretch(index, int(index < columns))
            self._grid.setRowStretch(index, int(index <= row))
