"""To central and back: only this browser's own, fresh, true answer opens a card."""

import pytest

from permit.report import report
from permit.storage.tallies import Counted
from tests.permit.conftest import TODAY
from tests.permit.web.conftest import code_of, path_of


@pytest.fixture
def waiting(site, browser):
    """Return a browser that is at central, and the address to which it was sent."""
    browser.prove_phone(site.holder())
    return browser, browser.leave()


def assert_no_card(browser):
    assert browser.get("/card").headers.get("Location") == "/"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"iss": "https://evil.test"}, "login.wrong_issuer"),
        ({"iss": None}, "login.wrong_issuer"),
        ({"state": "foreign"}, "login.unknown"),
        ({"state": None}, "login.unknown"),
        ({"code": "injected"}, "login.failed"),
        ({"error": "access_denied"}, "login.denied"),
        ({"error": "unmet_authentication_requirements"}, "login.level"),
        ({"error": "server_error"}, "login.failed"),
    ],
)
def test_a_wrong_answer_opens_nothing_and_leads_on(site, waiting, change, code):
    browser, address = waiting
    answer = browser.come_back(address, **change)
    assert code_of(answer) == code
    assert 'href="/login"' in answer.text
    assert_no_card(browser)
    assert path_of(browser.get("/login")) == "/bind"  # what was typed is kept
    assert path_of(browser.come_back(browser.leave())) == "/card"


def test_an_answer_is_good_once(site, waiting):
    browser, address = waiting
    answer = site.provider.answer(address)
    assert path_of(browser.come_back(address)) == "/card"
    before = browser.secret
    replayed = browser.get(f"/login/back?code={answer['code']}&state={answer['state']}&iss={answer['iss']}")
    assert code_of(replayed) == "login.unknown"
    assert browser.secret == before


def test_an_answer_of_another_browser_is_worth_nothing_here_and_stays_good_there(site, waiting):
    browser, address = waiting
    other = site.browser()
    other.prove_phone(site.holder(), "13900139000")
    assert code_of(other.come_back(address)) == "login.unknown"
    assert code_of(site.browser().come_back(address)) == "login.unknown"
    assert path_of(browser.come_back(address)) == "/card"


def test_a_parameter_that_is_there_twice_is_refused(site, waiting):
    browser, address = waiting
    answer = site.provider.answer(address)
    query = f"code={answer['code']}&state={answer['state']}&state=x&iss={answer['iss']}"
    assert code_of(browser.get(f"/login/back?{query}")) == "login.unknown"


def test_a_lower_level_is_not_enough(site, waiting):
    browser, address = waiting
    site.provider.change = {"acr": "urn:central:acr:credential"}
    assert code_of(browser.come_back(address)) == "login.level"
    assert_no_card(browser)


def test_a_provider_that_is_down_loses_nothing(site, browser, monkeypatch):
    browser.prove_phone(site.holder())
    with monkeypatch.context() as patched:
        patched.setattr(site.provider, "post", lambda *_: (503, {}))
        assert code_of(browser.post("/login")) == "login.failed"
    assert path_of(browser.come_back(browser.leave())) == "/card"


def test_a_second_phone_opens_the_same_card_by_authenticating(site, browser):
    holder = site.holder()
    browser.claim(holder)
    second = site.browser()
    form = {"person_name": holder.name, "id_number": holder.id_number}
    assert path_of(second.come_back(second.leave(form))) == "/card"
    assert holder.permit_number in second.get("/card").text


def test_who_has_no_card_gets_none(site, browser):
    form = {"person_name": "陈测试", "id_number": site.holder().id_number}
    answer = browser.come_back(browser.leave(form))
    assert code_of(answer) == "card.none"
    assert 'href="/bind"' in answer.text


def test_a_subject_with_another_id_number_opens_nothing(site, browser):
    browser.claim(site.holder())
    other = site.browser()
    form = {"person_name": "陈测试", "id_number": site.holder().id_number}
    assert code_of(other.come_back(other.leave(form))) == "card.none"


def test_a_person_whom_central_calls_otherwise_now_keeps_the_card(site, browser):
    holder = site.holder()
    browser.claim(holder, "first")
    other = site.browser()
    site.now += 61
    other.prove_phone(holder, "13900139000")
    site.provider.change = {"sub": "second"}
    assert path_of(other.come_back(other.leave())) == "/card"
    assert site.service.cards.of_subject("first") is None
    assert site.service.cards.of_subject("second") is not None


def test_signing_in_is_judged_like_a_form(site, browser):
    answer = browser.post("/login", {"person_name": "", "id_number": "1"})
    assert answer.status_code == 422
    assert "请填写姓名" in answer.text


def test_passes_refusals_and_referrals_are_counted(site, waiting):
    browser, address = waiting
    browser.come_back(address, error="access_denied")
    browser.come_back(browser.leave())
    counts = report(site.service.database, TODAY).counts
    assert counts[Counted.PASS.value, "ok"] == 1
    assert counts[Counted.REFUSAL.value, "login.denied"] == 1
    assert counts[Counted.REFERRAL.value, "login.denied"] == 1
    assert counts[Counted.BINDING.value, "ok"] == 1
