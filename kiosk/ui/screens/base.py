"""What all screens share."""

from typing import ClassVar

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import (
    QBoxLayout,
    QGridLayout,
    QHBoxLayout,
    QSizePolicy,
    QSpacerItem,
    QVBoxLayout,
    QWidget,
)

from kiosk.events import Notice, Show
from kiosk.model import Stage
from kiosk.phrases import Phrases, load
from kiosk.ui.theme import Theme


class Screen(QWidget):
    """One stage's screen. It posts events and tells when it looks different (`changed`, with a name)."""

    posted = Signal(object)
    changed = Signal(str)

    stage: ClassVar[Stage]
    step: ClassVar[int | None] = None
    """Which of `progress.STEPS` this is; None: the line is not shown."""
    cancellable: ClassVar[bool] = True
    helpable: ClassVar[bool] = True
    changeable: ClassVar[bool] = False
    """Another way may be chosen here."""

    def __init__(self) -> None:
        super().__init__()
        self.phrases = load()
        self.look = Theme()

    def enter(self, show: Show) -> None:
        """The stage begins, or begins again with a reason."""

    def leave(self) -> None:
        """Another stage begins."""

    def hear(self, notice: Notice) -> None:
        """Any other notice."""

    def forget(self) -> None:
        """Drop everything personal."""

    def speak(self, phrases: Phrases) -> None:
        """Say everything in this language, now and from now on."""
        self.phrases = phrases

    def fit(self, look: Theme) -> None:
        """The window's size or shape changed; the parts were told before."""
        self.look = look


Shares = tuple[int, int]


class Split(QWidget):
    """Two halves: one above the other on a tall screen, side by side on a wide one (`across`: the other way).

    `tall` and `wide` are the halves' shares of the room; 0: no more than needed.
    """

    def __init__(
        self,
        first: QWidget,
        second: QWidget,
        *,
        tall: Shares = (1, 1),
        wide: Shares = (1, 1),
        across: bool = False,
    ) -> None:
        super().__init__()
        self._tall, self._wide, self._across = tall, wide, across
        self._box = QBoxLayout(QBoxLayout.Direction.TopToBottom, self)
        self._box.setContentsMargins(0, 0, 0, 0)
        for half in (first, second):
            self._box.addWidget(half)
            half.setSizePolicy(QSizePolicy.Policy.Ignored, half.sizePolicy().verticalPolicy())

    def fit(self, look: Theme) -> None:
        down, right = QBoxLayout.Direction.TopToBottom, QBoxLayout.Direction.LeftToRight
        self._box.setDirection(down if look.portrait != self._across else right)
        self._box.setSpacing(look.px(28 if self._across else 40))
        for index, share in enumerate(self._tall if look.portrait else self._wide):
            self._box.setStretch(index, share)


class Three(QWidget):
    """A head, the main thing, a foot. Tall: in this order. Wide: the main thing left, as high as there is,
    the others right. `tall`: the foot's share against 3 of the main thing; `wide`: the columns' shares.
    """

    def __init__(self, head: QWidget, main: QWidget, foot: QWidget, *, tall: int, wide: Shares) -> None:
        super().__init__()
        self._parts = (head, main, foot)
        self._tall, self._wide = tall, wide
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        for part in self._parts:
            part.setSizePolicy(QSizePolicy.Policy.Ignored, part.sizePolicy().verticalPolicy())

    def fit(self, look: Theme) -> None:
        for part in self._parts:
            self._grid.removeWidget(part)
        self._grid.setSpacing(look.px(28))
        if look.portrait:
            self._stand()
        else:
            self._lie()

    def _stand(self) -> None:
        for row, part in enumerate(self._parts):
            self._grid.addWidget(part, row, 0)
        self._share((0, 3, self._tall), (1, 0))

    def _lie(self) -> None:
        head, main, foot = self._parts
        self._grid.addWidget(main, 0, 0, 2, 1)
        self._grid.addWidget(head, 0, 1)
        self._grid.addWidget(foot, 1, 1)
        self._share((0, 1, 0), self._wide)

    def _share(self, rows: tuple[int, int, int], columns: Shares) -> None:
        for row, share in enumerate(rows):
            self._grid.setRowStretch(row, share)
        for column, share in enumerate(columns):
            self._grid.setColumnStretch(column, share)


class Column(QWidget):
    """Widgets one below the other. A number is a stretch of that weight."""

    def __init__(self, *parts: QWidget | int) -> None:
        super().__init__()
        _fill(QVBoxLayout(self), parts)

    def fit(self, look: Theme) -> None:
        layout = self.layout()
        assert layout is not None
        layout.setSpacing(look.px(24))


class Row(QWidget):
    """Widgets side by side, all as wide as each other. A number is a stretch of that weight."""

    def __init__(self, *parts: QWidget | int, equal: bool = True) -> None:
        super().__init__()
        _fill(QHBoxLayout(self), parts, 1 if equal else 0)

    def fit(self, look: Theme) -> None:
        layout = self.layout()
        assert layout is not None
        layout.setSpacing(look.px(28))


def _fill(box: QBoxLayout, parts: tuple[QWidget | int, ...], stretch: int = 0) -> None:
    box.setContentsMargins(0, 0, 0, 0)
    for part in parts:
        if isinstance(part, int):
            box.addItem(QSpacerItem(0, 0))
            box.setStretch(box.count() - 1, part)
        else:
            box.addWidget(part, stretch or part.property("stretch") or 0)


def stretched(widget: QWidget, weight: int) -> QWidget:
    """Let `widget` take its share of the free room in a Column."""
    widget.setProperty("stretch", weight)
    widget.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
    return widget


def fit_all(root: QObject, look: Theme) -> None:
    """Tell every part below `root` its look."""
    for child in root.findChildren(QWidget):
        fit = getattr(child, "fit", None)
        if fit is not None:
            fit(look)
