"""Routes, one file for each resource: they only translate between HTTP and the packages that do the work."""
