"""What this machine has of what cards and readers need."""
