"""A simulated person before a browser's camera: a script for the authentication page, run before its own.

It stands in for `getUserMedia`. The head is lit by the colour that the page fills the screen with, and reads
the digit that the page shows, with moving lips. It is simulation: no camera, no room, no hand.
"""

import base64
import io
import json
from pathlib import Path

import cv2
import soundfile

from evaluation.clips.simulated import PHONE
from kiosk.model import SAMPLE_RATE
from kiosk.ports import Image
from kiosk.simulators.head import SimulatedHead
from kiosk.simulators.light import LitCamera, ScreenColours
from kiosk.simulators.voice import Voice
from verification.screen_colours import COLOURS

OPENINGS = (0.0, 0.3, 0.6, 1.0)
REACTION_MS = 420
FPS = 15
_SETTLED_S = 10.0


def script(head: SimulatedHead, voice: Voice) -> str:
    """Return JavaScript that makes the page see and hear this person; about 2 MB."""
    data = {
        "pictures": {name: _pictures(head, name) for name in ("grey", *COLOURS)},
        "voices": [_sound(voice, digit) for digit in range(10)],
        "colours": {" ".join(map(str, rgb)): name for name, rgb in COLOURS.items()},
        "openings": OPENINGS,
        "reactionMs": REACTION_MS,
        "fps": FPS,
    }
    source = Path(__file__).with_suffix(".js").read_text(encoding="utf-8")
    return source.replace("PERSON", json.dumps(data))


def _pictures(head: SimulatedHead, colour: str) -> list[str]:
    """Return the head in the light of a colour, one picture for each opening of the mouth."""
    screen = ScreenColours((0.0,), colour) if colour != "grey" else ScreenColours((), "")
    camera = LitCamera(PHONE)
    grey = ScreenColours((), "").at(0.0)
    camera.capture(head.render(0.0, mouth=0.0), head.reflectance(0.0), grey, 0.0)
    return [
        _jpeg(
            camera.capture(head.render(0.0, mouth=opening), head.reflectance(0.0), screen.at(_SETTLED_S), 0.0)
        )
        for opening in OPENINGS
    ]


def _jpeg(picture: Image) -> str:
    return base64.b64encode(
        cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 92])[1].tobytes()
    ).decode()


def _sound(voice: Voice, digit: int) -> str:
    file = io.BytesIO()
    soundfile.write(file, voice.say(digit, take=0), SAMPLE_RATE, format="WAV", subtype="PCM_16")
    return base64.b64encode(file.getvalue()).decode()
