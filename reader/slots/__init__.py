"""The two-slot reader in process: its slots, the cards in them, the links to these, and what happens."""
