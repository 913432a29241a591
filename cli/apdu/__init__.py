"""``bifente apdu``: APDUs in words, and to a card file."""
