"""The error of this package."""


class CodeError(ValueError):
    """An identifier, code or date whose shape is wrong.

    A wrong *key* is not an error: cards and files carry such identifiers and they must be shown. ``identifier`` names what
    was read ("NIR", "RPPS", …); the message never repeats the value, which may name a person.
    """

    kind: str = "input"

    def __init__(self, identifier: str, message: str) -> None:
        super().__init__(f"{identifier}: {message}")
        self.identifier = identifier
        self.reason = message
