"""Profiles: what a card is made from, as models and as files."""
