"""Face engines, and the watcher that turns frames into `FaceSeen`. Embeddings never leave this package."""
