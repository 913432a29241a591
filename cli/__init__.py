"""The command line: where cards, readers and care sheets are wired together."""
