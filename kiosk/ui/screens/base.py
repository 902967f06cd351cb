"""Base class of the screens."""

from typing import ClassVar

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from kiosk.events import Notice, Show
from kiosk.model import Stage, Step, Way
from kiosk.phrases import Phrases, load
from kiosk.ui.theme import Theme
from kiosk.visit.steps import next_step


class Screen(QWidget):
    """Screen of one stage. Emits events to post (`posted`) and what looks different now (`changed`)."""

    posted = Signal(object)
    changed = Signal(str)
    rearranged = Signal()
    """Buttons have another meaning or place, though the stage is the same: the window rests."""

    stage: ClassVar[Stage]
    cancellable: ClassVar[bool] = True
    """Whether the visit may be cancelled on this screen."""
    own_cancel: ClassVar[frozenset[Way]] = frozenset()
    """Ways on which a button of the screen itself cancels the visit, instead of the one at the bottom."""
    dismissable: ClassVar[bool] = False
    """Whether the visit is over on this screen and may be dismissed."""
    helpable: ClassVar[bool] = True
    """Whether the clerk may be called on this screen."""
    changeable: ClassVar[bool] = False
    """Whether another way may be chosen on this screen."""

    def __init__(self) -> None:
        super().__init__()
        self.show_order = Show(stage=self.stage)  # the newest that this screen was entered with
        self.phrases = load()
        self.theme = Theme()

    def enter(self, show: Show) -> None:
        """Show the stage from its beginning, or once more with a reason."""
        self.show_order = show

    def leave(self) -> None:
        """React to another stage's beginning."""

    def handle_notice(self, notice: Notice) -> None:
        """React to a notice other than `Show` and `Forget`."""

    def forget(self) -> None:
        """Drop everything personal."""

    def retranslate(self, phrases: Phrases) -> None:
        """Show every text in this language, now and from now on."""
        self.phrases = phrases

    def next_line(self) -> str:
        """Return the sentence about the step that follows on the way of this visit."""
        step = next_step(self.show_order)
        return self.phrases[f"next.{self.show_order.way if step is Step.CHALLENGE else step}"]

    def set_theme(self, theme: Theme) -> None:
        """Adapt to another size or shape of the window; parts inside have got it before."""
        self.theme = theme
