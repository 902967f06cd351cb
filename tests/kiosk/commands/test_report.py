"""`kiosk report`: the day from the command line, without the terminal running."""

import pytest
from msgspec.structs import replace

from kiosk.__main__ import main
from kiosk.activation.database import Database
from kiosk.activation.outbox import Outbox
from kiosk.activation.outbox_retention import OUTBOX_FILE
from kiosk.codes import Code
from kiosk.model import Outcome, Purpose, Stage
from kiosk.staff.daybook import ActionRow, Daybook, VisitRow

SITE = """mode = "simulation"
terminal = {{ id = "GZ-0017", place = "样板便利店" }}
storage = {{ folder = "held" }}
printer = {{ driver = "file", path = "{path}", form = "text" }}
"""


def visit_row(visit, outcome, code, stage, way=""):
    return VisitRow(visit=visit, outcome=outcome, code=code, stage=stage, way=way)


@pytest.fixture
def site(tmp_path):
    """A morning: one opened, one refused, one request waits."""
    file = tmp_path / "settings.toml"
    file.write_text(SITE.format(path=tmp_path / "paper.txt"), encoding="utf-8")
    book = Daybook(tmp_path / "held" / "staff")
    book.write(visit_row("7K2M-9QXD-04RT-V5BH", Outcome.ACTIVATED, Code.OK, Stage.OUTCOME, "head"))
    expired = visit_row("2Q8B-11ZC-WX4E-0M7T", Outcome.REFUSED, Code.CARD_EXPIRED, Stage.CARD)
    book.write(replace(expired, purpose=Purpose.NEW_PHONE))
    book.write(ActionRow(act="sign_in", clerk="700124", code=Code.OK))
    database = Database(tmp_path / "held" / OUTBOX_FILE)
    Outbox(database).put("7K2M-9QXD-04RT-V5BH", b"sealed", 1.0)
    database.close()
    return file


def test_on_the_screen(site, capsys):
    assert main(["report", "--settings", str(site)]) == 0
    printed = capsys.readouterr().out
    for part in (
        "样板便利店 GZ-0017",
        "办理人次 2",
        "已办成 1",
        "card.expired",
        "其他办理方式 1",
        "其他业务 1",
        "1  更正手机号",
    ):
        assert part in printed
    assert "等待发送 1" in printed
    assert "700124 登录" in printed


@pytest.mark.parametrize(
    ("suffix", "head"), [(".pdf", b"%PDF"), (".png", b"\x89PNG"), (".csv", b"\xef\xbb\xbfs")]
)
def test_into_a_file(site, tmp_path, suffix, head):
    file = tmp_path / f"day{suffix}"
    assert main(["report", "--settings", str(site), "--to", str(file)]) == 0
    assert file.read_bytes().startswith(head)


def test_onto_the_receipt_printer(site, tmp_path):
    assert main(["report", "--settings", str(site), "--print", "--language", "en"]) == 0
    assert "Visits 2" in (tmp_path / "paper.txt").read_text(encoding="utf-8")


def test_another_day_has_its_own(site, capsys):
    assert main(["report", "--settings", str(site), "--day", "2020-01-01"]) == 0
    printed = capsys.readouterr().out
    assert "2020-01-01" in printed
    assert "办理人次 0" in printed


def test_what_cannot_be_written_is_reported(site, tmp_path, capsys):
    assert main(["report", "--settings", str(site), "--to", str(tmp_path / "no" / "such.pdf")]) == 1
    assert "kiosk report" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["report", "--settings", str(site), "--to", "day.docx"])


def test_a_queue_that_cannot_be_read_is_not_an_empty_one(site, tmp_path, capsys):
    (tmp_path / "held" / OUTBOX_FILE).write_bytes(b"no database" * 100)
    assert main(["report", "--settings", str(site)]) == 1
    printed = capsys.readouterr()
    assert "kiosk report" in printed.err
    assert not printed.out


def test_nothing_is_made_where_nothing_was(tmp_path, capsys):
    file = tmp_path / "settings.toml"
    file.write_text('storage = { folder = "held" }\n', encoding="utf-8")
    assert main(["report", "--settings", str(file)]) == 0
    assert "办理人次 0" in capsys.readouterr().out
    assert not (tmp_path / "held").exists()


def test_the_table_tells_visits_with_another_purpose(site, tmp_path):
    file = tmp_path / "day.csv"
    assert main(["report", "--settings", str(site), "--to", str(file)]) == 0
    lines = file.read_text(encoding="utf-8-sig").splitlines()
    assert [line for line in lines if line.startswith("other_matters")] == ["other_matters,new_phone,,1"]
