"""From the form to the card by HTTP: what is kept, what is refused, and what another cannot do."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from permit.messages.port import News
from permit.storage.tables import Binding, Card
from tests.permit.conftest import TODAY, endorsement
from tests.permit.web.conftest import PHONE, code_of, path_of


def count(site, table):
    with site.service.database.read() as session:
        return session.scalar(select(func.count()).select_from(table))


def test_the_whole_way(site, browser):
    card = browser.claim(site.holder(endorsements=(endorsement(),)))
    assert "还剩 2 次" in card.text
    assert "电子卡不是法定证件" in card.text
    assert "仅供参考" in card.text
    assert "数据截至" in card.text
    assert site.messages()[-1].news is News.CARD_CLAIMED
    assert path_of(browser.get("/bind")) == path_of(browser.get("/login")) == "/card"


def test_a_fault_keeps_what_was_typed(site, browser):
    answer = browser.type(site.holder(), phone="12")
    assert answer.status_code == 422
    assert "11 位，以 1 开头" in answer.text
    assert "陈测试" in answer.text
    again = browser.get("/bind?language=en")
    assert "陈测试" in again.text
    assert count(site, Binding) == 0


def test_without_consent_nothing_is_asked(site, browser):
    answer = browser.type(site.holder(), agree=None)
    assert answer.status_code == 422
    assert site.service.messages.carried() == []


def test_the_registry_is_not_asked_before_the_number_is_proved(site, browser):
    browser.type(site.holder())
    assert count(site, Binding) == 0
    code = browser.newest_code()
    wrong = browser.post("/bind/code", {"code": f"{(int(code) + 1) % 10**6:06}"})
    assert wrong.status_code == 422
    assert "验证码不对" in wrong.text
    assert browser.post("/bind/code", {"code": ""}).status_code == 422
    assert count(site, Binding) == 0
    assert path_of(browser.post("/bind/code", {"code": code})) == "/bind"
    assert count(site, Binding) == 1


def test_not_there_yet_keeps_the_place_and_is_reported(site, browser):
    holder = site.holder(known_from_unix=site.now + 1200)
    browser.prove_phone(holder)
    waiting = browser.get("/bind")
    assert "暂时查不到" in waiting.text
    assert "138****8000" in waiting.text
    assert browser.get("/bind/state").json()["state"] == "waiting"
    assert code_of(browser.post("/login")) == "binding.not_ready"
    site.now += 1300
    for binding in site.service.bindings.due():
        site.service.bindings.resume(binding)
    assert [one.news for one in site.messages()] == [News.PERMIT_FOUND]
    assert browser.get("/bind/state").json() == {"state": "ready", "code": "ok"}
    assert "证明是您本人" in browser.get("/bind").text
    browser.come_back(browser.leave())
    assert browser.get("/card").status_code == 200


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"issuer": "Hunan"}, "permit.other_province"),
        ({"expires": TODAY - timedelta(days=1)}, "permit.expired"),
    ],
)
def test_what_cannot_be_bound_has_its_page_and_a_way_out(site, browser, more, code):
    browser.prove_phone(site.holder(**more))
    page = browser.get("/bind")
    assert code_of(page) == code
    assert 'action="/bind/anew"' in page.text
    assert path_of(browser.post("/bind/anew")) == "/bind"
    assert "填写证件信息" in browser.get("/bind").text


def test_a_wrong_number_is_corrected_without_typing_the_rest(site, browser):
    browser.prove_phone(site.holder(known_from_unix=site.now + 1200))
    browser.post("/bind/anew")
    assert "陈测试" in browser.get("/bind").text


def test_a_person_who_tries_too_often_is_refused(site, browser):
    holder = site.holder()
    for turn in range(11):
        site.now += 61
        last = browser.prove_phone(holder, f"138001380{turn:02}")
    assert code_of(last) == "binding.too_many"


def test_two_browsers_claim_one_card(site):
    holder = site.holder()
    one, two = site.browser(), site.browser()
    one.prove_phone(holder)
    site.now += 61
    two.prove_phone(holder)
    for browser in (one, two):
        browser.come_back(browser.leave())
    assert count(site, Card) == 1
    assert one.get("/card").status_code == two.get("/card").status_code == 200


@pytest.mark.parametrize("origin", [None, "null", "https://evil.test", "https://permit.test.evil.test"])
@pytest.mark.parametrize(
    "path",
    [
        "/bind", "/bind/code", "/bind/code/again", "/bind/anew", "/login", "/sign-out", "/sign-out-others",
        "/card/end", "/card/reminders", "/card/renew", "/simulation/fill",
    ],
)  # fmt: skip
def test_another_site_cannot_send_a_form(site, path, origin):
    browser = site.browser()
    browser.claim(site.holder())
    assert code_of(browser.post(path, origin=origin)) == "request.elsewhere"
    assert browser.get("/card").status_code == 200
    assert count(site, Binding) == 1


def test_the_cookie_is_the_services_own_and_changes_with_each_right(site, browser):
    answer = browser.type(site.holder())
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("__Host-permit=")
    for part in ("HttpOnly", "Path=/", "SameSite=lax", "Secure"):
        assert part in cookie
    assert "Domain" not in cookie
    typed = browser.secret
    browser.post("/bind/code", {"code": browser.newest_code()})
    proved = browser.secret
    browser.come_back(browser.leave())
    assert len({typed, proved, browser.secret}) == 3
    for old in (typed, proved, "planted"):
        thief = site.browser()
        thief.client.cookies.set("__Host-permit", old, domain="permit.test")
        assert path_of(thief.get("/card")) == "/"
        thief.type(site.holder(), "13900139000")
        assert thief.secret != old


def test_an_open_redirect_is_not_there(site, browser):
    for path in (
        "/?language=https://evil.test",
        "/login?next=//evil.test",
        "//evil.test",
        "/bind?to=https://e.t",
    ):
        answer = browser.get(path)
        assert "evil" not in answer.headers.get("Location", "")
    browser.claim(site.holder())
    assert path_of(browser.post("/card/reminders", {"next": "https://evil.test"})) == "/card"


def test_nothing_personal_is_in_an_address_or_the_log(site, browser, caplog):
    with caplog.at_level("DEBUG"):
        holder = site.holder()
        browser.prove_phone(holder)
        address = browser.leave()
        browser.come_back(address)
    for hidden in (holder.permit_number, holder.id_number, holder.name, PHONE):
        assert hidden not in caplog.text
        assert hidden not in address


def test_what_was_begun_in_another_browser_goes_on_with_the_mobile_number(site, browser):
    holder = site.holder(known_from_unix=site.now + 1200)
    browser.prove_phone(holder)
    site.now += 1300
    other = site.browser()
    assert other.post("/continue", {"phone": "12"}).status_code == 422
    assert path_of(other.post("/continue", {"phone": PHONE})) == "/bind/code"
    assert 'href="/continue"' in other.get("/bind/code").text
    assert holder.name not in other.get("/bind").text
    assert path_of(other.post("/bind/code", {"code": other.newest_code()})) == "/bind"
    assert "暂时查不到" in other.get("/bind").text
    assert path_of(other.get("/continue")) == "/bind"


def test_a_number_for_which_nothing_was_begun_finds_nothing(site, browser):
    browser.post("/continue", {"phone": PHONE})
    assert code_of(browser.post("/bind/code", {"code": browser.newest_code()})) == "binding.unknown"
    site.now += 61
    browser.claim(site.holder())
    site.now += 61
    other = site.browser()
    other.post("/continue", {"phone": PHONE})  # what was finished is not begun
    assert code_of(other.post("/bind/code", {"code": other.newest_code()})) == "binding.unknown"


def test_without_the_code_a_number_finds_nothing(site, browser):
    browser.prove_phone(site.holder())
    site.now += 61
    other = site.browser()
    other.post("/continue", {"phone": PHONE})
    code = other.newest_code()
    assert other.post("/bind/code", {"code": f"{(int(code) + 1) % 10**6:06}"}).status_code == 422
    assert path_of(other.get("/card")) == "/"


def test_a_language_chosen_on_the_way_stays(browser, site):
    browser.prove_phone(site.holder())
    assert path_of(browser.get("/login?language=en")) == "/bind"
    assert "Now prove that it is you" in browser.get("/bind").text
