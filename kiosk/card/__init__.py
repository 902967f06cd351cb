"""What a card says: frames and commands of its reader, layouts of its text, rules of its number."""
