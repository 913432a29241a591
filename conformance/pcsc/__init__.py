"""The reader suite through PC/SC: the calls that it makes, and the cases about them."""
