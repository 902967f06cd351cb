"""Verification of recorded clips: the workers of central's online authentication (docs/verification.md)."""
