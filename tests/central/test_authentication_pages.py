"""Face and digits on the phone in Chromium, with a made-up camera and microphone; tests play the worker."""

import base64
import json
import threading
import time
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import requests
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from sqlalchemy import select

from central.protocol.verification import Answer, Outcome, VerdictCode
from central.storage.authentication_tables import FaceConsent, Recording, RecordingChunk
from central.storage.tables import Activation, Credential, Terminal
from central.storage.verification_tables import VerificationJob, VerificationWorker
from tests.support.central_server import running_central
from tests.support.fake_devices import CHROMIUM, write_camera, write_microphone

pytestmark = pytest.mark.skipif(not CHROMIUM.exists(), reason="needs Debian's chromium")
NUMBER = "449999195001010019"
PHOTO = base64.b64encode(b"a picture").decode()
FAIL = "navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('', 'NAME'))"
PHONE = {"viewport": {"width": 360, "height": 740}, "device_scale_factor": 1, "has_touch": True}
SETTINGS = """
[authentication]
issuer = "CENTRAL_URL"
[authentication.face]
run_up_s = 0.5
gap_min_s = 1.0
gap_max_s = 1.0
a_person_an_hour = 1000
a_person_a_day = 1000
"""


class Party(BaseHTTPRequestHandler):
    """The relying party, as far as a browser sees it."""

    def do_GET(self):
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def back():
    """Return the redirect URI of a relying party that runs here."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Party) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://localhost:{server.server_port}/back"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def central(tmp_path_factory, back):
    with running_central(tmp_path_factory.mktemp("pages"), settings=SETTINGS) as running:
        running.back = back
        running.secret = running.command(
            "relying-party", "add", "party", "--name", "电子通行证", "--purpose", "查看往来港澳通行证",
            "--redirect-uri", back, "--level", "face",
        )  # fmt: skip
        with closing(running.open_database()) as running.base:
            yield running


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    from playwright.sync_api import sync_playwright

    folder = tmp_path_factory.mktemp("devices")
    camera, sound = write_camera(folder / "camera.y4m"), write_microphone(folder / "voice.wav")
    flags = [
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-video-capture={camera}",
        f"--use-file-for-fake-audio-capture={sound}",
    ]
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=str(CHROMIUM), args=flags)
        yield started
        started.close()


class Phone:
    """A phone at the page: its context, the page, and central behind it."""

    def __init__(self, browser, central, *, permissions=("camera", "microphone"), init="", **more):
        self.central = central
        self.context = browser.new_context(
            ignore_https_errors=True, locale="zh-CN", permissions=list(permissions), **PHONE | more
        )
        self.errors, self.foreign = [], []
        self.page = self.context.new_page()
        self.page.set_default_timeout(60_000)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("console", self._note)
        self.page.on("request", lambda request: self.foreign.append(request.url))
        if init:
            self.context.add_init_script(init)

    def _note(self, message):
        if "Content Security Policy" in message.text:
            self.errors.append(message.text)

    def arrive(self, **more):
        pushed = requests.post(
            f"{self.central.url}/oidc/par",
            data={
                "client_id": "party", "response_type": "code", "scope": "openid", "state": "s", "nonce": "n",
                "redirect_uri": self.central.back, "code_challenge": create_s256_code_challenge("v" * 64),
                "code_challenge_method": "S256", "acr_values": "urn:central:acr:face",
                "person_name": "测试人", "person_number": NUMBER,
            },
            auth=("party", self.central.secret), verify=str(self.central.ca), timeout=60,
            proxies={"https": ""},
        )  # fmt: skip
        uri = pushed.json()["request_uri"]
        self.page.goto(f"{self.central.url}/oidc/authorize?client_id=party&request_uri={uri}")

    def at(self, step, timeout=60_000):
        """Wait until the page is at a step."""
        self.page.wait_for_selector(f'html[data-step="{step}"]', timeout=timeout)
        return self.page.locator(f'[data-step="{step}"]').last

    def press(self, act):
        self.page.locator(f'[data-do="{act}"]:visible').click()

    def come_to_camera(self):
        self.arrive()
        self.at("consent")
        self.press("agree")
        self.at("explain")
        self.press("open")
        return self.at("camera")

    def record(self):
        """Record from the camera step on, until the clip waits for its verdict."""
        self.press("record")
        self.at("checking")

    def sent_back(self):
        """Return the address to which the person was sent."""
        self.page.wait_for_url(f"{self.central.back}?**")
        return self.page.url

    def said(self, step):
        return self.page.locator(f'section[data-step="{step}"]').inner_text()

    def close(self):
        self.context.close()


@pytest.fixture
def phones(browser, central):
    """Return a maker of phones; at the end nothing was loaded from elsewhere and nothing failed."""
    made = []

    def make(**more):
        made.append(Phone(browser, central, **more))
        return made[-1]

    work(central)
    central.people({"number": NUMBER, "photo": PHOTO})
    yield make
    with central.base.write() as session:
        for table in (RecordingChunk, Recording, VerificationJob):
            session.query(table).delete()
    for phone in made:
        phone.close()
        assert phone.errors == []
        known = (central.url, central.back, "blob:")
        assert [url for url in phone.foreign if not url.startswith(known)] == []


def work(central, alive=True):
    with central.base.write() as session:
        session.merge(VerificationWorker(owner="tests", seen_unix=time.time() + (1e6 if alive else -1e6)))


def decide(central, answer, code=VerdictCode.OK):
    """Settle the clip that waits, as a worker does."""
    outcome = Outcome(answer=answer, code=code, measured={}).model_dump_json()
    with central.base.write() as session:
        row = session.scalars(select(VerificationJob).where(VerificationJob.verdict.is_(None))).one()
        row.state, row.verdict, row.sealed = "settled", outcome, None
        row.settled_unix = row.erased_unix = time.time()


def open_credential(central):
    with central.base.write() as session:
        session.merge(Terminal(id="T"))
        session.flush()
        session.query(Credential).delete()
        session.merge(Activation(id="V", terminal="T", body_sha256="", evidence="", received_unix=0.0))
        session.flush()
        person = session.scalars(select(FaceConsent.person)).first()
        session.add(
            Credential(
                serial="S", activation="V", person=person, phone=b"", password="x", simulated=True,
                asked_unix=0.0, opened_unix=time.time(),
            )
        )  # fmt: skip


def test_a_person_passes_and_is_sent_back(phones, central):
    phone = phones()
    camera = phone.come_to_camera()
    camera.get_by_text("光线合适").wait_for()
    camera.get_by_text("听到声音了").wait_for()
    phone.press("record")
    seen = []
    for number in range(1, 5):
        phone.page.get_by_text(f"第 {number} 个，共 4 个").wait_for()
        seen.append(phone.page.locator("[data-digit]").inner_text())
    phone.at("checking")
    with central.base.read() as session:
        job = session.scalars(select(VerificationJob)).one()
        recording = session.scalars(select(Recording)).one()
        assert session.scalars(select(RecordingChunk)).all() == []
    assert all(digit.isdigit() for digit in seen)
    assert len(job.sealed) > 20_000
    assert recording.job == job.id
    decide(central, Answer.PASS)
    assert "code=" in phone.sent_back()


def test_what_the_worker_gets_is_a_film_with_its_times(phones, central):
    import av

    from central.protocol.verification import open_job
    from central.security import keys

    phone = phones()
    phone.come_to_camera()
    phone.record()
    with central.base.read() as session:
        row = session.scalars(select(VerificationJob)).one()
    job = open_job(row.id, row.sealed, keys._private(central.data / "keys" / keys.VERIFICATION))
    path = central.data.parent / "clip"
    path.write_bytes(job.clip)
    with av.open(str(path)) as film:
        times = [float(frame.pts * frame.time_base) for frame in film.decode(video=0)]
    with av.open(str(path)) as film:
        sound = sum(frame.samples for frame in film.decode(audio=0))
    path.unlink()
    evidence = job.evidence
    assert len(times) > 40
    assert sound > 4 * 48_000
    assert len(evidence.frame_times_ms) > 40
    assert evidence.container == "webm"
    assert evidence.frame_times_ms[-1] > evidence.digits[-1].shown_ms > evidence.digits[0].shown_ms
    assert evidence.digits[0].shown_ms - evidence.started_ms >= 500
    for one in evidence.digits:
        assert one.handed_out_ms < one.answered_ms
    assert evidence.colours[0].at_ms < evidence.digits[0].shown_ms


def test_three_tries_and_the_way_out(phones, central):
    phone = phones()
    phone.come_to_camera()
    for left in (2, 1):
        phone.record()
        decide(central, Answer.RETRY, VerdictCode.TOO_DARK)
        phone.at("again")
        assert "太暗了" in phone.said("again")
        assert f"还可以试 {left} 次" in phone.said("again")
        phone.press("explain")
        phone.at("explain")
        phone.press("open")
        phone.at("camera")
    phone.record()
    decide(central, Answer.RETRY, VerdictCode.NO_SOUND)
    phone.at("waiting")
    assert "没有听到声音" in phone.said("waiting")
    assert "这次不能再试了" in phone.said("waiting")
    assert "受理点" in phone.said("waiting")
    phone.press("back")
    assert "error=access_denied" in phone.sent_back()


def test_the_waiting_page_goes_on_by_itself(phones, central):
    central.people({"number": NUMBER})  # without a photo
    phone = phones()
    phone.come_to_camera()
    phone.press("record")
    phone.at("waiting")
    assert "没有可用来比对的照片" in phone.said("waiting")
    assert "这次不能再试了" not in phone.said("waiting")
    with central.base.read() as session:
        assert session.scalars(select(RecordingChunk)).all() == []
    phone.page.reload()
    phone.at("waiting")
    central.people({"number": NUMBER, "photo": PHOTO})
    open_credential(central)
    phone.at("camera", timeout=10_000)  # the permissions were given before: nothing to press
    phone.record()
    decide(central, Answer.PASS)
    assert "code=" in phone.sent_back()


@pytest.mark.parametrize(
    ("change", "said"), [("suspended_unix", "您的网证已暂停使用"), ("revoked_unix", "您的网证已注销")]
)
def test_a_credential_that_is_not_open_is_named_with_the_way_out(phones, central, change, said):
    phone = phones()
    phone.come_to_camera()
    open_credential(central)
    with central.base.write() as session:
        setattr(session.scalars(select(Credential)).one(), change, time.time())
    phone.record()
    decide(central, Answer.PASS)
    waiting = phone.at("waiting")
    text = phone.said("waiting")
    link = waiting.get_by_role("link", name="管理我的网证")
    with central.base.write() as session:
        session.query(Credential).delete()
    assert said in text
    assert "可信受理点" in text
    assert link.is_visible() == (change == "suspended_unix")


def test_declining_and_the_way_without_a_face_are_equal_choices(phones, central):
    phone = phones()
    phone.arrive()
    phone.at("consent")
    sizes = [one.bounding_box() for one in phone.page.locator('section[data-step="consent"] button').all()]
    assert len(sizes) == 3
    assert len({round(one["width"]) for one in sizes}) == 1
    with central.base.write() as session:
        session.merge(
            Terminal(id="P", state="enrolled", district="天河区", place="测试便利店", hours="00:00-24:00")
        )
    phone.press("in-person")
    assert "可信受理点" in phone.said("in-person")
    phone.page.get_by_text("测试便利店").wait_for()
    phone.press("resume")
    phone.at("consent")
    phone.press("back")
    assert "error=access_denied" in phone.sent_back()


@pytest.mark.parametrize(
    ("permissions", "init", "title"),
    [
        ((), "", "没有允许使用摄像头或麦克风"),
        (("camera",), "", "没有允许使用摄像头或麦克风"),
        (("camera", "microphone"), "delete window.MediaRecorder", "这个浏览器不能录像"),
        (
            ("camera", "microphone"),
            "Object.defineProperty(navigator, 'mediaDevices', {value: undefined})",
            "这个浏览器不能录像",
        ),
        (
            ("camera", "microphone"),
            FAIL.replace("NAME", "NotFoundError"),
            "没有找到摄像头或麦克风",
        ),
        (
            ("camera", "microphone"),
            FAIL.replace("NAME", "NotReadableError"),
            "正在被别的程序使用",
        ),
    ],
)  # fmt: skip
def test_what_stands_in_the_way_is_named_with_what_to_do(phones, permissions, init, title):
    phone = phones(permissions=permissions, init=init)
    phone.arrive()
    phone.at("consent")
    phone.press("agree")
    phone.at("explain")
    phone.press("open")
    phone.at("trouble")
    assert title in phone.said("trouble")
    assert phone.page.locator('section[data-step="trouble"] li').count() >= 1
    phone.press("explain")
    phone.at("explain")


def test_a_network_that_is_lost_while_sending_costs_nothing(phones, central):
    phone = phones()
    phone.come_to_camera()
    lost = []

    def fail(route):
        lost.append(route.request.url)
        route.abort()

    phone.context.route("**/chunks/**", fail)
    phone.press("record")
    phone.at("upload")
    phone.page.get_by_text("网络断了").wait_for()
    assert lost
    phone.context.unroute("**/chunks/**")
    phone.at("checking")
    decide(central, Answer.PASS)
    assert "code=" in phone.sent_back()


def test_a_reload_while_recording_begins_anew(phones, central):
    phone = phones()
    phone.come_to_camera()
    phone.press("record")
    phone.page.get_by_text("第 1 个").wait_for()
    phone.page.reload()
    phone.at("explain")
    assert "没有录完" in phone.said("explain")
    phone.press("open")
    phone.at("camera")
    phone.record()
    phone.page.reload()
    phone.at("checking")
    decide(central, Answer.PASS)
    assert "code=" in phone.sent_back()


def test_of_two_tabs_the_later_wins(phones):
    phone = phones()
    phone.come_to_camera()
    second = phone.context.new_page()
    second.goto(f"{phone.central.url}/oidc/person")
    second.wait_for_selector('html[data-step="explain"]')
    phone.page.bring_to_front()
    phone.press("record")
    phone.page.get_by_text("第 1 个").wait_for()
    begun = second.evaluate("async () => (await fetch('/oidc/person/recordings', {method: 'POST'})).status")
    assert begun == 201
    phone.at("stopped")
    assert "另一个页面" in phone.said("stopped")
    phone.press("resume")
    phone.at("explain")


def test_back_after_the_end_says_that_it_is_over(phones, central):
    phone = phones()
    phone.come_to_camera()
    phone.record()
    decide(central, Answer.PASS)
    assert "code=" in phone.sent_back()
    phone.page.goto(f"{central.url}/oidc/person")
    assert "这次请求已结束" in phone.page.content()


def test_an_old_session_is_over(phones, central):
    phone = phones()
    phone.arrive()
    phone.at("consent")
    with central.base.write() as session:
        session.connection().exec_driver_sql("UPDATE authentication_requests SET expires_unix = 1")
    phone.press("agree")
    phone.at("over")


def test_a_phone_whose_clock_is_a_day_off_passes(phones, central):
    phone = phones(init="const now = Date.now; Date.now = () => now() + 86400000;")
    phone.come_to_camera()
    phone.record()
    decide(central, Answer.PASS)
    assert "code=" in phone.sent_back()


def test_without_a_worker_it_is_said_plainly(phones, central):
    work(central, alive=False)
    phone = phones()
    phone.come_to_camera()
    phone.press("record")
    phone.at("stopped")
    assert "没有核验程序在运行" in phone.said("stopped")


def test_leaving_the_page_ends_the_recording(phones):
    phone = phones()
    phone.come_to_camera()
    phone.press("record")
    phone.page.get_by_text("第 1 个").wait_for()
    phone.page.evaluate(
        "Object.defineProperty(document, 'visibilityState', {value: 'hidden'});"
        "document.dispatchEvent(new Event('visibilitychange'))"
    )
    phone.at("trouble")
    assert "离开了页面" in phone.said("trouble")


@pytest.mark.parametrize("language", ["zh-Hans", "zh-Hant", "en"])
def test_every_step_fits_a_small_phone_and_can_be_read_by_machines(phones, language):
    from axe_playwright_python.sync_playwright import Axe

    phone = phones()
    phone.arrive()
    phone.at("consent")
    phone.page.goto(f"{phone.central.url}/oidc/person?language={language}")
    phone.at("consent")
    steps = phone.page.locator("section[data-step]").evaluate_all("all => all.map(one => one.dataset.step)")
    assert len(steps) == 13
    for big in (False, True):
        for step in steps:
            phone.page.evaluate(SHOW, [step, big])
            wide = phone.page.evaluate("document.documentElement.scrollWidth")
            assert wide <= 360, (step, big)
            found = Axe().run(phone.page).response["violations"]
            bad = [one["id"] for one in found if one["impact"] in ("serious", "critical")]
            assert bad == [], (step, json.dumps(found)[:600])


SHOW = """([step, big]) => {
  document.documentElement.classList.toggle("big", big);
  for (const one of document.querySelectorAll("section[data-step]")) one.hidden = one.dataset.step !== step;
  const said = JSON.parse(document.getElementById("phrases").textContent);
  for (const key of ["title", "next"]) {
    const empty = document.querySelectorAll(`[data-${key}]:empty`);
    for (const one of empty) one.textContent = said.codes.too_bright[key];
  }
}"""


def test_the_keyboard_alone_suffices(phones, central):
    phone = phones()
    phone.arrive()
    phone.at("consent")
    for act, step in (("agree", "explain"), ("open", "camera"), ("record", "checking")):
        for _ in range(30):
            phone.page.keyboard.press("Tab")
            if phone.page.evaluate("document.activeElement.dataset.do") == act:
                break
        phone.page.keyboard.press("Enter")
        phone.at(step)
    assert phone.page.evaluate("document.activeElement.tagName") == "H1"
    decide(central, Answer.PASS)
    assert "code=" in phone.sent_back()
