"""Which camera it is, from a made-up sysfs; the site's list decides."""

from pathlib import Path

import pytest

from kiosk.capture.camera_identity import Identity, of_address, of_device, require_allowed
from kiosk.codes import Code
from kiosk.errors import DeviceMissing

USB = "devices/pci0000:00/0000:00:14.0/usb1/1-1/1-1.2"


def plug(sysfs: Path, number: int, node: str, driver: str) -> Path:
    """A video node at `node` below sysfs, as the kernel lays it out."""
    video = sysfs / node / "video4linux" / f"video{number}"
    video.mkdir(parents=True)
    (sysfs / "drivers" / driver).mkdir(parents=True, exist_ok=True)
    (video / "device").symlink_to(sysfs / node)
    (sysfs / node / "driver").symlink_to(sysfs / "drivers" / driver)
    names = sysfs / "class" / "video4linux"
    names.mkdir(parents=True, exist_ok=True)
    (names / f"video{number}").symlink_to(video)
    return Path(f"/dev/video{number}")


@pytest.fixture
def webcam(tmp_path: Path) -> Path:
    device = plug(tmp_path, 0, f"{USB}/1-1.2:1.0", "uvcvideo")
    (tmp_path / USB / "idVendor").write_text("046d\n")
    (tmp_path / USB / "idProduct").write_text("0825\n")
    return device


def loopback(sysfs: Path) -> Path:
    video = sysfs / "devices" / "virtual" / "video4linux" / "video9"
    video.mkdir(parents=True)
    names = sysfs / "class" / "video4linux"
    names.mkdir(parents=True, exist_ok=True)
    (names / "video9").symlink_to(video)
    return Path("/dev/video9")


def test_a_usb_camera_is_known_by_kind_and_by_place(tmp_path, webcam):
    found = of_device(webcam, tmp_path)
    assert found == Identity(driver="uvcvideo", vendor="046d", product="0825", port="1-1.2", virtual=False)
    assert found.names == ("046d:0825@1-1.2", "046d:0825", "1-1.2")


@pytest.mark.parametrize("allowed", ["046d:0825", "1-1.2", "046d:0825@1-1.2"])
def test_each_of_its_names_allows_it(tmp_path, webcam, allowed):
    require_allowed(of_device(webcam, tmp_path), ("ffff:0000", allowed), production=True)


def test_another_camera_in_its_place_is_refused_and_named(tmp_path, webcam):
    with pytest.raises(DeviceMissing, match=r"046d:0825@1-1\.2") as caught:
        require_allowed(of_device(webcam, tmp_path), ("1234:5678@1-1.2",), production=True)
    assert caught.value.code is Code.CAMERA_NOT_ALLOWED


def test_production_without_a_list_opens_no_camera(tmp_path, webcam):
    with pytest.raises(DeviceMissing) as caught:
        require_allowed(of_device(webcam, tmp_path), (), production=True)
    assert caught.value.code is Code.CAMERA_NOT_ALLOWED
    require_allowed(of_device(webcam, tmp_path), (), production=False)


@pytest.mark.parametrize("allowed", [(), ("",), ("video9",), ("046d:0825",)])
def test_a_virtual_camera_is_refused_whatever_the_list_says(tmp_path, allowed):
    found = of_device(loopback(tmp_path), tmp_path)
    assert found.virtual
    with pytest.raises(DeviceMissing, match="no hardware"):
        require_allowed(found, allowed, production=True)


def test_a_node_the_kernel_does_not_know_counts_as_virtual(tmp_path):
    assert of_device(Path("/dev/video5"), tmp_path) == Identity()


def test_a_camera_of_the_board_is_known_by_its_bus(tmp_path):
    device = plug(tmp_path, 2, "devices/platform/soc/fe801000.csi", "unicam")
    assert of_device(device, tmp_path) == Identity(driver="unicam", port="fe801000.csi", virtual=False)


def test_a_stream_is_known_by_host_and_port_and_its_password_by_nobody():
    found = of_address("rtsp://user:secret@10.0.0.7:554/live?x=1")
    assert found.names == ("rtsp://10.0.0.7:554",)
    require_allowed(found, ("rtsp://10.0.0.7:554",), production=True)
    with pytest.raises(DeviceMissing) as caught:
        require_allowed(found, ("046d:0825",), production=True)
    assert "secret" not in str(caught.value)
