"""Texts made of data: times, what remains of an endorsement, terms, messages."""

from datetime import datetime
from typing import Any

from permit.cards.cards import CHINA
from permit.domain.endorsements import Counted, Dead, Endorsement, Entries, Remaining, Unlimited, Weekly
from permit.messages.port import CodeMessage, Message, NewsMessage
from permit.web.phrases import PHRASES

MONTHS_A_YEAR = 12


def format_time(unix: float) -> str:
    """Return a minute in China."""
    return f"{datetime.fromtimestamp(unix, CHINA):%Y-%m-%d %H:%M}"


def format_phone(phone: str) -> str:
    """Return a mobile number of which the middle is hidden."""
    return f"{phone[:3]}****{phone[-4:]}"


def format_remaining(left: Remaining, phrases: dict[str, Any]) -> str:
    """Return what remains of an endorsement, in one of its four shapes."""
    card = phrases["card"]
    match left:
        case Counted(count):
            return str(card["left"]).format(count=count)
        case Unlimited():
            return str(card["unlimited"])
        case Weekly(used):
            return str(card["week_used" if used else "week_free"])
        case Dead(reason):
            return str(card[f"dead_{reason.value}"])


def format_stay(endorsement: Endorsement, phrases: dict[str, Any]) -> str:
    """Return how long a stay may last."""
    card = phrases["card"]
    days = endorsement.stay_days
    return str(card["stay_open"] if days is None else card["stay"].format(days=days))


def format_terms(months: int, entries: Entries, phrases: dict[str, Any]) -> str:
    """Return the terms of an endorsement, as "1 year, entries: 2"."""
    terms = phrases["terms"]
    years, rest = divmod(months, MONTHS_A_YEAR)
    if rest:
        life = terms["months"].format(count=months)
    else:
        life = terms["year"] if years == 1 else terms["years"].format(count=years)
    often = terms["entries"].format(count=entries) if isinstance(entries, int) else terms[entries]
    return f"{life}{', ' if phrases['name'] == 'EN' else '，'}{often}"


def format_message(message: Message, address: str) -> str:
    """Return a message as its reader sees it."""
    phrases = PHRASES[message.language]
    news = phrases["news"]
    if isinstance(message, CodeMessage):
        return str(news["code"].format(code=message.code, minutes=message.minutes))
    if isinstance(message, NewsMessage):
        return str(news[message.news.value].format(address=address))
    values = {"day": message.expires.isoformat(), "days": message.days_left}
    if message.item == "permit":
        return str(news["reminder_permit"].format(**values))
    return str(news["reminder_region"].format(region=phrases["regions"][message.item], **values))
