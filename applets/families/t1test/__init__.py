"""The T=1 test card."""
