"""Identifies a camera from the kernel's description (sysfs), without opening it.

A virtual camera (v4l2loopback, OBS) shows whatever a program feeds it, so it is never allowed; of the real
ones only those are that the site has named.
"""

from pathlib import Path
from urllib.parse import urlsplit

from msgspec import Struct

from kiosk.capture.usb_socket import SYSFS, usb_device
from kiosk.codes import Code
from kiosk.errors import DeviceMissing


class Identity(Struct, frozen=True, kw_only=True):
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
        """Names under which `[camera] allowed` may list it, the strictest first."""
        if self.address:
            return (self.address,)
        kind = f"{self.vendor}:{self.product}" if self.vendor else ""
        both = f"{kind}@{self.port}" if kind and self.port else ""
        return tuple(name for name in (both, kind, self.port) if name)


def of_device(path: Path, sysfs: Path = SYSFS) -> Identity:
    """Return the identity of a device file such as /dev/video0, or of a link to one. Never raises."""
    try:
        node = (sysfs / "class" / "video4linux" / path.resolve().name).resolve(strict=True)
        driver = (node / "device" / "driver").resolve().name if (node / "device" / "driver").exists() else ""
        if (sysfs / "devices" / "virtual").resolve() in node.parents:
            return Identity(driver=driver)
        return _physical(node, driver)
    except OSError:
        return Identity()


def of_address(address: str) -> Identity:
    """Return the identity of a stream: its address without path, name and password."""
    parts = urlsplit(address)
    port = f":{parts.port}" if parts.port else ""
    return Identity(address=f"{parts.scheme}://{parts.hostname or ''}{port}")


def require_allowed(found: Identity, allowed: tuple[str, ...], *, production: bool) -> None:
    """Check the camera against the site's list; outside production an empty list allows every camera.

    Raises DeviceMissing(CAMERA_NOT_ALLOWED) with what would have to be written to allow it.
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
    """Climb from the video node to the USB device, or to the board's own bus. Raises OSError."""
    device = usb_device(node)
    if device is None:
        return Identity(driver=driver, port=(node / "device").resolve().name, virtual=False)
    files = (device / "idVendor", device / "idProduct")
    texts = (file.read_text(encoding="ascii", errors="replace") for file in files)
    vendor, product = (text.strip().lower() for text in texts)
    return Identity(driver=driver, vendor=vendor, product=product, port=device.name, virtual=False)
