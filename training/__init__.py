"""Offline tools that make the sounds and the digit model; the product never imports them."""
