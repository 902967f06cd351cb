"""Staff panel: sign-in and pages."""
