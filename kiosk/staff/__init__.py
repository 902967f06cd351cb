"""The people behind the counter: who they are, and what they did."""
