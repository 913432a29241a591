"""Texts of cards and names of files on a terminal: nothing in them moves its cursor or changes its colours."""

import re

CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def visible(text: str) -> str:
    r"""*text* with its control characters (C0, DEL, C1) written as ``\x1b``."""
    return CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", text)
