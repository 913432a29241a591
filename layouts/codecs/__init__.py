"""The contents of files, from bytes to values and back."""
