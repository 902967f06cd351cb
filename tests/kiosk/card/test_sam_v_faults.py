"""Every fault of the script, played to the real driver on a pseudo-terminal, ends in its code."""

import pytest

from kiosk.card.protocol import STATUS_MEANINGS, Command, Status
from kiosk.codes import Code
from kiosk.simulators import sam_v_faults
from kiosk.simulators.sam_v_faults import SCENARIOS, FaultScenario, run_scenario


@pytest.mark.parametrize("scene", SCENARIOS, ids=[scene.name for scene in SCENARIOS])
def test_a_fault_ends_in_its_code(scene):
    assert run_scenario(scene) is scene.ends


def test_the_script_is_long_and_says_nothing_twice():
    assert len(SCENARIOS) >= 30
    assert len({scene.name for scene in SCENARIOS}) == len(SCENARIOS)


@pytest.mark.parametrize("command", [Command.FIND, Command.SELECT, Command.READ])
def test_every_status_is_played_at_every_command(command):
    told = {f.status for scene in SCENARIOS for f in scene.faults if f.command == command}
    assert told >= set(STATUS_MEANINGS) - {Status.OK, Status.FOUND}


def test_a_scene_that_ends_otherwise_is_told(monkeypatch):
    monkeypatch.setattr(sam_v_faults, "SCENARIOS", (FaultScenario("all is well", Code.READER_FAULT),))
    said: list[str] = []
    assert sam_v_faults.run_all(said.append) == 1
    assert "WRONG: reader.fault" in said[0]
