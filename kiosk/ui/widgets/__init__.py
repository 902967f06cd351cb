"""Parts of screens. Each paints itself from a `Look` and knows nothing of stages."""
