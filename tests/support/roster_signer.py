"""Made-up staff, and a central that signs for them."""

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kiosk.settings import StaffSettings
from kiosk.staff.roster import RosterIssuer
from tests.support.review_signer import wrapped

SETTINGS = StaffSettings(offline_days=7, pin_tries=3, lock_s=300, idle_warning_s=60, idle_s=90, stick="stick")
NOW = 1_800_000_000.0
CLERK, CLERK_PIN = "100200", "730518"
BOSS, BOSS_PIN = "900100", "284615"
TERMINAL = "GZ-0001"


def member(number=CLERK, role="clerk", pin=CLERK_PIN, **more):
    return {"number": number, "role": role, "key": wrapped(number, pin)} | more


def staff():
    return [member(), member(BOSS, "supervisor", BOSS_PIN)]


class RosterSigner:
    """The part of central that signs rosters, over again with any claim changed."""

    def __init__(self):
        self.key = Ed25519PrivateKey.generate()

    def trust(self):
        return RosterIssuer(self.key.public_key(), TERMINAL)

    def roster(self, members=None, at=NOW, days=7.0, key=None, typ="roster+jwt", **claims):
        body = {
            "iss": "central",
            "aud": TERMINAL,
            "iat": at,
            "exp": at + days * 86_400,
            "members": staff() if members is None else members,
        }
        return jwt.encode(body | claims, key or self.key, algorithm="EdDSA", headers={"typ": typ})
