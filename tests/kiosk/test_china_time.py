"""Every day and time that people read is China's, whatever zone the machine is set to."""

import os
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from central import china_time as central_china_time
from kiosk import china_time

ROOT = Path(__file__).parents[2]
ZONES = ("UTC", "America/New_York", "Asia/Shanghai")
JUST_AFTER_MIDNIGHT = datetime(2026, 11, 28, 16, 0, 5, tzinfo=UTC).timestamp()
"""In China 2026-11-29 00:00:05; elsewhere the day before."""
FOREIGN = re.compile(
    r"localtime|gmtime|datetime\.now\(\)|date\.today\(\)|utcnow|ctime\(|fromtimestamp\(|time\.strftime"
)
OTHER_ZONES = {
    "central/china_time.py", "kiosk/china_time.py",
    "kiosk/activation/signing.py",  # HTTP message signatures: UTC
    "kiosk/printing/output_formats.py", "kiosk/printing/a4.py",  # a PDF's own date, in UTC
}  # fmt: skip

PROGRAM = """
import io, logging, sys, time
from datetime import date
from pathlib import Path
from kiosk import china_time, logging_setup
from kiosk.codes import Code
from kiosk.model import DayReport, Outcome, Slip, Stage
from kiosk.printing.text_layout import format_lines
from kiosk.staff.daybook import ActionRow, Daybook, VisitRow
from kiosk.staff.day_summary import format_csv, summarise_day, to_day_report
from central.api.lookup_page import _format_time
from central.commands.privacy import _format_minute
AT = float(sys.argv[1])
folder = Path(sys.argv[2])
book = Daybook(folder, lambda: AT)
book.write(ActionRow(act="test", clerk="100200", code=Code.OK))
print(sorted(path.name for path in folder.iterdir()))
day = summarise_day(book, waiting=0, wedged=0)
print(format_csv(day))
print(format_lines(to_day_report(day, terminal="GZ", place="", at_unix=AT), "en"))
slip = Slip(id="1", outcome=Outcome.ACTIVATED, code=Code.OK, terminal="GZ", place="", at_unix=AT)
print(format_lines(slip))
record = logging.makeLogRecord({"msg": "hello", "created": AT, "msecs": 7.0, "levelname": "INFO"})
print(logging_setup.MessageFreeFormatter(logging_setup.FORMAT).format(record))
from central.logging_setup import TextFormatter
print(TextFormatter().format(record))
print(_format_time(AT), _format_minute(AT))
"""


@pytest.fixture(scope="module")
def said(tmp_path_factory):
    """Return what the program says at that time in each zone."""
    texts = {}
    for zone in ZONES:
        folder = tmp_path_factory.mktemp("book")
        command = [sys.executable, "-c", PROGRAM, str(JUST_AFTER_MIDNIGHT), str(folder)]
        environment = {**os.environ, "TZ": zone, "PYTHONPATH": str(ROOT)}
        texts[zone] = subprocess.run(
            command, env=environment, check=True, capture_output=True, text=True
        ).stdout
    return texts


def test_the_machines_zone_changes_nothing(said):
    assert len(set(said.values())) == 1


def test_the_day_turns_at_midnight_in_china(said):
    assert "day-2026-11-29.jsonl" in said["UTC"]
    assert "day,2026-11-29" in said["UTC"]
    assert "2026-11-28" not in said["UTC"]
    assert "16:00" not in said["UTC"]
    assert said["UTC"].count("2026-11-29 00:00:05,007+08:00") == 2


@given(st.integers(int(datetime(1992, 1, 1, tzinfo=UTC).timestamp()), 4_000_000_000))
def test_the_fixed_offset_is_the_zone_of_shanghai(at_unix):
    expected = datetime.fromtimestamp(at_unix, ZoneInfo("Asia/Shanghai")).replace(tzinfo=None)
    for module in (china_time, central_china_time):
        assert module.china_time(at_unix).replace(tzinfo=None) == expected


def test_nothing_asks_the_machine_for_its_local_time():
    found = [
        f"{path.relative_to(ROOT)}: {line.strip()}"
        for package in ("kiosk", "central", "demo")
        for path in (ROOT / package).rglob("*.py")
        if str(path.relative_to(ROOT)) not in OTHER_ZONES
        for line in path.read_text(encoding="utf-8").splitlines()
        if FOREIGN.search(line)
    ]
    assert found == []
