"""What staff see: signing in, and the panel."""
