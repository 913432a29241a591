"""The errors of NOEMIE files."""

from bifente.fse.errors import FseError


class NoemieError(FseError):
    """Something about a NOEMIE file or one of its entities."""


class EntityRefused(NoemieError, ValueError):
    """A value that an entity cannot hold; the message names the entity and the field."""


class NotNoemie(NoemieError):
    """What does not begin as a NOEMIE file does: it is not read any further."""

    hint = "a NOEMIE file begins with the entity 000, in 128 characters; it may be compressed with gzip"


class NoemieRefused(NoemieError):
    """A NOEMIE file that breaks a rule where one without faults is needed; the message is its first finding."""

    hint = "the whole list of findings says what else is wrong"
