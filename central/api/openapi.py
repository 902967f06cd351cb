"""The OpenAPI document, with two things put right that the framework does to it."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from central.protocol import messages
from central.protocol.messages import Message


def openapi(app: FastAPI) -> dict[str, Any]:
    document = get_openapi(title=app.title, version=app.version, summary=app.summary, routes=app.routes)
    _restore_examples(document["components"]["schemas"])
    for path in document["paths"].values():
        for door in path.values():
            _problems_only(door["responses"])
    return document


def _restore_examples(schemas: dict[str, Any]) -> None:
    """The framework drops what is null, but a receipt's `credential` must be there even when it is null."""
    for name, schema in schemas.items():
        message = getattr(messages, name, None)
        if isinstance(message, type) and issubclass(message, Message) and "examples" in schema:
            schema["examples"] = message.model_json_schema()["examples"]


def _problems_only(responses: dict[str, Any]) -> None:
    """It adds plain JSON to every answer that has a model; problems come as problems only."""
    for response in responses.values():
        if "application/problem+json" in response.get("content", {}):
            response["content"].pop("application/json", None)
