"""A trace that is said again: by a card that answers what was answered, or to a card that is asked the same."""
