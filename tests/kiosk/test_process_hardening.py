"""The process is hardened before a customer comes: no core dump, freed memory is overwritten."""

import os
import resource
import subprocess
import sys
from pathlib import Path

from central import __main__ as central_program
from central.api import server
from central.security import process_hardening as central_hardening
from kiosk import __main__ as program
from kiosk import process_hardening
from kiosk.codes import Code
from kiosk.errors import SettingsError

ROOT = f"import sys; sys.path.insert(0, {str(Path(process_hardening.__file__).parents[1])!r})\n"
SHOWN = """
import ctypes, os, resource
from kiosk import process_hardening
process_hardening.restart_clean()
process_hardening.no_dumps()
dumpable = ctypes.CDLL(None).prctl(3, 0, 0, 0, 0)
how = os.environ["PYTHONMALLOC"]
print(resource.getrlimit(resource.RLIMIT_CORE), dumpable, how, sys.argv[1:], flush=True)
block = ctypes.create_string_buffer(64)
libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
at = libc.malloc(4000)
ctypes.memmove(at, b"planted secret" * 100, 1400)
libc.free(ctypes.c_void_p(at))
print(ctypes.string_at(at + 64, 32) == bytes([process_hardening.FILL]) * 32, flush=True)
os.abort()
"""


def shown(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run it where a core file would be written, with a limit that allows one."""
    script = folder / "shown.py"
    script.write_text(ROOT + SHOWN)
    allowed = resource.getrlimit(resource.RLIMIT_CORE)[1]
    return subprocess.run(
        [sys.executable, str(script), *arguments],
        cwd=folder,
        env={k: v for k, v in os.environ.items() if k not in process_hardening.CLEAN},
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CORE, (allowed, allowed)),
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_crash_leaves_no_core_and_freed_memory_is_overwritten(tmp_path: Path):
    done = shown(tmp_path, "one", "two")
    assert done.returncode < 0  # it did crash
    assert done.stdout.splitlines() == ["(0, 0) 0 malloc ['one', 'two']", "True"], done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["shown.py"]


SEEN = """
import os
from kiosk import process_hardening
process_hardening.restart_clean()
import kiosk
os.environ.pop("LD_LIBRARY_PATH")
print(kiosk.__file__, [name for name in os.environ if name.startswith(("PYTHON", "LD_"))], sys.argv[1:])
"""


def test_neither_environment_nor_working_folder_brings_code(tmp_path: Path):
    """A package of the same name in PYTHONPATH or in the working folder is not the one that runs."""
    for folder in (tmp_path / "path", tmp_path / "here"):
        (folder / "numpy").mkdir(parents=True)
        (folder / "numpy" / "__init__.py").write_text("print('foreign code')")
    script = tmp_path / "here" / "seen.py"
    adds = "import os; os.environ['LD_LIBRARY_PATH'] = '/added/by/a/library'\n"  # as OpenCV does
    script.write_text(adds + ROOT + SEEN + "import numpy\n")
    done = subprocess.run(
        [sys.executable, str(script), "one"],
        cwd=script.parent,
        env={"PYTHONPATH": str(tmp_path / "path"), "PYTHONSTARTUP": "x", "LD_LIBRARY_PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert "foreign code" not in done.stdout
    assert done.stdout.split(" ", 1)[1] == "['PYTHONMALLOC'] ['one']\n", done.stderr


def test_production_begins_with_it_and_a_simulation_may_be_looked_into(tmp_path: Path, monkeypatch):
    calls: list[str] = []
    monkeypatch.setattr(process_hardening, "restart_clean", lambda: calls.append("clean"))
    monkeypatch.setattr(process_hardening, "no_dumps", lambda: calls.append("dumps"))
    monkeypatch.setattr("kiosk.commands.run.Terminal", _refused)
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")  # production asks for a display before it goes on
    for mode, wanted in (("production", ["clean", "dumps"]), ("simulation", [])):
        calls.clear()
        site = tmp_path / "settings.toml"
        site.write_text(f'mode = "{mode}"\n')
        assert program.main(["run", "--settings", str(site)]) == 2
        assert calls == wanted


def test_pictures_of_screens_are_for_simulations(tmp_path: Path, capsys):
    site = tmp_path / "settings.toml"
    site.write_text('mode = "production"\n')
    assert program.main(["run", "--settings", str(site), "--screens", str(tmp_path / "album")]) == 2
    assert Code.SETTINGS_SIMULATION_ONLY.value in capsys.readouterr().err
    assert not (tmp_path / "album").exists()


def _refused(*_: object) -> None:
    raise SettingsError(Code.SETTINGS_BAD_VALUE, "far enough")


def test_no_core_of_central_either(tmp_path: Path, monkeypatch):
    calls: list[str] = []
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.setattr(central_hardening, "no_dumps", lambda: calls.append("dumps"))
    monkeypatch.setattr(server, "serve", lambda *_, **__: None)
    data = ["--data", str(tmp_path)]
    assert central_program.main(["init", *data]) == 0
    assert central_program.main(["run", "--simulation", *data]) == 0
    assert calls == []
    assert central_program.main(["run", *data]) == 0
    assert calls == ["dumps"]


def test_centrals_own_way_of_it():
    code = "import ctypes, resource; from central.security.process_hardening import no_dumps; no_dumps();"
    code += "print(resource.getrlimit(resource.RLIMIT_CORE), ctypes.CDLL(None).prctl(3, 0, 0, 0, 0))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "(0, 0) 0\n"
