"""A small practice program: it knows PC/SC and APDUs, and nothing of bifente."""
