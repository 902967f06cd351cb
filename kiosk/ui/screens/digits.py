"""DIGITS: one large digit at a time, a mark for each that was heard, a meter that shows we listen."""

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QVBoxLayout

from kiosk.codes import Code
from kiosk.events import (
    DigitShown,
    LightDeclined,
    LightShown,
    Notice,
    Show,
    ShowDigit,
    ShowGain,
    ShowHeard,
    ShowLight,
    SlowDown,
)
from kiosk.model import Stage
from kiosk.phrases import Phrases
from kiosk.ports import Feeds
from kiosk.ui.icons import Icon
from kiosk.ui.preview import Preview
from kiosk.ui.screens.base import Column, Row, Screen, Three, stretched
from kiosk.ui.screens.reason import Reason
from kiosk.ui.theme import Theme
from kiosk.ui.widgets.buttons import Button
from kiosk.ui.widgets.digit import Digit
from kiosk.ui.widgets.level import Level
from kiosk.ui.widgets.light import Light
from kiosk.ui.widgets.marks import Marks
from kiosk.ui.widgets.note import Note
from kiosk.ui.widgets.words import Words

_GAINS = {
    Code.MICROPHONE_TOO_QUIET: "digits.microphone_up",
    Code.MICROPHONE_CLIPPED: "digits.microphone_down",
}


class DigitsScreen(Screen):
    stage = Stage.DIGITS
    step = 3
    changeable = True

    def __init__(self, feeds: Feeds, *, light: bool = True) -> None:
        """`light`: the ground will go through colours while digits are read."""
        super().__init__()
        self._offered = self._told = light
        self._level_dbfs = feeds.level_dbfs
        self.preview = Preview(feeds.frame)
        self.preview.setMinimumHeight(40)  # beside a reason and two buttons, on 600 lines
        self._title, self._body = Words("title"), Words("small")
        self._reason, self._digit = Reason(), Digit()
        self._marks, self._level = Marks(), Level()
        self._gain, self._set_wrong = Note(Icon.MICROPHONE, role="small"), ShowGain(Code.OK, 0.0)
        self._slower = Button("slower", "plain")
        self._slowed = False  # asked for, in this visit
        self._light, self._steady = Light(self), Button("light_off", "plain")
        self._steady.clicked.connect(self._keep_steady)
        self._light.changed.connect(self._show_light)
        self._light.painted.connect(lambda step, at: self.posted.emit(LightShown(step, at)))
        words = Column(self._title, self._body, self._reason)
        task = Column(stretched(self._digit, 1), self._marks)
        mirror = Column(stretched(self.preview, 1), self._level, self._gain, Row(self._slower, self._steady))
        QVBoxLayout(self).addWidget(Three(words, task, mirror, tall=2, wide=(3, 2)))
        self._digit.painted.connect(lambda window, at: self.posted.emit(DigitShown(window, at)))
        self.preview.looked.connect(self._show_level)
        self._slower.clicked.connect(self._slow_down)

    def enter(self, show: Show) -> None:
        self._clear()
        self._steady.setVisible(self._told)
        self.preview.show_good(True)
        self._reason.give(self.phrases, show.code, show.tries_left)
        self._say_body()
        self.changed.emit("" if show.code is Code.OK else show.code.value)

    def hear(self, notice: Notice) -> None:
        if isinstance(notice, ShowDigit):
            self._marks.show_window(notice.window, notice.count)
            self._digit.show_digit(notice.window, notice.digit, self.phrases.digit_word(notice.digit))
            self.changed.emit(f"digit-{notice.window + 1}")
        elif isinstance(notice, ShowLight):
            self._light.begin(notice.colours, notice.hold_s)
            self._steady.setVisible(bool(notice.colours))
        elif isinstance(notice, ShowHeard):
            self._marks.mark(notice.window)
        elif isinstance(notice, ShowGain):
            self._set_wrong = notice
            self._say_gain()

    def leave(self) -> None:
        self._clear()

    def forget(self) -> None:
        self._slowed = False
        self._set_wrong = ShowGain(Code.OK, 0.0)
        self._say_gain()
        self._say_slower()
        self._clear()
        self._told = self._offered
        self.preview.clear()

    def speak(self, phrases: Phrases) -> None:
        super().speak(phrases)
        self._title.say(phrases["stage.digits.title"])
        self._digit.speak(phrases["digits.wait"], phrases["digits.wait_body"])
        self.preview.setAccessibleName(phrases["general.mirror"])
        self._level.setAccessibleName(phrases["general.level"])
        self._reason.speak(phrases)
        self._steady.say(phrases["digits.light_off"])
        self._say_body()
        self._say_slower()
        self._say_gain()

    def _say_gain(self) -> None:
        """In the place of the meter, over further tries, until it is mended: the clerk has to come first."""
        key = _GAINS.get(self._set_wrong.code)
        self._gain.say(f"{self.phrases[key]} ({self._set_wrong.level_dbfs:.0f} dBFS)" if key else "")
        self._level.setVisible(key is None)
        self.preview.setMinimumHeight(40 if key is None else 20)  # on 600 lines the note needs its place

    def _slow_down(self) -> None:
        self._slowed = True
        self._say_slower()
        self.posted.emit(SlowDown())

    def _say_slower(self) -> None:
        """Once asked for it stays slow; the button says so and can do no more."""
        self._slower.say(self.phrases["button.slowed" if self._slowed else "button.slower"])
        self._slower.setEnabled(not self._slowed)

    def _say_body(self) -> None:
        """A reason takes its place: one thing at a time."""
        own = self.phrases["digits.light_body" if self._told else "stage.digits.body"]
        self._body.say("" if self._reason.text else own)

    def _keep_steady(self) -> None:
        """Asked for by the person, and so for the rest of the visit."""
        self._told = False
        self._light.stop()
        self._steady.hide()
        self._say_body()
        self.posted.emit(LightDeclined())

    def _show_light(self) -> None:
        self._digit.lie_on(self._light.ground)
        self.update()

    def paintEvent(self, _: object) -> None:
        """The coloured ground under everything on this screen."""
        ground = self._light.ground
        if ground is None:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(ground)
        painter.drawRoundedRect(QRectF(self.rect()), self.look.px(40), self.look.px(40))
        painter.end()
        self._light.was_painted()

    def fit(self, look: Theme) -> None:
        super().fit(look)
        layout, edge = self.layout(), look.px(20)
        assert layout is not None
        layout.setContentsMargins(edge, edge, edge, edge)

    def _clear(self) -> None:
        self._light.stop()
        self._digit.clear()
        self._marks.begin()
        self._level.clear()

    def _show_level(self) -> None:
        self._level.show_level(self._level_dbfs())
