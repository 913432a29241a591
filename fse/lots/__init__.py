"""Sheets into invoices, lots and files, the signature of a lot, and back: the same code on both sides of the post."""
