import os
import time
import tomllib
import tty
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from kiosk.codes import Code
from kiosk.errors import DeviceLost, DeviceMissing
from kiosk.model import Outcome, Slip
from kiosk.paths import RESOURCES
from kiosk.ports import Context
from kiosk.printing import file
from kiosk.printing.escpos import CHINESE, FEED_AND_CUT, RESET, encode
from kiosk.printing.file import FilePrinter
from kiosk.printing.none import NoPrinter
from kiosk.printing.slip import lines, width, wrapped

CONTEXT = Context(Path("."), Path("."), simulation=False, clock=time.monotonic)
LANGUAGES = ("zh-Hans", "zh-Hant", "en")
SLIP = Slip(
    id="7K3M-9Q2P-40TX-0001",
    outcome=Outcome.ACTIVATED,
    code=Code.OK,
    terminal="GZ-0017",
    place="样板便利店",
    at_unix=1_780_000_000.0,
    credential="WZ-0000-0001",
)


def printer(path: Path, **more) -> FilePrinter:
    return FilePrinter(FilePrinter.Settings(path=str(path), **more), CONTEXT)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("outcome", Outcome)
def test_every_slip_names_the_number_and_fits_the_paper(language, outcome):
    text = lines(replace(SLIP, outcome=outcome), language, 32)
    assert any(SLIP.id in line for line in text)
    assert all(width(line) <= 32 for line in text)
    assert text[-1]


def test_what_a_customer_needs_to_know():
    text = "\n".join(lines(SLIP, "en", 48))
    for part in ("GZ-0017", "样板便利店", "WZ-0000-0001", "2026-05-29 04:26", "revoke"):
        assert part in text
    assert "imulation" not in text


def test_a_refusal_says_why_and_leaves_nothing_to_revoke():
    text = "\n".join(
        lines(replace(SLIP, outcome=Outcome.REFUSED, code=Code.CARD_EXPIRED, credential=None), "en")
    )
    assert "expired" in text
    assert "card.expired" in text
    assert "revoke" not in text


def test_a_simulated_slip_says_so_first():
    assert lines(replace(SLIP, simulated=True), "zh-Hans")[0].startswith("模拟")


@pytest.mark.parametrize("code", [c for c in Code if c is not Code.OK])
def test_every_code_can_be_printed(code):
    assert any(code.value in line for line in lines(replace(SLIP, code=code), "zh-Hans", 64))


def test_the_languages_have_the_same_lines():
    tables = [tomllib.loads((RESOURCES / "phrases" / f"{n}.toml").read_text())["slip"] for n in LANGUAGES]
    assert tables[0].keys() == tables[1].keys() == tables[2].keys()


def test_punctuation_does_not_begin_a_line():
    assert wrapped("一二三四。", 8) == ["一二三", "四。"]
    assert wrapped("one two three", 8) == ["one two", "three"]
    assert wrapped("", 8) == [""]


@given(
    st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp", "Zs"]) | st.just(" ")),
    st.integers(4, 60),
)
def test_wrapping_loses_nothing_and_never_overflows(text, columns):
    out = wrapped(text, columns)
    assert all(width(line) <= columns for line in out)
    assert "".join(out).replace(" ", "") == text.replace(" ", "")


def test_escpos_bytes():
    data = encode(["网证 𠮷", "x"])
    assert data.startswith(RESET + CHINESE)
    assert data.endswith(FEED_AND_CUT)
    assert "网证 𠮷\nx\n".encode("gb18030") in data


def test_slips_are_added_to_a_file(tmp_path):
    path = tmp_path / "slips.txt"
    device = printer(path, form="text", language="en")
    for _ in range(2):
        device.open()
        device.print(SLIP)
        device.close()
    assert path.read_text().count(SLIP.id) == 2


def test_a_printer_that_is_switched_off_is_missing_and_no_file_is_made(tmp_path):
    for path in (Path("/dev/no-such-printer"), tmp_path / "no" / "folder"):
        with pytest.raises(DeviceMissing) as caught:
            printer(path).open()
        assert caught.value.code is Code.PRINTER_MISSING
        assert not path.exists()


def test_a_printer_on_a_line_gets_every_byte():
    master, slave = os.openpty()
    tty.setraw(slave)
    device = printer(Path(os.ttyname(slave)))
    device.open()
    device.print(SLIP)
    assert os.read(master, 10_000) == encode(lines(SLIP))
    device.close()
    os.close(master)
    os.close(slave)


def test_a_printer_that_takes_nothing_is_out_of_paper(monkeypatch):
    monkeypatch.setattr(file, "PATIENCE_S", 0.2)
    master, slave = os.openpty()
    tty.setraw(slave)
    device = printer(Path(os.ttyname(slave)))
    device.open()

    def print_on_and_on() -> None:
        while True:
            device.print(SLIP)

    with pytest.raises(DeviceLost) as caught:
        print_on_and_on()
    assert caught.value.code is Code.PRINTER_PAPER
    os.close(master)
    with pytest.raises(DeviceLost) as caught:
        device.print(SLIP)
    assert caught.value.code is Code.PRINTER_MISSING
    device.close()
    os.close(slave)


def test_a_full_device_is_out_of_paper():
    device = printer(Path("/dev/full"))
    device.open()
    with pytest.raises(DeviceLost) as caught:
        device.print(SLIP)
    assert caught.value.code is Code.PRINTER_PAPER
    device.close()


def test_printing_without_open():
    with pytest.raises(DeviceLost):
        printer(Path("x")).print(SLIP)


def test_no_printer_takes_every_slip():
    device = NoPrinter(NoPrinter.Settings(), CONTEXT)
    device.open()
    device.print(SLIP)
    device.close()
