"""Writes `resources/protocol`: the OpenAPI document, a schema and an example for each message.

All of it comes from `central.protocol.messages` and `central.protocol.examples`: the files cannot say
anything that the server does not.
"""

import json
from pathlib import Path
from typing import Any

from central.api.app import bare
from central.protocol import examples, messages

MESSAGES: dict[str, type[messages.Message]] = {
    "enrolment-request": messages.EnrolmentRequest,
    "enrolment": messages.Enrolment,
    "rotation": messages.Rotation,
    "rotated": messages.Rotated,
    "heartbeat": messages.Heartbeat,
    "greeting": messages.HeartbeatReply,
    "challenges-request": messages.ChallengesRequest,
    "challenges": messages.Challenges,
    "challenge-claims": messages.ChallengeClaims,
    "roster": messages.Roster,
    "roster-claims": messages.RosterClaims,
    "activation-request": messages.ActivationRequest,
    "person": messages.Person,
    "receipt": messages.Receipt,
    "letter": messages.Letter,
    "receipt-claims": messages.ReceiptClaims,
    "revocation": messages.Revocation,
    "revoked": messages.Revoked,
    "health": messages.Health,
    "problem": messages.ProblemBody,
}


def openapi() -> dict[str, Any]:
    return bare().openapi()


def files() -> dict[str, str]:
    """Path below `resources/protocol` → text."""
    wanted = {"openapi.json": _text(openapi())}
    for name, message in MESSAGES.items():
        schema = {"$schema": "https://json-schema.org/draft/2020-12/schema"} | message.model_json_schema()
        wanted[f"schemas/{name}.json"] = _text(schema)
        wanted[f"examples/{name}.json"] = _text(examples.ALL[name])
    return wanted


def write(folder: Path) -> None:
    for name, text in files().items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2) + "\n"
