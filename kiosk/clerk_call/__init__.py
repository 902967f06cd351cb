"""Calls the clerk to the terminal: what decides when, and the drivers that do it."""
