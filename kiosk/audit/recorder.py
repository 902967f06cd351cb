"""Turn what happens in the engine into audit records. What is not listed here is not recorded."""

from kiosk import events as e
from kiosk.audit.log import AuditLog
from kiosk.audit.record import RecordKind
from kiosk.codes import Code
from kiosk.model import Measures


class AuditRecorder:
    """Called on the engine's thread, `record_settled` on the delivery worker's."""

    def __init__(self, log: AuditLog) -> None:
        self._log = log
        self._missing: tuple[e.DeviceFailed, ...] | None = None

    def record_event(self, visit: str, event: e.Event) -> None:
        """Record an event that a visit is fed."""
        match event:
            case e.Began():
                facts: Measures = {
                    "language": event.language,
                    "unhurried": event.unhurried,
                    "way": event.way.value,
                    "purpose": event.purpose.value,
                }
                self._log.append(RecordKind.VISIT_BEGAN, visit=visit, facts=facts)
            case e.Agreed():
                facts = {"language": event.language, "text": event.text_sha256, "picture": event.picture}
                if event.kept_sha256:
                    facts["kept"] = event.kept_sha256
                self._log.append(RecordKind.VISIT_CONSENTED, visit=visit, facts=facts)
            case e.Declined():
                self._log.append(RecordKind.VISIT_DECLINED, Code.CONSENT_REFUSED, visit=visit)
            case e.GuardianAgreed():
                facts = {"language": event.language, "text": event.text_sha256}
                self._log.append(RecordKind.GUARDIAN_CONSENTED, visit=visit, facts=facts)
            case e.GuardianDeclined():
                self._log.append(RecordKind.GUARDIAN_DECLINED, Code.GUARDIAN_DECLINED, visit=visit)
            case e.WayChosen():
                self._log.append(RecordKind.WAY_TAKEN, visit=visit, facts={"way": event.way.value})
            case e.HelpWanted():
                self._log.append(RecordKind.HELP_WANTED, visit=visit)
            case e.HelpEnded():
                self._log.append(RecordKind.HELP_ENDED, visit=visit)
            case e.ClerkCallChanged():
                self._log.append(RecordKind.CLERK_CALL, visit=visit, facts={"call": event.call.value})
            case e.ClerkPresent():
                self._log.append(RecordKind.REVIEW_BEGAN, visit=visit, actor=event.clerk)
            case e.Attested():
                facts = {"role": event.role.value}
                self._log.append(RecordKind.CLERK_ACTED, visit=visit, actor=event.clerk, facts=facts)
            case e.Decided():
                facts = {"decision": event.decision.value, "reason": event.reason.value}
                self._log.append(RecordKind.REVIEW_DECIDED, visit=visit, facts=facts)
            case e.Stored():
                self._log.append(RecordKind.VISIT_STORED, visit=event.request)
            case e.StoreFailed():
                self._log.append(RecordKind.VISIT_STORED, event.code, visit=visit)

    def record_finished(self, finished: e.Finished) -> None:
        """Record how a visit ended, and the last verdict of each check."""
        checks: Measures = {v.check.value: f"{v.answer.value} {v.code.value}" for v in finished.verdicts}
        facts: Measures = {
            "outcome": finished.outcome.value,
            "stage": finished.stage.value,
            "way": finished.way.value,
            "purpose": finished.purpose.value,
            "reviews": len(finished.reviews),
            **checks,
        }
        self._log.append(RecordKind.VISIT_FINISHED, finished.code, visit=finished.visit, facts=facts)

    def record_settled(self, event: e.Event) -> None:
        """Record central's answer to a request, whether or not a visit still waits for it."""
        match event:
            case e.ReceiptArrived(receipt=receipt):
                facts = {"status": receipt.status.value}
                self._log.append(RecordKind.REQUEST_SETTLED, receipt.code, visit=receipt.id, facts=facts)
            case e.RequestWedged():
                self._log.append(RecordKind.REQUEST_WEDGED, event.code, visit=event.request)

    def record_service(self, notice: e.Notice) -> None:
        """Record going in and out of service, with every change of the reasons."""
        if not isinstance(notice, e.OutOfService) or notice.missing == self._missing:
            return
        self._missing = notice.missing
        if notice.missing:
            reasons: Measures = {failed.device.value: failed.code.value for failed in notice.missing}
            self._log.append(RecordKind.SERVICE_OUT, notice.missing[0].code, facts=reasons)
        else:
            self._log.append(RecordKind.SERVICE_IN)
