"""One concept has one term in a language, and no catalogue mixes scripts or regions.

Customers' and staff's sentences on the terminal, and those of central's look-up page.
"""

import tomllib
from collections.abc import Iterator

import pytest

from kiosk.model import Language
from kiosk.paths import RESOURCES
from kiosk.phrases import load
from tests.kiosk.test_phrases import leaves

LOOK_UP = RESOURCES.parent / "central" / "api" / "look_up.toml"
CHARACTERS = {Language.ZH_HANS: "gb2312", Language.ZH_HANT: "big5hkscs"}
"""Character sets of the two scripts: the forms of the other one are not in them."""
TERMS = {
    Language.ZH_HANS: {
        "屏幕": ("荧幕", "显示屏", "萤幕"),
        "照片": ("相片",),
        "凭条": ("小票", "收据"),
        "话筒": ("麦克风",),
        "店员": ("营业员", "工作人员"),
        "办理方式": ("办法",),
        "中心": ("中央",),
        "技术支持": ("运维", "维运"),
        "待发": ("待送",),
        "放证": ("刷卡", "刷身份证"),
        "二维码": ("扫码", "扫上面的码"),
    },
    Language.ZH_HANT: {
        "螢幕": ("屏幕", "熒幕", "顯示屏"),
        "相片": ("照片",),
        "憑條": ("小票", "收據"),
        "話筒": ("咪高峰", "麥克風"),
        "辦理方式": ("辦法",),
        "中心": ("中央",),
        "列印": ("打印", "印表"),
        "技術支援": ("維運", "運維"),
        "裝置": ("設備",),
        "待發清單": ("佇列", "隊列"),
        "港澳台": ("港澳臺",),
        "掃描二維碼": ("掃碼", "掃上面", "掃二維碼"),
        "人臉識別": ("刷臉", "人臉辨識"),
        "連網": ("聯網", "連線"),
        "聯絡": ("聯繫",),
        "設定": ("設置",),
        "網絡": ("網路",),
        "軟件": ("軟體",),
        "資料": ("資訊", "信息", "數據"),
        "登入": ("登錄",),
        "甚麼": ("什麼", "什么"),
        "怎樣": ("怎麼",),
        "着": ("著",),
        "裏": ("裡",),
    },
    Language.EN: {
        "cancel": ("press Leave",),
        "technical support": ("operations",),
        "staff-assisted": ("clerk's way", "by hand"),
        "home page": ("first page", "first screen"),
        "network": ("the line is",),
        "needs attention": ("needs care",),
        "activate": ("online ID is open", "opening service", "was opened", "open a new", "open or renew"),
        "check the status": ("how it stands",),
    },
}
"""The term that is used, and what must not stand for it."""


def sentences(language: Language) -> Iterator[tuple[str, str]]:
    yield from leaves(load(language)._table)
    for key, text in leaves(tomllib.loads(LOOK_UP.read_text(encoding="utf-8"))):
        if language.value in key.split("."):
            yield f"look-up {key}", text


@pytest.mark.parametrize("language", CHARACTERS)
def test_every_character_is_of_the_languages_script(language):
    for key, text in sentences(language):
        strange = [c for c in text if c not in "·" and c.encode(CHARACTERS[language], "ignore") == b""]
        assert strange == [], (key, strange)


@pytest.mark.parametrize("language", Language)
def test_one_concept_has_one_term(language):
    wrong = [
        (key, foreign, term)
        for key, text in sentences(language)
        for term, others in TERMS[language].items()
        for foreign in others
        if foreign in text and key != "language.name"
    ]
    assert wrong == []


@pytest.mark.parametrize("language", Language)
def test_the_terms_are_used(language):
    """A term that no sentence uses has nothing to compare with."""
    everything = " ".join(text for _, text in sentences(language)).lower()
    assert [term for term in TERMS[language] if term not in everything] == []


def test_the_look_up_page_is_read_in_every_language():
    for language in Language:
        assert sum(key.startswith("look-up") for key, _ in sentences(language)) > 30


def test_the_character_sets_tell_the_scripts_apart():
    assert "證".encode("gb2312", "ignore") == b""
    assert "证".encode("big5hkscs", "ignore") == b""
