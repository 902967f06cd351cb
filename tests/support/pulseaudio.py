"""A real sound server of our own, without a sound card: what is played into its sink its source hears."""

import os
import shutil
import subprocess
import time

import pytest
import soundfile

from kiosk.capture.portaudio import library
from kiosk.codes import Code
from kiosk.errors import DeviceMissing
from kiosk.model import SAMPLE_RATE

SCRIPT = """
load-module module-null-sink sink_name=shop rate=48000 channels=2
load-module module-remap-source source_name=ear master=shop.monitor
set-default-sink shop
set-default-source ear
load-module module-native-protocol-unix auth-anonymous=1 socket={socket}
"""
OPTIONS = (
    "--daemonize=no",
    "--use-pid-file=no",
    "--exit-idle-time=-1",
    "--disallow-exit",
    "--realtime=no",
    "--log-target=null",
)


class Pulse:
    """Start, kill and restart the daemon; `play` through its ordinary client."""

    def __init__(self, folder):
        self._folder = folder
        self._socket = folder / "native"
        self._script = folder / "script.pa"
        self._script.write_text(SCRIPT.format(socket=self._socket))
        self._process = None
        self.environment = {"PULSE_SERVER": f"unix:{self._socket}"}

    def start(self):
        home = {"HOME": str(self._folder), "XDG_RUNTIME_DIR": str(self._folder)}
        self._socket.unlink(missing_ok=True)
        self._process = subprocess.Popen(
            ["pulseaudio", "-n", "-F", str(self._script), *OPTIONS],
            env={**os.environ, **home},
            stderr=subprocess.DEVNULL,
        )
        self._await()

    def kill(self):
        if self._process is not None:
            self._process.kill()
            self._process.wait(60)
            self._process = None

    def play(self, samples):
        """Play in the background; the process is returned."""
        path = self._folder / "clip.wav"
        soundfile.write(path, samples, SAMPLE_RATE)
        return subprocess.Popen(["paplay", "-d", "shop", str(path)], env=self._client())

    def control(self, *words):
        subprocess.run(["pactl", *words], env=self._client(), check=True, stdout=subprocess.DEVNULL)

    def _client(self):
        return {**os.environ, **self.environment}

    def _await(self):
        end = time.monotonic() + 60.0
        while time.monotonic() < end:
            if self._socket.exists() and self._answers():
                return
            time.sleep(0.05)
        pytest.fail("pulseaudio did not start")

    def _answers(self):
        return subprocess.run(["pactl", "info"], env=self._client(), capture_output=True).returncode == 0


def reason_to_skip():
    """What is missing for tests with real sound, or None."""
    missing = [tool for tool in ("pulseaudio", "paplay", "pactl") if shutil.which(tool) is None]
    if missing:
        return f"not installed: {', '.join(missing)} (apt: pulseaudio pulseaudio-utils libasound2-plugins)"
    try:
        library(Code.MICROPHONE_MISSING)
    except DeviceMissing as error:
        return f"{error} (apt: libportaudio2)"
    return None
