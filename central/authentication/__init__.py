"""Online authentication: an OpenID Connect provider for relying parties."""
