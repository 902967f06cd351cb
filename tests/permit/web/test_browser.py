"""The whole way in Chromium, with a real central and a real permit service, each in its own process."""

import re
import shutil
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import msgspec
import pytest
import requests

from demo.permit_stack import PermitStack, free_port, running
from permit.domain.renewal import Permit
from permit.protection import Protection
from permit.registry.simulated import SimulatedPermit
from permit.storage.database import Database
from permit.storage.tables import Card
from tests.permit.conftest import made_up_holder

CHROMIUM = "/usr/bin/chromium"
PHONE_SCREEN = {"width": 360, "height": 740}

pytestmark = pytest.mark.skipif(shutil.which(CHROMIUM) is None, reason="Chromium is not installed")


class World:
    """A running stack and a browser."""

    def __init__(self, stack, chromium):
        self.stack, self.chromium = stack, chromium
        self.contexts = []

    def page(self, **more):
        """Return a page of a phone of its own."""
        context = self.chromium.new_context(
            viewport=PHONE_SCREEN, locale="zh-CN", ignore_https_errors=True, **more
        )
        context.set_default_timeout(60_000)
        self.contexts.append(context)
        return context.new_page()

    def person(self, **more):
        """Return somebody whom the registry knows; `more`: for the simulated permit."""
        holder = made_up_holder()
        permit = Permit(holder.permit_number, "Guangdong", datetime.now(UTC).date() + timedelta(days=900))
        content = self.stack.people()
        permits = (*content.permits, SimulatedPermit(holder=holder, permit=permit, **more))
        changed = msgspec.structs.replace(content, permits=permits)
        file = self.stack.permit_data / "permits.json"
        file.with_suffix(".new").write_bytes(msgspec.json.encode(changed))
        file.with_suffix(".new").replace(file)
        return holder

    def url(self, path):
        return self.stack.permit_url + path

    def newest_code(self, phone):
        lines = (self.stack.permit_data / "messages.jsonl").read_text(encoding="utf-8").splitlines()
        found = [msgspec.json.decode(line)["message"] for line in lines]
        return [one["code"] for one in found if one.get("code") and one["phone"] == phone][-1]

    def prove_phone(self, page, holder, phone):
        page.goto(self.url("/bind"))
        page.fill("#permit_number", holder.permit_number)
        page.fill("#id_number", holder.id_number)
        page.fill("#person_name", holder.name)
        page.fill("#phone", phone)
        page.check("#agree")
        page.click("main button")
        page.wait_for_url("**/bind/code")
        page.fill("#code", self.newest_code(phone))
        page.click("main form button >> nth=0")
        page.wait_for_url("**/bind")

    def authenticate(self, page, holder):
        """Pass at central by its simulation; its page comes back by itself, where scripts run."""
        page.wait_for_url(f"{self.stack.central_url}/**")
        page.click("details.simulated summary")
        page.fill("details.simulated input[name=number]", holder.id_number)
        page.click("details.simulated button")

    def claim(self, page, holder, phone):
        self.prove_phone(page, holder, phone)
        page.click("form[action='/login'] button")
        self.authenticate(page, holder)
        page.wait_for_url(self.url("/card"))


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    folder = tmp_path_factory.mktemp("stack")
    made = PermitStack(folder, central_port=free_port(), permit_port=free_port())
    with running(made) as started:
        yield started


@pytest.fixture(scope="module")
def chromium():
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as started:
        # The flag, not the option of a context, holds for service workers too.
        arguments = ["--no-sandbox", "--ignore-certificate-errors"]
        browser = started.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield browser
        browser.close()


@pytest.fixture
def world(stack, chromium):
    made = World(stack, chromium)
    yield made
    for context in made.contexts:
        context.close()


def assert_usable(page):
    """No finding by axe, and nothing wider than the phone, in both sizes of type."""
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page).response["violations"]
    assert [(one["id"], one["nodes"][0]["html"]) for one in found] == []
    for large in (False, True):
        page.evaluate("large => document.documentElement.classList.toggle('large', large)", large)
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE_SCREEN["width"], page.url
    page.evaluate("document.documentElement.classList.remove('large')")


def test_from_the_first_page_to_the_card_with_every_page_usable(world):
    holder, page = world.person(), world.page()
    faults = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.goto(world.url("/"))
    assert_usable(page)
    page.click("a.button >> nth=0")
    page.fill("#permit_number", "H12345678")
    page.click("main button")
    page.wait_for_selector(".summary")
    assert_usable(page)
    assert page.get_attribute("#permit_number", "aria-invalid") == "true"
    assert page.input_value("#permit_number") == "H12345678"
    page.fill("#permit_number", holder.permit_number)
    page.fill("#id_number", holder.id_number)
    page.fill("#person_name", holder.name)
    page.fill("#phone", "13800138001")
    page.check("#agree")
    page.press("#phone", "Enter")
    page.wait_for_url("**/bind/code")
    assert_usable(page)
    page.fill("#code", world.newest_code("13800138001"))
    page.press("#code", "Enter")
    page.wait_for_url("**/bind")
    assert_usable(page)
    page.click("form[action='/login'] button")
    assert holder.id_number not in page.url
    world.authenticate(page, holder)
    page.wait_for_url(world.url("/card"))
    assert holder.permit_number in page.text_content("main")
    assert_usable(page)
    for path in ("/card/renew", "/card/end", "/simulation", "/offline", "/nothing"):
        page.goto(world.url(path))
        assert_usable(page)
    assert faults == []


def test_not_there_yet_goes_on_by_itself(world):
    holder, page = world.person(known_after_s=6.0), world.page()
    world.prove_phone(page, holder, "13800138002")
    assert "暂时查不到" in page.text_content("h1")
    assert_usable(page)
    page.wait_for_selector("form[action='/login']")
    page.click("form[action='/login'] button")
    world.authenticate(page, holder)
    page.wait_for_url(world.url("/card"))


def test_two_phones_at_once_get_one_card(world):
    """Both have passed at central, and both answers arrive at the same moment."""
    holder = world.person()
    pages = [world.page(java_script_enabled=False) for _ in range(2)]
    for number, page in enumerate(pages):
        world.prove_phone(page, holder, f"1380013801{number}")
        page.click("form[action='/login'] button")
        world.authenticate(page, holder)
        page.wait_for_selector("details.simulated", state="detached")

    def come_back(jar):
        with requests.Session() as session:
            session.trust_env, session.verify = False, str(world.stack.ca)
            central = world.stack.central_url
            finished = session.post(
                f"{central}/oidc/person/finish", headers={"Origin": central}, cookies=jar,
                allow_redirects=False, timeout=60,
            )  # fmt: skip
            back = session.get(finished.headers["Location"], cookies=jar, allow_redirects=False, timeout=60)
            return back.headers["Location"]

    jars = [{one["name"]: one["value"] for one in page.context.cookies()} for page in pages]
    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(come_back, jars)) == ["/card", "/card"]
    with closing(Database(f"sqlite:///{world.stack.permit_data / 'permit.sqlite3'}")) as database:
        protection = Protection(world.stack.permit_data / "keys")
        person = protection.pseudonym("person", holder.id_number)
        with database.read() as session:
            assert len(session.query(Card).filter_by(person=person).all()) == 1


def test_the_card_opens_without_a_connection_until_it_is_signed_out(world):
    holder, page = world.person(), world.page()
    world.claim(page, holder, "13800138003")
    page.click("#keep-button")
    page.wait_for_selector("#kept:not([hidden])")
    page.context.set_offline(True)
    page.reload()
    assert holder.permit_number in page.text_content("main")
    assert page.is_visible(".offline")
    assert re.search(r"本页取得时间 \d{4}-\d\d-\d\d \d\d:\d\d", page.text_content("main"))
    assert not page.is_visible("#devices")
    page.context.set_offline(False)
    page.reload()
    assert not page.is_visible(".offline")
    page.click("form[action='/sign-out'] button")
    page.wait_for_selector("text=已退出")
    page.wait_for_function("async () => (await caches.keys()).length === 0")
    page.context.set_offline(True)
    with pytest.raises(Exception, match="ERR_INTERNET_DISCONNECTED"):
        page.goto(world.url("/card"))


def test_a_card_ended_on_another_phone_is_gone_from_the_first(world):
    holder, lost, other = world.person(), world.page(), world.page()
    world.claim(lost, holder, "13800138004")
    lost.click("#keep-button")
    lost.wait_for_selector("#kept:not([hidden])")
    other.goto(world.url("/login"))
    assert_usable(other)
    other.fill("#person_name", holder.name)
    other.fill("#id_number", holder.id_number)
    other.click("main button")
    world.authenticate(other, holder)
    other.wait_for_url(world.url("/card"))
    other.click("a.danger")
    other.click("main form button")
    other.wait_for_selector("text=电子卡已注销")
    lost.goto(world.url("/card"))
    assert holder.permit_number not in lost.text_content("main")
    lost.wait_for_function("async () => !(await caches.match('/card'))")


def test_an_answer_used_again_or_by_another_phone_opens_nothing(world):
    holder, page, other = world.person(), world.page(), world.page()
    answers = []
    page.on("request", lambda request: answers.append(request.url) if "/login/back" in request.url else None)
    world.claim(page, holder, "13800138005")
    [address] = answers
    assert holder.id_number not in address
    page.goto(address)
    assert "login.unknown" in page.text_content("main")
    assert_usable(page)
    page.goto(world.url("/card"))
    assert holder.permit_number in page.text_content("main")
    other.goto(address)
    assert "login.unknown" in other.text_content("main")
    other.goto(world.url("/card"))
    assert holder.permit_number not in other.text_content("main")


class Evil(BaseHTTPRequestHandler):
    """A page that sends a form to the permit service at once."""

    target = ""

    def do_GET(self):
        body = f'<form method=post action="{self.target}"></form><script>document.forms[0].submit()</script>'
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_):
        """Say nothing."""


def test_a_page_of_another_site_cannot_end_the_card(world):
    holder, page = world.person(), world.page()
    world.claim(page, holder, "13800138006")
    Evil.target = world.url("/card/end")
    with ThreadingHTTPServer(("127.0.0.1", 0), Evil) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        page.goto(f"http://127.0.0.1:{server.server_address[1]}/")
        page.wait_for_url(world.url("/card/end"))
        server.shutdown()
        thread.join()
    assert "card.none" in page.text_content("main")  # SameSite=Lax: the cookie did not come along
    page.goto(world.url("/card"))
    assert holder.permit_number in page.text_content("main")


def test_the_person_who_goes_back_at_central_is_told_the_way_on(world):
    holder, page = world.person(), world.page()
    world.prove_phone(page, holder, "13800138007")
    page.click("form[action='/login'] button")
    page.wait_for_url(f"{world.stack.central_url}/**")
    page.click("[data-do=back]:visible")
    page.wait_for_url(world.url("/login/back**"))
    assert "login.denied" in page.text_content("main")
    assert "可信受理点" in page.text_content("main")
    page.click("a.button")
    page.wait_for_selector("form[action='/login']")
