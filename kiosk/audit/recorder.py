"""Turns what happens in the engine into records. What is not listed here is not written down."""

from kiosk import events as e
from kiosk.audit.log import AuditLog
from kiosk.audit.record import Kind
from kiosk.codes import Code
from kiosk.model import Measures


class AuditRecorder:
    """`fed`, `finished` and `told` are called on the engine's thread, `settled` on the courier's."""

    def __init__(self, log: AuditLog) -> None:
        self._log = log
        self._missing: tuple[e.DeviceFailed, ...] | None = None

    def fed(self, visit: str, event: e.Event) -> None:
        """What a visit was fed."""
        match event:
            case e.Began():
                facts: Measures = {
                    "language": event.language,
                    "unhurried": event.unhurried,
                    "way": event.way.value,
                    "purpose": event.purpose.value,
                }
                self._log.append(Kind.VISIT_BEGAN, visit=visit, facts=facts)
            case e.Agreed():
                facts = {"language": event.language, "text": event.text_sha256, "picture": event.picture}
                self._log.append(Kind.VISIT_CONSENTED, visit=visit, facts=facts)
            case e.Declined():
                self._log.append(Kind.VISIT_DECLINED, Code.CONSENT_REFUSED, visit=visit)
            case e.GuardianAgreed():
                facts = {"language": event.language, "text": event.text_sha256}
                self._log.append(Kind.GUARDIAN_CONSENTED, visit=visit, facts=facts)
            case e.GuardianDeclined():
                self._log.append(Kind.GUARDIAN_DECLINED, Code.GUARDIAN_DECLINED, visit=visit)
            case e.WayChosen():
                self._log.append(Kind.WAY_TAKEN, visit=visit, facts={"way": event.way.value})
            case e.ClerkPresent():
                self._log.append(Kind.REVIEW_BEGAN, visit=visit, actor=event.clerk)
            case e.Attested():
                facts = {"role": event.role.value}
                self._log.append(Kind.CLERK_ACTED, visit=visit, actor=event.clerk, facts=facts)
            case e.Decided():
                facts = {"decision": event.decision.value, "reason": event.reason.value}
                self._log.append(Kind.REVIEW_DECIDED, visit=visit, facts=facts)
            case e.Stored():
                self._log.append(Kind.VISIT_STORED, visit=event.request)
            case e.StoreFailed():
                self._log.append(Kind.VISIT_STORED, event.code, visit=visit)

    def finished(self, finished: e.Finished) -> None:
        """How a visit ended, and what each check said last."""
        checks: Measures = {v.check.value: f"{v.answer.value} {v.code.value}" for v in finished.verdicts}
        facts: Measures = {
            "outcome": finished.outcome.value,
            "stage": finished.stage.value,
            "way": finished.way.value,
            "purpose": finished.purpose.value,
            "reviews": len(finished.reviews),
            **checks,
        }
        self._log.append(Kind.VISIT_FINISHED, finished.code, visit=finished.visit, facts=facts)

    def settled(self, event: e.Event) -> None:
        """What the courier brought; whether a visit still waits for it or not."""
        match event:
            case e.ReceiptArrived(receipt=receipt):
                facts = {"status": receipt.status.value}
                self._log.append(Kind.REQUEST_SETTLED, receipt.code, visit=receipt.id, facts=facts)
            case e.RequestWedged():
                self._log.append(Kind.REQUEST_WEDGED, event.code, visit=event.request)

    def told(self, notice: e.Notice) -> None:
        """In and out of service, with every change of the reasons."""
        if not isinstance(notice, e.OutOfService) or notice.missing == self._missing:
            return
        self._missing = notice.missing
        if notice.missing:
            reasons: Measures = {failed.device.value: failed.code.value for failed in notice.missing}
            self._log.append(Kind.SERVICE_OUT, notice.missing[0].code, facts=reasons)
        else:
            self._log.append(Kind.SERVICE_IN)
