"""Model files: pinned by a manifest, installed once, checked at every start, never replaced silently.

`manifest` says which files there are and checks a file on disk; drivers use `locate` or `load`. `installer`
brings files of the manifest, `folders` whole folders of the operator.
"""

from kiosk.models.installer import install
from kiosk.models.manifest import MANIFEST, ModelEntry, load, locate, read, verify

__all__ = ["MANIFEST", "ModelEntry", "install", "load", "locate", "read", "verify"]
