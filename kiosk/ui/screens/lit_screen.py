"""Base class of the screens whose ground goes through the colours of the light challenge."""

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QPainter

from kiosk.events import LightDeclined, LightShown, Notice, ShowLight
from kiosk.phrases import Phrases
from kiosk.ui.screens.base import Screen
from kiosk.ui.theme import Theme
from kiosk.ui.widgets.button import Button
from kiosk.ui.widgets.light_sequence import LightSequence


class LitScreen(Screen):
    """A challenge's screen. Its subclass lays out `steady`, the button that keeps the colour, and calls
    `super` in what it overrides.
    """

    def __init__(self, *, light: bool) -> None:
        """`light`: the ground will change its colour during the challenge."""
        super().__init__()
        self._light_offered = self.light_wanted = light
        self.steady = Button("light_off", "plain")
        self._light = LightSequence(self)
        self._light.painted.connect(lambda step, at: self.posted.emit(LightShown(step, at)))
        self._light.changed.connect(self._show_light)
        self.steady.clicked.connect(self._decline_light)

    def set_ground(self, ground: QColor | None) -> None:
        """React to another colour of the ground; None: the ordinary one."""

    def show_body(self) -> None:
        """Show the instruction, which speaks of the light only where there will be one."""

    def begin_light(self) -> None:
        """Prepare for another challenge."""
        self._light.stop()
        self.steady.setVisible(self.light_wanted)

    def handle_notice(self, notice: Notice) -> None:
        """Show the colours that are ordered."""
        if isinstance(notice, ShowLight):
            self._light.start(notice.colours, notice.hold_s)
            self.steady.setVisible(bool(notice.colours))

    def leave(self) -> None:
        self._light.stop()

    def forget(self) -> None:
        self._light.stop()
        self.light_wanted = self._light_offered

    def retranslate(self, phrases: Phrases) -> None:
        super().retranslate(phrases)
        self.steady.set_label(phrases["digits.light_off"])

    def _decline_light(self) -> None:
        """Keep the screen steady for the remaining visit, as the person asked."""
        self.light_wanted = False
        self._light.stop()
        self.steady.hide()
        self.show_body()
        self.posted.emit(LightDeclined())

    def _show_light(self) -> None:
        self.set_ground(self._light.ground)
        self.update()

    def paintEvent(self, _: object) -> None:
        """Paint the coloured ground under everything on this screen."""
        ground = self._light.ground
        if ground is None:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(ground)
        painter.drawRoundedRect(QRectF(self.rect()), self.theme.px(40), self.theme.px(40))
        painter.end()
        self._light.mark_painted()

    def set_theme(self, theme: Theme) -> None:
        super().set_theme(theme)
        layout, edge = self.layout(), theme.px(20)
        assert layout is not None
        layout.setContentsMargins(edge, edge, edge, edge)
