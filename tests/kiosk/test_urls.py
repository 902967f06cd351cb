"""The password of a network camera is shown nowhere."""

import pytest

from kiosk import settings as kiosk_settings
from kiosk.capture.camera import CameraSettings, Cv2Camera
from kiosk.errors import KioskError
from kiosk.paths import RESOURCES
from kiosk.ports import Context
from kiosk.urls import redacted
from tests.kiosk.ui.staff_world import World

SECRET = "Tr0mpete"  # made up for the test
USER = f"admin:{SECRET}"
ADDRESSES = [
    (f"rtsp://{USER}@10.0.0.9:554/stream", "rtsp://••••@10.0.0.9:554/••••"),
    (f"rtsp://{USER}@x/b@10.0.0.9", "rtsp://••••@10.0.0.9"),
    (f"http://10.0.0.9/video?user=admin&pwd={SECRET}", "http://10.0.0.9/••••"),
    (f"rtsp://10.0.0.9:554/user=admin_password={SECRET}_channel=1.sdp", "rtsp://10.0.0.9:554/••••"),
    (f"rtsp://{SECRET}@camera.example", "rtsp://••••@camera.example"),
]


@pytest.mark.parametrize(("address", "shown"), ADDRESSES)
def test_an_address_is_cut_to_scheme_host_and_port(address, shown):
    assert redacted(address) == shown
    assert redacted(f"a {address} b") == f"a {shown} b"


@pytest.mark.parametrize(
    "text", ["/dev/v4l/by-id/usb-046d", "046d:0825@1-1.2", "https://central.example:8443", "GZ-009", "0", ""]
)
def test_what_holds_no_secret_is_shown_as_it_is(text):
    assert redacted(text) == text


@pytest.mark.parametrize("address", [address for address, _ in ADDRESSES])
def test_the_staff_panel_does_not_show_a_cameras_password(tmp_path, address):
    file = tmp_path / "settings.toml"
    file.write_text(f'mode = "simulation"\n[camera]\ndriver = "cv2"\ndevice = "{address}"\n')
    world = World(tmp_path)
    world.service._settings = kiosk_settings.load(file)
    shown = dict(world.service.settings())
    assert SECRET not in str(shown)
    assert "••••" in shown["camera.options.device"]


@pytest.mark.parametrize(
    "device",
    [
        f"rtsp://{USER}@127.0.0.1:1/stream",
        f"rtsp://{USER}/x@127.0.0.1:1",
        f"rtsp:/{USER}@127.0.0.1/stream",
        f"{USER}@127.0.0.1",
    ],
)
def test_a_camera_that_fails_does_not_tell_its_password(device, caplog, capfd):
    context = Context(resources=RESOURCES, models=RESOURCES, simulation=True, clock=lambda: 0.0, world=None)
    camera = Cv2Camera(CameraSettings(device=device), context)
    with pytest.raises(KioskError) as caught:
        camera.open()
    everything = f"{caught.value}{caplog.text}{capfd.readouterr()}"
    assert SECRET not in everything
