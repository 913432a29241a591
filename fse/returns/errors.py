"""The errors of what a caisse answers."""

from bifente.fse.errors import FseError


class InvalidReturn(FseError, ValueError):
    """A return that cannot be written, or a file that is not one; the message names the field or the entity."""


class ReturnRefused(FseError):
    """A return whose signature does not hold, or is not of a caisse that is trusted here."""

    kind = "signature"
    hint = "do not believe it: ask the caisse, or send the lot again when its delay is over"
