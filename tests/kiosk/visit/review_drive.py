"""A visit with staff behind the counter: answers the orders that ask for them, as the terminal's hands do."""

from kiosk import events as e
from kiosk import settings
from kiosk.codes import Code
from kiosk.model import Clerk, ClerkCallState, Decision, ReviewReason, Role, Signature
from kiosk.settings import ReviewSettings
from kiosk.visit.visit import Visit
from tests.support.visit_driver import GOOD_CARD, LIMITS, NUMBER, VisitDriver, policy

DESK: ReviewSettings = settings.load().review
"""What a site gets that changes nothing."""
PERSON = "5a" * 32
"""Commitment to the person whose card is read."""
CLERK, SUPERVISOR = Clerk("7001", Role.CLERK), Clerk("7002", Role.SUPERVISOR)


class StaffedVisitDriver(VisitDriver):
    """`staff`: who is signed in; None: nobody."""

    def __init__(self, limits=LIMITS, desk: ReviewSettings = DESK, staff: Clerk | None = CLERK) -> None:
        super().__init__(limits)
        self.visit = Visit(policy(limits, desk), terminal="T", place="P")
        self.staff = staff

    def feed(self, event, after=0.1):
        new = super().feed(event, after)
        if e.CallClerk() in new:
            who = self.staff
            there = e.ClerkPresent(who.number, who.role, 1_700_000_100.0) if who else e.ClerkAbsent()
            new = new + self.feed(there, 0.0)
        if e.RingClerk() in new:
            new = new + self.feed(e.ClerkCallChanged(ClerkCallState.WAVE, self.staff is not None), 0.0)
        if isinstance(event, e.Attested):
            self.attested = event
        if any(isinstance(order, e.SignReview) for order in new):
            new = new + self.feed(self.signature(), 0.0)
        return new

    def signature(self) -> e.Event:
        """What the terminal answers to `SignReview`: whose PIN was right last signs."""
        who = self.attested
        return e.ReviewSigned(
            Signature(clerk=who.clerk, role=who.role, at_unix=who.at_unix + 1.0, signature=f"by {who.clerk}")
        )

    def agree_and_type(self, text: str = "00" * 32) -> "StaffedVisitDriver":
        """`text`: hash of the consent text that was shown."""
        if not self.log:
            self.feed(e.Began(visit=NUMBER, language="zh-Hans", at_unix=1_700_000_000.0))
        self.feed(e.Agreed("zh-Hans", text, picture=True))
        self.feed(e.CardRead(GOOD_CARD, person=PERSON))
        self.feed(e.Typed(phone="19900000000", password="31415926"))
        return self

    def match(self, **changes) -> "StaffedVisitDriver":
        self.feed(e.ReferenceReady())
        for n in range(1, 14):
            if self.visit.stage == "face":
                self.see(frames_good=n, **changes)
        return self

    def grey(self) -> "StaffedVisitDriver":
        """Read everything right, with a face that stays in the grey band."""
        self.face = {"likeness_mean": 0.42}
        self.agree_and_type().match().read()
        return self

    def sign(self, number: str, role: Role = Role.CLERK, known: bool = True) -> "StaffedVisitDriver":
        """Number and PIN; the roster says yes or no."""
        if not any(isinstance(order, e.Attest) for order in self.feed(e.Signs(number, "2468"))):
            return self
        said = e.Attested(number, role, 1_700_000_111.0) if known else e.NotAttested(Code.STAFF_REFUSED)
        self.feed(said)
        return self

    def decide(self, decision=Decision.APPROVE, reason=ReviewReason.SAME_PERSON) -> "StaffedVisitDriver":
        self.feed(e.Decided(decision, reason))
        return self
