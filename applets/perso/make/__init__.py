"""From a profile to the records of a card."""
