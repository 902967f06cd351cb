"""What is refused before any device is touched."""

import pytest

from kiosk.bootstrap import Terminal
from kiosk.errors import SettingsError
from kiosk.settings import load

CENTRAL = '[central]\nurl = "https://localhost:1"\n'


@pytest.mark.parametrize(
    "text",
    [
        f'[liveness]\ndriver = "none"\n{CENTRAL}',
        f"[visit]\nliveness.required = false\n{CENTRAL}",
        f'mode = "simulation"\n[liveness]\ndriver = "none"\n{CENTRAL}',
    ],
)
def test_attacks_may_not_go_unseen(tmp_path, text):
    site = tmp_path / "settings.toml"
    site.write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError, match="liveness"):
        Terminal(load(site))
