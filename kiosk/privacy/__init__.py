"""What the terminal holds of people, how long, and the proof that it was erased."""
