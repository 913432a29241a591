"""``bifente completion``."""
