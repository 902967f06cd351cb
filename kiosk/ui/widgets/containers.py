"""Containers that arrange parts of a screen by its shape: tall or wide."""

from PySide6.QtCore import QObject
from PySide6.QtWidgets import (
    QBoxLayout,
    QGridLayout,
    QHBoxLayout,
    QSizePolicy,
    QSpacerItem,
    QVBoxLayout,
    QWidget,
)

from kiosk.ui.theme import Theme

Stretch = tuple[int, int]
"""Stretch factors of two parts, as in QBoxLayout."""


class TwoPanes(QWidget):
    """Two parts: one above the other on a tall screen, side by side on a wide one (`across`: the other way).

    `tall` and `wide` are the parts' stretch factors; 0: no more than needed.
    """

    def __init__(
        self,
        first: QWidget,
        second: QWidget,
        *,
        tall: Stretch = (1, 1),
        wide: Stretch = (1, 1),
        across: bool = False,
    ) -> None:
        super().__init__()
        self._tall, self._wide, self._across = tall, wide, across
        self._box = QBoxLayout(QBoxLayout.Direction.TopToBottom, self)
        self._box.setContentsMargins(0, 0, 0, 0)
        for part in (first, second):
            self._box.addWidget(part)
            part.setSizePolicy(QSizePolicy.Policy.Ignored, part.sizePolicy().verticalPolicy())

    def set_theme(self, theme: Theme) -> None:
        down, right = QBoxLayout.Direction.TopToBottom, QBoxLayout.Direction.LeftToRight
        self._box.setDirection(down if theme.portrait != self._across else right)
        self._box.setSpacing(theme.px(28 if self._across else 40))
        for index, stretch in enumerate(self._tall if theme.portrait else self._wide):
            self._box.setStretch(index, stretch)


class ThreePanes(QWidget):
    """A head, a main part and a foot. Tall: one above the other. Wide: the main part left over the whole
    height, head and foot on the right; `main_right`: the other way round.

    `tall`: the foot's stretch against 3 of the main part; `wide`: the columns' stretch factors.
    """

    def __init__(
        self,
        head: QWidget,
        main: QWidget,
        foot: QWidget,
        *,
        tall: int,
        wide: Stretch,
        main_right: bool = False,
    ) -> None:
        super().__init__()
        self._head, self._main, self._foot = head, main, foot
        self._tall, self._wide, self._main_column = tall, wide, int(main_right)
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        for part in (head, main, foot):
            part.setSizePolicy(QSizePolicy.Policy.Ignored, part.sizePolicy().verticalPolicy())

    def set_theme(self, theme: Theme) -> None:
        grid = self._grid
        for part in (self._head, self._main, self._foot):
            grid.removeWidget(part)
        grid.setSpacing(theme.px(28))
        if theme.portrait:
            for row, part in enumerate((self._head, self._main, self._foot)):
                grid.addWidget(part, row, 0)
            rows, columns = (0, 3, self._tall), (1, 0)
        else:
            main, side = self._main_column, 1 - self._main_column
            grid.addWidget(self._main, 0, main, 2, 1)
            grid.addWidget(self._head, 0, side)
            grid.addWidget(self._foot, 1, side)
            rows, columns = (0, 1, 0), self._wide
        for row, stretch in enumerate(rows):
            grid.setRowStretch(row, stretch)
        for column, stretch in enumerate(columns):
            grid.setColumnStretch(column, stretch)


class Column(QWidget):
    """Widgets one below the other. A number among them is an empty stretch of that factor."""

    def __init__(self, *parts: QWidget | int) -> None:
        super().__init__()
        self._box = QVBoxLayout(self)
        _fill(self._box, parts)

    def set_theme(self, theme: Theme) -> None:
        self._box.setSpacing(theme.px(24))


class Row(QWidget):
    """Widgets side by side, by default of equal width. A number is an empty stretch of that factor."""

    def __init__(self, *parts: QWidget | int, equal: bool = True) -> None:
        super().__init__()
        self._box = QHBoxLayout(self)
        _fill(self._box, parts, 1 if equal else 0)

    def set_theme(self, theme: Theme) -> None:
        self._box.setSpacing(theme.px(28))


def _fill(box: QBoxLayout, parts: tuple[QWidget | int, ...], stretch: int = 0) -> None:
    box.setContentsMargins(0, 0, 0, 0)
    for part in parts:
        if isinstance(part, int):
            box.addItem(QSpacerItem(0, 0))
            box.setStretch(box.count() - 1, part)
        else:
            box.addWidget(part, stretch or part.property("stretch") or 0)


def with_stretch(widget: QWidget, factor: int) -> QWidget:
    """Let `widget` take free space of a Column by this stretch factor, and return it."""
    widget.setProperty("stretch", factor)
    widget.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
    return widget


def apply_theme(root: QObject, theme: Theme) -> None:
    """Call `set_theme` of every widget below `root` that has it."""
    for child in root.findChildren(QWidget):
        set_theme = getattr(child, "set_theme", None)
        if set_theme is not None:
            set_theme(theme)
