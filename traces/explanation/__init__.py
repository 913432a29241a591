"""A dialogue in words: each command and answer in the light of what was said before, and what a stretch of it is about."""
