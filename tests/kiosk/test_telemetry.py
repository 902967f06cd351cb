"""No library reports to its maker: it writes no files for that, and its reports are switched off."""

import os
import subprocess
import sys
from pathlib import Path

IMPORT = "import onnxruntime, time; time.sleep(0.5)"


def left_by(program: str, folder: Path) -> list[str]:
    """Files in a home and a temporary folder of its own, after this program has run."""
    home, temporary = folder / "home", folder / "tmp"
    home.mkdir(parents=True)
    temporary.mkdir()
    hushed = ("CI", "ORT_DISABLE_TELEMETRY", "ORT_RUNNING_UNIT_TESTS", "XDG_CACHE_HOME", "TF_BUILD")
    environment = {name: value for name, value in os.environ.items() if name not in hushed}
    environment |= {"HOME": str(home), "TMPDIR": str(temporary), "PYTHONDONTWRITEBYTECODE": "1"}
    subprocess.run([sys.executable, "-c", program], env=environment, check=True, timeout=120)
    return [str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file()]


def test_the_recognisers_runtime_makes_no_device_id_and_queues_no_reports(tmp_path: Path) -> None:
    alone = left_by(IMPORT, tmp_path / "alone")
    ours = left_by(f"import kiosk.speech.recognisers.embedded; {IMPORT}", tmp_path / "ours")
    assert [name for name in ours if "matplotlib" not in name] == []
    if not alone:  # a later version may have stopped by itself
        return
    assert any("deviceid" in name or ".ses" in name for name in alone)


def test_it_is_off_whatever_stood_in_the_environment() -> None:
    name = "os.environ['ORT_DISABLE_TELEMETRY']"
    program = f"import os; {name} = '0'; import kiosk; print({name})"
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "1"
