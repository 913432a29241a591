"""Card files: made, looked at, changed, and asked in a reader of this process."""
