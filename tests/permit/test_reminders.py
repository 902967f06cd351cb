"""Each reminder at most once, whatever happens to the clock and the program."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from permit.domain.reminders import DAYS_BEFORE, Expiry, due_reminders

LAST = date(2027, 3, 1)
EXPIRY = Expiry("permit", LAST)
days = st.integers(-400, 60).map(lambda n: LAST + timedelta(days=n))


def walk(visits, expiries=(EXPIRY,)):
    """Ask on each of these days, in this order, and send what is due; return what was sent, with its day."""
    sent, log = set(), []
    for today in visits:
        for reminder in due_reminders(expiries, sent, today):
            sent.add(reminder.key)
            log.append((today, reminder))
    return log


@given(st.lists(days, max_size=40))
def test_whatever_the_clock_does_each_is_sent_once_in_order_and_in_time(visits):
    log = walk(visits)
    steps = [reminder.days_before for _, reminder in log]
    assert steps == sorted(set(steps), reverse=True)
    assert all(reminder.due <= today <= LAST for today, reminder in log)


@given(st.integers(1, 20))
def test_asked_often_enough_all_three_come_in_time(every):
    start = LAST - timedelta(days=120)
    visits = [start + timedelta(days=n) for n in range(0, 125, min(every, 7))]
    log = walk(visits)
    assert [reminder.days_before for _, reminder in log] == sorted(DAYS_BEFORE, reverse=True)
    assert all(today - reminder.due < timedelta(days=7) for today, reminder in log)


def test_bound_in_the_last_week_brings_one_message():
    today = LAST - timedelta(days=3)
    assert [r.days_before for r in due_reminders([EXPIRY], (), today)] == [7]


def test_a_renewed_permit_starts_anew():
    visits = [LAST - timedelta(days=5)] * 2
    renewed = Expiry("permit", LAST + timedelta(days=3650))
    assert len(walk(visits)) == 1
    assert due_reminders([renewed], {r.key for _, r in walk(visits)}, LAST) == []
    assert len(due_reminders([renewed], {r.key for _, r in walk(visits)}, renewed.day)) == 1


@given(st.lists(st.tuples(st.sampled_from("abc"), days), max_size=6, unique=True), days)
def test_items_do_not_disturb_each_other(items, today):
    expiries = [Expiry(name, day) for name, day in items]
    together = due_reminders(expiries, (), today)
    assert together == [r for expiry in expiries for r in due_reminders([expiry], (), today)]
