"""No personal data is left in the database, its journal or the log."""

import json
from pathlib import Path

from tests.support.central_server import RunningCentral, running_central
from tests.support.folder_contents import folder_contents
from tests.support.protocol_terminal import ProtocolTerminal, person


def test_nothing_personal_is_left(tmp_path: Path) -> None:
    who = person(name="欧阳娜娜测试", phone="13987654321", password="73519264")
    with running_central(tmp_path, settings="[recheck]\nafter_in_simulation_s = [0.2]\n") as central:
        terminal = ProtocolTerminal(central)
        central.people(default="not_found")
        pending = terminal.activate(terminal.activation(who)).json()
        assert pending["status"] == "PENDING"
        assert terminal.until_settled(pending["id"])["status"] == "REFUSED"
        central.people()
        receipt = terminal.activate(terminal.activation(who)).json()
        assert receipt["status"] == "ACTIVATED"
        broken = terminal.activation(who) | {"number": who["number"]}
        assert terminal.activate(json.dumps(broken).encode()).status_code == 422
        central.get(f"/look-up/{receipt['id']}")
        central.stop()
        files = folder_contents(central.data)
        files[central.log] = central.log.read_bytes()
    for path, content in files.items():
        for secret in ("number", "name", "phone", "password"):
            assert who[secret].encode() not in content, (path, secret)
    assert receipt["id"].encode() not in files[central.log]  # the slip's number opens the look-up page
    assert b"PENDING:person.not_yet_visible" in files[central.log]


def test_sealed_data_is_erased_with_the_decision(central: RunningCentral, terminal: ProtocolTerminal) -> None:
    who = person()
    central.people({"number": who["number"], "unavailable_for_s": 600})
    waiting = terminal.activate(terminal.activation(who)).json()["id"]
    done = terminal.activate(terminal.activation()).json()["id"]
    sealed = dict(central.rows("SELECT id, sealed FROM activations"))
    assert sealed[done] is None
    assert sealed[waiting] is not None  # still needed, and still sealed
