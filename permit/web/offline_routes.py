"""What makes the card installable: the manifest, the service worker, and the page without a connection."""

from pathlib import Path

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from permit.web.pages import language_of, page
from permit.web.phrases import PHRASES

router = APIRouter()

STATIC = Path(__file__).parent / "static"
_WORKER = (STATIC / "service-worker.js").read_text(encoding="utf-8")


@router.get("/manifest.webmanifest")
def manifest(request: Request) -> Response:
    """Return the web app manifest."""
    phrases = PHRASES[language_of(request)]
    return JSONResponse(
        {
            "name": phrases["product"],
            "short_name": phrases["product"],
            "id": "/card",
            "start_url": "/card",
            "scope": "/",
            "display": "standalone",
            "background_color": "#FAF6EF",
            "theme_color": "#0B5F56",
            "icons": [{"src": "/static/icon.svg", "sizes": "any", "type": "image/svg+xml"}],
        },
        media_type="application/manifest+json",
        headers={"Cache-Control": "no-cache"},
    )


@router.get("/service-worker.js")
def worker() -> Response:
    """Return the service worker, from the root, because it serves the pages below."""
    headers = {"Cache-Control": "no-cache", "X-Content-Type-Options": "nosniff"}
    return Response(_WORKER, media_type="text/javascript", headers=headers)


@router.get("/offline")
def offline(request: Request) -> Response:
    """Show what the worker shows where no card is kept."""
    return page(request, "offline.html")
