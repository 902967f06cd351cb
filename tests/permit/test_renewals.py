"""Requests for endorsements: refused with reasons, handed in once, followed to their end."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from permit.cards.renewals import LEASE_S
from permit.codes import Code
from permit.domain.endorsements import Purpose, Region
from permit.domain.renewal import RenewalRefusal, Wish
from permit.messages.port import News, NewsMessage
from permit.registry.port import Progress
from permit.storage.tables import RenewalState
from tests.permit.conftest import TODAY
from tests.permit.test_binding import refused

WISH = Wish(Region.HONG_KONG, Purpose.INDIVIDUAL, 12, 2)


def states(world, card):
    return [one.state for one in world.renewals.of_card(card)]


def news(world):
    world.notices.send_due()
    return [one.message.news for one in world.messages.carried() if isinstance(one.message, NewsMessage)]


def test_a_request_is_received_issued_and_reported(stored_world):
    world = stored_world
    world.know(renewal_s=7200.0)
    card = world.card()
    assert world.renewals.request(card, WISH) == []
    assert states(world, card) == [RenewalState.WAITING]
    world.renewals.advance_due()
    assert states(world, card) == [RenewalState.RECEIVED]
    world.now += 7200
    world.renewals.advance_due()
    assert states(world, card) == [RenewalState.ISSUED]
    assert news(world) == [News.CARD_CLAIMED, News.RENEWAL_ISSUED]
    world.cards.refresh(world.cards.due()[0])
    [(issued, _)] = world.cards.show(card).remaining
    assert (issued.region, issued.entries) == (Region.HONG_KONG, 2)


def test_however_often_it_is_asked_for_it_is_one(stored_world):
    world = stored_world
    card = world.card()
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: world.renewals.request(card, WISH), range(4)))
    assert len(states(world, card)) == 1
    world.renewals.request(card, Wish(Region.MACAO, Purpose.INDIVIDUAL, 12, 1))
    assert len(states(world, card)) == 2


def test_a_permit_that_expires_soon_is_refused_with_the_reason(world):
    card = world.card(expires=TODAY + timedelta(days=60))
    assert world.renewals.request(card, WISH) == [RenewalRefusal.PERMIT_EXPIRES_SOON]
    assert states(world, card) == []


def test_an_ended_card_asks_for_nothing(world):
    card = world.card()
    world.renewals.request(card, WISH)
    world.cards.end(card)
    with refused(Code.CARD_ENDED):
        world.renewals.request(card, WISH)
    world.renewals.advance_due()
    assert states(world, card) == [RenewalState.REFUSED]


def test_a_registry_that_fails_is_asked_again_with_the_same_key(world, monkeypatch):
    card = world.card()
    world.renewals.request(card, WISH)
    keys = []

    def fail(key, holder, wish):
        keys.append(key)
        raise RuntimeError(holder.id_number)

    with monkeypatch.context() as patched:
        patched.setattr(world.registry, "renew", fail)
        world.renewals.advance_due()
        world.renewals.advance_due()
        assert len(keys) == 1
    world.now += 3600
    monkeypatch.setattr(world.registry, "renew", lambda key, *_: keys.append(key) or Progress.REFUSED)
    world.renewals.advance_due()
    assert keys[0] == keys[1]
    assert states(world, card) == [RenewalState.REFUSED]
    assert news(world)[-1] is News.RENEWAL_REFUSED


def test_a_process_that_died_leaves_its_request_to_another(world):
    card = world.card()
    world.renewals.request(card, WISH)
    assert len(world.renewals._take(20)) == 1
    assert world.renewals._take(20) == []
    world.now += LEASE_S
    assert len(world.renewals._take(20)) == 1
