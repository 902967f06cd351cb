"""Messages about what happened: stored with it, carried once."""

from permit.codes import Code
from permit.messages.port import Delivery, News, NewsMessage
from permit.registry.simulated import Content
from tests.permit.test_sent_reminders import Scripted


def news(world):
    return [one.message.news for one in world.messages.carried() if isinstance(one.message, NewsMessage)]


def test_a_permit_that_comes_later_is_reported_once(stored_world):
    world = stored_world
    binding = world.begin(world.holder(known_from_unix=world.now + 1200))
    world.notices.send_due()
    assert news(world) == []  # the person is on the page and sees it
    world.now += 1300
    for _ in range(2):
        world.bindings.resume(binding)
        world.notices.send_due()
    assert world.bindings.standing(binding).code is Code.OK
    assert news(world) == [News.PERMIT_FOUND]


def test_a_permit_that_turns_out_to_be_another_persons_is_reported(world):
    holder = world.holder(known_from_unix=world.now + 30, issuer="Hunan")
    binding = world.begin(holder)
    world.now += 60
    world.bindings.resume(binding)
    world.notices.send_due()
    assert news(world) == [News.PERMIT_REFUSED]


def test_a_refused_permit_that_was_seen_at_once_sends_nothing(world):
    world.begin(world.holder(issuer="Hunan"))
    world.notices.send_due()
    assert news(world) == []


def test_the_end_of_a_card_is_reported(world):
    card = world.card()
    world.cards.end(card)
    world.cards.end(card)
    world.notices.send_due()
    assert news(world) == [News.CARD_CLAIMED, News.CARD_ENDED]


def test_a_carrier_that_cannot_is_asked_again_with_the_same_key(world):
    world.card()
    port = Scripted(Delivery.LATER, Delivery.ACCEPTED)
    world.notices._messages = port
    assert world.notices.send_due() == 0
    assert world.notices.send_due() == 0
    world.now += 3600
    assert world.notices.send_due() == 1
    assert port.keys[0] == port.keys[1]
    assert world.notices.send_due() == 0


def test_simulated_registry_without_a_file_knows_nobody(world):
    assert world.registry._read() == Content()
