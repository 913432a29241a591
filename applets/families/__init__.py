"""The families of cards: what the emulator needs to know of each kind, in a folder of its own."""
