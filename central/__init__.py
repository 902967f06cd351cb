"""The central server: terminals enrol, challenges go out, activations come in, each exactly once."""

__version__ = "0.1.0"
