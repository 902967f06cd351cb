"""The pool: signed by central, for us, in force, once."""

import subprocess
import sys
import time
from hashlib import sha256
from pathlib import Path

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kiosk.activation.challenges import FRESH_S, MARGIN_S, MOST, ChallengePool
from kiosk.activation.database import Database
from kiosk.codes import Code
from kiosk.errors import IdentityError
from tests.support.stub_central import StubCentral


@pytest.fixture
def issuer(tmp_path: Path) -> StubCentral:
    """Signs tokens; not started."""
    made = StubCentral(tmp_path / "issuer")
    yield made
    made._server.server_close()


def secret(purpose: str) -> bytes:
    return bytes(32)


@pytest.fixture
def pool(database, issuer):
    return ChallengePool(database, issuer.challenge_key.public_key(), "T-1", secret)


NOW = time.time()


def test_each_is_given_once(pool, issuer):
    assert pool.add(issuer.tokens(3), NOW) == 3
    taken = [pool.take(NOW) for _ in range(4)]
    assert taken[3] is None
    assert len({challenge.id for challenge in taken[:3]}) == 3
    assert taken[0].digits == (3, 1, 4, 1, 5, 9)
    assert taken[0].gaps_s == (1.0, 1.1, 1.2, 1.3, 1.4, 1.5)
    assert pool.count(NOW) == 0


def test_one_that_was_used_cannot_come_in_again(pool, issuer):
    tokens = issuer.tokens(1)
    pool.add(tokens, NOW)
    pool.take(NOW)
    assert pool.add(tokens, NOW) == 0
    assert pool.take(NOW) is None


def test_the_same_twice_is_one(pool, issuer):
    tokens = issuer.tokens(1)
    assert pool.add(tokens + tokens, NOW) == 1


def test_the_newest_fresh_one_goes_first(pool, issuer):
    pool.add(issuer.tokens(20), NOW)
    pool.add(issuer.tokens(1, digits=[9, 8, 7, 6, 5, 4]), NOW + 20)
    assert pool.has_fresh(NOW + 30)
    assert pool.take(NOW + 30).digits == (9, 8, 7, 6, 5, 4)


def test_which_of_the_stock_comes_next_is_not_known_before(pool, issuer):
    """One of 40 each time: that ten come in the order of arrival or expiry has a chance of less than 1e-6."""
    pool.add(issuer.tokens(20, exp=NOW + 8000) + issuer.tokens(20, exp=NOW + 9000), NOW)
    later = NOW + FRESH_S + 1
    assert not pool.has_fresh(later)
    order = stored_order(pool)
    taken = [pool.take(later) for _ in range(10)]
    places = [order.index(sha256(c.id.encode()).hexdigest()) for c in taken]
    assert places != sorted(places)
    assert places != sorted(places, reverse=True)


def stored_order(pool) -> list[str]:
    with pool._database.reading() as connection:
        return [row[0] for row in connection.execute("SELECT id FROM challenges ORDER BY rowid")]


def test_the_disk_shows_neither_digits_nor_what_colours_follow_from(pool, issuer, database, tmp_path: Path):
    [token] = issuer.tokens(1)
    pool.add([token], NOW)
    claims = jwt.decode(token, options={"verify_signature": False})
    database.scrub()
    content = b"".join(file.read_bytes() for file in tmp_path.glob("outbox.sqlite3*"))
    parts = [part.encode() for part in token.split(".")]
    assert not any(part in content for part in [*parts, claims["jti"].encode()])
    assert pool.take(NOW).id == claims["jti"]


def test_another_key_has_another_stock(pool, issuer, database):
    """After a rotation the old stock counts no more, so that central is asked for a new one."""
    pool.add(issuer.tokens(3), NOW)
    other = ChallengePool(database, pool._key, "T-1", lambda _: bytes([1] * 32))
    assert other.count(NOW) == 0
    assert other.take(NOW) is None
    assert pool.count(NOW) == 3


def test_without_a_usable_key_it_is_empty(pool, issuer, database):
    def exposed(_: str) -> bytes:
        raise IdentityError(Code.IDENTITY_EXPOSED)

    pool.add(issuer.tokens(3), NOW)
    without = ChallengePool(database, pool._key, "T-1", exposed)
    assert (without.count(NOW), without.take(NOW), without.add(issuer.tokens(1), NOW)) == (0, None, 0)


def test_the_oldest_go_when_there_are_too_many(pool, issuer):
    pool.add(issuer.tokens(MOST, digits=[9, 8, 7, 6, 5, 4]), NOW)
    pool.add(issuer.tokens(10), NOW + 1)
    assert pool.count(NOW + 1) == MOST
    assert [pool.take(NOW + 1).digits for _ in range(10)] == [(3, 1, 4, 1, 5, 9)] * 10


def test_expired_and_nearly_expired_ones_are_not_given(pool, issuer):
    pool.add(issuer.tokens(1, exp=NOW + 1000), NOW)
    assert pool.count(NOW + 1000 - MARGIN_S - 1) == 1
    assert pool.count(NOW + 1000 - MARGIN_S + 1) == 0
    assert pool.take(NOW + 1000 - MARGIN_S + 1) is None
    assert pool.add(issuer.tokens(1, exp=NOW + MARGIN_S - 1), NOW) == 0


def test_what_expired_stays_gone_when_the_clock_is_set_back(pool, issuer):
    pool.add(issuer.tokens(1, exp=NOW + 1000), NOW)
    assert pool.take(NOW + 2000) is None
    assert pool.take(NOW) is None


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": "T-2"},
        {"iss": "somebody"},
        {"digits": [1, 2, 3]},
        {"digits": [1, 2, 3], "gaps_s": [1.0] * 3},
        {"digits": [1, 2, 3, 4, 5, 6, 7, 8, 9], "gaps_s": [1.0] * 9},
        {"digits": [1, 2, 2, 4, 5, 6]},
        {"digits": [1, 2, 3, 4, 5, 10]},
        {"digits": [1, 2, 3, 4, 5, -1]},
        {"digits": [1, 2, 3, 4, 5, "6"]},
        {"digits": [], "gaps_s": []},
        {"digits": "314159"},
        {"gaps_s": [1, 1, 1, 1, 1, 0]},
        {"gaps_s": [1, 1, 1, 1, 1, -2]},
        {"gaps_s": [1, 1, 1, 1, 1, 1e9]},
        {"gaps_s": None},
        {"exp": "tomorrow"},
        {"jti": ""},
    ],
)
def test_what_cannot_be_shown_or_is_not_ours_is_thrown_away(pool, issuer, changes):
    assert pool.add(issuer.tokens(1, **changes), NOW) == 0
    assert pool.take(NOW) is None


@pytest.mark.parametrize("token", ["", "a.b.c", "x" * 5000, "é.é.é"])
def test_what_is_no_token(pool, token):
    assert pool.add([token], NOW) == 0


def test_another_signature(pool, issuer):
    issuer.challenge_key = Ed25519PrivateKey.generate()
    assert pool.add(issuer.tokens(1), NOW) == 0


def test_no_signature(pool, issuer):
    claims = jwt.decode(issuer.tokens(1)[0], options={"verify_signature": False})
    assert pool.add([jwt.encode(claims, None, algorithm="none")], NOW) == 0


def test_a_good_one_among_bad_ones_is_kept(pool, issuer):
    assert pool.add(["", *issuer.tokens(1), "a.b.c"], NOW) == 1


def test_one_that_was_altered_on_the_disk_is_passed_over(pool, issuer, database):
    pool.add(issuer.tokens(1, exp=NOW + 800, digits=[7] * 6) + issuer.tokens(1), NOW)
    with database.transaction() as connection:
        connection.execute(
            "UPDATE challenges SET sealed = sealed || x'00' WHERE expires_unix < ?", (NOW + 900,)
        )
    assert pool.take(NOW).digits == (3, 1, 4, 1, 5, 9)
    assert pool.take(NOW) is None


TAKE_AND_DIE = """
import os, signal, sys
from pathlib import Path
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from kiosk.activation.challenges import ChallengePool
from kiosk.activation.database import Database

key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(sys.argv[2]))
taken = ChallengePool(Database(Path(sys.argv[1])), key, "T-1", lambda _: bytes(32)).take(float(sys.argv[3]))
os.write(1, taken.id.encode())
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_one_that_was_taken_before_a_kill_is_not_given_again(pool, issuer, tmp_path: Path):
    pool.add(issuer.tokens(3), NOW)
    key = issuer.challenge_key.public_key().public_bytes_raw().hex()
    seen = []
    for _ in range(3):
        command = [sys.executable, "-c", TAKE_AND_DIE, str(tmp_path / "outbox.sqlite3"), key, str(NOW)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=30)
        assert done.returncode == -9, done.stderr
        seen.append(done.stdout)
    assert len(set(seen)) == 3
    assert ChallengePool(Database(tmp_path / "outbox.sqlite3"), pool._key, "T-1", secret).take(NOW) is None
