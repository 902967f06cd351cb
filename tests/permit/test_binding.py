"""From what is typed to the card: once, whatever happens in between."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import event, func, select

from permit.binding.bindings import AFTER_S, LEASE_S, MAX_DAYS, Bindings
from permit.cards.cards import Typed
from permit.codes import Code
from permit.errors import PermitError
from permit.registry.port import Holder
from permit.storage.tables import Binding, BindingState, Card
from tests.permit.conftest import TODAY, Broken, made_up_holder


def standing(world, binding):
    found = world.bindings.standing(binding)
    return found.state, found.code


def refused(code):
    return pytest.raises(PermitError, match=f"^{code.value}$")


def test_a_known_permit_is_bound_and_claimed(world):
    holder = world.holder()
    binding = world.begin(holder)
    assert standing(world, binding) == (BindingState.READY, Code.OK)
    assert world.bindings.expected(binding) == holder
    card = world.bindings.claim(binding, world.authentication())
    assert world.bindings.standing(binding).card == card
    assert world.cards.of_subject("subject") == card


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"permit_number": "C1234"}, Code.NUMBER_MALFORMED),
        ({"id_number": "440101199001011234"}, Code.ID_MALFORMED),
    ],
)
def test_numbers_that_cannot_be_are_refused_before_anything_is_stored(world, change, code):
    made = made_up_holder()
    fields = {"permit_number": made.permit_number, "id_number": made.id_number, "name": made.name} | change
    with refused(code):
        world.begin(Holder(**fields))
    with world.database.read() as session:
        assert session.scalar(select(func.count()).select_from(Binding)) == 0


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"issuer": "Hunan"}, Code.OTHER_PROVINCE),
        ({"expires": TODAY - timedelta(days=1)}, Code.PERMIT_EXPIRED),
    ],
)
def test_a_permit_that_cannot_be_bound_is_refused_and_erased(world, more, code):
    binding = world.begin(world.holder(**more))
    assert standing(world, binding) == (BindingState.REFUSED, code)
    with world.database.read() as session:
        assert session.get_one(Binding, binding).typed is None
    with refused(Code.BINDING_NOT_READY):
        world.bindings.claim(binding, world.authentication())


def test_the_permit_of_another_person_is_a_mismatch(world):
    owner = world.holder()
    other = made_up_holder(owner.permit_number)
    assert standing(world, world.begin(other)) == (BindingState.REFUSED, Code.MISMATCH)


def test_a_permit_that_is_not_there_yet_keeps_its_place(world):
    holder = world.holder(known_from_unix=world.now + 20 * 60)
    binding = world.begin(holder)
    assert standing(world, binding) == (BindingState.WAITING, Code.NOT_YET_KNOWN)
    assert world.bindings.due() == []
    while world.bindings.standing(binding).state is BindingState.WAITING:
        world.now = world.bindings.standing(binding).next_unix
        assert world.bindings.due() == [binding]
        world.bindings.resume(binding)
    assert standing(world, binding) == (BindingState.READY, Code.OK)
    assert world.bindings.expected(binding) == holder


@pytest.mark.parametrize(
    ("unavailable", "waits", "over"),
    [(False, Code.NOT_YET_KNOWN, Code.NEVER_KNOWN), (True, Code.UNAVAILABLE, Code.UNAVAILABLE)],
)
def test_after_a_week_the_answer_is_final(world, unavailable, waits, over):
    world.know(unavailable=unavailable)
    began, binding = world.now, world.begin(made_up_holder())
    assert standing(world, binding) == (BindingState.WAITING, waits)
    for _ in AFTER_S:
        world.now = world.bindings.standing(binding).next_unix
        world.bindings.resume(binding)
    assert standing(world, binding) == (BindingState.REFUSED, over)
    assert 6 < (world.now - began) / 86_400 < 8
    assert world.bindings.due() == []


def test_a_registry_that_fails_leaves_no_personal_text(world, caplog):
    bindings = Bindings(
        database=world.database, protection=world.protection, registry=Broken(), clock=world.clock
    )
    holder = made_up_holder()
    binding = bindings.begin(Typed(holder, "13800000000"))
    assert standing(world, binding) == (BindingState.WAITING, Code.UNAVAILABLE)
    assert "RuntimeError" in caplog.text
    assert holder.id_number not in caplog.text


def test_nothing_typed_is_stored_in_the_clear(world):
    holder = world.holder()
    binding = world.begin(holder)
    world.bindings.claim(binding, world.authentication())
    stored = b"".join(path.read_bytes() for path in world.folder.glob("permit.sqlite3*"))
    for text in (holder.permit_number, holder.id_number, holder.name, "13800000000"):
        assert text.encode() not in stored


def test_a_process_that_dies_while_it_asks_loses_nothing(world):
    dies = world.bindings
    dies._ask = lambda binding, holder: None  # killed before the answer
    binding = world.begin(world.holder())
    assert world.bindings.due() == []
    world.now += LEASE_S
    again = Bindings(
        database=world.database, protection=world.protection, registry=world.registry, clock=world.clock
    )
    assert again.due() == [binding]
    again.resume(binding)
    assert standing(world, binding) == (BindingState.READY, Code.OK)


def test_only_one_process_asks(world):
    world.know(unavailable=True)
    binding = world.begin(made_up_holder())
    world.now = world.bindings.standing(binding).next_unix
    asked, meet = [], threading.Barrier(4)

    class Counting:
        def look_up(self, holder):
            asked.append(holder)
            return world.registry.look_up(holder)

    def resume(_):
        meet.wait(30)
        Bindings(
            database=world.database, protection=world.protection, registry=Counting(), clock=world.clock
        ).resume(binding)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(resume, range(4)))
    assert len(asked) == 1


def test_a_repeated_claim_is_the_same_card(world):
    binding = world.begin(world.holder())
    first = world.bindings.claim(binding, world.authentication())
    assert world.bindings.claim(binding, world.authentication()) == first
    with refused(Code.BOUND_TO_ANOTHER):
        world.bindings.claim(binding, world.authentication("somebody else"))


def test_a_second_phone_gets_the_same_card(world):
    holder = world.holder()
    first = world.bindings.claim(world.begin(holder), world.authentication())
    assert world.bindings.claim(world.begin(holder), world.authentication("new subject")) == first
    assert world.cards.of_subject("new subject") == first
    assert world.cards.of_subject("subject") is None


def test_claims_at_the_same_moment_make_one_card(stored_world):
    world = stored_world
    holder = world.holder()
    bindings = [world.begin(holder) for _ in range(8)]
    meet = threading.Barrier(len(bindings))

    def claim(binding):
        meet.wait(30)
        return world.bindings.claim(binding, world.authentication())

    with ThreadPoolExecutor(len(bindings)) as pool:
        assert len(set(pool.map(claim, bindings))) == 1
    with world.database.read() as session:
        assert session.scalar(select(func.count()).select_from(Card)) == 1


def test_a_claim_that_is_cut_at_any_statement_is_whole_or_not_at_all(world):
    binding = world.begin(world.holder())
    left = [0]

    def cut(*_):
        left[0] -= 1
        if left[0] == 0:
            raise KeyboardInterrupt

    def claim_cut_at(statement):
        left[0] = statement
        try:
            return world.bindings.claim(binding, world.authentication())
        except KeyboardInterrupt:
            left[0] = 0
            assert standing(world, binding) == (BindingState.READY, Code.OK)
            assert world.cards.of_subject("subject") is None
            return None

    event.listen(world.database.engine, "before_cursor_execute", cut)
    cards = [claim_cut_at(statement) for statement in range(1, 20)]
    made = [card for card in cards if card is not None]
    assert cards[:3] == [None] * 3
    assert len(set(made)) == 1
    with world.database.read() as session:
        assert session.scalar(select(func.count()).select_from(Card)) == 1


def test_a_binding_nobody_finishes_is_erased(world):
    ready = world.begin(world.holder())
    done = world.begin(world.holder())
    world.bindings.claim(done, world.authentication())
    assert world.bindings.erase_old() == 0
    world.now += MAX_DAYS * 86_400 + 1
    assert world.bindings.erase_old() == 1
    assert standing(world, ready) == (BindingState.REFUSED, Code.BINDING_OVER)
    assert standing(world, done) == (BindingState.CLAIMED, Code.OK)
    with refused(Code.BINDING_NOT_READY):
        world.bindings.expected(ready)


def test_an_unknown_binding_has_a_code(world):
    for act in (world.bindings.standing, world.bindings.expected):
        with refused(Code.BINDING_UNKNOWN):
            act("nothing")
    with refused(Code.BINDING_UNKNOWN):
        world.bindings.claim("nothing", world.authentication())
