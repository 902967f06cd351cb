"""Jobs of verification workers: one verdict for a clip, whatever dies, and no clip after it."""

from __future__ import annotations

import time
import tomllib
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from sqlalchemy import select, update

from central.api import authentication_page
from central.authentication.verification_jobs import ALIVE_S, CLIP_S, VerificationJobs
from central.codes import Code
from central.exceptions import Problem
from central.privacy import clips, retention
from central.protocol.verification import (
    JOB_S,
    MAX_CLIP,
    Answer,
    ClipEvidence,
    Job,
    JobUnsealable,
    Outcome,
    VerdictCode,
    open_job,
    seal_job,
)
from central.security import keys
from central.security.keys import KeysError
from central.storage.database import Database
from central.storage.verification_tables import VerificationJob, VerificationWorker
from verification.job_table import JOBS, SEEN_S, WORKERS, JobTable

KEY = X25519PrivateKey.generate()
RECEIPTS = Ed25519PrivateKey.generate()
CLIP = b"\x1aE\xdf\xa3 a clip " * 50
EVIDENCE = ClipEvidence.model_validate(
    {
        "container": "webm",
        "digits": [
            {"digit": d, "shown_ms": 1000.0 * d, "handed_out_ms": 900.0 * d, "answered_ms": 2000.0 * d}
            for d in (1, 2, 3, 4)
        ],
        "colours": [{"at_ms": 0.0, "rgb": [255, 0, 0]}],
        "frame_times_ms": [0.0, 33.3, 66.7],
        "started_ms": 0.0,
    }
)
PASS = Outcome(answer=Answer.PASS, code=VerdictCode.OK, measured={"likeness": 0.8})


class World:
    """Central's side of the queue, and workers, on one database."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.database = Database(url)
        self.jobs = VerificationJobs(KEY.public_key(), wait_most_s=60.0)
        self.workers: list[JobTable] = []

    def worker(self, name: str = "w1", lease_s: float = 60.0) -> JobTable:
        worker = JobTable(self.url, name, lease_s)
        self.workers.append(worker)
        assert worker.claim() is None  # from now on central knows it
        return worker

    def submit(self, request: str = "r1", now: float | None = None, clip: bytes = CLIP) -> str:
        with self.database.write() as session:
            return self.jobs.submit(
                session,
                request=request,
                evidence=EVIDENCE,
                clip=clip,
                reference=b"\xff\xd8 a picture",
                now=time.time() if now is None else now,
            )

    def outcome(self, job: str, now: float | None = None) -> Outcome | None:
        with self.database.read() as session:
            return self.jobs.outcome(session, job, time.time() if now is None else now)

    def row(self, job: str) -> VerificationJob | None:
        with self.database.read() as session:
            return session.get(VerificationJob, job)

    def change(self, job: str, **values: object) -> None:
        with self.database.write() as session:
            session.execute(update(VerificationJob).where(VerificationJob.id == job).values(**values))

    def receipts(self) -> list[retention.ErasureReceipt]:
        with self.database.read() as session:
            return retention.verify(retention.tokens(session), RECEIPTS.public_key())

    def close(self) -> None:
        for worker in self.workers:
            worker.close()
        self.database.close()


@pytest.fixture
def world(database_url: str) -> Iterator[World]:
    with closing(World(database_url)) as world:
        yield world


def test_a_clip_goes_to_a_worker_and_its_verdict_comes_back(world: World) -> None:
    worker = world.worker()
    id = world.submit()
    assert world.outcome(id) is None
    claimed = worker.claim()
    assert claimed is not None
    assert claimed.id == id
    assert open_job(id, claimed.sealed, KEY) == Job(EVIDENCE, CLIP, b"\xff\xd8 a picture")
    assert world.outcome(id) is None
    assert worker.claim() is None
    assert worker.finish(id, PASS)
    assert world.outcome(id) == PASS


def test_the_clip_is_erased_with_the_verdict_and_receipted(world: World) -> None:
    worker = world.worker()
    id = world.submit()
    worker.claim()
    worker.finish(id, PASS)
    row = world.row(id)
    assert row is not None
    assert (row.sealed, row.receipted) == (None, False)
    receipt = clips.erase_clips(world.database, RECEIPTS, time.time())
    assert receipt is not None
    assert (receipt.kind, receipt.count) == ("recorded clips", 1)
    assert clips.erase_clips(world.database, RECEIPTS, time.time()) is None  # nothing new to receipt
    assert world.outcome(id) == PASS
    assert clips.erase_clips(world.database, RECEIPTS, time.time() + JOB_S + 1) is None
    assert world.row(id) is None
    assert [one.count for one in world.receipts()] == [1]


def test_a_clip_that_no_worker_takes_is_erased_when_its_time_is_over(world: World) -> None:
    world.worker()
    id = world.submit()
    late = time.time() + JOB_S + 1
    timed_out = world.outcome(id, late)
    assert timed_out is not None
    assert (timed_out.answer, timed_out.code) == (Answer.RETRY, VerdictCode.TIMED_OUT)
    receipt = clips.erase_clips(world.database, RECEIPTS, late)
    assert receipt is not None
    assert receipt.count == 1
    assert world.row(id) is None
    assert world.outcome(id) == timed_out


def test_nothing_of_a_clip_is_left_in_sqlites_files(world: World, tmp_path: Path) -> None:
    if not world.url.startswith("sqlite"):
        pytest.skip("PostgreSQL keeps what it erases until it is vacuumed")
    worker = world.worker()
    id = world.submit()
    claimed = worker.claim()
    assert claimed is not None
    part = claimed.sealed[100:132]
    assert any(part in file.read_bytes() for file in tmp_path.glob("*sqlite3*"))
    worker.finish(id, PASS)
    assert not any(part in file.read_bytes() for file in tmp_path.glob("*sqlite3*"))


def test_the_database_does_not_hold_a_clip_in_the_clear(world: World) -> None:
    world.worker()
    id = world.submit()
    row = world.row(id)
    assert row is not None
    assert row.sealed is not None
    assert CLIP[:16] not in row.sealed


def test_a_job_of_a_worker_that_died_is_given_to_another_once(world: World) -> None:
    first, second = world.worker("first"), world.worker("second")
    id = world.submit()
    assert first.claim() is not None
    assert second.claim() is None
    world.change(id, lease_unix=time.time() - 1)  # the lease ran out
    assert second.claim() is not None
    assert not first.finish(id, PASS)  # it came back: the job is no longer its own
    assert world.outcome(id) is None
    assert second.finish(id, PASS)
    assert not second.finish(id, PASS)
    assert world.outcome(id) == PASS


def test_a_worker_whose_lease_ran_out_stores_no_verdict(world: World) -> None:
    worker = world.worker()
    id = world.submit()
    worker.claim()
    world.change(id, lease_unix=time.time() - 1)
    assert not worker.finish(id, PASS)
    assert world.outcome(id) is None


def test_a_job_tried_twice_is_refused_and_its_clip_erased(world: World) -> None:
    worker = world.worker()
    id = world.submit()
    for _ in range(2):
        assert worker.claim() is not None
        world.change(id, lease_unix=time.time() - 1)
    refused = world.outcome(id)
    assert refused is not None
    assert (refused.answer, refused.code) == (Answer.REFUSE, VerdictCode.FAILED)
    assert worker.claim() is None
    row = world.row(id)
    assert row is not None
    assert row.sealed is None
    assert world.outcome(id) == refused


def test_the_oldest_job_comes_first(world: World) -> None:
    worker = world.worker()
    now = time.time()
    late, early = world.submit("r1", now - 1), world.submit("r2", now - 2)
    claimed = [worker.claim(), worker.claim()]
    assert [one.id for one in claimed if one is not None] == [early, late]


def test_several_workers_do_each_job_once(world: World) -> None:
    world.worker("first")
    jobs = {world.submit(f"r{i}") for i in range(12)}

    def work(name: str) -> list[str]:
        with closing(JobTable(world.url, name, 60.0)) as table:
            done = []
            while (claimed := table.claim()) is not None:
                assert table.finish(claimed.id, PASS)
                done.append(claimed.id)
            return done

    with ThreadPoolExecutor(3) as pool:
        done = Counter(id for ids in pool.map(work, ("a", "b", "c")) for id in ids)
    assert done == Counter(jobs)


def test_without_a_worker_no_clip_is_taken(world: World) -> None:
    with pytest.raises(Problem) as refused:
        world.submit()
    assert (refused.value.status, refused.value.code) == (503, Code.CENTRAL_BUSY)
    world.worker()
    with pytest.raises(Problem):
        world.submit(now=time.time() + ALIVE_S + SEEN_S)
    assert world.submit()


def test_a_worker_at_a_long_job_is_there_until_its_lease_ends(world: World) -> None:
    worker = world.worker(lease_s=60.0)
    id = world.submit()
    assert worker.claim() is not None
    now = time.time()
    with world.database.write() as session:
        session.execute(update(VerificationWorker).values(seen_unix=now - ALIVE_S - 1))
    with world.database.read() as session:
        assert world.jobs.queue_wait_s(session, now + 30) == CLIP_S
        assert world.jobs.queue_wait_s(session, now + 61) == float("inf")
    worker._seen = float("-inf")  # the five seconds are over
    worker.finish(id, PASS)
    with world.database.read() as session:
        assert world.jobs.queue_wait_s(session, time.time()) == 0.0


def test_the_waiting_time_is_told_and_bounds_the_queue(world: World) -> None:
    world.worker("first")
    world.worker("second")
    now = time.time()
    with world.database.read() as session:
        assert world.jobs.queue_wait_s(session, now) == 0.0
    ids = [world.submit(f"r{i}", now + i / 1000) for i in range(4)]
    with world.database.read() as session:
        # Four before it, two workers: it is begun when the third is done.
        assert world.jobs.queue_wait_s(session, now + 1) == 3 * CLIP_S / 2
        assert world.jobs.wait_s(session, ids[0], now + 1) == 0.0
        assert world.jobs.wait_s(session, ids[3], now + 1) == 2 * CLIP_S / 2
    world.jobs = VerificationJobs(KEY.public_key(), wait_most_s=7.0)
    with pytest.raises(Problem) as refused:
        world.submit("r9", now + 1)
    assert refused.value.retry_after_s == pytest.approx(7.5)


def test_the_waiting_time_follows_the_latest_jobs(world: World) -> None:
    worker = world.worker()
    for i in range(3):
        id = world.submit(f"r{i}")
        worker.claim()
        worker.finish(id, PASS)
        world.change(id, claimed_unix=1000.0, settled_unix=1002.0)
    world.submit("r4")
    with world.database.read() as session:
        assert world.jobs.queue_wait_s(session, time.time()) == pytest.approx(2.0)


def test_a_request_has_one_clip_at_a_time(world: World) -> None:
    worker = world.worker()
    id = world.submit()
    with pytest.raises(Problem) as refused:
        world.submit()
    assert refused.value.status == 409
    worker.claim()
    worker.finish(id, Outcome(answer=Answer.RETRY, code=VerdictCode.TOO_DARK))
    assert world.submit() != id


@pytest.mark.parametrize("clip", [b"", bytes(MAX_CLIP + 1)], ids=["empty", "too large"])
def test_a_clip_of_no_use_is_refused(world: World, clip: bytes) -> None:
    world.worker()
    with pytest.raises(Problem) as refused:
        world.submit(clip=clip)
    assert refused.value.status == 422


def test_a_job_opens_only_under_its_own_id_and_whole() -> None:
    sealed = seal_job("a", Job(EVIDENCE, CLIP, None), KEY.public_key())
    assert open_job("a", sealed, KEY).reference is None
    for id, data in (("b", sealed), ("a", sealed[:-1]), ("a", b"")):
        with pytest.raises(JobUnsealable):
            open_job(id, data, KEY)
    with pytest.raises(JobUnsealable):
        open_job("a", sealed, X25519PrivateKey.generate())


def test_both_sides_name_the_same_columns() -> None:
    for theirs, ours in ((JOBS, VerificationJob), (WORKERS, VerificationWorker)):
        assert set(theirs.c.keys()) <= set(ours.__table__.columns.keys())


def test_a_worker_that_stops_is_gone_at_once(world: World) -> None:
    worker = world.worker()
    world.workers.remove(worker)
    worker.close()
    with world.database.read() as session:
        assert session.scalar(select(VerificationWorker.owner)) is None


def test_the_private_key_may_be_elsewhere(tmp_path: Path) -> None:
    keys.make(tmp_path)
    private = tmp_path / keys.VERIFICATION
    public = keys.verification_key(tmp_path).public_bytes_raw()
    private.unlink()
    keys.make(tmp_path)
    assert not private.exists()
    assert keys.verification_key(tmp_path).public_bytes_raw() == public
    (tmp_path / keys.VERIFICATION_PUBLIC).write_text("of no use")
    with pytest.raises(KeysError):
        keys.verification_key(tmp_path)


@pytest.mark.parametrize("language", ["zh-Hans", "zh-Hant", "en"])
def test_every_verdict_has_a_sentence_and_a_next_step(language: str) -> None:
    text = (Path(authentication_page.__file__).parent / "authentication.toml").read_text(encoding="utf-8")
    sentences = tomllib.loads(text)[language]["verdict"]
    assert set(sentences) == {code.value for code in VerdictCode}
    assert all(set(one) == {"title", "next"} and all(one.values()) for one in sentences.values())
