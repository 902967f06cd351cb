"""The card by HTTP: reminders, calendar, renewal, signing out, the end."""

from datetime import timedelta

import icalendar
import pytest

from permit.domain.endorsements import Crossing, Region
from permit.messages.port import News
from tests.permit.conftest import TODAY, endorsement
from tests.permit.web.conftest import code_of, path_of


@pytest.fixture
def holder(site):
    return site.holder(
        endorsements=(
            endorsement(),
            endorsement(id="e2", entries="unlimited"),
            endorsement(id="e3", entries="weekly", region=Region.MACAO),
            endorsement(id="e4", entries=1, region=Region.MACAO, expires=TODAY - timedelta(days=1)),
        ),
        crossings=(Crossing(Region.HONG_KONG, TODAY - timedelta(days=2), outward=True),),
    )


def test_what_remains_has_four_shapes(browser, holder):
    text = browser.claim(holder).text
    for shape in ("还剩 1 次", "不限次数", "本周还可去 1 次", "已过期"):
        assert shape in text


def test_reminders_are_chosen_by_kind(site, browser, holder):
    browser.claim(holder)
    assert browser.get("/card").text.count(" checked") == 2
    browser.post("/card/reminders", {"permit": "on"})
    assert browser.get("/card").text.count(" checked") == 1


def test_the_calendar_holds_the_last_days_and_no_number(browser, holder):
    browser.claim(holder)
    answer = browser.get("/card/calendar.ics")
    assert answer.headers["Content-Type"].startswith("text/calendar")
    events = icalendar.Calendar.from_ical(answer.content).walk("VEVENT")
    assert len(events) == 4  # the permit and three endorsements; one is over
    assert {event.decoded("dtstart") for event in events} >= {TODAY + timedelta(days=3000)}
    assert len({str(event["uid"]) for event in events}) == 4
    assert holder.permit_number not in answer.text
    assert browser.get("/card/calendar.ics").text.count("UID") == 4


def test_a_new_endorsement_is_asked_for_once_and_issued(site, browser, holder):
    browser.claim(holder)
    form = {"region": "macao", "wish": "G/12/1"}
    for _ in range(2):
        assert path_of(browser.post("/card/renew", form)) == "/card"
    assert browser.get("/card").text.count("已收下，正在递交") == 1
    site.service.renewals.advance_due()
    site.now += 3600
    site.service.renewals.advance_due()
    assert "已签发" in browser.get("/card").text
    assert site.messages()[-1].news is News.RENEWAL_ISSUED


@pytest.mark.parametrize(
    "form", [{}, {"region": "macao", "wish": "G/3/2"}, {"region": "mars", "wish": "G/3/1"}, {"wish": "T/3/1"}]
)
def test_what_does_not_exist_cannot_be_asked_for(browser, holder, form):
    browser.claim(holder)
    assert browser.post("/card/renew", form).status_code == 422


def test_a_permit_that_expires_soon_is_told_with_the_way_out(site, browser):
    browser.claim(site.holder(expires=TODAY + timedelta(days=60)))
    page = browser.get("/card/renew")
    assert "请先换领新证" in page.text
    assert "<button" not in page.text
    assert browser.post("/card/renew", {"region": "macao", "wish": "G/3/1"}).status_code == 409


def test_signing_out_ends_the_session_and_erases_what_the_browser_keeps(site, browser, holder):
    browser.claim(holder)
    secret = browser.secret
    answer = browser.post("/sign-out")
    assert answer.headers["Clear-Site-Data"] == '"storage"'
    assert browser.secret is None
    thief = site.browser()
    thief.client.cookies.set("__Host-permit", secret, domain="permit.test")
    again = thief.get("/card")
    assert path_of(again) == "/"
    assert again.headers["Clear-Site-Data"] == '"storage"'


def test_a_lost_phone_is_ended_from_another(site, browser, holder):
    browser.claim(holder)
    second = site.browser()
    form = {"person_name": holder.name, "id_number": holder.id_number}
    second.come_back(second.leave(form))
    assert second.get("/card/end").status_code == 200
    assert "电子卡已注销" in second.post("/card/end").text
    gone = browser.get("/card")
    assert path_of(gone) == "/"
    assert gone.headers["Clear-Site-Data"] == '"storage"'
    assert site.messages()[-1].news is News.CARD_ENDED
    again = site.browser()
    assert code_of(again.come_back(again.leave(form))) == "card.none"


def test_all_other_phones_are_signed_out(site, browser, holder):
    browser.claim(holder)
    second = site.browser()
    second.come_back(second.leave({"person_name": holder.name, "id_number": holder.id_number}))
    assert path_of(second.post("/sign-out-others")) == "/card"
    assert path_of(browser.get("/card")) == "/"
    assert second.get("/card").status_code == 200


@pytest.mark.parametrize("path", ["/card/renew", "/card/end", "/card/calendar.ics"])
def test_a_stranger_sees_nothing(browser, path):
    assert code_of(browser.get(path)) == "card.none"


@pytest.mark.parametrize("path", ["/card/renew", "/card/end", "/card/reminders", "/sign-out-others"])
def test_a_stranger_changes_nothing(browser, path):
    assert code_of(browser.post(path)) == "card.none"


def test_the_manifest_and_the_worker_are_served(browser):
    assert browser.get("/manifest.webmanifest").json()["start_url"] == "/card"
    worker = browser.get("/service-worker.js")
    assert worker.headers["Content-Type"].startswith("text/javascript")
    for name in ("permit.css", "card.js", "icon.svg", "forget.js", "waiting.js"):
        assert browser.get(f"/static/{name}").status_code == 200
    assert browser.get("/offline").status_code == 200
