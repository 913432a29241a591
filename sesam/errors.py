"""The errors of this room: what ends a call with a code, and what is wrong with a file or with what was sent."""

from bifente.sesam.codes import ReturnCode


class SesamError(Exception):
    """Something that a person asked for cannot be done. ``hint`` says what helps."""

    kind: str = "input"

    def __init__(self, what: str, kind: str | None = None, *, hint: str = "") -> None:
        super().__init__(what)
        if kind is not None:
            self.kind = kind
        self.hint = hint


class CallFailed(Exception):
    """A call ends with ``code``; the message says why, to whoever reads the trace. Never holds a PIN.

    ``fields`` is what the caller gets besides the code.
    """

    def __init__(self, code: int, why: str, *fields: bytes) -> None:
        super().__init__(why)
        self.code = code
        self.fields = fields


class WireBroken(Exception):
    """Bytes that are no message of the forwarder: the connection is closed."""


def absent_parameter(name: str) -> CallFailed:
    """What a null pointer ends with where a text is due."""
    return CallFailed(ReturnCode.PARAMETER, f"{name} is a null pointer")
