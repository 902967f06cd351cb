"""What the terminal puts on disk, and when it says that it did; with the real outbox and no network."""

import msgspec
import pytest
from msgspec import UNSET
from msgspec.structs import replace

from kiosk.activation.messages import MAX_KEPT_BYTES, ActivationBody, RequestOrigin, Sealed
from kiosk.activation.submission import MAX_BODY_BYTES, MOST_APPLICANTS, Submission
from kiosk.clock import Moment, TerminalClock
from kiosk.codes import Code
from kiosk.errors import OutboxError
from kiosk.events import (
    Agreed,
    ChallengeMissing,
    ChallengeTaken,
    Guardian,
    GuardianAgreed,
    Stored,
    StoreFailed,
)
from kiosk.model import Challenge, Purpose, Way
from tests.support.activation_terminal import CARD, PASSWORD, order
from tests.support.visit_driver import challenge

VISIT = "7K2M-Q4XR-09TB-HC5D"


class Disk:
    """The outbox and the pool: keep what they are given, or fail."""

    def __init__(self) -> None:
        self.rows: dict[str, bytes] = {}
        self.after: dict[str, str | None] = {}
        self.fails = False
        self.left: list[Challenge] = [challenge()]

    def put(self, visit: str, body: bytes, at_unix: float, after: str | None, moment: Moment) -> None:
        if self.fails:
            raise OutboxError(Code.OUTBOX_FULL, "full")
        self.rows[visit] = body
        self.after[visit] = after

    def take(self, now_unix: float) -> Challenge | None:
        if self.fails:
            raise OutboxError(Code.OUTBOX_FULL, "full")
        return self.left.pop() if self.left else None


class OpenSealer:
    """Seals nothing, so that a test sees what would be inside."""

    def seal(self, plaintext: bytes, visit: str, terminal: str) -> Sealed:
        return Sealed(f"{visit} {terminal}", "none", plaintext.decode())


class World:
    def __init__(self, now_unix: float = 2e9) -> None:
        self.disk = Disk()
        self.done: list[str] = []
        self.submission = Submission(
            self.disk,  # type: ignore[arg-type]
            self.disk,  # type: ignore[arg-type]
            sealer=OpenSealer,  # type: ignore[arg-type, return-value]
            password=lambda _: PASSWORD,
            origin=RequestOrigin("T-1", False, {"kiosk": "0.1.0"}),
            clock=TerminalClock(wall=lambda: now_unix, boot=lambda: 1e5),
            wake=lambda: self.done.append("wake"),
            fetch_fresh=lambda: self.done.append("fetch fresh"),
            recheck_disk=lambda: self.done.append("recheck disk"),
        )

    def body(self) -> ActivationBody:
        return msgspec.json.decode(self.disk.rows[VISIT], type=ActivationBody)


def test_a_request_is_on_disk_before_it_is_said_to_be():
    world = World()
    assert world.submission.submit(order(VISIT)) == Stored(VISIT)
    assert world.done == ["wake"]
    assert (world.body().id, world.body().sealed.key) == (VISIT, f"{VISIT} T-1")


def test_requests_of_one_person_are_put_in_their_order():
    world = World()
    other = order("C", card=replace(CARD, number="990001199003070025"))
    for wanted in (order("A"), order("B"), other):
        world.submission.submit(wanted)
    world.submission.submit(order("D"))
    assert world.disk.after == {"A": None, "B": "A", "C": None, "D": "B"}


def test_of_many_people_the_latest_are_remembered():
    submission = World().submission
    for number in range(MOST_APPLICANTS + 5):
        submission.submit(order(f"V{number}", card=replace(CARD, number=f"{number:018}")))
    assert len(submission._newest) == MOST_APPLICANTS


def test_a_full_disk_is_no_promise():
    world = World()
    world.disk.fails = True
    assert world.submission.submit(order(VISIT)) == StoreFailed(Code.OUTBOX_FULL)
    assert world.done == ["recheck disk"]
    assert world.disk.rows == {}


AGREED = GuardianAgreed("zh-Hans", "11" * 32)


@pytest.mark.parametrize(
    ("card", "guardian", "stored"),
    [
        (CARD, None, True),
        (None, None, False),
        (CARD, Guardian(CARD, AGREED), True),
        (CARD, Guardian(None, AGREED), False),
        (None, Guardian(CARD, AGREED), False),
    ],
)
def test_a_request_names_the_person_and_for_a_child_the_guardian(card, guardian, stored):
    world, asked = World(), order(VISIT, card=card)
    asked = replace(asked, evidence=replace(asked.evidence, guardian=guardian))
    expected = Stored(VISIT) if stored else StoreFailed(Code.EVIDENCE_INCOMPLETE)
    assert world.submission.submit(asked) == expected
    assert bool(world.disk.rows) is stored
    if not stored:
        return
    inside = msgspec.json.decode(world.body().sealed.data)
    assert inside["number"] == CARD.number
    assert bool(inside["guardian"]) is bool(world.body().guardian) is bool(guardian)


@pytest.mark.parametrize(("agreed", "sent"), [(True, True), (False, False)])
def test_a_picture_goes_along_with_consent_only(agreed, sent):
    world = World()
    world.submission.submit(order(VISIT, picture=agreed), b"JPEG")
    assert ("SlBFRw==" in world.body().sealed.data) is sent


KEPT = "22" * 32


@pytest.mark.parametrize(
    ("change", "picture", "kept"),
    [
        ({}, b"JPEG", True),
        ({"purpose": Purpose.RENEW}, b"JPEG", True),
        ({}, None, False),
        ({}, b"\0" * (MAX_KEPT_BYTES + 1), False),
        ({"purpose": Purpose.NEW_PASSWORD}, b"JPEG", False),
        ({"way": Way.CLERK}, b"JPEG", False),
        ({"guardian": Guardian(CARD, AGREED)}, b"JPEG", False),
        ({"consent": Agreed("zh-Hans", "00" * 32, False)}, b"JPEG", False),
    ],
)
def test_a_picture_may_be_kept_of_the_owner_of_a_new_credential_who_agreed(change, picture, kept):
    world, asked = World(), order(VISIT)
    consent = Agreed("zh-Hans", "00" * 32, False, KEPT)
    asked = replace(asked, evidence=replace(asked.evidence, **({"consent": consent} | change)))
    assert world.submission.submit(asked, picture) == Stored(VISIT)
    inside = msgspec.json.decode(world.body().sealed.data)
    told = {"language": "zh-Hans", "text_sha256": KEPT}
    assert inside["picture"] is None
    assert inside.get("reference") == ({"picture": "SlBFRw==", "consent": told} if kept else None)
    outside = world.body().reference
    assert outside is not UNSET if kept else outside is UNSET
    assert not kept or msgspec.to_builtins(outside) == told


def test_a_picture_that_is_too_long_is_left_out_and_the_request_goes():
    world = World()
    long = b"\0" * MAX_BODY_BYTES
    assert world.submission.submit(order(VISIT, picture=True), long) == Stored(VISIT)
    assert len(world.disk.rows[VISIT]) < 10_000
    assert msgspec.json.decode(world.body().sealed.data)["picture"] is None


def test_the_longest_body_is_what_central_accepts():
    from central.settings import Requests

    assert Requests().max_bytes == MAX_BODY_BYTES == 524_288


@pytest.mark.parametrize(("now_unix", "ends_s"), [(60.0, 60.0), (-5.0, 0.0)])
def test_a_visit_never_ends_before_it_began(now_unix, ends_s):
    """The clock may have been set back in between."""
    began_unix = 1_700_000_000.0
    world, asked = World(began_unix + now_unix), order(VISIT)
    world.submission.submit(replace(asked, evidence=replace(asked.evidence, began_unix=began_unix)))
    assert (world.body().began_unix, world.body().at_unix) == (began_unix, began_unix + ends_s)


def test_challenges_are_taken_until_none_is_left():
    world = World()
    assert world.submission.take_challenge() == ChallengeTaken(challenge())
    assert world.submission.take_challenge() == ChallengeMissing()
    assert world.done == ["fetch fresh"] * 2  # for a second try
    world.disk.fails = True
    assert world.submission.take_challenge() == ChallengeMissing(Code.OUTBOX_FULL)
    assert world.done[2:] == ["recheck disk"]
