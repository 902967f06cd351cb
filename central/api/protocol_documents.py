"""Writes `resources/protocol`: the OpenAPI document, a schema and an example for each message.

All of it comes from `central.protocol.messages` and `central.protocol.examples`, so the files cannot
disagree with the server.
"""

import json
from pathlib import Path
from typing import Any

from central.api.app import application_without_service
from central.protocol import examples, messages

MESSAGES: dict[str, type[messages.Message]] = {
    "enrolment-request": messages.EnrolmentRequest,
    "enrolment": messages.Enrolment,
    "rotation-request": messages.RotationRequest,
    "rotation-reply": messages.RotationReply,
    "heartbeat": messages.Heartbeat,
    "heartbeat-reply": messages.HeartbeatReply,
    "challenges-request": messages.ChallengesRequest,
    "challenges": messages.Challenges,
    "challenge-claims": messages.ChallengeClaims,
    "roster": messages.Roster,
    "roster-claims": messages.RosterClaims,
    "activation-request": messages.ActivationRequest,
    "person": messages.Person,
    "phone-number": messages.PhoneNumber,
    "phone-code-request": messages.PhoneCodeRequest,
    "phone-code-reply": messages.PhoneCodeReply,
    "phone-proof-request": messages.PhoneProofRequest,
    "phone-proof-reply": messages.PhoneProofReply,
    "receipt": messages.Receipt,
    "visit-state": messages.VisitState,
    "usb-request": messages.UsbRequest,
    "receipt-claims": messages.ReceiptClaims,
    "revocation-request": messages.RevocationRequest,
    "revocation-reply": messages.RevocationReply,
    "health": messages.Health,
    "problem": messages.ProblemBody,
}


def openapi() -> dict[str, Any]:
    """Return the OpenAPI document of the protocol, without the routes of simulation."""
    return application_without_service().openapi()


def files() -> dict[str, str]:
    """Return the text of each file, by its path below `resources/protocol`."""
    texts = {"openapi.json": _format_json(openapi())}
    for name, message in MESSAGES.items():
        schema = {"$schema": "https://json-schema.org/draft/2020-12/schema"} | message.model_json_schema()
        texts[f"schemas/{name}.json"] = _format_json(schema)
        texts[f"examples/{name}.json"] = _format_json(examples.ALL[name])
    return texts


def write(folder: Path) -> None:
    """Write all files below `folder`."""
    for name, text in files().items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def _format_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2) + "\n"
