"""Kill the terminal at every contact with disk or network: what was promised is delivered exactly once."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]


def test_killed_at_every_point_every_promise_is_kept_exactly_once(stub, enrolled, tmp_path: Path):
    work = tmp_path / "work"
    work.mkdir()
    command = [
        sys.executable,
        "-m",
        "tests.kiosk.activation.killed",
        stub.url,
        stub.ca,
        tmp_path / "identity",
        work,
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=150, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    deaths = [json.loads(line) for line in done.stdout.splitlines()]
    assert not deaths[-1]["killed"]
    assert len(deaths) > 60
    assert any("after send" in death["where"] for death in deaths)
    for death in deaths:
        after = json.loads(death["after"])
        opened = stub.opened[death["visit"]]
        assert opened <= 1, death
        assert after["waiting"] == after["pending"] == after["wedged"] == 0, death
        assert opened == after["delivered"], death
        if death["promised"]:
            assert opened == 1, death
    # Death came on both sides of the promise, and after central had done its work.
    assert {death["promised"] for death in deaths if death["killed"]} == {True, False}
