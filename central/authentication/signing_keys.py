"""Keys that sign ID tokens.

They are in the database, so that all processes have the same. A new key is published `ANNOUNCED_S` before it
signs, and an old one stays published while a token that it signed may be checked. A key's id is its
thumbprint (RFC 7638): clients keep keys by id, and an id that came to mean another key would lock them out.
"""

import json
from dataclasses import dataclass
from typing import Any

from joserfc.jwk import RSAKey
from sqlalchemy import select
from sqlalchemy.orm import Session

from central.security.personal_data import PersonalData
from central.storage.authentication_tables import SigningKey

ALGORITHM = "RS256"  # every client has it: OpenID Connect Core 1.0, 15.1
LIFE_S = 90 * 86_400.0
ANNOUNCED_S = 86_400.0
KEPT_S = 7 * 86_400.0
"""How long a key stays published after it has signed for the last time."""


@dataclass(frozen=True)
class KeyPair:
    """A key with its id."""

    id: str
    key: RSAKey

    def __repr__(self) -> str:
        return f"KeyPair({self.id})"


def signing_key(session: Session, protection: PersonalData, now: float) -> KeyPair:
    """Return the key to sign with: the newest that was announced long enough, else the oldest there is.

    Makes one, or its successor, where it is time; call it in a session that writes.
    """
    rows = list(session.scalars(select(SigningKey).order_by(SigningKey.made_unix)))
    usable = [row for row in rows if row.private is not None]
    if not usable or usable[-1].made_unix + LIFE_S - ANNOUNCED_S <= now:
        usable.append(_make(session, protection, now))
    announced = [row for row in usable if row.made_unix + ANNOUNCED_S <= now]
    chosen = announced[-1] if announced else usable[0]
    for row in rows:
        if row.private is not None and row.made_unix < chosen.made_unix:
            row.private = None
        elif row.private is None and row.made_unix + LIFE_S + KEPT_S < now:
            session.delete(row)
    assert chosen.private is not None  # chosen of those that have it
    private = json.loads(protection.decrypt(chosen.private, f"signing key|{chosen.id}"))
    return KeyPair(chosen.id, RSAKey.import_key(private))


def published_keys(session: Session) -> dict[str, Any]:
    """Return the JWK set with which clients check ID tokens."""
    rows = session.scalars(select(SigningKey.public).order_by(SigningKey.made_unix))
    return {"keys": [json.loads(public) for public in rows]}


def _make(session: Session, protection: PersonalData, now: float) -> SigningKey:
    key = RSAKey.generate_key(2048, private=True)
    thumbprint = key.thumbprint()
    public = key.as_dict(private=False) | {"kid": thumbprint, "use": "sig", "alg": ALGORITHM}
    private = json.dumps(key.as_dict(private=True))
    row = SigningKey(
        id=thumbprint,
        public=json.dumps(public),
        private=protection.encrypt(private, f"signing key|{thumbprint}"),
        made_unix=now,
    )
    session.add(row)
    session.flush()
    return row
