"""Face and digits on the phone: consent, prompts, chunks, verdicts, tries, and everything that is refused."""

import json

import pytest
from sqlalchemy import select

from central.api import authentication_page
from central.authentication.codes import CaptureCode
from central.authentication.levels import Level
from central.authentication.prompts import COLOURS
from central.authentication.requests import SESSION_S
from central.authentication.verification_jobs import VerificationJobs
from central.codes import Code
from central.exceptions import Problem
from central.privacy.clips import erase_chunks
from central.privacy.maintenance import delete_expired
from central.protocol.verification import Answer, Outcome, VerdictCode, open_job
from central.security import keys
from central.settings import FaceCheck
from central.storage.authentication_tables import FaceConsent, Recording, RecordingChunk
from central.storage.tables import Activation, Credential, Terminal
from central.storage.verification_tables import VerificationJob, VerificationWorker
from tests.central.test_openid import ISSUER, NUMBER, World, answer_of

ORIGIN = {"Origin": ISSUER}
OTHER = "449999195001010027"
PICTURE = b"a picture"


class Pictures:
    """References in memory."""

    def __init__(self):
        self.picture = PICTURE

    def find(self, name, number):
        if self.picture is Problem:
            raise Problem(503, Code.AUTHORITY_UNAVAILABLE)
        return self.picture


class CaptureWorld(World):
    """Central with a worker that the tests play."""

    def __init__(self, folder, database_url=""):
        super().__init__(folder, database_url)
        self.capture = self.service.capture
        self.capture._clock = lambda: self.now
        self.capture._references = self.pictures = Pictures()
        self.work()

    def work(self, at=None):
        """Let a worker be alive."""
        with self.service.database.write() as session:
            session.merge(VerificationWorker(owner="tests", seen_unix=self.now if at is None else at))

    def decide(self, answer, code=VerdictCode.OK):
        """Settle the clip that waits, as a worker does."""
        outcome = Outcome(answer=answer, code=code, measured={})
        with self.service.database.write() as session:
            row = session.scalars(select(VerificationJob).where(VerificationJob.verdict.is_(None))).one()
            row.state, row.verdict, row.sealed = "settled", outcome.model_dump_json(), None
            row.settled_unix = row.erased_unix = self.now

    def visitor(self, name="first", **change):
        return Visitor(self, name, **change)


class Visitor:
    """A person whose browser is at the page."""

    def __init__(self, world, name, **change):
        self.world = world
        self.browser = world.browser()
        pushed = world.party(name).push(**change).json()
        assert self.browser.arrive(name, pushed["request_uri"]).status_code == 303

    def post(self, path, body=None, headers=ORIGIN):
        return self.browser.request("POST", f"/oidc/person/{path}", json=body, headers=headers)

    def put(self, path, content, headers=ORIGIN):
        return self.browser.request("PUT", f"/oidc/person/{path}", content=content, headers=headers)

    @property
    def status(self):
        answer = self.browser.get("/oidc/person/status")
        assert answer.status_code == 200, answer.text
        return answer.json()

    @property
    def step(self):
        return self.status["step"]

    def consent(self, language="zh-Hans"):
        digest = authentication_page.consent_digest(language, "First")
        return self.post("consent", {"language": language, "sha256": digest})

    def start(self):
        self.world.work()
        answer = self.post("recordings")
        assert answer.status_code == 201, answer.text
        return answer.json()["id"]

    def prompt(self, recording, number):
        """Take a prompt at the moment when it is due."""
        self.world.now += self.world.capture.due_s(self.secret, recording, number)
        return self.post(f"recordings/{recording}/prompts/{number}").json()

    @property
    def secret(self):
        return next(iter(self.browser.client.cookies.jar)).value

    def record(self, chunks=(b"one", b"two", b"three")):
        """Record until everything is there but the end; return id and prompts."""
        recording, shown = self.start(), []
        for number in range(9):
            shown.append(self.prompt(recording, number))
            if number < len(chunks):
                assert self.put(f"recordings/{recording}/chunks/{number}", chunks[number]).status_code == 204
        self.world.now += 2
        return recording, shown

    def told(self, chunks=3, **change):
        return {
            "container": "webm", "chunks": chunks, "started_ms": 5.0,
            "shown_ms": [n * 900.0 for n in range(9)], "frame_times_ms": [n * 50.0 for n in range(200)],
        } | change  # fmt: skip

    def finish(self, recording, **change):
        return self.post(f"recordings/{recording}/finish", self.told(**change))

    def try_once(self, answer, code):
        recording, _ = self.record()
        assert self.finish(recording).status_code == 204
        self.world.decide(answer, code)
        return self.status


@pytest.fixture
def world(tmp_path, database_url):
    made = CaptureWorld(tmp_path, database_url)
    yield made
    made.close()


@pytest.fixture
def person(world):
    made = world.visitor()
    assert made.step == "consent"
    assert made.consent().status_code == 204
    return made


def code_of(answer, status):
    assert answer.status_code == status, answer.text
    return answer.json()["code"]


def test_a_person_passes_and_goes_back(world, person):
    assert person.step == "ready"
    recording, shown = person.record()
    assert person.step == "recording"
    assert person.finish(recording).status_code == 204
    assert person.finish(recording).status_code == 204  # the answer was lost
    assert person.step == "checking"
    world.decide(Answer.PASS)
    assert person.step == "passed"
    assert "code" in answer_of(person.browser.finish())
    assert [one["digit"] is not None for one in shown] == [False, True] * 4 + [False]


def test_the_worker_gets_what_was_handed_out_and_what_came(world, person):
    recording, shown = person.record()
    person.finish(recording)
    with world.service.database.read() as session:
        row = session.scalars(select(VerificationJob)).one()
        private = keys._private(world.service.settings.data / "keys" / keys.VERIFICATION)
        job = open_job(row.id, row.sealed, private)
        assert session.scalars(select(RecordingChunk)).all() == []
        assert session.get_one(Recording, recording).prompts is None
    assert job.clip == b"onetwothree"
    assert job.reference == PICTURE
    assert [one.digit for one in job.evidence.digits] == [one["digit"] for one in shown[1::2]]
    assert [one.handed_out_ms for one in job.evidence.digits] == [one["at_ms"] for one in shown[1::2]]
    assert [list(one.rgb) for one in job.evidence.colours] == [one["rgb"] for one in shown]
    for one in job.evidence.digits:
        assert one.answered_ms > one.handed_out_ms
    assert job.evidence.container == "webm"
    assert len(job.evidence.frame_times_ms) == 200


def test_what_waits_is_encrypted(world, person, tmp_path):
    chunk = b"a piece of a face" * 100
    recording = person.start()
    person.prompt(recording, 0)
    digit = person.prompt(recording, 1)["digit"]
    person.put(f"recordings/{recording}/chunks/0", chunk)
    with world.service.database.read() as session:
        stored = session.scalars(select(RecordingChunk)).one().data
        prompts = session.get_one(Recording, recording).prompts
    assert chunk not in stored
    assert f'"digit": {digit}'.encode() not in prompts


def test_a_prompt_waits_until_it_is_due_and_is_the_same_again(world, person):
    recording = person.start()
    first = person.prompt(recording, 0)
    assert tuple(first["rgb"]) in COLOURS
    due = world.capture.due_s(person.secret, recording, 1)
    assert 1.0 <= due <= 1.6
    assert code_of(person.post(f"recordings/{recording}/prompts/2"), 409) == CaptureCode.OUT_OF_TURN
    second = person.prompt(recording, 1)
    assert second == person.post(f"recordings/{recording}/prompts/1").json()
    assert second["rgb"] != first["rgb"]
    assert 0.8 <= world.capture.due_s(person.secret, recording, 2) <= 1.2


def test_digits_differ_from_one_recording_to_the_next(world, person):
    seen = set()
    for _ in range(8):
        seen.add(tuple(one["digit"] for one in person.record()[1][1::2]))
    assert len(seen) > 4  # four alike of eight: 1e-11


def test_of_two_tabs_the_later_wins(world, person):
    first = person.start()
    person.prompt(first, 0)
    person.put(f"recordings/{first}/chunks/0", b"one")
    second = person.start()
    assert code_of(person.post(f"recordings/{first}/prompts/1"), 409) == CaptureCode.SUPERSEDED
    assert code_of(person.put(f"recordings/{first}/chunks/1", b"x"), 409) == CaptureCode.SUPERSEDED
    assert code_of(person.finish(first), 409) == CaptureCode.SUPERSEDED
    assert person.prompt(second, 0)["number"] == 0
    with world.service.database.read() as session:
        assert session.scalars(select(RecordingChunk)).all() == []


def test_a_chunk_may_come_twice_but_not_changed(world, person):
    recording = person.start()
    assert person.put(f"recordings/{recording}/chunks/0", b"one").status_code == 204
    assert person.put(f"recordings/{recording}/chunks/0", b"one").status_code == 204
    changed = person.put(f"recordings/{recording}/chunks/0", b"two")
    assert code_of(changed, 409) == CaptureCode.CHUNK_CHANGED


def test_sizes_and_numbers_of_chunks_are_limited(world, person):
    recording, most = person.start(), FaceCheck().chunk_bytes
    for number, content in ((0, b""), (0, b"x" * (most + 1)), (200, b"x"), (-1, b"x")):
        answer = person.put(f"recordings/{recording}/chunks/{number}", content)
        assert code_of(answer, 413) == CaptureCode.CHUNK_LIMIT
    answer = person.put(f"recordings/{recording}/chunks/0", b"x" * (600 * 1024))
    assert answer.status_code == 413
    world.capture._rules = FaceCheck(clip_bytes=1024 * 1024)
    for number in range(4):
        assert person.put(f"recordings/{recording}/chunks/{number}", b"x" * most).status_code == 204
    assert code_of(person.put(f"recordings/{recording}/chunks/4", b"x"), 413) == CaptureCode.CHUNK_LIMIT


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"chunks": 2}, 409, "chunks_missing"),
        ({"chunks": 4}, 409, "chunks_missing"),
        ({"shown_ms": [0.0] * 8}, 422, "malformed"),
        ({"shown_ms": [9.0, *[8.0] * 8]}, 422, "malformed"),
        ({"container": "avi"}, 422, "request.malformed"),
        ({"chunks": 0}, 422, "request.malformed"),
        ({"started_ms": -1}, 422, "request.malformed"),
        ({"frame_times_ms": [1.0] * 4000}, 422, "request.malformed"),
        ({"digits": [1, 2, 3, 4]}, 422, "request.malformed"),
    ],
)
def test_what_the_page_tells_must_fit(world, person, change, status, code):
    recording, _ = person.record()
    assert code_of(person.finish(recording, **change), status) == code
    assert person.finish(recording).status_code == 204


def test_a_recording_without_all_digits_is_not_judged(world, person):
    recording = person.start()
    for number in range(8):
        person.prompt(recording, number)
    person.put(f"recordings/{recording}/chunks/0", b"one")
    assert code_of(person.finish(recording, chunks=1), 409) == CaptureCode.OUT_OF_TURN


def test_a_recording_that_takes_too_long_is_over(world, person):
    recording = person.start()
    person.put(f"recordings/{recording}/chunks/0", b"one")
    world.now += FaceCheck().recording_s + 1
    assert code_of(person.put(f"recordings/{recording}/chunks/1", b"x"), 409) == CaptureCode.INTERRUPTED
    assert person.status["code"] == CaptureCode.INTERRUPTED
    assert person.step == "ready"
    world.now += 20  # the session still lives
    person.start()
    with world.service.database.read() as session:
        assert session.scalars(select(RecordingChunk)).all() == []


def test_an_abandoned_recording_is_erased_and_costs_no_try(world, person):
    recording = person.start()
    person.put(f"recordings/{recording}/chunks/0", b"one")
    assert person.post(f"recordings/{recording}/abandon").status_code == 204
    assert (person.step, person.status["tries_left"]) == ("ready", 3)
    with world.service.database.read() as session:
        assert session.scalars(select(RecordingChunk)).all() == []


def test_what_is_left_behind_is_erased(world, person):
    recording = person.start()
    person.put(f"recordings/{recording}/chunks/0", b"one")
    erase_chunks(world.service.database, world.now + 121)
    with world.service.database.read() as session:
        assert session.scalars(select(RecordingChunk)).all() == []
        assert len(session.scalars(select(Recording)).all()) == 1
    delete_expired(world.service.database, world.now + 90_000)
    with world.service.database.read() as session:
        assert session.scalars(select(Recording)).all() == []


def test_three_tries_and_no_more(world, person):
    for left in (2, 1):
        status = person.try_once(Answer.RETRY, VerdictCode.DIGITS_WRONG)
        assert (status["step"], status["code"], status["tries_left"]) == ("again", "digits_wrong", left)
    status = person.try_once(Answer.RETRY, VerdictCode.LIPS)
    assert (status["step"], status["code"], status["tries_left"]) == ("refused", "lips", 0)
    assert code_of(person.post("recordings"), 409) == CaptureCode.TRIES_USED
    assert answer_of(person.browser.finish())["error"] == "access_denied"


def test_a_refusal_ends_it_at_once(world, person):
    status = person.try_once(Answer.REFUSE, VerdictCode.MISMATCH)
    assert (status["step"], status["code"]) == ("refused", "mismatch")
    assert code_of(person.post("recordings"), 409) == CaptureCode.TRIES_USED


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (Answer.RETRY, VerdictCode.TIMED_OUT),
        (Answer.REFUSE, VerdictCode.FAILED),
        (Answer.RETRY, VerdictCode.BUSY),
    ],
)
def test_our_faults_cost_no_try(world, person, answer, code):
    status = person.try_once(answer, code)
    assert (status["step"], status["code"], status["tries_left"]) == ("again", code.value, 3)


def test_a_verdict_that_never_comes_is_no_pass(world, person):
    recording, _ = person.record()
    person.finish(recording)
    world.now += 300
    assert person.step == "checking"
    assert code_of(person.post("recordings"), 409) == CaptureCode.CHECKING


def test_without_a_picture_nobody_is_filmed(world, person):
    world.pictures.picture = None
    person.start()
    assert (person.step, person.status["code"]) == ("refused", "no_reference")


def test_a_silent_register_costs_no_try(world, person):
    world.pictures.picture = Problem
    assert code_of(person.post("recordings"), 503) == CaptureCode.REGISTER
    world.pictures.picture = PICTURE
    recording, _ = person.record()
    world.pictures.picture = Problem
    assert code_of(person.finish(recording), 503) == CaptureCode.REGISTER
    world.pictures.picture = PICTURE
    assert person.finish(recording).status_code == 204


def test_without_a_worker_nobody_is_filmed(world, person):
    world.work(at=world.now - 3600)
    assert code_of(person.post("recordings"), 503) == CaptureCode.NO_WORKER


def test_a_queue_that_is_too_long_costs_no_try(world, person):
    recording, _ = person.record()
    world.capture._jobs = Full(world.capture._jobs)
    assert person.finish(recording).status_code == 204
    assert (person.step, person.status["code"], person.status["tries_left"]) == ("ready", "busy", 3)


class Full(VerificationJobs):
    def __init__(self, jobs):
        super().__init__(jobs._key, wait_most_s=0.0)

    def queue_wait_s(self, session, now):
        return 999.0


def test_consent_is_to_the_text_that_is_shown(world):
    person = world.visitor()
    assert code_of(person.post("recordings"), 409) == CaptureCode.CONSENT_MISSING
    wrong = {"language": "en", "sha256": authentication_page.consent_digest("zh-Hans", "First")}
    assert code_of(person.post("consent", wrong), 422) == CaptureCode.CONSENT_UNKNOWN
    assert person.step == "consent"
    page = person.browser.get("/oidc/person?language=en").text
    digest = authentication_page.consent_digest("en", "First")
    assert f'data-consent="{digest}"' in page
    assert person.consent("en").status_code == 204
    with world.service.database.read() as session:
        row = session.scalars(select(FaceConsent)).one()
    assert (row.sha256, row.language, row.party) == (digest, "en", "first")
    assert row.person == world.service.personal_data.person(NUMBER)
    assert digest != authentication_page.consent_digest("en", "Second")


def test_a_person_is_limited_over_all_requests(world):
    world.capture._rules = FaceCheck(a_person_an_hour=2)
    for _ in range(2):
        person = world.visitor()
        person.consent()
        person.start()
    third = world.visitor()
    third.consent()
    assert code_of(third.post("recordings"), 429) == CaptureCode.TOO_MANY
    other = world.visitor(person_number=OTHER)
    other.consent()
    other.start()
    world.now += 3601
    world.work()
    again = world.visitor()
    again.consent()
    again.start()


def test_a_party_is_limited(world):
    world.capture._rules = FaceCheck(a_party_a_minute=1)
    for number, status in ((NUMBER, 201), (OTHER, 429)):
        person = world.visitor(person_number=number)
        person.consent()
        assert person.post("recordings").status_code == status


@pytest.mark.parametrize("origin", [None, "https://evil.test", "null"])
def test_another_site_can_do_nothing(world, person, origin):
    recording = person.start()
    headers = {} if origin is None else {"Origin": origin}
    paths = ["consent", "recordings", "wait"]
    paths += [f"recordings/{recording}/{one}" for one in ("prompts/0", "finish", "abandon")]
    for path in paths:
        assert person.post(path, person.told(), headers=headers).status_code == 403, path
    assert person.put(f"recordings/{recording}/chunks/0", b"x", headers=headers).status_code == 403


def test_a_recording_belongs_to_its_session(world, person):
    recording = person.start()
    stranger = world.visitor()  # the same person, another browser
    stranger.consent()
    for answer in (
        stranger.post(f"recordings/{recording}/prompts/0"),
        stranger.put(f"recordings/{recording}/chunks/0", b"x"),
        stranger.finish(recording),
    ):
        assert code_of(answer, 404) == CaptureCode.INTERRUPTED
    stranger.post(f"recordings/{recording}/abandon")
    assert person.prompt(recording, 0)["number"] == 0


def test_without_a_session_everything_is_over(world, person):
    recording = person.start()
    person.browser.client.cookies.clear()
    for answer in (
        person.browser.get("/oidc/person/status"),
        person.post("recordings"),
        person.post(f"recordings/{recording}/prompts/0"),
        person.put(f"recordings/{recording}/chunks/0", b"x"),
        person.post("wait"),
    ):
        assert code_of(answer, 410) == CaptureCode.OVER


def test_an_old_session_is_over(world, person):
    world.now += SESSION_S
    assert code_of(person.post("recordings"), 410) == CaptureCode.OVER


def test_a_face_is_no_password(world):
    person = world.visitor(acr_values=Level.CREDENTIAL_FACE.value)
    person.consent()
    assert code_of(person.post("recordings"), 409) == CaptureCode.LEVEL


def test_somebody_must_be_expected(world):
    person = world.visitor(person_name=None, person_number=None)
    assert code_of(person.consent(), 409) == CaptureCode.NO_PERSON


def open_credential(world, number=NUMBER, at=None):
    visit = f"V{number}"
    with world.service.database.write() as session:
        session.merge(Terminal(id="T"))
        session.flush()
        session.add(Activation(id=visit, terminal="T", body_sha256="", evidence="", received_unix=0.0))
        session.flush()
        session.add(
            Credential(
                serial=visit, activation=visit, person=world.service.personal_data.person(number), phone=b"",
                password="x", simulated=True, asked_unix=world.now,
                opened_unix=world.now if at is None else at,
            )
        )  # fmt: skip


@pytest.mark.parametrize("change", ["suspended_unix", "revoked_unix"])
def test_only_who_passes_is_told_that_the_credential_is_not_open(world, person, change):
    code = {"suspended_unix": CaptureCode.SUSPENDED, "revoked_unix": CaptureCode.ENDED}[change]
    open_credential(world, at=world.now - 100)
    with world.service.database.write() as session:
        setattr(session.scalars(select(Credential)).one(), change, world.now)
    status = person.try_once(Answer.RETRY, VerdictCode.TOO_DARK)
    assert (status["step"], status["code"]) == ("again", "too_dark")
    status = person.try_once(Answer.PASS, VerdictCode.OK)
    assert (status["step"], status["code"]) == ("refused", code)
    assert person.post("wait").status_code == 204
    assert (person.step, person.status["code"]) == ("waiting", code)
    with world.service.database.write() as session:  # at an acceptance point
        row = session.scalars(select(Credential)).one()
        setattr(row, change, None)
        row.opened_unix = world.now
    assert person.step == "ready"
    assert person.try_once(Answer.PASS, VerdictCode.OK)["step"] == "passed"


def test_the_waiting_page_goes_on_when_a_credential_was_opened(world, person):
    world.pictures.picture = None
    person.start()
    assert person.post("wait").status_code == 204
    assert person.post("wait").status_code == 204
    world.now += SESSION_S + 1000  # longer than a session lives without waiting
    world.work()
    assert person.step == "waiting"
    assert 0 < person.status["expires_s"] < FaceCheck().waiting_s
    open_credential(world, OTHER)
    assert person.step == "waiting"
    open_credential(world)
    world.pictures.picture = PICTURE
    status = person.status
    assert (status["step"], status["code"], status["tries_left"]) == ("ready", "credential_opened", 3)
    assert status["expires_s"] == SESSION_S
    person.try_once(Answer.PASS, VerdictCode.OK)
    assert "code" in answer_of(person.browser.finish())


def test_waiting_ends(world, person):
    person.post("wait")
    world.now += 100
    person.post("wait")  # does not prolong it
    world.now += FaceCheck().waiting_s - 100
    assert code_of(person.browser.get("/oidc/person/status"), 410) == CaptureCode.OVER


def test_a_credential_of_before_does_not_end_the_waiting(world, person):
    open_credential(world, at=world.now - 10)
    person.post("wait")
    assert person.step == "waiting"
    assert code_of(person.post("recordings"), 409) == CaptureCode.TRIES_USED


def test_nothing_personal_in_the_log(world, person, caplog):
    caplog.set_level("DEBUG", logger="central")
    person.try_once(Answer.PASS, VerdictCode.OK)
    for secret in (NUMBER, person.secret, "测试"):
        assert secret not in caplog.text


def test_every_code_has_its_sentences():
    for language in ("zh-Hans", "zh-Hant", "en"):
        said = authentication_page._CAPTURE[language]["capture"]
        assert set(said) == {code.value for code in CaptureCode} | {"fault"}
        assert {code.value for code in VerdictCode} <= set(authentication_page._PHRASES[language]["verdict"])
        assert json.loads(
            authentication_page._codes(
                authentication_page._PHRASES[language], authentication_page._CAPTURE[language], False
            )
        )


def test_files_of_the_page_are_few_and_small(world):
    person = world.browser()
    total = 0
    for name in authentication_page.STATIC:
        answer = person.get(f"/oidc/static/{authentication_page.VERSION}/{name}")
        assert answer.status_code == 200
        assert "immutable" in answer.headers["Cache-Control"]
        total += len(answer.content)
    assert total < 300 * 1024
    for path in ("x/authentication.js", f"{authentication_page.VERSION}/none.js"):
        assert person.get(f"/oidc/static/{path}").status_code == 404
