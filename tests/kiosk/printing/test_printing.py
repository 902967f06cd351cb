import os
import socket
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
from kiosk.model import DayReport, ErasureNote, Language, Outcome, Purpose, Slip
from kiosk.paths import RESOURCES
from kiosk.phrases import load
from kiosk.ports import Context
from kiosk.printing import file, raster, status
from kiosk.printing.escpos import (
    ASK_OFFLINE,
    ASK_PAPER,
    BAND,
    CHINESE,
    FEED_AND_CUT,
    REPORT_WHEN_DONE,
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
from kiosk.printing.slip import BlockStyle, slip_blocks
from kiosk.printing.status import WatchedPrinter
from kiosk.printing.text_layout import format_lines, width, wrap
from kiosk.simulators.receipt_printer import PrinterFault, ReceiptPrinterOnPty

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


@pytest.mark.parametrize("language", list(Language))
def test_the_slip_of_an_erasure_says_what_went_and_what_stays(language):
    note = ErasureNote(
        receipt=41, credentials=1, requests=3, evidence_until_unix=1_811_536_000.0, guard_until_unix=1.79e9
    )
    words = load(language)
    slip = replace(SLIP, purpose=Purpose.ERASE, credential=None, erasure=note)
    text = "".join(format_lines(slip, language, 32)).replace(" ", "")
    for part in (
        "41",
        "1,3",
        "2027-05-29",
        "2026-09-21",
        words["slip.erased_what"],
        words["slip.erased_stays"],
    ):
        assert part.replace(" ", "") in text
    assert words["slip.kept"].replace(" ", "") not in text
    waits = "".join(format_lines(replace(slip, outcome=Outcome.ACCEPTED, erasure=None), language, 32))
    assert words["slip.erase_waits"].replace(" ", "") in waits.replace(" ", "")
    assert words["slip.erased_what"].replace(" ", "") not in waits.replace(" ", "")


def test_the_slip_of_an_end_says_what_ended():
    text = "\n".join(format_lines(replace(SLIP, purpose=Purpose.END), "en", 48))
    for part in ("Online ID ended", "WZ-0000-0001", "not used again", "180 days"):
        assert part in text.replace("\n", " ")


def test_what_a_customer_needs_to_know():
    text = "\n".join(format_lines(SLIP, "en", 48))
    for part in ("GZ-0017", "样板便利店", "WZ-0000-0001", "2026-05-29 04:26", "end it", "kept for 30"):
        assert part in text
    assert "imulation" not in text


@pytest.mark.parametrize("outcome", Outcome)
@pytest.mark.parametrize("language", list(Language))
def test_every_slip_names_the_operator(language, outcome):
    slip = replace(SLIP, outcome=outcome, operator="样板便利店有限公司 020-1234")
    assert "样板便利店有限公司020-1234" in "".join(format_lines(slip, language, 32)).replace(" ", "")


def test_a_refusal_says_why_and_leaves_nothing_to_revoke():
    text = "\n".join(
        format_lines(replace(SLIP, outcome=Outcome.REFUSED, code=Code.CARD_EXPIRED, credential=None), "en")
    )
    assert "expired" in text
    assert "card.expired" in text
    assert "end it" not in text


@pytest.mark.parametrize("language", list(Language))
def test_a_slip_of_a_training_says_so_first(language):
    assert format_lines(replace(SLIP, training=True), language)[0][:2] in ("练习", "練習", "Tr")


def test_a_simulated_slip_says_so_first():
    assert format_lines(replace(SLIP, simulated=True), "zh-Hans")[0].startswith("模拟")


def test_a_slip_tells_the_end_and_asks_for_no_further_try():
    lines = "".join(format_lines(replace(SLIP, code=Code.SPEECH_SILENCE), "zh-Hans", 64))
    assert load("zh-Hans").customer_end(Code.SPEECH_SILENCE) in lines
    assert load("zh-Hans").customer(Code.SPEECH_SILENCE) not in lines


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
    data = b"".join(encode_text(["网证 𠮷", "x"]))
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


def on(kind, path: Path, **more):
    return (printer(path, **more)) if kind == "file" else line_printer(str(path), **more)


def line_printer(port: str, **more) -> SerialOrNetworkPrinter:
    return SerialOrNetworkPrinter(SerialOrNetworkPrinter.Settings(port=port, **more), CONTEXT)


BOTH = pytest.mark.parametrize("kind", ["file", "line"])


@BOTH
@pytest.mark.parametrize("form", ["escpos", "raster"])
def test_a_printer_that_is_well_prints_the_whole_slip_and_cuts_it(kind, form):
    with ReceiptPrinterOnPty() as paper:
        device = on(kind, paper.path, form=form)
        device.open()
        device.check()
        device.print(SLIP)
        device.close()
        assert paper.cuts == 1
        assert paper.rows > 300
        sent = paper.received.replace(ASK_OFFLINE, b"").replace(ASK_PAPER, b"").replace(REPORT_WHEN_DONE, b"")
        assert sent == DocumentEncoder(form, "58mm", "").encode(SLIP)


@BOTH
@pytest.mark.parametrize("form", ["escpos", "raster"])
@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (PrinterFault.PAPER_OUT, Code.PRINTER_PAPER),
        (PrinterFault.PAPER_ENDS, Code.PRINTER_PAPER),
        (PrinterFault.COVER, Code.PRINTER_COVER),
        (PrinterFault.CUTTER, Code.PRINTER_FAULT),
        (PrinterFault.SILENT, Code.PRINTER_UNKNOWN),
        (PrinterFault.FALLS_SILENT, Code.PRINTER_UNKNOWN),
    ],
)
def test_what_is_not_known_to_be_printed_is_never_called_printed(kind, form, fault, code):
    with ReceiptPrinterOnPty(fault) as paper:
        device = on(kind, paper.path, form=form)
        device.open()
        with pytest.raises(DeviceLost) as caught:
            device.print(SLIP)
        device.close()
        assert caught.value.code is code
        if fault is PrinterFault.SILENT:
            assert paper.has_cut.wait(30), "it printed, and nobody can know"
        else:
            assert paper.cuts == 0
        if fault in (PrinterFault.PAPER_OUT, PrinterFault.COVER):
            assert RESET not in paper.received, "nothing waits inside for new paper"
        else:
            assert paper.rows > 100


@BOTH
def test_a_slip_is_printed_again_once_the_fault_is_gone(kind):
    with ReceiptPrinterOnPty(PrinterFault.COVER) as paper:
        device = on(kind, paper.path)
        device.open()
        with pytest.raises(DeviceLost):
            device.check()
        paper.fault = PrinterFault.NONE
        device.check()
        device.print(SLIP)
        assert paper.cuts == 1
        device.close()


@BOTH
def test_a_printer_that_answers_questions_but_never_reports_the_end_was_well_throughout(kind, monkeypatch):
    monkeypatch.setattr(status, "FINISH_S", 0.0)
    with ReceiptPrinterOnPty(PrinterFault.NO_REPORT) as paper:
        device = on(kind, paper.path)
        device.open()
        device.print(SLIP)
        device.close()
        assert paper.rows > 300


@BOTH
def test_a_printer_that_is_asked_only_and_does_not_answer_is_unknown(kind):
    with ReceiptPrinterOnPty(PrinterFault.SILENT) as paper:
        device = on(kind, paper.path)
        device.open()
        with pytest.raises(DeviceLost) as caught:
            device.check()
        device.close()
        assert caught.value.code is Code.PRINTER_UNKNOWN


class Script:
    """Answers questions with prepared bytes, one after the other; none left: silence."""

    def __init__(self, *answers: int) -> None:
        self.answers, self.sent = list(answers), []
        self.watched = WatchedPrinter(self.sent.append, self._receive, clock=lambda: 0.0)

    def _receive(self, _: float) -> bytes:
        return bytes([self.answers.pop(0)]) if self.answers else b""


@pytest.mark.parametrize(
    ("answers", "code"),
    [
        ((0x16,), Code.PRINTER_COVER),
        ((0x32,), Code.PRINTER_PAPER),
        ((0x52, 0x1A), Code.PRINTER_FAULT),
        ((0x52,), Code.PRINTER_FAULT),  # and does not say which
        ((0x12, 0x72), Code.PRINTER_PAPER),
        ((0x12, 0x12), Code.OK),
        ((0x12,), Code.OK),  # a cheap printer that knows one question only
        ((0x14, 0x00, 0x0F, 0x16), Code.PRINTER_COVER),  # what it sends by itself is read past
    ],
)
def test_bits_as_epson_gives_them(answers, code):
    printer = Script(*answers).watched
    if code is Code.OK:
        assert printer.check()
        return
    with pytest.raises(DeviceLost) as caught:
        printer.check()
    assert caught.value.code is code


def test_bytes_that_are_no_status_are_silence():
    assert not Script(*[0x00] * 40).watched.check()
    assert not Script().watched.check()


def test_no_question_is_asked_inside_a_command():
    script = Script(*[0x12] * 10)
    with pytest.raises(DeviceLost):
        script.watched.print([b"one", b"two"])
    questions = {ASK_OFFLINE, ASK_PAPER, REPORT_WHEN_DONE}
    assert [part for part in script.sent if part not in questions] == [b"one", b"two"]


def test_a_printer_on_the_network():
    with socket.create_server(("127.0.0.1", 0)) as server:
        device = line_printer(f"socket://127.0.0.1:{server.getsockname()[1]}")
        device.open()
        peer, _ = server.accept()
        with peer:
            with pytest.raises(DeviceLost) as caught:
                device.print(SLIP)
            device.close()
            taken = b"".join(iter(lambda: peer.recv(65_536), b""))
    assert caught.value.code is Code.PRINTER_UNKNOWN  # it took everything and said nothing
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


@pytest.mark.parametrize("columns", range(5, 33))
@pytest.mark.parametrize("number", [SLIP.id, "WWWW-MMMM-WMWM-QQQQ"])
def test_a_number_is_never_broken_inside_a_group(number, columns):
    lines = wrap(number, columns)
    assert "".join(lines) == number
    assert {len(group) for line in lines for group in line.strip("-").split("-")} == {4}


def test_a_number_of_wide_letters_is_drawn_group_by_group(monkeypatch):
    drawn = []
    monkeypatch.setattr(raster, "_draw_line", lambda canvas, style, line, font: drawn.append((style, line)))
    for dots in DOTS.values():
        draw(replace(SLIP, id="WWWW-MMMM-WWWW-MMMM"), dots=dots)
    lines = [line for style, line in drawn if style is BlockStyle.NUMBER]
    assert set(lines) <= {"WWWW-MMMM-WWWW-MMMM", "WWWW-MMMM-WWWW-", "WWWW-MMMM-", "MMMM", "WWWW-MMMM"}


@pytest.mark.parametrize("picture", [False, True])
@pytest.mark.parametrize("outcome", Outcome)
@pytest.mark.parametrize("language", list(Language))
def test_a_request_that_still_lies_here_is_told_as_such_whatever_the_outcome(language, outcome, picture):
    words = {key: load(language)[f"slip.{key}"] for key in ("erased", "sealed", "sealed_picture")}
    for stored in (False, True):
        slip = replace(SLIP, outcome=outcome, stored=stored, picture=picture)
        texts = {block.text for block in slip_blocks(slip, language)}
        assert (words["sealed"] in texts, words["erased"] in texts) == (stored, not stored)
        assert (words["sealed_picture"] in texts) == (stored and picture)


def test_the_visits_language_unless_the_printer_has_its_own():
    assert format_lines(replace(SLIP, language="en")) == format_lines(SLIP, "en")
    assert format_lines(replace(SLIP, language="en"), "zh-Hant") == format_lines(SLIP, "zh-Hant")


def test_a_picture_goes_to_the_printer_in_bands_dot_by_dot():
    height = 2 * BAND + 3
    rows = bytes(range(256)) * 3
    data = b"".join(encode_bitmap(Bitmap(16, height, rows[: 2 * height])))
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


def test_text_to_a_device_is_never_known_to_be_printed():
    """Nothing asks for the status there, so nothing can say that it came out."""
    master, slave = os.openpty()
    tty.setraw(slave)
    device = printer(Path(os.ttyname(slave)), form="text")
    device.open()
    for act in (device.check, lambda: device.print(SLIP)):
        with pytest.raises(DeviceLost) as caught:
            act()
        assert caught.value.code is Code.PRINTER_UNKNOWN
    assert SLIP.id.encode() in os.read(master, 100_000), "it was sent all the same"
    device.close()
    os.close(slave)
    os.close(master)


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
    other_matters=((Purpose.END, 1), (Purpose.NEW_PHONE, 2)),
    waiting=1,
    wedged=0,
    acts=((1_780_000_000.0, "700124", "sign_in", Code.STAFF_REFUSED),),
)


def test_a_report_counts_what_came_of_the_visits():
    told = "\n".join(format_lines(REPORT, columns=48))
    for part in (
        "2026-11-24",
        "办理人次 15",
        "已办成 12",
        "未通过 3",
        "card.expired",
        "其他办理方式 3",
        "其他业务 3",
        "1  注销网证",
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
    assert long.height > 15 * short.height
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
