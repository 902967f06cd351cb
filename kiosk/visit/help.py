"""Holds why a visit waits."""

from msgspec import Struct

from kiosk.model import ClerkCallState


class Help(Struct, frozen=True):
    """The clerk was called and the visit waits for them; see `kiosk.visit.stages.waiting`."""

    call: ClerkCallState = ClerkCallState.CALLING
    staffed: bool = False  # a clerk is signed in, who could decide on the spot
