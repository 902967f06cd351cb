"""A network camera on the loopback: MJPEG over HTTP, whose stream can be frozen, stalled and cut."""

import socket
import threading
import time
from collections.abc import Callable

import cv2
import numpy as np

_HEAD = (
    b"HTTP/1.1 200 OK\r\nCache-Control: no-cache\r\n"
    b"Content-Type: multipart/x-mixed-replace; boundary=frame\r\n\r\n"
)


def numbered(number: int) -> np.ndarray:
    """(240, 320, 3): red on the left, blue on the right, the number as sixteen black and white bars below."""
    picture = np.zeros((240, 320, 3), np.uint8)
    picture[:200, :160], picture[:200, 160:] = (0, 0, 200), (200, 0, 0)
    for bit in range(16):
        picture[200:, bit * 20 : bit * 20 + 20] = 255 if number >> bit & 1 else 0
    return picture


def number_of(picture: np.ndarray) -> int:
    """What `numbered` wrote."""
    return sum((picture[220, bit * 20 + 10].mean() > 127) << bit for bit in range(16))


class MjpegServer:
    """Serves one client at a time. `mode`: "play", "freeze" (the same picture), "stall" (silence).

    `picture(number)` is what it sees; `port`: where it was plugged in before.
    """

    def __init__(
        self, fps: float = 30.0, picture: Callable[[int], np.ndarray] = numbered, port: int = 0
    ) -> None:
        self.mode = "play"
        self._picture = picture
        self._period = 1 / fps
        self._stopped = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", port))
        self._listener.settimeout(0.1)
        self._client: socket.socket | None = None
        self.port = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}/video.mjpg"
        self._thread = threading.Thread(target=self._serve, name="mjpeg-server")
        self._thread.start()

    def kill(self) -> None:
        """The camera is unplugged: connections break and nobody listens any more."""
        self._stopped.set()
        self._thread.join(5)
        self._listener.close()

    def _serve(self) -> None:
        while not self._stopped.is_set():
            try:
                client, _ = self._listener.accept()
            except TimeoutError:
                continue
            with client:
                try:
                    self._stream(client)
                except OSError:
                    continue  # the client went away

    def _stream(self, client: socket.socket) -> None:
        client.settimeout(2)
        if not client.recv(4096).startswith(b"GET"):
            return  # only a knock
        client.sendall(_HEAD)
        number = 0
        while not self._stopped.wait(self._period):
            if self.mode == "stall":
                continue
            number += self.mode == "play"
            jpeg = cv2.imencode(".jpg", self._picture(number))[1].tobytes()
            part = b"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n" % len(jpeg)
            client.sendall(part + jpeg + b"\r\n")


def seconds_since(began: float) -> float:
    return time.monotonic() - began
