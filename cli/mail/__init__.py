"""``bifente mail``: secure mail."""
