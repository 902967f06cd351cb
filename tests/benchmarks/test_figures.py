"""How figures are computed and reported. `test_running.py` runs the benchmarks."""

import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
from msgspec.structs import replace

from benchmarks import __main__ as command
from benchmarks import machine, report
from benchmarks.bench import QUICK_CENTRAL
from benchmarks.central import PARTS
from benchmarks.digit import BareEndpoint
from benchmarks.figures import Goal, Result, Series, series
from benchmarks.visit import waits
from kiosk import events as e
from kiosk.model import SAMPLE_RATE, AudioBlock, DigitHeard, FaceSeen, Stage
from kiosk.simulators.customer import CustomerBehaviour
from kiosk.visit.replay import LoggedEvent
from tests.support.sounds import mix, noise, voice

ROOT = Path(__file__).parents[2]


def result(ours: Series, **other) -> Result:
    return Result("x", "A title", ours, (Series("bare", "ms", (1.0, 2.0)),), **other)


# ── the command ───────────────────────────────────────────────────────────────────────────────────


def test_the_document_names_them_all():
    text = (ROOT / "docs" / "benchmarks.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE) == [*command.NAMES, *PARTS]


def test_there_is_no_module_that_the_command_does_not_know():
    assert measuring(ROOT / "benchmarks") == set(command.NAMES)
    assert measuring(ROOT / "benchmarks" / "central") == set(PARTS)


def measuring(folder: Path) -> set[str]:
    """The modules and packages in `folder` that have a `run`."""
    files = [*folder.glob("*.py"), *folder.glob("*/__init__.py")]
    named = {
        p.parent.stem if p.stem == "__init__" else p.stem: p for p in files if p != folder / "__init__.py"
    }
    return {name for name, p in named.items() if "\ndef run(" in p.read_text("utf-8")}


def test_options_of_central_replace_only_what_they_name():
    options = command.parse(["central", "--quick", "--only", "activations", "--rounds", "3"])
    assert command.central_options(options) == replace(QUICK_CENTRAL, only=("activations",), rounds=3)


def test_an_unknown_name_is_refused(capsys):
    with pytest.raises(SystemExit) as left:
        command.main(["strat"])
    assert left.value.code == 2
    assert "strat" in capsys.readouterr().err


# ── figures ──────────────────────────────────────────────────────────────────────────────────────


def test_few_values_spread_from_the_least_to_the_greatest():
    few = Series("x", "ms", (3.0, 1.0, 2.0))
    assert (few.median, few.spread) == (2.0, (1.0, 3.0))


def test_many_values_spread_over_percentiles():
    low, high = Series("x", "ms", tuple(float(i) for i in range(101))).spread
    assert (low, high) == (10.0, 90.0)


def test_nothing_measured_is_no_measurement():
    with pytest.raises(ValueError, match="nothing was measured"):
        series("x", "ms", [])


@pytest.mark.parametrize(
    ("goal", "value", "said"),
    [
        (Goal(5.0), 5.0, "goal ≤ 5 s: reached"),
        (Goal(5.0), 5.1, "goal ≤ 5 s: not reached"),
        (Goal(15.0, most=False), 15.0, "goal ≥ 15 s: reached"),
        (Goal(15.0, most=False), 14.0, "goal ≥ 15 s: not reached"),
    ],
)
def test_a_goal_is_told(goal, value, said):
    assert goal.told(Series("x", "s", (value,))) == said


# ── the machine ──────────────────────────────────────────────────────────────────────────────────


def test_a_process_that_works_costs_cpu():
    before, total = machine.cpu_s(os.getpid()), 0
    while machine.cpu_s(os.getpid()) - before < 0.03:
        total += sum(range(1000))
    assert total > 0
    assert 0 < machine.rss_mb(os.getpid()) <= machine.peak_mb(os.getpid())


def test_the_cpu_of_a_tree_has_that_of_children_in_it_also_of_ended_ones():
    busy = "import time\nwhile time.process_time() < 0.4: pass\n"
    before = machine.tree_cpu_s(os.getpid())
    with subprocess.Popen([sys.executable, "-c", busy + "input()"], stdin=subprocess.PIPE) as child:
        while machine.cpu_s(child.pid) < 0.2:
            time.sleep(0.01)
        assert machine.tree_cpu_s(os.getpid()) >= before + 0.2
        child.communicate(b"\n")
    assert machine.tree_cpu_s(os.getpid()) >= before + 0.2


def test_the_environment_is_as_before_after_compiling(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    monkeypatch.delenv("PYTHONPYCACHEPREFIX", raising=False)
    with machine.compiled_into(tmp_path):
        assert not os.environ["PYTHONDONTWRITEBYTECODE"]
        assert os.environ["PYTHONPYCACHEPREFIX"] == str(tmp_path)
    assert os.environ["PYTHONDONTWRITEBYTECODE"] == "1"
    assert "PYTHONPYCACHEPREFIX" not in os.environ


# ── reports ──────────────────────────────────────────────────────────────────────────────────────


def told(*results: Result) -> report.Report:
    return report.Report(machine.here(), quick=True, results=results)


def test_the_document_keeps_its_head_and_gets_new_figures(tmp_path):
    path = tmp_path / "benchmarks.md"
    path.write_text(f"# Head\n\n{report.BEGIN}\n\nold figures\n{report.END}\n\n## Next\n", encoding="utf-8")
    report.write_document(told(result(Series("ours", "ms", (7.5,)), goal=Goal(9.0))), path)
    text = path.read_text(encoding="utf-8")
    assert text.startswith(f"# Head\n\n{report.BEGIN}\n")
    assert "7.50 ms" in text
    assert "≤ 9 ms: reached" in text
    assert "old figures" not in text
    assert text.endswith(f"{report.END}\n\n## Next\n")


def test_a_document_without_the_line_is_left_alone(tmp_path):
    path = tmp_path / "benchmarks.md"
    path.write_text("# Head\n", encoding="utf-8")
    with pytest.raises(ValueError, match="the lines around the figures"):
        report.write_document(told(result(Series("ours", "ms", (7.5,)))), path)
    assert path.read_text(encoding="utf-8") == "# Head\n"


# ── how the figures come about ───────────────────────────────────────────────────────────────────


def test_machine_time_leaves_out_what_the_person_does():
    shown = {
        Stage.CARD: 10.0,
        Stage.PHONE: 11.5,
        Stage.FACE: 20.0,
        Stage.DIGITS: 23.0,
        Stage.SUBMIT: 40.5,
        Stage.OUTCOME: 40.75,
    }
    log = [
        LoggedEvent(20.2, FaceSeen(at=20.1, seq=1)),
        LoggedEvent(22.6, FaceSeen(at=22.5, seq=2, good=True)),
        LoggedEvent(22.8, FaceSeen(at=22.7, seq=3, good=True)),
        LoggedEvent(39.0, DigitHeard(at=39.0, window=4, ended=38.5)),
        LoggedEvent(40.4, DigitHeard(at=40.4, window=5, ended=40.25)),
        LoggedEvent(40.5, e.Stored("x")),
    ]
    found = waits(shown, log, CustomerBehaviour(touch_s=0.25))
    assert (found.card, found.face, found.digits, found.submit) == (0.75, 0.5, 0.25, 0.25)
    assert found.all == 1.75


def test_the_bare_endpoint_is_sure_once_a_voice():
    bare = BareEndpoint(end_silence_s=0.2)
    sound = mix(noise(2.0), (voice(3), 0.3), (voice(4), 1.2))
    for i in range(0, len(sound), 320):
        bare.hear(AudioBlock(samples=sound[i : i + 320], seq=i // 320, at=i / SAMPLE_RATE))
    assert len(bare.ends) == 2
