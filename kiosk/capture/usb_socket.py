"""Finds the USB socket on which a device hangs, from the kernel's description (sysfs)."""

from pathlib import Path

SYSFS = Path("/sys")


def usb_device(node: Path) -> Path | None:
    """Return the folder of the USB device that a node of sysfs belongs to; None: it is not on USB."""
    for folder in node.parents:
        if (folder / "idVendor").is_file() and (folder / "idProduct").is_file():
            return folder
    return None


def usb_socket(tty: Path, sysfs: Path = SYSFS) -> str:
    """Return the socket of a serial device file ("0000:00:14.0-1.2"); empty if it is not on USB.

    It names the controller by its place on the board: the kernel's numbers of buses may change with a start.
    Never raises.
    """
    try:
        device = usb_device((sysfs / "class" / "tty" / tty.resolve().name).resolve(strict=True))
    except (OSError, RuntimeError):  # RuntimeError: a link that leads to itself
        return ""
    if device is None:
        return ""
    bus = next((folder for folder in device.parents if folder.name.startswith("usb")), device)
    return f"{bus.parent.name}-{device.name.partition('-')[2]}"
