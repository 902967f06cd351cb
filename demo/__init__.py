"""The demonstration: a real terminal, a real central server, and simulated customers who come by."""
