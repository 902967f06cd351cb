"""Model files: pinned by a manifest, fetched once, checked at every start, never replaced silently.

`manifest` says what there is and whether a file on disk is that file; drivers use `locate` or `load`.
`installer` gets files.
"""

from kiosk.models.installer import install
from kiosk.models.manifest import MANIFEST, ModelEntry, load, locate, read, verify

__all__ = ["MANIFEST", "ModelEntry", "install", "load", "locate", "read", "verify"]
