"""OUT_OF_SERVICE: an apology in large type; what is missing, for the clerk, in small."""

from PySide6.QtWidgets import QVBoxLayout

from kiosk.codes import Code
from kiosk.events import DeviceFailed, Notice, OutOfService, Show
from kiosk.model import Stage
from kiosk.phrases import Phrases
from kiosk.ui.icons import Icon
from kiosk.ui.screens.base import Column, Screen, Split, stretched
from kiosk.ui.widgets.icon_widget import IconWidget
from kiosk.ui.widgets.words import Words

LISTED = 4
"""So many faults are listed; the terminal's own log has all."""


class OutOfServiceScreen(Screen):
    stage = Stage.OUT_OF_SERVICE
    cancellable = False

    def __init__(self) -> None:
        super().__init__()
        self._picture = IconWidget(Icon.WRENCH, ink="second", disc=True)
        self._title = Words("title")
        self._reason = Words("body")
        self._body = Words("body", ink="soft")
        self._next = Words("small", ink="soft")
        self._clerk = Words("tiny", ink="soft", centred=False)
        self._missing: tuple[DeviceFailed, ...] = ()
        self._code = Code.OK
        words = Column(1, self._title, self._reason, self._body, self._next, 1, self._clerk)
        QVBoxLayout(self).addWidget(Split(stretched(self._picture, 1), words, tall=(2, 3), wide=(2, 3)))

    def enter(self, show: Show) -> None:
        self._code = show.code
        self._write()
        self.changed.emit(show.code.value)

    def hear(self, notice: Notice) -> None:
        if isinstance(notice, OutOfService):
            self._missing = notice.missing
            self._write()

    def speak(self, phrases: Phrases) -> None:
        super().speak(phrases)
        self._write()

    def _write(self) -> None:
        starting = all(fault.code is Code.STARTING for fault in self._missing)
        starting = starting and self._code in (Code.STARTING, Code.OK)
        place = "starting" if starting else "stage.out_of_service"
        self._picture.show_icon(Icon.HOURGLASS if starting else Icon.WRENCH, "second")
        self._title.say(self.phrases[f"{place}.title"])
        self._reason.say("" if starting else self.phrases.customer(self._first()))
        self._body.say(self.phrases[f"{place}.body"])
        self._next.say(self.phrases[f"{place}.next"])
        self._clerk.say(self._detail())

    def _first(self) -> Code:
        """The fault to name to the customer: one that is more than still starting."""
        codes = [fault.code for fault in self._missing if fault.code is not Code.STARTING]
        return codes[0] if codes else self._code

    def _detail(self) -> str:
        """One line a fault: device, what to do, code."""
        lines = [self._line(fault) for fault in self._missing[:LISTED]]
        more = len(self._missing) - LISTED
        if more > 0:
            lines.append(f"+ {more}")
        return "\n".join([f"{self.phrases['general.clerk']}:", *lines]) if lines else ""

    def _line(self, fault: DeviceFailed) -> str:
        device = self.phrases[f"device.{fault.device.value}"]
        return f"{device} · {self.phrases.clerk(fault.code)} [{fault.code.value}]"
