"""Stage PORTRAIT: without a decoder for the chip's portrait the printed one is photographed.

A clerk looks at every visit with such a portrait.

The card was read electronically in the same visit; what is held before the camera has to be its print, with
the same number.
"""

from kiosk import events as e
from kiosk.codes import Code
from kiosk.model import Device, Outcome, Stage
from kiosk.visit.stages import face_watch, timing
from kiosk.visit.state import Hint, Orders, VisitState

HINT_FRAMES = 2
"""Frames with a card take longer to look at than frames with a face."""


def begin(state: VisitState, code: Code) -> Orders:
    state.hint = Hint()
    show = state.go(Stage.PORTRAIT, state.limits.portrait.limit_s, code)
    number = state.card.card.number if state.card and state.card.card else ""  # no card in a replay
    return [show, e.WatchCard(number), e.Say("portrait")]


def seen(state: VisitState, event: e.CardSeen) -> Orders:
    """Show one hint, once it has been the same for `HINT_FRAMES` frames."""
    hint = state.hint
    hint.frames = hint.frames + 1 if event.hint is hint.code else 1
    hint.code = event.hint
    answered = timing.seen(state) if hint.code is not Code.CARD_PICTURE_NONE else []
    if hint.frames < HINT_FRAMES or hint.code is hint.shown:
        return answered
    hint.shown = hint.code
    return [*answered, e.Coach(hint.code)]


def ready(state: VisitState, event: e.ReferenceReady) -> Orders:
    """Go on to the face. Only the print counts: a decoded portrait that comes late was not asked for here."""
    if not event.photographed:
        return []
    state.photographed = True
    return [*face_watch.begin(state, Code.OK), e.Say("face")]


def sense_failed(state: VisitState, event: e.DeviceFailed) -> Orders:
    if event.device is Device.MODELS:
        return state.end(Outcome.REFERRED, event.code)
    if event.device is not Device.CAMERA:
        return []
    return _again(state, event.code)


def time_passed(state: VisitState, _: e.TimePassed) -> Orders:
    gone = state.gone.get(Device.CAMERA)
    hint = state.hint.code if state.hint.code is not Code.OK else Code.CARD_PICTURE_NONE
    return _again(state, gone or hint)


def _again(state: VisitState, code: Code) -> Orders:
    """Spend a try. Without a portrait nothing can be compared, and no clerk may overrule that."""
    if not state.spend(Stage.PORTRAIT):
        return state.end(Outcome.REFERRED, code)
    return begin(state, code)
