"""`kiosk check`: the row of the settings applies the bounds of production."""

import pytest

from kiosk.commands.check import CHECKS, run_checks
from kiosk.settings import load


@pytest.mark.parametrize(("line", "word"), [("accept = 0.45", "ok"), ("accept = 0.01", "FAILS")])
def test_settings_that_production_refuses_fail_before_the_terminal_is_started(tmp_path, line, word):
    file = tmp_path / "settings.toml"
    file.write_text(f"[visit]\n{line}\n", encoding="utf-8")
    rows = []
    good = run_checks(load(file), {"settings": CHECKS["settings"]}, rows.append) == 0
    assert [row.split()[:2] for row in rows] == [["settings", word]]
    assert good is (word == "ok")
