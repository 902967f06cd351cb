"""Every page in every language, and what all of them promise."""

import re

import pytest

from permit.codes import Code
from permit.domain.endorsements import DeadReason, Purpose, Region
from permit.domain.renewal import RenewalRefusal
from permit.errors import PermitError
from permit.messages.port import CodeMessage, News, NewsMessage, ReminderMessage
from permit.sessions.sessions import Draft
from permit.storage.tables import RenewalState
from permit.web import fields, problems, texts
from permit.web.phrases import LANGUAGES, PHRASES, choose_language
from permit.web.requests import RateLimiter
from tests.permit.conftest import TODAY, endorsement
from tests.permit.web.conftest import PHONE, Site, code_of


def keys(table, before=""):
    for name, value in table.items():
        if isinstance(value, dict):
            yield from keys(value, f"{before}{name}.")
        else:
            yield f"{before}{name}"


def placeholders(table):
    return {
        name: sorted(re.findall(r"\{\w+\}", str(value)))
        for name, value in ((key, lookup(table, key)) for key in keys(table))
    }


def lookup(table, key):
    for name, value in table.items():
        if key == name:
            return value
        if isinstance(value, dict) and key.startswith(f"{name}."):
            return lookup(value, key.removeprefix(f"{name}."))
    raise KeyError(key)


@pytest.mark.parametrize("language", LANGUAGES[1:])
def test_the_languages_say_the_same(language):
    assert list(keys(PHRASES[language])) == list(keys(PHRASES["zh-Hans"]))
    assert placeholders(PHRASES[language]) == placeholders(PHRASES["zh-Hans"])


def test_traditional_text_holds_no_simplified_character():
    """Characters of which the simplified form is no traditional character, and that these pages use."""
    text = str(PHRASES["zh-Hant"])
    simplified = set("签证验码错误认请发务办这里还进绑样后时间过没对网页删内号东门给让谁买见长开关单")
    assert simplified & set(text) == set()


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_code_reason_and_word_has_its_sentence(language):
    phrases = PHRASES[language]
    assert set(phrases["codes"]) == {code.value for code in Code if code is not Code.OK}
    assert {one.value for one in RenewalRefusal} <= set(phrases["renew"])
    assert {f"dead_{one.value}" for one in DeadReason} <= set(phrases["card"])
    assert {one.value for one in Purpose} == set(phrases["purposes"])
    assert {one.value for one in Region} == set(phrases["regions"])
    assert {one.value for one in RenewalState} == set(phrases["renewal_states"])
    assert {one.value for one in News} <= set(phrases["news"])


@pytest.mark.parametrize("language", LANGUAGES)
def test_messages_have_a_text(language):
    address = "https://permit.test"
    for message in (
        CodeMessage(PHONE, "012345", 5, language),
        ReminderMessage(PHONE, "permit", TODAY, 7, language),
        ReminderMessage(PHONE, "hong-kong", TODAY, 7, language),
        *(NewsMessage(PHONE, news, language) for news in News),
    ):
        text = texts.format_message(message, address)
        assert "{" not in text
        assert PHONE not in text
    assert "012345" in texts.format_message(CodeMessage(PHONE, "012345", 5, language), address)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_renders_with_a_strict_policy(site, language):
    browser = site.browser()
    holder = site.holder(endorsements=(endorsement(),))
    pages = [browser.get(f"/?language={language}&type=large"), browser.get("/bind"), browser.get("/login")]
    pages.append(browser.get("/continue"))
    browser.type(holder, phone="1")
    pages += [browser.get("/bind"), browser.get("/simulation"), browser.get("/offline"), browser.get("/no")]
    browser.type(holder)
    pages.append(browser.get("/bind/code"))
    browser.post("/bind/code", {"code": browser.newest_code()})
    pages.append(browser.get("/bind"))
    browser.come_back(browser.leave())
    pages += [browser.get(path) for path in ("/card", "/card/renew", "/card/renew?region=macao", "/card/end")]
    for page in pages:
        assert f'<html lang="{language}" class="large">' in page.text, page.url
        policy = page.headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'")
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert page.headers["Cache-Control"] == "no-store"
        assert page.headers["Referrer-Policy"] == "same-origin"
        assert not re.search(r"<script(?! type=\"module\" src=\"/static/)|<style|style=|\son\w+=", page.text)


@pytest.mark.parametrize(
    ("wanted", "accepted", "language"),
    [
        ("", "", "zh-Hans"), ("", "zh-HK,zh;q=0.9", "zh-Hant"), ("", "en-GB", "en"), ("", "fr, en", "en"),
        ("en", "zh-CN", "en"), ("xx", "zh-TW", "zh-Hant"), ("", "*" * 5000, "zh-Hans"),
    ],
)  # fmt: skip
def test_the_language_is_the_chosen_or_the_browsers(wanted, accepted, language):
    assert choose_language(wanted, accepted) == language


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"permit_number": ""}, "permit_number_empty"),
        ({"permit_number": "H12345678"}, "permit_number_home_return"),
        ({"permit_number": "C1234567"}, "permit_number_length"),
        ({"permit_number": "CI1234567"}, "permit_number_form"),
        ({"permit_number": "K12345678"}, "permit_number_form"),
        ({"id_number": ""}, "id_number_empty"),
        ({"id_number": "44999919500101001"}, "id_number_length"),
        ({"id_number": "449999195001010011"}, "id_number_check"),
        ({"person_name": ""}, "person_name_empty"),
        ({"person_name": "<script>"}, "person_name_form"),
        ({"phone": ""}, "phone_empty"),
        ({"phone": "12345678901"}, "phone_form"),
    ],
)
def test_each_fault_has_its_own_sentence(change, fault):
    good = {
        "permit_number": "C12345678",
        "id_number": "449999195001010010",
        "person_name": "陈",
        "phone": PHONE,
    }
    assert fields.faults(fields.draft_of(good)) == {}
    assert list(fields.faults(fields.draft_of(good | change)).values()) == [fault]


def test_numbers_are_taken_as_people_type_them():
    typed = {
        "permit_number": " ｃ１２３ ４５６７８ ", "id_number": "449999 19500101 0010",
        "person_name": " 买买提 · 艾力 ", "phone": "+86 138-0013-8000",
    }  # fmt: skip
    assert fields.draft_of(typed) == Draft("C12345678", "449999195001010010", "买买提 · 艾力", PHONE)
    assert fields.faults(fields.draft_of(typed)) == {}
    assert fields.digits_of(" 012 345。") == "012345"


def test_a_simulation_page_is_not_in_production(tmp_path, monkeypatch):
    made = Site(tmp_path / "permit")
    try:
        assert made.browser().get("/simulation").status_code == 200
        settings = made.service.settings.model_copy(update={"simulation": False})
        made.service.settings = settings
        from permit.web.app import application

        made.app = application(made.service, background=False)
        browser = made.browser()
        assert browser.get("/simulation").status_code == 404
        assert browser.post("/simulation/fill", {"permit_number": "C"}).status_code == 404
        assert "simulation" not in browser.get("/").text
    finally:
        made.close()


def test_a_fault_shows_a_page_and_logs_no_text(site, browser, monkeypatch, caplog):
    def fail(_):
        raise RuntimeError("449999195001010010")

    monkeypatch.setattr(site.service.bindings, "standing", fail)
    browser.type(site.holder())
    answer = browser.post("/bind/code", {"code": browser.newest_code()})
    assert (answer.status_code, code_of(answer)) == (500, "fault")
    assert "RuntimeError" in caplog.text
    assert "449999" not in caplog.text


def test_every_code_has_a_page(site):
    browser = site.browser()
    assert code_of(browser.get("/nothing")) == "request.no_page"
    assert browser.get("/nothing").status_code == 404
    assert set(problems._WAYS_OUT) <= set(Code)


def test_buckets_fill_again():
    now = [0.0]
    limiter = RateLimiter(0.5, 2, clock=lambda: now[0])
    limiter.spend("a")
    limiter.spend("a")
    with pytest.raises(PermitError, match=r"request\.too_often"):
        limiter.spend("a")
    limiter.spend("b")
    now[0] += 2
    limiter.spend("a")


def test_an_address_that_asks_too_often_is_told(tmp_path):
    made = Site(tmp_path / "permit", "[http]\nper_s = 0.001\nburst = 3\n")
    try:
        browser = made.browser()
        assert [browser.get("/").status_code for _ in range(4)] == [200, 200, 200, 429]
        assert code_of(browser.get("/")) == "request.too_often"
        assert made.browser("192.0.2.2").get("/").status_code == 200
    finally:
        made.close()


def test_forms_are_small(browser):
    assert code_of(browser.post("/bind", {"permit_number": "C" * 20_000})) == "request.malformed"
    answer = browser.post("/bind", headers={"Content-Type": "text/plain"})
    assert code_of(answer) == "request.malformed"
    assert code_of(browser.post("/bind", {f"f{n}": "" for n in range(50)})) == "request.malformed"
