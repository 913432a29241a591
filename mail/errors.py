"""What is wrong with a mail, with its signature, or with those whom it is for: one line each, and what can be done."""


class SecureMailError(Exception):
    """A mail that is not signed, enciphered, opened or believed. ``hint`` says what a person can do; it may be empty."""

    kind: str = "input.message"
    hint: str = ""

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        if hint is not None:
            self.hint = hint


class MessageRefused(SecureMailError):
    """A mail that is not taken as it stands: its headers, its parts, or how they are put into one another."""


class NotEnciphered(SecureMailError):
    """There is nothing to decipher."""

    kind = "input.not-enciphered"


class StillEnciphered(SecureMailError):
    """The mail has to be deciphered before its signature can be seen."""

    kind = "input.still-enciphered"


class NotForThisCard(SecureMailError):
    """The mail is enciphered for others."""

    kind = "input.wrong-recipient"
    hint = "open it with the card of a recipient, or have it enciphered anew for this one"


class NotDeciphered(SecureMailError):
    """The card was at work, and nothing readable came of it. It is not said where it failed: a sender could learn from that."""

    kind = "input.not-deciphered"
    hint = "have the sender send it again"


class NotSigned(SecureMailError):
    """Nobody has signed the mail, or the signature was taken off."""

    kind = "signature.not-signed"
    hint = "nothing says who wrote it: ask the sender for a signed one"


class SignatureRefused(SecureMailError):
    """The signature does not hold, is not that of the sender, or is for another mail."""

    kind = "signature.mail"


class NoCertificateForRecipient(SecureMailError):
    """Nobody has a certificate by which a mail could be enciphered for ``address``."""

    kind = "input.no-recipient-certificate"

    def __init__(self, address: str, why: str) -> None:
        super().__init__(f"no certificate to encipher for {address}: {why}")
        self.address = address
