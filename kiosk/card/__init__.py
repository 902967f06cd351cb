"""ID cards: frames and commands of their readers, layouts of their text, rules of their number."""
