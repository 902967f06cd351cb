"""Synthetic speech with Kokoro-82M: voice prompts, simulated customers, training voices."""
