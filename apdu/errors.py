"""The errors of the codecs in this package."""


class ApduError(ValueError):
    """Bytes that are not what they should be. The message says what, where and what was expected."""

    kind: str = "input"
