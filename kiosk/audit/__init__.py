"""What happened at this terminal, in an order that nobody can change afterwards without being found out."""
