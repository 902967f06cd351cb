"""The e-permit service: electronic exit-entry permits for Hong Kong and Macao on a person's phone."""
