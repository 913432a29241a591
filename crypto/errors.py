"""The errors of the cryptographic primitives in this package."""


class CryptoError(ValueError):
    """An input that the primitive cannot accept, or a check that failed. The message never holds secret bytes."""

    kind: str = "signature"
