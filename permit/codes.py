"""Codes of everything that the service answers with; each has a sentence and a next step on the pages."""

from enum import StrEnum


class Code(StrEnum):
    """What happened to a binding or a card."""

    OK = "ok"
    NUMBER_MALFORMED = "number.malformed"  # the permit number
    ID_MALFORMED = "id.malformed"
    NOT_YET_KNOWN = "registry.not_yet_known"  # the registry does not have it, or not yet
    NEVER_KNOWN = "registry.never_known"  # … and did not get it in the time promised
    MISMATCH = "registry.mismatch"  # permit, ID number and name do not belong together
    UNAVAILABLE = "registry.unavailable"
    OTHER_PROVINCE = "permit.other_province"
    PERMIT_EXPIRED = "permit.expired"
    BINDING_UNKNOWN = "binding.unknown"
    BINDING_OVER = "binding.over"  # not finished in time; what was typed is erased
    BINDING_NOT_READY = "binding.not_ready"
    BOUND_TO_ANOTHER = "card.bound_to_another"  # the permit is on the card of another person
    FAULT = "fault"
