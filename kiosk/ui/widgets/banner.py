"""The strip that says that nothing here is real."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QLabel

from kiosk.phrases import Phrases
from kiosk.ui.theme import Theme, colour


class Banner(QLabel):
    """Seen in simulation only."""

    def __init__(self, simulated: bool) -> None:
        super().__init__()
        self.setAlignment(Qt.AlignmentFlag.AlignCenter)
        colours = self.palette()
        colours.setColor(QPalette.ColorRole.Window, colour("banner"))
        colours.setColor(QPalette.ColorRole.WindowText, colour("on_banner"))
        self.setPalette(colours)
        self.setAutoFillBackground(True)
        self.setVisible(simulated)

    def speak(self, phrases: Phrases) -> None:
        self.setText(phrases["general.simulated"])
        self.setAccessibleName(self.text())

    def fit(self, look: Theme) -> None:
        self.setFont(look.font("tiny", bold=True))
        self.setFixedHeight(round(look.size("tiny") * 1.6))
