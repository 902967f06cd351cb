"""OpenID Connect: this service as a relying party of central."""
