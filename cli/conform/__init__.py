"""``bifente conform``: what cards and readers promise."""
