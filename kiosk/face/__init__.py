"""Faces: from frames to `FaceSeen`. Embeddings never leave this package."""
