"""Browsers: their sessions, one-time codes to mobile numbers, logins that are under way."""
