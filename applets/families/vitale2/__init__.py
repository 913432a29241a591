"""The carte Vitale 2."""
