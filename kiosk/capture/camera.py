"""Driver `cv2`: a camera of the operating system, or a video stream from an address, through OpenCV.

OpenCV never raises when a camera is unplugged, and waits half a minute on a stalled stream by default; both
are corrected here. One `VideoCapture` serves one opening: reopening makes a new one.
"""

import logging
import os
import re
import socket
import sys
from pathlib import Path
from typing import ClassVar, Literal
from urllib.parse import urlsplit

import cv2
import numpy as np
from msgspec import Struct

from kiosk.capture import camera_identity
from kiosk.capture.camera_formats import Format, candidates, choose_format, configure
from kiosk.codes import Code
from kiosk.errors import DeviceBusy, DeviceLost, DeviceMissing
from kiosk.model import Frame
from kiosk.ports import Context, Image

log = logging.getLogger(__name__)

_OPEN_MS, _READ_MS = 3000, 2000
_PROBE_S = 1.0
_MIN_PX = 120  # a face would be too small to be compared
_LINUX = sys.platform == "linux"
_PORTS = {"http": 80, "https": 443, "rtsp": 554, "rtmp": 1935}
_ROTATIONS = {90: cv2.ROTATE_90_CLOCKWISE, 180: cv2.ROTATE_180, 270: cv2.ROTATE_90_COUNTERCLOCKWISE}


class CameraSettings(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`device`: an index ("0"), a path ("/dev/video2") or an address ("http://…", "rtsp://…")."""

    device: str | int = 0
    width_px: int = 1280
    height_px: int = 720
    fps: float = 25.0
    format: Literal["auto", "MJPG", "YUYV"] = "auto"  # auto: tried once, at the first opening
    backlight: int | None = None  # the camera's own compensation, where it has one
    rotation: Literal[0, 90, 180, 270] = 0  # clockwise, to bring the picture upright
    mirrored_source: bool = False  # the camera itself delivers a mirror image
    frozen_s: float = 3.0  # the very same picture for longer than this: the camera hangs
    # "046d:0825", "1-1.2" or "046d:0825@1-1.2" of a USB camera, "rtsp://host:port" of a stream; in production
    # no other camera is opened.
    allowed: tuple[str, ...] = ()


class Cv2Camera:
    """`ports.Camera`."""

    Settings: ClassVar[type[Struct]] = CameraSettings

    def __init__(self, settings: CameraSettings, context: Context) -> None:
        self._settings = settings
        self._clock = context.clock
        self._capture: cv2.VideoCapture | None = None
        self._frozen_detector = FrozenPictureDetector(settings.frozen_s)
        self._seq = 0
        self._production = not context.simulation
        self._format: Format | None = None  # the best one, once it was found

    def probe(self) -> None:
        """Check that the device file is there and ours, or the address answers, and that it may be used.

        Raises DeviceMissing, DeviceBusy.
        """
        device = self._settings.device
        if is_address(device):
            require_listener(str(device))
            found = camera_identity.of_address(str(device))
        else:
            path = device_path(device)
            if not path.is_absolute():  # an address with a slip of the pen: it may hold a password
                raise DeviceMissing(Code.CAMERA_MISSING, "[camera] device is neither a file nor an address")
            if _LINUX and not path.exists():
                raise DeviceMissing(Code.CAMERA_MISSING, f"{path} is not there")
            if _LINUX and not os.access(path, os.R_OK | os.W_OK):
                raise DeviceBusy(Code.CAMERA_BUSY, f"{path}: permission denied")
            found = camera_identity.of_device(path)
        camera_identity.require_allowed(found, self._settings.allowed, production=self._production)

    def open(self) -> None:
        """Open the camera and take a first frame: only then it is known to work.

        Raises DeviceMissing, DeviceBusy.
        """
        self.close()
        self.probe()
        try:
            self._capture = self._open_capture()
            first = self._grab()
        except cv2.error as error:
            self.close()
            raise DeviceBusy(
                Code.CAMERA_BUSY, f"opens, but gives no picture: {type(error).__name__}"
            ) from None
        except DeviceLost as error:
            self.close()
            code = error.code if error.code is Code.CAMERA_FORMAT else Code.CAMERA_BUSY
            raise DeviceBusy(code, f"opens, but gives no picture: {error.detail}") from None
        self._frozen_detector = FrozenPictureDetector(self._settings.frozen_s)
        log.info("camera opened: %d×%d", first.shape[1], first.shape[0])

    def read(self) -> Frame:
        """Return the next frame, upright and not mirrored. Raises DeviceLost(CAMERA_LOST, CAMERA_FROZEN)."""
        image = self._grab()
        at = self._clock()
        if self._frozen_detector.is_frozen(image, at):
            raise DeviceLost(Code.CAMERA_FROZEN, f"the same picture for {self._settings.frozen_s:.1f} s")
        self._seq += 1
        return Frame(image=self._upright(image), seq=self._seq, at=at, stamp=self._driver_time())

    def close(self) -> None:
        """Close the camera. Never raises."""
        capture, self._capture = self._capture, None
        if capture is not None:
            try:
                capture.release()
            except cv2.error as error:
                log.warning("closing the camera: %s", error)

    def _open_capture(self) -> cv2.VideoCapture:
        """Return the opened and configured capture. Raises DeviceMissing, DeviceBusy, cv2.error."""
        device = self._settings.device
        if is_address(device):
            timeouts = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, _OPEN_MS, cv2.CAP_PROP_READ_TIMEOUT_MSEC, _READ_MS]
            capture = cv2.VideoCapture(str(device), cv2.CAP_FFMPEG, timeouts)
            if not capture.isOpened():
                raise DeviceMissing(Code.CAMERA_MISSING, "the address gives no video")
            return capture
        if self._format is None:
            s = self._settings
            wanted = list(candidates(s.format, s.width_px, s.height_px, s.fps))
            # Once: it takes a second or two, and a camera that comes back is needed at once.
            self._format = choose_format(wanted, self._open_local, self._clock) or wanted[0]
        capture = self._open_local()
        configure(capture, self._format)
        if self._settings.backlight is not None:
            capture.set(cv2.CAP_PROP_BACKLIGHT, self._settings.backlight)
        return capture

    def _open_local(self) -> cv2.VideoCapture:
        capture = capture_local(self._settings.device)
        if not capture.isOpened():
            raise DeviceBusy(Code.CAMERA_BUSY, "is there, but cannot be opened")
        return capture

    def _driver_time(self) -> float | None:
        """Return the driver's time of the last frame in seconds; None for streams: theirs mean nothing."""
        if self._capture is None or is_address(self._settings.device):
            return None
        stamp = float(self._capture.get(cv2.CAP_PROP_POS_MSEC)) / 1000
        return stamp if stamp > 0 else None

    def _grab(self) -> Image:
        """Return the raw picture. Raises DeviceLost."""
        if self._capture is None:
            raise DeviceLost(Code.CAMERA_LOST, "not open")
        try:
            done, image = self._capture.read()
        except cv2.error as error:
            raise DeviceLost(Code.CAMERA_LOST, str(error).strip().splitlines()[0]) from None
        if not done or image is None or image.size == 0:
            raise DeviceLost(Code.CAMERA_LOST, "no picture")
        colour = image.dtype == np.uint8 and image.ndim == 3 and image.shape[2] == 3
        if not colour or min(image.shape[:2]) < _MIN_PX:
            shape = "×".join(str(n) for n in image.shape)
            raise DeviceLost(Code.CAMERA_FORMAT, f"{shape} {image.dtype} is no colour picture")
        return np.asarray(image, np.uint8)

    def _upright(self, image: Image) -> Image:
        if self._settings.rotation:
            image = np.asarray(cv2.rotate(image, _ROTATIONS[self._settings.rotation]), np.uint8)
        if self._settings.mirrored_source:
            image = np.asarray(cv2.flip(image, 1), np.uint8)
        return image


class FrozenPictureDetector:
    """Finds pictures that do not change at all: a live sensor has noise, so they are of the past."""

    def __init__(self, limit_s: float) -> None:
        self._limit_s = limit_s
        self._last: bytes | None = None
        self._since = 0.0

    def is_frozen(self, image: Image, at: float) -> bool:
        """Say whether the picture (every eighth pixel of it) has been the same for longer than the limit."""
        sample = image[::8, ::8].tobytes()
        if sample != self._last:
            self._last, self._since = sample, at
        return at - self._since > self._limit_s


def is_address(device: str | int) -> bool:
    """Say whether the device is named by the address of a stream."""
    return isinstance(device, str) and "://" in device


def device_path(device: str | int) -> Path:
    """Return the device file of an index or a path."""
    number = re.fullmatch(r"\d+", str(device))
    return Path(f"/dev/video{device}") if number else Path(str(device))


def capture_local(device: str | int) -> cv2.VideoCapture:
    """Return a capture of this machine's camera, by path on Linux: /dev/v4l/by-id/… survives replugging."""
    # Read once, at the first frame of the process; without it a hanging camera blocks `read` for 10 s.
    os.environ.setdefault("OPENCV_VIDEOIO_V4L_SELECT_TIMEOUT", str(_READ_MS // 1000))
    if _LINUX:
        return cv2.VideoCapture(str(device_path(device)), cv2.CAP_V4L2)
    return cv2.VideoCapture(int(device), cv2.CAP_ANY)


def require_listener(address: str) -> None:
    """Check that a server listens there. Raises DeviceMissing without the address: it may hold a password."""
    parts = urlsplit(address)
    try:
        port = parts.port or _PORTS.get(parts.scheme, 80)
        socket.create_connection((parts.hostname or "", port), timeout=_PROBE_S).close()
    except (OSError, ValueError) as error:
        raise DeviceMissing(Code.CAMERA_MISSING, f"the address: {type(error).__name__}") from None
