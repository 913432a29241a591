"""Texts of strangers before a person reads them: nothing in them moves a cursor, turns the line round or hides.

Names of readers, files, slots and people come from cards, traces and networks. Whatever shows them, on a terminal or a
page, asks :func:`visible` first.
"""

from unicodedata import category


def visible(text: str) -> str:
    r"""*text* with what is not to be seen written out: ``\x1b``, ``\u202e``, ``\U000e0041``.

    That is whatever Unicode calls a control (C0, DEL, C1, line ends and tabulators too), a format character (the
    directions of Arabic and Hebrew, joiners, tags), a line or paragraph separator, half of a surrogate pair, or not a
    character. Letters, marks and spaces of all scripts stay.
    """
    if text.isprintable():
        return text
    return "".join(letter if _seen(letter) else _written_out(letter) for letter in text)


def escaped(text: str) -> str:
    """One line for HTML, what is not to be seen written out."""
    from html import escape

    return escape(visible(text))


def _seen(letter: str) -> bool:
    """``str.isprintable`` is false of every space but one, and French has several."""
    return letter.isprintable() or category(letter) == "Zs"


def _written_out(letter: str) -> str:
    code = ord(letter)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
