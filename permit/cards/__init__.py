"""A person's card: what it shows, how it is kept up to date, its reminders and its end."""
