"""The key with which this service proves itself to central, a file of mode 0600, made once."""

import json
import os
from pathlib import Path

from joserfc.jwk import ECKey

from permit.login.client_authentication import ClientAuthentication, PrivateKey, Secret
from permit.settings import Settings

KEY, PUBLIC, SECRET = "client.key", "client-jwks.json", "client.secret"


def make_client_key(folder: Path) -> None:
    """Make the key and its public half (a JWK set for central) unless they are there. Raises OSError."""
    if (folder / KEY).exists():
        return
    key = ECKey.generate_key("P-256", private=True)
    file = os.open(folder / KEY, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(file, "wb") as opened:
        opened.write(key.as_pem(private=True))
    public = {**key.as_dict(private=False), "kid": key.thumbprint(), "use": "sig", "alg": "ES256"}
    (folder / PUBLIC).write_text(json.dumps({"keys": [public]}, indent=1) + "\n", encoding="ascii")


def load_client(settings: Settings) -> ClientAuthentication:
    """Return how the service proves itself. Raises OSError, ValueError."""
    login = settings.login
    name = KEY if login.authentication == "private_key_jwt" else SECRET
    path = settings.keys / name
    if path.stat().st_mode & 0o077:
        raise ValueError(f"{path}: others may read it; chmod 600")
    content = path.read_bytes()
    if login.authentication == "client_secret_basic":
        return Secret(login.client_id, content.decode("ascii").strip())
    return PrivateKey(login.client_id, ECKey.import_key(content))
