"""Workers: killed in a job, two at once, engines that fail, and the whole way to the verdict."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from central.authentication.verification_jobs import VerificationJobs
from central.protocol.verification import Answer, Job, Outcome, VerdictCode
from central.security import keys
from central.settings import SQLITE
from central.storage.database import Database, migrate
from central.storage.verification_tables import VerificationJob
from evaluation.clips.simulated import ClipPlan, evidence, frame_times
from kiosk.codes import Code
from kiosk.errors import EngineError, SettingsError
from tests.support.clips import PLAN, recording, reference
from tests.support.faces import needs_models
from tests.support.paths import MODELS
from verification.__main__ import main
from verification.job_table import JobTable
from verification.settings import FILE, load_settings
from verification.worker import Worker, load_key

ROOT = Path(__file__).parents[2]
CLIP = b"\x1aE\xdf\xa3 no clip"
PASS = Outcome(answer=Answer.PASS, code=VerdictCode.OK)
HANGS = """
import sys, time
from pathlib import Path
from verification.job_table import JobTable
from verification.worker import Worker, load_key

def hang(job):
    print("begun", flush=True)
    time.sleep(600)

Worker(JobTable(sys.argv[1], "hanging", float(sys.argv[3])), load_key(Path(sys.argv[2])), hang).step()
"""


class Central:
    """Central's side on a SQLite database in `folder`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        keys.make(folder / "keys")
        self.key_file = folder / "keys" / keys.VERIFICATION
        self.url = f"sqlite:///{folder / SQLITE}"
        self.database = Database(self.url)
        migrate(self.database.engine)
        self.jobs = VerificationJobs(keys.verification_key(folder / "keys"), 300.0)

    def submit(self, job: Job, request: str = "r") -> str:
        with self.database.write() as session:
            return self.jobs.submit(
                session,
                request=request,
                evidence=job.evidence,
                clip=job.clip,
                reference=job.reference,
                now=time.time(),
            )

    def outcome(self, id: str) -> Outcome | None:
        with self.database.read() as session:
            return self.jobs.outcome(session, id, time.time())

    def await_outcome(self, id: str, timeout_s: float = 120.0) -> Outcome:
        until = time.monotonic() + timeout_s
        while (outcome := self.outcome(id)) is None:
            assert time.monotonic() < until, "no verdict"
            time.sleep(0.2)
        return outcome

    def row(self, id: str) -> VerificationJob:
        with self.database.read() as session:
            return session.get_one(VerificationJob, id)

    def worker(self, verify: object, name: str = "w", lease_s: float = 60.0) -> tuple[JobTable, Worker]:
        table = JobTable(self.url, name, lease_s)
        return table, Worker(table, load_key(self.key_file), verify)  # type: ignore[arg-type]

    def close(self) -> None:
        self.database.close()


@pytest.fixture
def central(tmp_path: Path) -> Iterator[Central]:
    with closing(Central(tmp_path)) as central:
        yield central


def job(clip: bytes = CLIP) -> Job:
    plan = ClipPlan(digits=(1, 2, 3, 4))
    return Job(evidence(plan, frame_times(plan)), clip, b"a picture")


@contextmanager
def process(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    begun = subprocess.Popen(
        [sys.executable, *arguments],
        env=environment,
        cwd=ROOT,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield begun
    finally:
        begun.kill()
        begun.communicate()


def test_a_worker_judges_what_it_opens_and_forgets_it(central: Central) -> None:
    seen: list[Job] = []

    def verify(opened: Job) -> Outcome:
        seen.append(opened)
        return PASS

    table, worker = central.worker(verify)
    with closing(table):
        assert not worker.step()
        id = central.submit(job())
        assert worker.step()
        assert not worker.step()
    assert seen == [job()]
    assert central.outcome(id) == PASS
    assert central.row(id).sealed is None


@pytest.mark.parametrize(
    "error", [EngineError(Code.FACE_ENGINE_FAILED), RuntimeError("a name 张三"), MemoryError()]
)
def test_a_clip_that_breaks_an_engine_lets_the_person_try_again(
    central: Central, error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    def verify(_: Job) -> Outcome:
        raise error

    table, worker = central.worker(verify)
    with closing(table):
        worker.step()
        id = central.submit(job())
        worker.step()
    outcome = central.outcome(id)
    assert outcome is not None
    assert (outcome.answer, outcome.code) == (Answer.RETRY, VerdictCode.ENGINE_FAILED)


def test_a_worker_with_another_key_passes_nobody(central: Central) -> None:
    table = JobTable(central.url, "other", 60.0)
    worker = Worker(table, X25519PrivateKey.generate(), lambda _: PASS)
    with closing(table):
        worker.step()
        id = central.submit(job())
        worker.step()
    outcome = central.outcome(id)
    assert outcome is not None
    assert outcome.code is VerdictCode.ENGINE_FAILED


def test_the_job_of_a_worker_that_was_killed_is_done_once_by_another(central: Central) -> None:
    done: list[Job] = []

    def verify(opened: Job) -> Outcome:
        done.append(opened)
        return PASS

    table, worker = central.worker(verify)
    with closing(table):
        worker.step()
        id = central.submit(job())
        with process("-c", HANGS, central.url, str(central.key_file), "3") as hanging:
            assert hanging.stdout is not None
            assert hanging.stdout.readline() == "begun\n"
            assert not worker.step()  # it is the other's
            hanging.send_signal(signal.SIGKILL)
            hanging.wait()
        assert central.outcome(id) is None
        until = time.monotonic() + 30
        while not worker.step():
            assert time.monotonic() < until
            time.sleep(0.2)
        assert not worker.step()
    assert len(done) == 1
    assert central.outcome(id) == PASS
    assert central.row(id).tries == 2


def test_a_clip_that_kills_two_workers_is_refused(central: Central) -> None:
    table, worker = central.worker(lambda _: PASS)
    with closing(table):
        worker.step()
        id = central.submit(job())
        for _ in range(2):
            with process("-c", HANGS, central.url, str(central.key_file), "1") as hanging:
                assert hanging.stdout is not None
                assert hanging.stdout.readline() == "begun\n"
            time.sleep(1.2)  # the lease runs out
        assert not worker.step()
    outcome = central.outcome(id)
    assert outcome is not None
    assert (outcome.answer, outcome.code) == (Answer.REFUSE, VerdictCode.FAILED)
    assert central.row(id).sealed is None


@needs_models
def test_from_a_recording_to_the_verdict_with_real_processes(central: Central, tmp_path: Path) -> None:
    """Two workers as an operator starts them; nothing of the clips is left in any file."""
    arguments = ("--data", str(tmp_path), "--models", str(MODELS), "--simulation", "--workers", "2")
    with process("-m", "verification", "run", *arguments) as running:
        until = time.monotonic() + 120
        while True:
            with central.database.read() as session:
                if central.jobs.queue_wait_s(session, time.time()) == 0:
                    break
            assert running.poll() is None, "the workers ended"
            assert time.monotonic() < until
            time.sleep(0.2)
        clip = recording()
        right = central.submit(Job(clip.evidence, clip.clip, reference("collins")), "r1")
        wrong = central.submit(Job(clip.evidence, clip.clip, reference("hopper")), "r2")
        sealed = [row.sealed for row in (central.row(right), central.row(wrong)) if row.sealed is not None]
        assert central.await_outcome(right).code is VerdictCode.OK
        assert central.await_outcome(wrong).code is VerdictCode.MISMATCH
        running.terminate()
        assert running.wait(60) == 0
    central.database.scrub()
    clear = clip.clip[2000:2040]
    for file in (path for path in tmp_path.rglob("*") if path.is_file()):
        data = file.read_bytes()
        assert clear not in data
        assert not any(one[2000:2040] in data for one in sealed)
    assert PLAN.length_s < 10


def test_what_cannot_be_used_ends_the_command_with_a_reason(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", "--data", str(tmp_path), "--sandbox", "off"]) == 2
    assert "verification.pem" in capsys.readouterr().err
    keys.make(tmp_path / "keys")
    key = tmp_path / "keys" / keys.VERIFICATION
    key.chmod(0o644)
    with pytest.raises(SettingsError, match="chmod 600"):
        load_key(key)
    shutil.copy(tmp_path / "keys" / keys.CHALLENGE, tmp_path / "other.pem")
    with pytest.raises(SettingsError, match="X25519"):
        load_key(tmp_path / "other.pem")


@pytest.mark.parametrize(
    "text", ["", "[worker", "[face]\nmax_fps = 10.0", "[worker]\nlease_s = 1.0\npoll_s = 1.0\nx = 1"]
)
def test_settings_that_lack_or_add_something_are_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "s.toml").write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError):
        load_settings(tmp_path / "s.toml")


def test_an_unknown_threshold_is_refused(tmp_path: Path) -> None:
    text = FILE.read_text(encoding="utf-8").replace("min_moved", "min_movde")
    (tmp_path / "s.toml").write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError):
        load_settings(tmp_path / "s.toml")
