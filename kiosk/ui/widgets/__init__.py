"""Parts of screens. Each paints itself from a `Theme` and knows nothing of stages."""
