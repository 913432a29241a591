"""Forward migrations of the store, from version 1 on."""
