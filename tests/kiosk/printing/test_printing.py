import os
import select
import socket
import threading
import time
import tomllib
import tty
from datetime import date
from pathlib import Path

import cv2
import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from kiosk.codes import Code
from kiosk.errors import DeviceLost, DeviceMissing
from kiosk.model import DayReport, Language, Outcome, Slip
from kiosk.paths import RESOURCES
from kiosk.ports import Context
from kiosk.printing import file
from kiosk.printing.escpos import (
    ASK_COVER,
    ASK_PAPER,
    BAND,
    CHINESE,
    FEED_AND_CUT,
    RESET,
    Bitmap,
    encode_bitmap,
    encode_text,
)
from kiosk.printing.file import FilePrinter
from kiosk.printing.none import NoPrinter
from kiosk.printing.output_formats import DocumentEncoder
from kiosk.printing.raster import DOTS, MISSING, draw
from kiosk.printing.serial_or_network import SerialOrNetworkPrinter
from kiosk.printing.text_layout import format_lines, width, wrap
from kiosk.worker import Worker

CONTEXT = Context(resources=Path("."), models=Path("."), simulation=False, clock=time.monotonic)
GMTIME = time.gmtime
LANGUAGES = ("zh-Hans", "zh-Hant", "en")
SLIP = Slip(
    id="7K3M-9Q2P-40TX-0001",
    outcome=Outcome.ACTIVATED,
    code=Code.OK,
    terminal="GZ-0017",
    place="样板便利店",
    at_unix=1_780_000_000.0,
    credential="WZ-0000-0001",
    keep_days=30,
    look_up="https://wz.example/look-up/7K3M-9Q2P-40TX-0001",
)


def printer(path: Path, **more) -> FilePrinter:
    return FilePrinter(FilePrinter.Settings(path=str(path), **more), CONTEXT)


@pytest.mark.parametrize("language", list(Language))
@pytest.mark.parametrize("outcome", Outcome)
def test_every_slip_names_the_number_and_fits_the_paper(language, outcome):
    text = format_lines(replace(SLIP, outcome=outcome), language, 32)
    assert any(SLIP.id in line for line in text)
    assert all(width(line) <= 32 for line in text)
    assert text[-1]


def test_what_a_customer_needs_to_know():
    text = "\n".join(format_lines(SLIP, "en", 48))
    for part in ("GZ-0017", "样板便利店", "WZ-0000-0001", "2026-05-29 04:26", "end it", "kept 30"):
        assert part in text
    assert "imulation" not in text


def test_a_refusal_says_why_and_leaves_nothing_to_revoke():
    text = "\n".join(
        format_lines(replace(SLIP, outcome=Outcome.REFUSED, code=Code.CARD_EXPIRED, credential=None), "en")
    )
    assert "expired" in text
    assert "card.expired" in text
    assert "end it" not in text


def test_a_simulated_slip_says_so_first():
    assert format_lines(replace(SLIP, simulated=True), "zh-Hans")[0].startswith("模拟")


@pytest.mark.parametrize("code", [c for c in Code if c is not Code.OK])
def test_every_code_can_be_printed(code):
    assert any(code.value in line for line in format_lines(replace(SLIP, code=code), "zh-Hans", 64))


def test_the_languages_have_the_same_lines():
    tables = [tomllib.loads((RESOURCES / "phrases" / f"{n}.toml").read_text())["slip"] for n in Language]
    assert tables[0].keys() == tables[1].keys() == tables[2].keys()


def test_punctuation_does_not_begin_a_line():
    assert wrap("一二三四。", 8) == ["一二三", "四。"]
    assert wrap("one two three", 8) == ["one two", "three"]
    assert wrap("", 8) == [""]


@given(
    st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp", "Zs"]) | st.just(" ")),
    st.integers(4, 60),
)
def test_wrapping_loses_nothing_and_never_overflows(text, columns):
    out = wrap(text, columns)
    assert all(width(line) <= columns for line in out)
    assert "".join(out).replace(" ", "") == text.replace(" ", "")


def test_escpos_bytes():
    data = encode_text(["网证 𠮷", "x"])
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


class Cable:
    """A receipt printer on a pseudo-terminal: takes everything and answers questions as it is told to."""

    def __init__(self) -> None:
        self._printer, self._slave = os.openpty()
        tty.setraw(self._slave)
        self.path = Path(os.ttyname(self._slave))
        self._answers: list[bytes] = []
        self._taken = b""
        self._worker = Worker("receipt-printer", self._serve).start()

    def say(self, answers: bytes) -> None:
        """What the printer answers to the questions that come, a byte each."""
        self._answers = [answers[i : i + 1] for i in range(len(answers))]

    def _serve(self, stop: threading.Event) -> None:
        while not stop.is_set():
            if select.select([self._printer], [], [], 0.02)[0]:
                data = os.read(self._printer, 65_536)
                self._taken += data
                if data in (ASK_PAPER, ASK_COVER) and self._answers:
                    os.write(self._printer, self._answers.pop(0))

    def taken(self) -> bytes:
        """All that came, once nothing more comes."""
        size = -1
        while size != len(self._taken):
            size = len(self._taken)
            time.sleep(0.15)
        return self._taken

    def cut(self) -> None:
        self._worker.stop()
        for end in (self._printer, self._slave):
            os.close(end)


@pytest.fixture
def cable():
    cable = Cable()
    yield cable
    cable.cut()


def on(kind, path: Path, **more):
    return (printer(path, **more)) if kind == "file" else line_printer(str(path), **more)


def line_printer(port: str, **more) -> SerialOrNetworkPrinter:
    return SerialOrNetworkPrinter(SerialOrNetworkPrinter.Settings(port=port, **more), CONTEXT)


BOTH = pytest.mark.parametrize("kind", ["file", "line"])


@BOTH
def test_a_printer_that_says_nothing_gets_every_byte(cable, kind):
    device = on(kind, cable.path, form="escpos")
    device.open()
    device.print(SLIP)
    assert cable.taken() == ASK_PAPER + encode_text(format_lines(SLIP))
    device.close()


@BOTH
@pytest.mark.parametrize("answers", [b"\x72", b"\x12\x16"])
def test_a_printer_that_says_it_has_no_paper_gets_no_slip(cable, kind, answers):
    """Bits as Epson gives them: 0x60 the end of the roll, 0x04 an open cover; the rest is always so."""
    cable.say(answers)
    device = on(kind, cable.path)
    device.open()
    with pytest.raises(DeviceLost) as caught:
        device.print(SLIP)
    assert caught.value.code is Code.PRINTER_PAPER
    assert RESET not in cable.taken()
    device.close()


@BOTH
def test_a_printer_that_is_well_gets_its_slip(cable, kind):
    cable.say(b"\x12\x12")
    device = on(kind, cable.path)
    device.open()
    device.print(SLIP)
    device.close()
    assert cable.taken().endswith(FEED_AND_CUT)


def test_a_printer_on_the_network():
    with socket.create_server(("127.0.0.1", 0)) as server:
        device = line_printer(f"socket://127.0.0.1:{server.getsockname()[1]}")
        device.open()
        peer, _ = server.accept()
        with peer:
            device.print(SLIP)
            device.close()
            taken = b"".join(iter(lambda: peer.recv(65_536), b""))
    assert RESET in taken
    assert taken.endswith(FEED_AND_CUT)
    with pytest.raises(DeviceMissing):
        device.open()
    with pytest.raises(DeviceLost):
        device.print(SLIP)


# ── drawn ────────────────────────────────────────────────────────────────────────────────────────


def dark(slip: Slip, **more) -> int:
    return draw(slip, **more).histogram()[0]


@pytest.mark.parametrize("language", list(Language))
@pytest.mark.parametrize("dots", DOTS.values())
@pytest.mark.parametrize("outcome", Outcome)
def test_a_drawn_slip_fills_the_paper_and_not_more(language, dots, outcome):
    picture = draw(replace(SLIP, outcome=outcome, simulated=True), language, dots)
    assert picture.width == dots
    assert 300 < picture.height < 2500
    assert 0.01 < picture.histogram()[0] / (picture.width * picture.height) < 0.4


def test_nothing_is_drawn_over_the_edge():
    """Black in the last column would be a letter cut off."""
    picture = draw(replace(SLIP, place="W" * 200), "en")
    right = picture.crop((picture.width - 1, 40, picture.width, picture.height)).histogram()[0]
    rules = 2 * 2  # they go across
    assert right <= rules


@pytest.mark.parametrize("place", ["瀧澚村", "𪨶溪", "邨㙟", "𠮷", "㴪", "𫭟"])
def test_rare_characters_in_the_name_of_a_place_are_drawn(place):
    plain = draw(replace(SLIP, place="〓" * len(place))).tobytes()
    assert draw(replace(SLIP, place=place)).tobytes() != plain


def test_what_the_font_does_not_know_is_marked_and_not_a_box():
    assert draw(replace(SLIP, place="\U0010fffe")).tobytes() == draw(replace(SLIP, place=MISSING)).tobytes()


def test_the_code_on_paper_is_the_address():
    picture = np.array(draw(SLIP).convert("L"))
    assert cv2.QRCodeDetector().detectAndDecode(picture)[0] == SLIP.look_up


def test_no_code_without_an_address_or_without_anything_to_look_up():
    for slip in (replace(SLIP, look_up=""), replace(SLIP, outcome=Outcome.REFUSED)):
        assert not cv2.QRCodeDetector().detectAndDecode(np.array(draw(slip).convert("L")))[0]


def test_a_request_that_still_waits_here_is_told_as_such():
    waits = "\n".join(format_lines(replace(SLIP, outcome=Outcome.ACCEPTED), "en", 48))
    assert "sealed" in waits
    assert "has erased" not in waits
    assert "sealed" not in "\n".join(format_lines(SLIP, "en", 48))


def test_the_visits_language_unless_the_printer_has_its_own():
    assert format_lines(replace(SLIP, language="en")) == format_lines(SLIP, "en")
    assert format_lines(replace(SLIP, language="en"), "zh-Hant") == format_lines(SLIP, "zh-Hant")


def test_a_picture_goes_to_the_printer_in_bands_dot_by_dot():
    height = 2 * BAND + 3
    rows = bytes(range(256)) * 3
    data = encode_bitmap(Bitmap(16, height, rows[: 2 * height]))
    got, at = b"", len(RESET)
    while data[at : at + 4] == b"\x1dv0\x00":
        across, count = (int.from_bytes(data[at + i : at + i + 2], "little") for i in (4, 6))
        got += data[at + 8 : at + 8 + across * count]
        at += 8 + across * count
    assert got == rows[: 2 * height]
    assert data[at:] == FEED_AND_CUT


def test_black_on_the_picture_is_black_on_paper():
    data = DocumentEncoder("raster", "58mm", "").encode(replace(SLIP, simulated=True))
    banner = data[len(RESET) + 8 :][:48]  # the first row lies in the black banner
    assert banner == b"\xff" * 48


@pytest.mark.parametrize(("form", "begins"), [("png", b"\x89PNG"), ("pdf", b"%PDF-")])
def test_slips_as_files_in_a_folder(tmp_path, form, begins):
    device = printer(tmp_path, form=form)
    device.open()
    device.print(SLIP)
    device.close()
    assert (tmp_path / f"{SLIP.id}.{form}").read_bytes().startswith(begins)
    with pytest.raises(DeviceMissing):
        printer(tmp_path / "none", form=form).open()


@pytest.mark.parametrize("form", ["png", "pdf"])
def test_the_same_slip_gives_the_same_file_at_any_time(monkeypatch, form):
    def made_at(seconds: float) -> bytes:
        monkeypatch.setattr(time, "time", lambda: seconds)
        monkeypatch.setattr(time, "gmtime", lambda at=seconds: GMTIME(at))
        return DocumentEncoder(form, "58mm", "").encode(SLIP)

    assert made_at(1_800_000_000.0) == made_at(1_900_000_000.0)


def test_a_printer_that_takes_nothing_is_out_of_paper(monkeypatch):
    monkeypatch.setattr(file, "WRITE_TIMEOUT_S", 0.2)
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


# ── the report of a day ──────────────────────────────────────────────────────────────────────────

REPORT = DayReport(
    id="GZ-0017-2026-11-24",
    day=date(2026, 11, 24),
    terminal="GZ-0017",
    place="样板便利店",
    at_unix=1_780_000_000.0,
    outcomes=(
        (Outcome.ACTIVATED, Code.OK, 12),
        (Outcome.REFUSED, Code.CARD_EXPIRED, 1),
        (Outcome.REFUSED, Code.FACE_MISMATCH, 2),
    ),
    other_ways=3,
    waiting=1,
    wedged=0,
    acts=((1_780_000_000.0, "700124", "sign_in", Code.STAFF_REFUSED),),
)


def test_a_report_counts_what_came_of_the_visits():
    told = "\n".join(format_lines(REPORT, columns=48))
    for part in (
        "2026-11-24",
        "办理人次 15",
        "已开通 12",
        "未通过 3",
        "card.expired",
        "其他方式 3",
        "700124 登录",
    ):
        assert part in told
    assert all(width(line) <= 48 for line in told.splitlines())


@pytest.mark.parametrize("language", list(Language))
def test_a_report_is_there_in_every_language(language):
    assert format_lines(REPORT, language)
    assert draw(REPORT, language).width == DOTS["58mm"]


def test_a_day_with_very_many_acts_is_drawn_to_its_end():
    many = replace(REPORT, acts=REPORT.acts * 400)
    long, short = draw(many), draw(REPORT)
    assert long.height > 20 * short.height
    end = long.crop((0, long.height - 60, long.width, long.height))
    assert end.getextrema()[0] == 0, "the last line is there"


@pytest.mark.parametrize("form", ["raster", "escpos", "text", "png", "pdf"])
def test_a_report_goes_the_way_of_a_slip(tmp_path, form):
    path = tmp_path if form in ("png", "pdf") else tmp_path / "paper"
    device = printer(path, form=form)
    device.open()
    device.print(REPORT)
    device.close()
    made = tmp_path / f"{REPORT.id}.{form}" if path is tmp_path else path
    assert made.read_bytes() == DocumentEncoder(form, "58mm", "").encode(REPORT)


@pytest.mark.parametrize(
    ("kind", "options"), [(FilePrinter, {"path": "x"}), (SerialOrNetworkPrinter, {"port": "x"})]
)
def test_a_printer_has_a_known_language_or_that_of_the_visit(kind, options):
    for language in ("", *Language):
        assert msgspec.convert({**options, "language": language}, kind.Settings).language == language
    with pytest.raises(msgspec.ValidationError, match="zh-Hant"):
        msgspec.convert({**options, "language": "fr"}, kind.Settings)
