"""``bifente pin``: the PIN of a professional's card."""
