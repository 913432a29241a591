"""``bifente sesam``: GALSS and SSV for software that exists."""
