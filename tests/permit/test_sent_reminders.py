"""Each reminder reaches its holder once, across restarts, crashes and clock changes."""

from datetime import timedelta

import pytest

from permit.cards.notices import RETRY_S
from permit.cards.reminders import Reminders
from permit.messages.port import Delivery, ReminderMessage
from tests.permit.conftest import TODAY, endorsement


def carried(world):
    return [
        (one.message.item, one.message.days_left)
        for one in world.messages.carried()
        if isinstance(one.message, ReminderMessage)
    ]


def pass_days(world, card, days):
    for _ in range(days):
        world.reminders.plan(card)
        world.reminders.send_due()
        world.now += 86_400


def test_three_for_the_permit_and_three_for_the_endorsement(world):
    last = TODAY + timedelta(days=100)
    card = world.card(expires=last, endorsements=(endorsement(expires=TODAY + timedelta(days=40)),))
    pass_days(world, card, 120)
    assert [days for item, days in carried(world) if item == "permit"] == [90, 30, 7]
    assert [days for item, days in carried(world) if item == "hong-kong"] == [40, 30, 7]


def test_what_is_used_up_needs_no_reminder(world):
    dead = endorsement(expires=TODAY + timedelta(days=40), void=True)
    card = world.card(endorsements=(dead,))
    pass_days(world, card, 60)
    assert carried(world) == []


@pytest.mark.parametrize("moved_s", [-40 * 86_400, 0, 5])
def test_restarts_and_clock_changes_repeat_nothing(world, moved_s):
    card = world.card(expires=TODAY + timedelta(days=25))
    for _ in range(3):
        world.reminders = Reminders(
            database=world.database, protection=world.protection, messages=world.messages, clock=world.clock
        )
        world.reminders.plan(card)
        world.reminders.send_due()
        world.now += moved_s
    assert carried(world) == [("permit", 25)]


def test_a_crash_after_the_carrier_took_it_repeats_nothing(world):
    card = world.card(expires=TODAY + timedelta(days=25))
    world.reminders.plan(card)

    def crash(*_):
        raise KeyboardInterrupt

    settle, world.reminders._settle = world.reminders._settle, crash
    with pytest.raises(KeyboardInterrupt):
        world.reminders.send_due()
    world.reminders._settle = settle
    assert world.reminders.send_due() == 0  # leased
    world.now += 120
    assert world.reminders.send_due() == 1
    assert carried(world) == [("permit", 25)]


class Scripted:
    """A carrier that answers as told."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.keys = []

    def send(self, key, message):
        self.keys.append(key)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def test_a_carrier_that_cannot_is_asked_again_and_one_that_refuses_is_not(world, caplog):
    card = world.card(expires=TODAY + timedelta(days=25))
    port = Scripted(Delivery.LATER, RuntimeError("13800000000"), Delivery.NEVER)
    reminders = Reminders(
        database=world.database, protection=world.protection, messages=port, clock=world.clock
    )
    reminders.plan(card)
    for tries in (1, 2, 3, 3):
        reminders.send_due()
        assert len(port.keys) == tries
        world.now += RETRY_S
    assert len(set(port.keys)) == 1
    assert "13800000000" not in caplog.text


def test_off_means_none_and_on_again_goes_on(world):
    card = world.card(expires=TODAY + timedelta(days=100))
    world.cards.set_reminders(card, permit=False, endorsements=True)
    pass_days(world, card, 50)
    assert carried(world) == []
    world.cards.set_reminders(card, permit=True, endorsements=True)
    pass_days(world, card, 60)
    assert [days for _, days in carried(world)] == [50, 30, 7]


def test_an_ended_card_sends_nothing_that_was_planned(world):
    card = world.card(expires=TODAY + timedelta(days=25))
    world.reminders.plan(card)
    world.cards.end(card)
    assert world.reminders.send_due() == 0
    assert carried(world) == []
