"""The audit log: what happened at this terminal, in a chain of records that cannot be changed unnoticed."""
