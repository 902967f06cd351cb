"""What a card shows, refresh, end."""

from datetime import timedelta

from permit.domain.endorsements import Counted, Crossing, Dead, DeadReason, Region
from tests.permit.conftest import TODAY, endorsement


def shown(world, card):
    return [left for _, left in world.cards.show(card).remaining]


def test_a_card_shows_what_remains_as_of_the_registrys_time(world):
    world.know(lag_s=2 * 86_400.0)
    out = Crossing(Region.HONG_KONG, TODAY, outward=True)
    card = world.card(endorsements=(endorsement(),), crossings=(out,))
    view = world.cards.show(card)
    assert view.as_of_unix == world.now - 2 * 86_400
    assert shown(world, card) == [Counted(2)]  # the registry does not know of today's journey yet
    world.now += 3 * 86_400
    assert world.cards.due() == [card]
    world.cards.refresh(card)
    assert shown(world, card) == [Counted(1)]
    assert world.cards.due() == []


def test_days_pass_without_the_registry(world):
    card = world.card(endorsements=(endorsement(expires=TODAY + timedelta(days=1)),))
    world.know(unavailable=True)
    assert shown(world, card) == [Counted(2)]
    world.now += 2 * 86_400
    world.cards.refresh(card)
    assert shown(world, card) == [Dead(DeadReason.EXPIRED)]


def test_an_older_answer_does_not_replace_a_newer_one(world):
    card = world.card()
    before = world.cards.show(card).as_of_unix
    world.know(lag_s=30 * 86_400.0)
    world.now += 86_400
    world.cards.refresh(card)
    assert world.cards.show(card).as_of_unix == before


def test_an_ended_card_holds_nothing_and_can_be_claimed_anew(world):
    holder = world.holder()
    card = world.bindings.claim(world.begin(holder), world.authentication())
    assert world.cards.end(card)
    assert not world.cards.end(card)
    assert world.cards.show(card) is None
    assert world.cards.of_subject("subject") is None
    world.now += 86_400
    world.cards.refresh(card)
    assert world.cards.due() == []
    assert world.bindings.claim(world.begin(holder), world.authentication()) != card


def test_no_card_no_view(world):
    assert world.cards.show("nothing") is None
    assert not world.cards.end("nothing")
