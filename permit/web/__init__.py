"""The pages: routes, templates, sentences in three languages, the card without a connection."""
