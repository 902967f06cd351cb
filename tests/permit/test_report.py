"""The operator's counts, and work in the background."""

from contextlib import closing
from datetime import timedelta

from permit.__main__ import main
from permit.background import Background
from permit.cards.cards import Typed
from permit.codes import Code
from permit.messages.port import ReminderMessage
from permit.report import format_report, report
from permit.service import build
from permit.settings import load
from permit.storage.tallies import Counted, Tallies
from tests.permit.conftest import TODAY

SETTINGS = 'address = "https://permit.test"\n[login]\nissuer = "https://central.test"\n'


def test_counts_by_day_and_code_name_nobody(stored_world):
    world = stored_world
    tallies = Tallies(world.database, world.clock)
    tallies.add(Counted.PASS)
    world.now += 86_400
    tallies.add(Counted.PASS)
    tallies.add(Counted.PASS)
    tallies.add(Counted.REFUSAL, Code.MISMATCH)
    world.begin(world.holder(known_from_unix=world.now + 3600))
    world.card()
    found = report(world.database, TODAY + timedelta(days=1))
    assert found.counts == {("pass", "ok"): 2, ("refusal", "registry.mismatch"): 1}
    assert report(world.database, TODAY).counts["pass", "ok"] == 3
    assert found.pending["registry re-checks"] == 1
    assert found.pending["open cards"] == 1
    assert "registry.mismatch" in format_report(found)


def service_of(world):
    folder = world.folder / "service"
    folder.mkdir()
    (folder / "permit.toml").write_text(SETTINGS, encoding="utf-8")
    world.know()
    (folder / "permits.json").symlink_to(world.people)
    assert main(["init", "--data", str(folder), "--simulation"]) == 0
    return build(load(folder, simulation=True), clock=world.clock)


def test_the_background_asks_again_reminds_and_reports(world, capsys):
    with closing(service_of(world)) as service:
        world.know(lag_s=0.0)
        holder = world.holder(expires=TODAY + timedelta(days=20), known_from_unix=world.now + 1)
        binding = service.bindings.begin(Typed(holder, "13800000000"))
        world.now += 5
        background = Background(service)
        background.work_once()
        assert service.bindings.standing(binding).code is Code.OK
        card = service.bindings.claim(binding, world.authentication())
        world.now += 6 * 3600
        background.work_once()
        messages = [one.message for one in service.messages.carried()]
        assert [one.days_left for one in messages if isinstance(one, ReminderMessage)] == [20]
        assert service.cards.show(card) is not None
        data = str(service.settings.data)
    assert main(["report", "--data", data, "--simulation"]) == 0
    assert "open cards" in capsys.readouterr().out


def test_a_kind_of_work_that_fails_keeps_no_other_from_being_done(world, caplog, monkeypatch):
    with closing(service_of(world)) as service:
        monkeypatch.setattr(service.bindings, "due", lambda: 1 / 0)
        sent = []
        monkeypatch.setattr(service.notices, "send_due", lambda: sent.append(1))
        Background(service).work_once()
    assert sent == [1]
    assert "ZeroDivisionError" in caplog.text


def test_settings_that_cannot_be_are_named(tmp_path, capsys):
    assert main(["init", "--data", str(tmp_path)]) == 2
    assert "address" in capsys.readouterr().err
    (tmp_path / "permit.toml").write_text('address = "http://permit.test"\n', encoding="utf-8")
    assert main(["init", "--data", str(tmp_path)]) == 2
    assert "https" in capsys.readouterr().err
    (tmp_path / "permit.toml").write_text("simulation = true\n", encoding="utf-8")
    assert main(["init", "--data", str(tmp_path)]) == 2
    assert "command line" in capsys.readouterr().err


def test_production_takes_no_simulated_driver(world, capsys):
    folder = world.folder / "p"
    folder.mkdir()
    (folder / "permit.toml").write_text(SETTINGS, encoding="utf-8")
    assert main(["run", "--init", "--data", str(folder)]) == 2
    assert "simulation only" in capsys.readouterr().err


def test_a_database_without_the_tables_is_named_at_the_start(world, capsys):
    with closing(service_of(world)) as service:
        data = service.settings.data
    (data / "permit.sqlite3").unlink()
    assert main(["run", "--data", str(data), "--simulation"]) == 2
    assert "permit init" in capsys.readouterr().err
