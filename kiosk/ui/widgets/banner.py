"""Strip at the top of the window that says that this is a simulation."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel

from kiosk.phrases import Phrases
from kiosk.ui.theme import Theme, colour_ground


class Banner(QLabel):
    """Visible in simulation only."""

    def __init__(self, simulated: bool) -> None:
        super().__init__()
        self.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.setAutoFillBackground(True)
        self.setVisible(simulated)

    def retranslate(self, phrases: Phrases) -> None:
        self.setText(phrases["general.simulated"])
        self.setAccessibleName(self.text())

    def set_theme(self, theme: Theme) -> None:
        colour_ground(self, "banner", "on_banner")
        self.setFont(theme.font("tiny", bold=True))
        self.setFixedHeight(round(theme.size("tiny") * 1.6))
