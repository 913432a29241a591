"""``bifente doctor``: what this machine has of what cards and readers need."""
