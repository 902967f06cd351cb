"""OUT_OF_SERVICE: an apology in large type; the faults, for the clerk, in small type."""

from collections.abc import Sequence

from PySide6.QtWidgets import QVBoxLayout

from kiosk.codes import Code
from kiosk.events import DeviceFailed, Notice, OutOfService, Show
from kiosk.model import Stage
from kiosk.phrases import Phrases
from kiosk.ui.icons import Icon
from kiosk.ui.screens.base import Screen
from kiosk.ui.widgets.containers import Column, TwoPanes, with_stretch
from kiosk.ui.widgets.fitted_label import FittedLabel
from kiosk.ui.widgets.icon_widget import IconWidget

MAX_FAULTS = 4
"""Faults listed on the screen; the terminal's log has all."""


class OutOfServiceScreen(Screen):
    stage = Stage.OUT_OF_SERVICE
    cancellable = False

    def __init__(self) -> None:
        super().__init__()
        self._picture = IconWidget(Icon.WRENCH, ink="second", disc=True)
        self._title, self._reason = FittedLabel("title"), FittedLabel("body")
        self._body, self._next = FittedLabel("body", ink="soft"), FittedLabel("small", ink="soft")
        self._clerk = FittedLabel("tiny", ink="soft", centred=False)
        self._missing: tuple[DeviceFailed, ...] = ()
        self._code = Code.OK
        texts = Column(1, self._title, self._reason, self._body, self._next, 1, self._clerk)
        picture = with_stretch(self._picture, 1)
        QVBoxLayout(self).addWidget(TwoPanes(picture, texts, tall=(2, 3), wide=(2, 3)))

    def enter(self, show: Show) -> None:
        self._code = show.code
        self._show_texts()
        self.changed.emit(show.code.value)

    def handle_notice(self, notice: Notice) -> None:
        if isinstance(notice, OutOfService):
            self._missing = notice.missing
            self._show_texts()

    def retranslate(self, phrases: Phrases) -> None:
        super().retranslate(phrases)
        self._show_texts()

    def _show_texts(self) -> None:
        # Faults to name to the customer: those that are more than a device which is still starting.
        faults = [fault.code for fault in self._missing if fault.code is not Code.STARTING]
        starting = not faults and self._code in (Code.STARTING, Code.OK)
        prefix = "starting" if starting else "stage.out_of_service"
        reason = self.phrases.customer_end(faults[0] if faults else self._code)
        self._picture.show_icon(Icon.HOURGLASS if starting else Icon.WRENCH, "second")
        self._title.show_text(self.phrases[f"{prefix}.title"])
        self._reason.show_text("" if starting else reason)
        self._body.show_text(self.phrases[f"{prefix}.body"])
        self._next.show_text(self.phrases[f"{prefix}.next"])
        self._clerk.show_text(format_faults(self._missing, self.phrases))


def format_faults(faults: Sequence[DeviceFailed], phrases: Phrases) -> str:
    """Return a line for each of the first faults: device, what the clerk should do, code. Empty: no fault."""
    lines = [
        f"{phrases[f'device.{fault.device.value}']} · {phrases.clerk(fault.code)} [{fault.code.value}]"
        for fault in faults[:MAX_FAULTS]
    ]
    if len(faults) > MAX_FAULTS:
        lines.append(f"+ {len(faults) - MAX_FAULTS}")
    return "\n".join([f"{phrases['general.clerk']}:", *lines]) if lines else ""
