"""On which USB socket a serial device hangs, from a made-up sysfs."""

from pathlib import Path

import pytest

from kiosk.capture.usb_socket import usb_socket

CONTROLLER = "devices/pci0000:00/0000:00:14.0"


def plug(sysfs: Path, name: str, node: str, usb: str = "") -> Path:
    """A tty at `node` below sysfs; `usb`: the folder of the USB device that it belongs to."""
    tty = sysfs / node / "tty" / name
    tty.mkdir(parents=True)
    names = sysfs / "class" / "tty"
    names.mkdir(parents=True, exist_ok=True)
    (names / name).symlink_to(tty)
    for file in ("idVendor", "idProduct") if usb else ():
        (sysfs / usb / file).write_text("1a86\n")
    return Path("/dev") / name


@pytest.mark.parametrize("bus", [1, 3])
def test_a_usb_reader_is_known_by_controller_and_socket_whatever_the_bus_is_numbered(tmp_path, bus):
    usb = f"{CONTROLLER}/usb{bus}/{bus}-1/{bus}-1.2"
    device = plug(tmp_path, "ttyUSB0", f"{usb}/{bus}-1.2:1.0/ttyUSB0", usb)
    assert usb_socket(device, tmp_path) == "0000:00:14.0-1.2"


def test_another_socket_is_another_name(tmp_path):
    names = set()
    for number, port in enumerate(("1-1", "1-2", "1-1.1")):
        usb = f"{CONTROLLER}/usb1/{port}"
        names.add(usb_socket(plug(tmp_path, f"ttyUSB{number}", f"{usb}/{port}:1.0", usb), tmp_path))
    assert names == {"0000:00:14.0-1", "0000:00:14.0-2", "0000:00:14.0-1.1"}


def test_a_link_leads_to_the_device(tmp_path):
    usb = f"{CONTROLLER}/usb1/1-4"
    plug(tmp_path, "ttyACM0", f"{usb}/1-4:1.0", usb)
    (tmp_path / "ttyACM0").touch()
    link = tmp_path / "reader"
    link.symlink_to(tmp_path / "ttyACM0")
    assert usb_socket(link, tmp_path) == "0000:00:14.0-4"


def test_what_is_not_on_usb_has_no_socket(tmp_path):
    assert usb_socket(plug(tmp_path, "ttyS0", "devices/platform/serial8250"), tmp_path) == ""
    assert usb_socket(Path("/dev/pts/7"), tmp_path) == ""
    assert usb_socket(Path("socket://192.0.2.9:9100"), tmp_path) == ""
