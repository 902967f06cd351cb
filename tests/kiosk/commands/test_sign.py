"""`kiosk sign`: one A4 page from the settings, in every language, with a code that leads somewhere."""

import cv2
import numpy as np
import pytest

from kiosk.__main__ import main
from kiosk.model import Language
from kiosk.printing.a4 import PAGE, draw_one_page
from kiosk.printing.sign import sign_sections
from kiosk.printing.slip import BlockStyle
from kiosk.settings import load

OPERATOR = '[operator]\nname = "样板便利店有限公司"\ncontact = "020-1234"\nhours = "8:00–22:00"\n'
PUBLIC = '[central]\nurl = "https://central.example"\npublic_url = "https://wz.example/"\n'


def site(tmp_path, text):
    file = tmp_path / "settings.toml"
    file.write_text(text, encoding="utf-8")
    return file


@pytest.mark.parametrize("public", [True, False])
def test_the_sign_says_who_what_and_where(tmp_path, public):
    settings = load(
        site(tmp_path, OPERATOR + (PUBLIC if public else '[central]\nurl = "https://c.example"\n'))
    )
    sections = sign_sections(settings)
    assert [section.language for section in sections] == [*Language, Language.ZH_HANS]
    blocks = [block for section in sections for block in section.blocks]
    text = "\n".join(block.text for block in blocks)
    for part in ("样板便利店有限公司", "020-1234", "8:00–22:00", "人脸识别", "人臉識別", "face recognition"):
        assert part in text
    codes = [block.text for block in blocks if block.style is BlockStyle.QR]
    assert codes == (["https://wz.example/look-up"] if public else [])
    assert ("二维码" in text) is public


def test_it_is_one_page_and_a_phone_reads_its_code(tmp_path):
    page = draw_one_page(sign_sections(load(site(tmp_path, OPERATOR + PUBLIC))))
    assert page.size == PAGE
    picture = np.array(page.convert("L").resize((1240, 1754)))
    assert cv2.QRCodeDetector().detectAndDecode(picture)[0] == "https://wz.example/look-up"
    margin = np.concatenate(
        [picture[:80].ravel(), picture[-80:].ravel(), picture[:, :80].ravel(), picture[:, -80:].ravel()]
    )
    assert margin.min() > 250, "nothing where a printer leaves blank"


def test_the_longest_names_still_fit_on_one_page(tmp_path):
    long = "W" * 80
    text = f'[terminal]\nplace = "{"号" * 80}"\n[operator]\n' + "".join(
        f'{key} = "{long}"\n' for key in ("name", "contact", "privacy_contact", "hours")
    )
    assert draw_one_page(sign_sections(load(site(tmp_path, text + PUBLIC)))).size == PAGE


def test_the_command_writes_a_pdf_or_says_what_is_missing(tmp_path, capsys):
    file, to = site(tmp_path, OPERATOR), tmp_path / "sign.pdf"
    assert main(["sign", "--settings", str(file), "--to", str(to)]) == 0
    assert to.read_bytes().startswith(b"%PDF-")
    assert main(["sign", "--settings", str(file), "--to", str(tmp_path / "none" / "sign.pdf")]) == 1
    assert main(["sign", "--settings", str(site(tmp_path, "")), "--to", str(to)]) == 2
    assert "[operator]" in capsys.readouterr().err
