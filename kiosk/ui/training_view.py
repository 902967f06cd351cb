"""Training over the customer's window: the same screens below a strip that says so and ends it."""

from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Signal
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from kiosk.phrases import Phrases, load
from kiosk.ports import Feeds
from kiosk.settings import Settings
from kiosk.staff.service import Training
from kiosk.ui.bridge import Bridge
from kiosk.ui.staff.staff_panel import INPUT_EVENTS, qt_application
from kiosk.ui.theme import Theme, colour
from kiosk.ui.widgets.button import Button
from kiosk.ui.window import Window


class TrainingStrip(QWidget):
    """Always visible: nobody takes the training for the real thing."""

    def __init__(self) -> None:
        super().__init__()
        colours = self.palette()
        colours.setColor(QPalette.ColorRole.Window, colour("banner"))
        colours.setColor(QPalette.ColorRole.WindowText, colour("on_banner"))
        self.setPalette(colours)
        self.setAutoFillBackground(True)
        self.text = QLabel()
        self.text.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.text.setWordWrap(True)
        self.end = Button("training_end", "plain", role="small")
        self._row = QHBoxLayout(self)
        self._row.addWidget(self.text, 3)
        self._row.addWidget(self.end, 1)

    def retranslate(self, phrases: Phrases) -> None:
        self.text.setText(phrases["training.banner"])
        self.text.setAccessibleName(self.text.text())
        self.end.set_label(phrases["training.end"])

    def set_theme(self, theme: Theme) -> None:
        pad = theme.px(12)
        self._row.setContentsMargins(2 * pad, pad, 2 * pad, pad)
        self.text.setFont(theme.font("small", bold=True))


class TrainingView(QWidget):
    """Covers `parent` until the button, or nobody touches anything for long; then `ended` is emitted."""

    ended = Signal()

    def __init__(
        self, parent: QWidget, training: Training, feeds: Feeds, settings: Settings, language: str
    ) -> None:
        """`language`: the trainee's, of the strip; the screens have the customers' choice of languages."""
        super().__init__(parent)
        self._parent, self._training = parent, training
        self._strip = TrainingStrip()
        # No pictures of a review: nobody is looked at.
        frames = Feeds(frame=feeds.frame, level_dbfs=feeds.level_dbfs)
        self.window_of_customer = Window(training.engine, frames, settings, simulated=False)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(0)
        box.addWidget(self._strip)
        box.addWidget(self.window_of_customer, 1)
        self._strip.retranslate(load(language))
        bridge = Bridge(training.engine, self)
        bridge.received.connect(self.window_of_customer.handle_notice)
        self._idle = QTimer(self, singleShot=True, interval=round(settings.staff.training_idle_s * 1000))
        self._idle.timeout.connect(self.finish)
        self._strip.end.clicked.connect(self.finish)

    def begin(self) -> None:
        """Cover the parent and start the training's threads."""
        self._cover()
        self._parent.installEventFilter(self)
        qt_application().installEventFilter(self)
        self.show()
        self.raise_()
        self._idle.start()
        self._training.start()

    def finish(self) -> None:
        """Stop the training and go away."""
        self._idle.stop()
        qt_application().removeEventFilter(self)
        self._parent.removeEventFilter(self)
        self._training.stop()
        self.hide()
        self.ended.emit()
        self.deleteLater()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Note that somebody is there, and follow the parent's size."""
        if event.type() in INPUT_EVENTS:
            self._idle.start()
        elif event.type() is QEvent.Type.Resize and watched is self._parent:
            self._cover()
        return False

    def _cover(self) -> None:
        self.setGeometry(self._parent.rect())
        theme = Theme(max(1, self.width()), max(1, self.height()))
        self._strip.set_theme(theme)
        self._strip.end.set_theme(theme)


class TrainingHost(QObject):
    """Opens the view when a member of staff asks for it in the panel; one at a time."""

    def __init__(self, window: Window, feeds: Feeds, settings: Settings) -> None:
        super().__init__(window)
        self._window, self._feeds, self._settings = window, feeds, settings
        self.view: TrainingView | None = None
        if window.panel is not None:
            window.panel.training_begun.connect(self._begin)

    def close(self) -> None:
        """End a training that is going on: the program ends."""
        if self.view is not None:
            self.view.finish()

    def _begin(self, training: Training, language: str) -> None:
        if self.view is not None:
            return
        self.view = TrainingView(self._window, training, self._feeds, self._settings, language)
        self.view.ended.connect(self._forget)
        self.view.begin()

    def _forget(self) -> None:
        self.view = None
