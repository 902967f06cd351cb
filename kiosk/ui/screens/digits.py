"""DIGITS: one large digit at a time, a mark for each that was heard, and a meter of the sound level."""

from PySide6.QtGui import QColor
from PySide6.QtWidgets import QVBoxLayout

from kiosk.codes import Code
from kiosk.events import (
    DigitShown,
    Notice,
    Show,
    ShowDigit,
    ShowGain,
    ShowHeard,
    SlowDown,
)
from kiosk.model import Stage
from kiosk.phrases import Phrases
from kiosk.ports import Feeds
from kiosk.ui.icons import Icon
from kiosk.ui.preview import Preview
from kiosk.ui.screens.lit_screen import LitScreen
from kiosk.ui.widgets.button import Button
from kiosk.ui.widgets.code_message_bar import CodeMessageBar
from kiosk.ui.widgets.containers import Column, Row, ThreePanes, with_stretch
from kiosk.ui.widgets.digit_display import DigitDisplay
from kiosk.ui.widgets.fitted_label import FittedLabel
from kiosk.ui.widgets.level_meter import LevelMeter
from kiosk.ui.widgets.message_bar import MessageBar
from kiosk.ui.widgets.step_marks import StepMarks

_GAIN_TEXTS = {
    Code.MICROPHONE_TOO_QUIET: "digits.microphone_up",
    Code.MICROPHONE_CLIPPED: "digits.microphone_down",
}


class DigitsScreen(LitScreen):
    stage = Stage.DIGITS
    changeable = True

    def __init__(self, feeds: Feeds, *, light: bool = True) -> None:
        super().__init__(light=light)
        self._level_dbfs = feeds.level_dbfs
        self._gain_fault = ShowGain(Code.OK, 0.0)
        self._slowed = False  # asked for, in this visit
        self.preview = Preview(feeds.frame)
        self.preview.setMinimumHeight(40)  # beside a reason and two buttons, on 600 lines
        self._title, self._body = FittedLabel("title"), FittedLabel("small")
        self._reason, self._digit = CodeMessageBar(), DigitDisplay()
        self._marks, self._level = StepMarks(), LevelMeter()
        self._gain = MessageBar(Icon.MICROPHONE, role="small")
        self._slower = Button("slower", "plain")
        texts = Column(self._title, self._body, self._reason)
        task = Column(with_stretch(self._digit, 1), self._marks)
        buttons = Row(self._slower, self.steady)
        mirror = Column(with_stretch(self.preview, 1), self._level, self._gain, buttons)
        QVBoxLayout(self).addWidget(ThreePanes(texts, task, mirror, tall=2, wide=(3, 2)))
        self._digit.painted.connect(lambda window, at: self.posted.emit(DigitShown(window, at)))
        self._slower.clicked.connect(self._slow_down)
        self.preview.polled.connect(lambda: self._level.show_level(self._level_dbfs()))

    def enter(self, show: Show) -> None:
        self._clear()
        self.begin_light()
        self.preview.set_well_placed(True)
        self._reason.show_code(self.phrases, show.code, show.tries_left)
        self.show_body()
        self.changed.emit("" if show.code is Code.OK else show.code.value)

    def handle_notice(self, notice: Notice) -> None:
        super().handle_notice(notice)
        match notice:
            case ShowDigit():
                self._marks.set_current(notice.window, notice.count)
                self._digit.show_digit(notice.window, notice.digit, self.phrases.digit_word(notice.digit))
                self.changed.emit(f"digit-{notice.window + 1}")
            case ShowHeard():
                self._marks.mark_done(notice.window)
            case ShowGain():
                self._gain_fault = notice
                self._show_gain()

    def leave(self) -> None:
        super().leave()
        self._clear()

    def forget(self) -> None:
        super().forget()
        self._slowed = False
        self._gain_fault = ShowGain(Code.OK, 0.0)
        self._show_gain()
        self._label_slower()
        self._clear()
        self.preview.clear()

    def retranslate(self, phrases: Phrases) -> None:
        super().retranslate(phrases)
        self._title.show_text(phrases["stage.digits.title"])
        self._digit.set_waiting_text(phrases["digits.wait"], phrases["digits.wait_body"])
        self.preview.setAccessibleName(phrases["general.mirror"])
        self._level.setAccessibleName(phrases["general.level"])
        self._reason.retranslate(phrases)
        self.show_body()
        self._label_slower()
        self._show_gain()

    def _show_gain(self) -> None:
        """Say in the meter's place that the microphone's gain is wrong, until it is mended, over all tries.

        The customer cannot help it: the clerk has to come first.
        """
        key = _GAIN_TEXTS.get(self._gain_fault.code)
        level = f"({self._gain_fault.level_dbfs:.0f} dBFS)"
        self._gain.show_message(f"{self.phrases[key]} {level}" if key else "")
        self._level.setVisible(key is None)
        self.preview.setMinimumHeight(40 if key is None else 20)  # on 600 lines the message needs its height

    def _slow_down(self) -> None:
        self._slowed = True
        self._label_slower()
        self.posted.emit(SlowDown())

    def _label_slower(self) -> None:
        """Label the button for a slower pace; once pressed it says so and is disabled for this visit."""
        self._slower.set_label(self.phrases["button.slowed" if self._slowed else "button.slower"])
        self._slower.setEnabled(not self._slowed)

    def show_body(self) -> None:
        """Show the instruction, but not beside a reason: one message at a time."""
        text = self.phrases["digits.light_body" if self.light_wanted else "stage.digits.body"]
        self._body.show_text("" if self._reason.text else text)

    def set_ground(self, ground: QColor | None) -> None:
        self._digit.set_ground(ground)

    def _clear(self) -> None:
        self._digit.clear()
        self._marks.clear()
        self._level.clear()
