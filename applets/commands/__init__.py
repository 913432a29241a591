"""The commands of the cards, one module for each family of instructions."""
