"""Driver that touches as a person who looks at each screen first."""

from kiosk.ui.touch_driver import TouchDriver


class RestedDriver(TouchDriver):
    """Ends the window's rest before each touch instead of waiting for it: no test depends on speed."""

    def press(self, name: str) -> bool:
        self._window.touch_rest.end()
        return super().press(name)
