"""What is wrong with a letter or with the post: one line each, a kind that a face can sort by, and what can be done."""

from bifente.fse.errors import FseError


class PostError(FseError):
    """A letter or a mail server that does not do what it should."""

    kind = "post"

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        if hint is not None:
            self.hint = hint


class LetterRefused(PostError, ValueError):
    """A letter that cannot be written as it is: an address, a subject, a name."""

    kind = "input.letter"


class CertificateNotForLetter(LetterRefused):
    """The certificate is not one to seal this letter with."""

    kind = "input.certificate"
    hint = "take the certificate of the recipient that is valid now"


class MailRefused(PostError):
    """A mail that is not a letter: cut short, changed on its way, of another kind or in another charset."""

    kind = "input.mail"
    hint = "have the sender send it again"


class MailTooLarge(MailRefused):
    """More than a letter may hold, packed or unpacked; it was not read to its end."""

    kind = "input.mail-too-large"
    hint = "have the sender split it"


class WrongRecipient(MailRefused):
    """The mail is sealed for somebody else."""

    kind = "input.wrong-recipient"
    hint = "it was sealed with the certificate of another: have it sealed anew, or open it with that key"


class OldSeal(MailRefused):
    """The mail is sealed with Triple DES, which is read only when that is asked for."""

    kind = "input.old-cipher"
    hint = "read it with the old ciphers (legacy), or have the sender use AES"


class PostUnreachable(PostError):
    """Nobody answers, or no longer: what was not taken is still here."""

    kind = "post.down"
    hint = "see that the server runs and that host and port are right, then try again"


class PostUncertain(PostUnreachable):
    """The connection ended after the mail and before the answer: the server may have taken it.

    Sent again it has the same Message-ID, by which the recipient knows it.
    """

    kind = "post.uncertain"
    hint = "send the same mail again: its Message-ID tells a second one from a new one"


class NotTrusted(PostError):
    """The server's certificate is not accepted, or it offers no TLS."""

    kind = "post.tls"
    hint = "name the certificate of its authority (ca), or the server by the name that its certificate has"


class LoginRefused(PostError):
    """User or password are not accepted."""

    kind = "post.login"
    hint = "see user and password of the account"


class SendingRefused(PostError):
    """The server does not take this mail. ``permanent``: the same mail will not be taken later either."""

    kind = "post.refused"
    hint = "see the recipient's address"

    def __init__(self, message: str, *, permanent: bool = True, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.permanent = permanent
