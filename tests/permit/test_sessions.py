"""Sessions, one-time codes and logins: bound to one browser, used once, and stored without secrets."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text

from permit.codes import Code
from permit.errors import PermitError
from permit.messages.port import CodeMessage, Delivery
from permit.sessions.logins import LOGIN_S, Pending
from permit.sessions.phone_codes import A_DAY, AN_HOUR, TRIES, VALID_S, PhoneCodes
from permit.sessions.sessions import SESSION_S, Draft
from tests.permit.test_binding import refused

PHONE = "13800000000"
PENDING = Pending("nonce", "verifier", 1.0, None, "44")


def sent(world):
    return [one.message.code for one in world.messages.carried() if isinstance(one.message, CodeMessage)]


def test_a_session_is_replaced_not_adopted(stored_world):
    world = stored_world
    assert world.sessions.find("planted") is None
    secret = world.sessions.begin(None, draft=Draft(name="测试"))
    old = world.sessions.find(secret)
    assert old.draft == Draft(name="测试")
    newer = world.sessions.begin(old)
    assert world.sessions.find(secret) is None
    assert world.sessions.find(newer).draft is None
    world.now += SESSION_S
    assert world.sessions.find(newer) is None


def test_no_secret_and_nothing_personal_is_in_the_database(world):
    secret = world.sessions.begin(None, draft=Draft(name="测试", phone=PHONE))
    world.logins.store("state", "session", PENDING)
    world.phone_codes.send("session", PHONE, "en")
    with world.database.read() as session:
        rows = [
            str(session.execute(text(f"SELECT * FROM {table}")).all())
            for table in ("sessions", "logins", "phone_codes")
        ]
    for hidden in (secret, "测试", PHONE, sent(world)[0], "verifier"):
        assert hidden not in "".join(rows)


def test_ending_a_card_ends_its_sessions_everywhere(stored_world):
    world = stored_world
    card = world.card()
    one, other = world.sessions.begin(None, card=card), world.sessions.begin(None, card=card)
    assert world.sessions.end_others(card, keep=world.sessions.find(one).id) == 1
    assert world.sessions.find(other) is None
    assert world.cards.end(card)
    assert world.sessions.find(one) is None


def test_a_code_is_good_once_in_its_session_for_its_number(stored_world):
    world = stored_world
    world.phone_codes.send("a", PHONE, "en")
    [code] = sent(world)
    for session, phone in (("b", PHONE), ("a", "13900000000")):
        with refused(Code.PHONE_CODE_OVER):
            world.phone_codes.check(session, phone, code)
    world.phone_codes.check("a", PHONE, code)
    with refused(Code.PHONE_CODE_OVER):
        world.phone_codes.check("a", PHONE, code)


def test_guesses_use_the_code_up(world):
    world.phone_codes.send("a", PHONE, "en")
    [code] = sent(world)
    wrong = f"{(int(code) + 1) % 10**6:06}"
    for _ in range(TRIES):
        with refused(Code.PHONE_CODE_WRONG):
            world.phone_codes.check("a", PHONE, wrong)
    with refused(Code.PHONE_CODE_OVER):
        world.phone_codes.check("a", PHONE, code)


@pytest.mark.parametrize("moved_s", [VALID_S, -1])
def test_a_code_is_not_good_outside_its_time(world, moved_s):
    world.phone_codes.send("a", PHONE, "en")
    world.now += moved_s
    with refused(Code.PHONE_CODE_OVER):
        world.phone_codes.check("a", PHONE, sent(world)[0])


def test_a_newer_code_replaces_the_older(world):
    world.phone_codes.send("a", PHONE, "en")
    world.now += 61
    world.phone_codes.send("a", PHONE, "en")
    old, new = sent(world)
    if old != new:
        with refused(Code.PHONE_CODE_WRONG):
            world.phone_codes.check("a", PHONE, old)
    world.phone_codes.check("a", PHONE, new)


def test_a_number_gets_few_codes(world):
    def ask(pause_s, session):
        world.now += pause_s
        world.phone_codes.send(session, PHONE, "en")

    ask(0, "a")
    with refused(Code.PHONE_CODE_TOO_OFTEN):
        ask(30, "b")  # another browser makes no difference
    for _ in range(AN_HOUR - 1):
        ask(61, "a")
    with refused(Code.PHONE_CODE_TOO_OFTEN):
        ask(61, "a")
    for _ in range(A_DAY - AN_HOUR):
        ask(3601, "a")
    with refused(Code.PHONE_CODE_TOO_OFTEN):
        ask(3601, "a")


def test_a_carrier_that_cannot_is_told(world):
    class Silent:
        def send(self, key, message):
            return Delivery.LATER

    codes = PhoneCodes(
        database=world.database, protection=world.protection, messages=Silent(), clock=world.clock
    )
    with refused(Code.PHONE_CODE_NOT_SENT):
        codes.send("a", PHONE, "en")


def test_a_login_is_taken_once_by_its_own_session(stored_world):
    world = stored_world
    world.logins.store("state", "a", PENDING)
    for state, session in (("state", "b"), ("other", "a")):
        with refused(Code.LOGIN_UNKNOWN):
            world.logins.take(state, session)
    assert world.logins.take("state", "a") == PENDING
    with refused(Code.LOGIN_UNKNOWN):
        world.logins.take("state", "a")


def test_of_two_answers_at_once_one_gets_the_login(stored_world):
    world = stored_world
    world.logins.store("state", "a", PENDING)

    def take(_):
        try:
            return world.logins.take("state", "a")
        except PermitError:
            return None

    with ThreadPoolExecutor(8) as pool:
        assert [one for one in pool.map(take, range(8)) if one] == [PENDING]


def test_a_login_is_over_with_its_time_and_with_the_next(world):
    world.logins.store("state", "a", PENDING)
    world.now += LOGIN_S
    with refused(Code.LOGIN_UNKNOWN):
        world.logins.take("state", "a")
    world.logins.store("one", "a", PENDING)
    world.logins.store("two", "a", PENDING)
    with refused(Code.LOGIN_UNKNOWN):
        world.logins.take("one", "a")


def test_codes_asked_for_at_once_are_one(stored_world):
    world = stored_world

    def ask(session):
        try:
            world.phone_codes.send(session, PHONE, "en")
        except PermitError as error:
            return error.code
        return Code.OK

    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(ask, "abcdef"))
    assert sorted(answers) == [Code.OK] + [Code.PHONE_CODE_TOO_OFTEN] * 5
    assert len(sent(world)) == 1
