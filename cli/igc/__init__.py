"""``bifente igc``: authorities."""
