"""The cases that need more than a card script: arithmetic, several cards at once, lengths, sessions."""
