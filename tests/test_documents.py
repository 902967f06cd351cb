"""What the documents name exists."""

import csv
import re
from pathlib import Path

import pytest

from central.fleet.terminals import FLEET
from kiosk.codes import Code
from kiosk.production import OVERRULABLE

ROOT = Path(__file__).parents[1]
DOCUMENTS = [
    *ROOT.glob("*.md"),
    *(ROOT / "docs").rglob("*.md"),
    ROOT / "resources" / "settings" / "site.example.toml",
]
_TERMINAL = re.compile(r"\bGZ-[0-9]+\b")


def unknown_terminals(text: str) -> set[str]:
    """Return the numbers of terminals in a text that the fleet does not have."""
    with FLEET.open(encoding="utf-8", newline="") as file:
        fleet = {row["terminal"] for row in csv.DictReader(file)}
    return set(_TERMINAL.findall(text)) - fleet


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_terminals_in_the_documents_are_of_the_fleet(path):
    assert not unknown_terminals(path.read_text(encoding="utf-8"))


def test_another_number_is_found():
    assert unknown_terminals("`central enrol-code GZ-0008`, GZ-008 and GZ-099") == {"GZ-0008", "GZ-099"}
    assert any(_TERMINAL.search(path.read_text(encoding="utf-8")) for path in DOCUMENTS)


@pytest.mark.parametrize(
    ("children", "supervisor"), [("8. **孩子**", "主管"), ("8. **Children**", "supervisor")]
)
def test_the_clerks_page_tells_who_signs_for_a_young_child(children, supervisor):
    assert OVERRULABLE[Code.CARD_CHILD], "production asks for two signatures"
    assert not OVERRULABLE[Code.CARD_UNDER_AGE], "and for one from fourteen on"
    text = (ROOT / "docs" / "clerk.md").read_text(encoding="utf-8")
    [item] = re.findall(rf"^{re.escape(children)}.*?(?=^9\.)", text, re.DOTALL | re.MULTILINE)
    assert supervisor in item
