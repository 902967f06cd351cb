"""The keys with which a database is used, so that servers on several machines cannot have different ones.

With another secret the same ID number has another hash, and a person could open two credentials; with another
challenge key terminals refuse what the other machine signed. The sealing keys may differ for a while: a
machine that lacks one which is registered leaves the request to another.
"""

import time
from hashlib import sha256

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from central.codes import Code
from central.exceptions import Problem
from central.security.keys import Keys, KeysError
from central.storage.database import Database
from central.storage.tables import KnownKey

_RETRY_S = 10.0


def register(database: Database, keys: Keys) -> None:
    """Register what is not registered. Raises KeysError if the database was made with other keys."""
    own = {
        "challenge": sha256(
            keys.challenge.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        ).hexdigest(),
        "personal-data": sha256(b"central-known-key-v1|" + keys.personal_data).hexdigest(),
    } | {_sealing(id): id for id in keys.sealing}
    for name, fingerprint in own.items():
        if _registered(database, name, fingerprint) != fingerprint:
            raise KeysError(
                f"this database was made with another {name} key: copy the folder `keys` of the other machine"
            )


def need_sealing_key(database: Database, keys: Keys, id: str) -> None:
    """Raise Problem 503 if the sealing key is central's, but this machine has not got it (yet)."""
    if id in keys.sealing:
        return
    with database.read() as session:
        known = session.get(KnownKey, _sealing(id)) is not None
    if known:
        raise Problem(503, Code.CENTRAL_FAULT, "a sealing key is missing here", retry_after_s=_RETRY_S)


def _sealing(id: str) -> str:
    return f"sealing:{id}"


def _registered(database: Database, name: str, fingerprint: str) -> str:
    """Return what is registered under a name; `fingerprint` from now on if that is nothing."""
    query = select(KnownKey.fingerprint).where(KnownKey.name == name)
    with database.read() as session:
        found = session.scalar(query)
    if found is not None:
        return found
    try:
        with database.write() as session:
            session.add(KnownKey(name=name, fingerprint=fingerprint, at_unix=time.time()))
    except IntegrityError:  # another program was faster
        with database.read() as session:
            return session.scalars(query).one()
    return fingerprint
