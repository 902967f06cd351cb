"""Commands of `permit`, one file each."""
