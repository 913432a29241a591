"""The store of a caisse: what it received, thought, answered and paid. The only room of the caisse that knows SQL."""
