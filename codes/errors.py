"""The error of this package."""


class CodeError(ValueError):
    """An identifier, code or date whose shape is wrong.

    A wrong *key* is no error: cards and files carry such identifiers and they must be shown. ``kind`` names what was
    read ("NIR", "RPPS", …); the message never repeats the value, which may name a person.
    """

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(f"{kind}: {message}")
        self.kind = kind
        self.reason = message
