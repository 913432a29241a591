"""The primer's lessons that need more than values: a clock, chance, files, and cards."""
