"""What is secret or personal, kept out of a trace while it is recorded and taken out of one that others recorded."""
