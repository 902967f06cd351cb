"""Work that waits for the register: places, the queue, time-outs, and calls that hang."""

from collections.abc import Callable, Iterator
from threading import Event

import pytest

from central.activation.authority_workers import AuthorityWorkers, WorkerCounts

LONG_S = 60.0


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


class Call:
    """A call of the register that answers when it is told to."""

    def __init__(self, error: BaseException | None = None) -> None:
        self.began, self.answers = Event(), Event()
        self.error = error

    def __call__(self) -> None:
        self.began.set()
        assert self.answers.wait(LONG_S)
        if self.error is not None:
            raise self.error


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def calls() -> Iterator[Callable[..., Call]]:
    made: list[Call] = []

    def make(error: BaseException | None = None) -> Call:
        made.append(Call(error))
        return made[-1]

    yield make
    for call in made:
        call.answers.set()


def test_what_it_raises_reaches_the_one_who_waits(calls) -> None:
    workers = AuthorityWorkers(1, timeout_s=20)
    failing, answering = calls(OSError("no route")), calls()
    failing.answers.set()
    answering.answers.set()
    assert isinstance(workers.start(failing).result(LONG_S), OSError)
    assert workers.start(answering).result(LONG_S) is None


def test_no_more_run_at_once_than_there_are_places(calls) -> None:
    workers = AuthorityWorkers(2, timeout_s=20)
    running, waiting = [calls(), calls()], calls()
    for call in running:
        workers.start(call)
        assert call.began.wait(LONG_S)
    done = workers.start(waiting)
    assert (workers.free(), workers.counts().queued) == (0, 1)
    assert not waiting.began.is_set()
    running[0].answers.set()
    assert waiting.began.wait(LONG_S)
    waiting.answers.set()
    assert done.result(LONG_S) is None


def test_work_that_was_not_begun_can_be_withdrawn(calls) -> None:
    workers = AuthorityWorkers(1, timeout_s=20)
    running, waiting = calls(), calls()
    first = workers.start(running)
    assert running.began.wait(LONG_S)
    second = workers.start(waiting)
    assert workers.withdraw(second)
    assert not workers.withdraw(second)
    assert not workers.withdraw(first)
    running.answers.set()
    assert first.result(LONG_S) is None
    workers.close(LONG_S)
    assert not waiting.began.is_set()


def test_a_call_that_hangs_gives_its_place_to_another_and_still_counts(calls, clock) -> None:
    workers = AuthorityWorkers(1, timeout_s=20, clock=clock)
    hanging, other, overdue = calls(), calls(), []
    late = workers.start(hanging, lambda: overdue.append("hanging"))
    assert hanging.began.wait(LONG_S)
    next_one = workers.start(other)
    clock.now = 19.9
    workers.expire()
    assert overdue == []
    clock.now = 20.0
    workers.expire()
    workers.expire()
    assert overdue == ["hanging"]
    assert other.began.wait(LONG_S)
    assert workers.counts() == WorkerCounts(running=1, queued=0, hung=1, hung_total=1, returned_late_total=0)
    other.answers.set()
    assert next_one.result(LONG_S) is None
    hanging.answers.set()
    assert late.result(LONG_S) is None
    counts = workers.counts()
    assert (counts.hung, counts.hung_total, counts.returned_late_total) == (0, 1, 1)


def test_only_so_many_may_hang_beside_those_that_run(calls, clock) -> None:
    """Otherwise a register that is silent for days would cost a thread for each question."""
    workers = AuthorityWorkers(1, timeout_s=20, hung_most=1, clock=clock)
    first, second, third, overdue = calls(), calls(), calls(), []
    for call in (first, second):
        workers.start(call, lambda call=call: overdue.append(call))
        assert call.began.wait(LONG_S)
        clock.now += 20
        workers.expire()
    assert overdue == [first, second]
    last = workers.start(third)
    assert (workers.free(), workers.counts().hung) == (0, 1)
    assert not third.began.is_set()
    first.answers.set()  # one returns: the place of the other is given away
    third.answers.set()
    while not last.done():
        workers.expire()
    assert third.began.is_set()


def test_a_failing_report_does_not_keep_the_place(calls, clock) -> None:
    workers = AuthorityWorkers(1, timeout_s=20, clock=clock)
    hanging, other = calls(), calls()
    workers.start(hanging, lambda: 1 / 0)
    assert hanging.began.wait(LONG_S)
    clock.now = 20.0
    workers.expire()
    other.answers.set()
    assert workers.start(other).result(LONG_S) is None


def test_nothing_is_begun_after_the_end(calls) -> None:
    workers = AuthorityWorkers(1, timeout_s=20)
    running, waiting = calls(), calls()
    first = workers.start(running)
    assert running.began.wait(LONG_S)
    second = workers.start(waiting)
    workers.close(0.0)
    assert second.cancelled()
    assert workers.start(waiting).cancelled()
    workers.wait_for_place(LONG_S)  # returns: nobody waits for a place any more
    running.answers.set()
    assert first.result(LONG_S) is None
    assert not waiting.began.is_set()
