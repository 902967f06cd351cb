"""A visit with staff behind the counter: answers the orders that ask for them, as the terminal's hands do."""

from kiosk import events as e
from kiosk import settings
from kiosk.codes import Code
from kiosk.model import Clerk, Decision, ReviewReason, Role
from kiosk.settings import ReviewSettings
from kiosk.visit.visit import Visit
from tests.support.visit_driver import GOOD_CARD, LIMITS, NUMBER, VisitDriver, policy

DESK: ReviewSettings = settings.load().review
"""What a site gets that changes nothing."""
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
        return new

    def agree_and_type(self) -> "StaffedVisitDriver":
        if not self.log:
            self.feed(e.Began(visit=NUMBER, language="zh-Hans", at_unix=1_700_000_000.0))
        self.feed(e.Agreed("zh-Hans", "00", picture=True))
        self.feed(e.CardRead(GOOD_CARD))
        self.feed(e.Typed(phone="19900000000", password="31415926"))
        return self

    def match(self, **changes) -> "StaffedVisitDriver":
        self.feed(e.ReferenceReady())
        for n in range(1, 14):
            if self.visit.stage == "face":
                self.see(frames_good=n, **changes)
        return self

    def grey(self) -> "StaffedVisitDriver":
        """Three tries in the grey band."""
        self.agree_and_type()
        for _ in range(3):
            self.match(likeness_mean=0.42)
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
