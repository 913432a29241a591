"""What a person asked for cannot be done on the workbench."""


class WorkbenchError(Exception):
    """One line that says what is wrong, its ``kind``, and a ``hint`` about the matter itself: no command is named here.

    Kinds are those of all our packages: a family, perhaps with what is particular about it after a full stop. A face
    makes an exit code, a colour or a status of the family, and knows what helps with the whole.
    """

    kind: str = "input"

    def __init__(self, what: str, kind: str | None = None, *, hint: str = "") -> None:
        super().__init__(what)
        if kind is not None:
            self.kind = kind
        self.hint = hint
