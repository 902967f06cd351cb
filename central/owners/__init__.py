"""What owners see of their credentials and do with them on their pages."""
