"""Makes the OpenAPI document, with two corrections to what the framework generates."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from central.protocol import messages
from central.protocol.messages import Message


def openapi(app: FastAPI) -> dict[str, Any]:
    """Return the OpenAPI document of `app`."""
    document = get_openapi(title=app.title, version=app.version, summary=app.summary, routes=app.routes)
    # The framework drops nulls from examples, but a receipt's `credential` must be there even when null.
    for name, schema in document["components"]["schemas"].items():
        message = getattr(messages, name, None)
        if isinstance(message, type) and issubclass(message, Message) and "examples" in schema:
            schema["examples"] = message.model_json_schema()["examples"]
    # It adds plain JSON to every response that has a model, but problems come as problems only.
    for path in document["paths"].values():
        for operation in path.values():
            for response in operation["responses"].values():
                if "application/problem+json" in response.get("content", {}):
                    response["content"].pop("application/json", None)
    return document
