"""``bifente reader``: the served two-slot reader."""
