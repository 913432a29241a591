"""``bifente primer``: the course of cryptology."""
