"""Baseline: what FastAPI and SQLAlchemy need for one insert with one commit, with the same server around it.

It takes the same requests as central, validates them as JSON with a few fields, and checks nothing else.
Started as `python -m benchmarks.central.bare_insert PORT CERTIFICATE KEY WORKERS`, `DATABASE_URL` in the
environment.
"""

import os
import sys
import time
from typing import Any

import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel
from sqlalchemy import create_engine, event, make_url
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

POOL = 40
"""As many connections as FastAPI has threads for routes."""


class Base(DeclarativeBase):
    """Base of the one table."""


class BareActivation(Base):
    """One row a request."""

    __tablename__ = "bare_activations"

    id: Mapped[str] = mapped_column(primary_key=True)
    terminal: Mapped[str]
    sealed: Mapped[str]
    at_unix: Mapped[float]
    received_unix: Mapped[float]
    status: Mapped[str]


class SealedPart(BaseModel):
    """The sealed part."""

    data: str


class Request(BaseModel):
    """Of the request what the row keeps, and the verdicts, which central decodes too."""

    id: str
    terminal: str
    at_unix: float
    sealed: SealedPart
    verdicts: list[dict[str, Any]]


class Receipt(BaseModel):
    """The answer."""

    id: str
    status: str
    at_unix: float


def application() -> FastAPI:
    """Return the application; its table is made by `make_table`."""
    engine = _engine()
    app = FastAPI()

    @app.post("/v1/activations")
    def submit(request: Request) -> Receipt:
        now = time.time()
        row = BareActivation(
            id=request.id,
            terminal=request.terminal,
            sealed=request.sealed.data,
            at_unix=request.at_unix,
            received_unix=now,
            status="ACTIVATED",
        )
        with Session(engine) as session, session.begin():
            session.add(row)
        return Receipt(id=request.id, status="ACTIVATED", at_unix=now)

    @app.get("/v1/health")
    def health() -> dict[str, str]:
        return {"status": "ok"}

    return app


def _engine() -> Any:
    url = make_url(os.environ["DATABASE_URL"])
    if url.get_backend_name() != "sqlite":
        return create_engine(
            url.set(drivername="postgresql+psycopg"), pool_size=POOL, max_overflow=0, pool_pre_ping=True
        )
    engine = create_engine(url, pool_size=POOL, max_overflow=0)
    event.listen(engine, "connect", _prepare_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=60000"):
        connection.execute(f"PRAGMA {pragma}")


def main(port: int, certificate: str, key: str, workers: int) -> None:
    """Serve until SIGTERM."""
    engine = _engine()
    Base.metadata.create_all(engine)
    engine.dispose()
    uvicorn.run(
        "benchmarks.central.bare_insert:application",
        factory=True,
        port=port,
        workers=workers,
        ssl_certfile=certificate,
        ssl_keyfile=key,
        log_config=None,
        access_log=False,
        server_header=False,
        backlog=256,
        timeout_keep_alive=75,
    )


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4]))
