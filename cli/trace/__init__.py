"""``bifente trace``: dialogues with cards, as files."""
