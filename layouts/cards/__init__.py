"""What stands on each kind of card: one module for each generation, and none knows another."""
