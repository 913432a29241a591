"""What is wrong with a document, and where."""


class DocumentError(Exception):
    """A document that cannot be taken. ``str()`` is one line; the document's own bytes stand in it only as names of members.

    ``source`` names the document, ``line`` counts from 1 (0: no line is to blame), ``field`` is the path of a member
    (``beneficiaires[2].nom``) or empty, ``hint`` says what a person can do, or is empty.
    """

    kind: str = "input"

    def __init__(self, source: str, message: str, *, line: int = 0, field: str = "", hint: str = "") -> None:
        place = f"{source}:{line}" if line else source
        super().__init__(": ".join(part for part in (place, field, message) if part))
        self.source = source
        self.message = message
        self.line = line
        self.field = field
        self.hint = hint


class NotADocument(DocumentError):
    """The path leads to something that is not read as a document: a folder, a device, a socket, a silent pipe."""


class DocumentTooLong(DocumentError):
    """There is more than a document of this kind may have."""

    def __init__(self, source: str, limit: int) -> None:
        super().__init__(source, f"longer than {size_text(limit)}, the most that is read here")
        self.limit = limit


def size_text(count: int) -> str:
    """A number of bytes for people: ``4 MiB``, ``64 KiB``, ``64 bytes``."""
    for unit, name in ((1 << 20, "MiB"), (1 << 10, "KiB")):
        if count >= unit and count % unit == 0:
            return f"{count // unit} {name}"
    return f"{count} bytes"
