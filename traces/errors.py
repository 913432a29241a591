"""The errors of traces."""


class TraceError(ValueError):
    """A trace that cannot be read or written.

    ``line`` counts from 1, and is None when no line is meant. In captures, packets are counted instead of lines.
    ``reason`` is the message without the line, ``hint`` what to do about it, where that is known.
    """

    kind: str = "input"

    def __init__(
        self, message: str, line: int | None = None, unit: str = "line", *, hint: str | None = None
    ) -> None:
        super().__init__(message if line is None else f"{unit} {line}: {message}")
        self.reason = message
        self.line = line
        self.hint = hint
        self._named = False

    def name_file(self, path: object) -> None:
        """Begin the message with the file it is about, unless it does already."""
        if not self._named:
            self._named = True
            self.args = (f"{path}: {self}",)


class HiddenBytes(TraceError):
    """The bytes that were asked for are masked: they were never recorded."""

    def __init__(self) -> None:
        super().__init__("these bytes are masked")
