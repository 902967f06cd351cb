"""Which camera is it? Read from the kernel's description (sysfs); the camera is not opened for it.

A virtual camera (v4l2loopback, OBS) shows whatever a program feeds it, so it is never a witness; of the real
ones only those count that the site has named.
"""

from pathlib import Path
from urllib.parse import urlsplit

from msgspec import Struct

from kiosk.codes import Code
from kiosk.errors import DeviceMissing

SYSFS = Path("/sys")


class Identity(Struct, frozen=True):
    """`vendor`, `product`: four hexadecimal digits each; `port`: its socket in the USB tree ("1-1.2").

    `virtual`: no hardware stands behind it, or nothing is known of it.
    """

    driver: str = ""
    vendor: str = ""
    product: str = ""
    port: str = ""
    address: str = ""
    virtual: bool = True

    @property
    def names(self) -> tuple[str, ...]:
        """What `[camera] allowed` may call it, the strictest first."""
        if self.address:
            return (self.address,)
        kind = f"{self.vendor}:{self.product}" if self.vendor else ""
        both = f"{kind}@{self.port}" if kind and self.port else ""
        return tuple(name for name in (both, kind, self.port) if name)


def of_device(path: Path, sysfs: Path = SYSFS) -> Identity:
    """The identity of a device file such as /dev/video0, or of a link to one. Never raises."""
    try:
        node = (sysfs / "class" / "video4linux" / path.resolve().name).resolve(strict=True)
        driver = (node / "device" / "driver").resolve().name if (node / "device" / "driver").exists() else ""
        if (sysfs / "devices" / "virtual").resolve() in node.parents:
            return Identity(driver=driver)
        return _physical(node, driver)
    except OSError:
        return Identity()


def of_address(address: str) -> Identity:
    """The identity of a stream: its address without path, name and password."""
    parts = urlsplit(address)
    port = f":{parts.port}" if parts.port else ""
    return Identity(address=f"{parts.scheme}://{parts.hostname or ''}{port}")


def require_allowed(found: Identity, allowed: tuple[str, ...], *, production: bool) -> None:
    """Raises DeviceMissing(CAMERA_NOT_ALLOWED) with what would have to be written to allow it.

    Outside production an empty list allows every camera.
    """
    if not allowed and not production:
        return
    if found.virtual and not found.address:
        detail = f"no hardware stands behind it (driver {found.driver or 'unknown'})"
        raise DeviceMissing(Code.CAMERA_NOT_ALLOWED, detail)
    if not set(found.names) & set(allowed):
        known = " or ".join(repr(name) for name in found.names) or "nothing that could be named"
        raise DeviceMissing(Code.CAMERA_NOT_ALLOWED, f"[camera] allowed does not name it; it is {known}")


def _physical(node: Path, driver: str) -> Identity:
    """Climb from the video node to the USB device, or to the board's own bus."""
    for place in node.parents:
        if (place / "idVendor").is_file() and (place / "idProduct").is_file():
            return Identity(
                driver, _word(place / "idVendor"), _word(place / "idProduct"), place.name, virtual=False
            )
    return Identity(driver, port=(node / "device").resolve().name, virtual=False)


def _word(file: Path) -> str:
    return file.read_text(encoding="ascii", errors="replace").strip().lower()
