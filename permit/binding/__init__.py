"""Binding a permit to a person, and the card that comes of it."""
