"""Codes of everything that the service answers with; each has a sentence and a next step on the pages."""

from enum import StrEnum


class Code(StrEnum):
    """What happened to a binding, a login or a card."""

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
    BINDINGS_TOO_MANY = "binding.too_many"  # of one person in a day
    BOUND_TO_ANOTHER = "card.bound_to_another"  # the permit is on the card of another person
    CARD_NONE = "card.none"  # the person has no card yet
    CARD_ENDED = "card.ended"
    PHONE_CODE_WRONG = "phone_code.wrong"
    PHONE_CODE_OVER = "phone_code.over"  # too old, tried too often, or there is none
    PHONE_CODE_TOO_OFTEN = "phone_code.too_often"
    PHONE_CODE_NOT_SENT = "phone_code.not_sent"
    LOGIN_UNKNOWN = "login.unknown"  # not begun in this browser, used already, or too old
    LOGIN_WRONG_ISSUER = "login.wrong_issuer"  # the answer is not from the provider that was asked
    LOGIN_DENIED = "login.denied"  # not authenticated, or the person went back
    LOGIN_LEVEL = "login.level"  # authenticated, but not at the level that is needed
    LOGIN_FAILED = "login.failed"  # the provider's answer is an error, or its token is not valid
    LOGIN_UNAVAILABLE = "login.unavailable"  # the provider does not answer
    ELSEWHERE = "request.elsewhere"  # a form that another site has sent
    MALFORMED = "request.malformed"
    TOO_OFTEN = "request.too_often"
    NO_PAGE = "request.no_page"
    FAULT = "fault"
