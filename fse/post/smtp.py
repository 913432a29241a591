"""Sending by SMTP: over TLS with a verified server, every wait bounded, every refusal one line."""

import smtplib
import ssl
from contextlib import suppress

from bifente.fse.post.account import Account
from bifente.fse.post.errors import (
    LoginRefused,
    NotTrusted,
    PostUncertain,
    PostUnreachable,
    SendingRefused,
)
from bifente.fse.post.letter import check_address


class SmtpPost:
    """Mails go to the server of *account*; the connection is kept for the next one until :meth:`close`."""

    def __init__(self, account: Account) -> None:
        self.account = account
        self._server: smtplib.SMTP | None = None

    def send(self, message: bytes, *, sender: str, recipient: str) -> None:
        """Hand *message* to the server; when this returns it has taken the mail.

        Raises SendingRefused, PostUnreachable (the mail was not taken), PostUncertain (perhaps), NotTrusted, LoginRefused.
        """
        check_address(sender, "sender")
        check_address(recipient, "recipient")
        server = self._connection()
        try:
            self._announce(server, message, sender, recipient)
        except (smtplib.SMTPException, OSError) as error:
            self._drop()
            raise self._unreachable(error) from None
        try:
            code, answer = server.data(message)
        except smtplib.SMTPDataError as error:  # the server did not want to see it
            raise _refused(recipient, error.smtp_code, error.smtp_error) from None
        except (smtplib.SMTPException, OSError) as error:
            self._drop()
            raise PostUncertain(
                f"the mail server {self.account.place} did not say whether it took the mail: {_words(error)}"
            ) from None
        if code != 250:
            raise _refused(recipient, code, answer)

    def close(self) -> None:
        """Take leave of the server."""
        if self._server is not None:
            with suppress(smtplib.SMTPException, OSError):
                self._server.quit()
            self._drop()

    def __enter__(self) -> "SmtpPost":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _announce(self, server: smtplib.SMTP, message: bytes, sender: str, recipient: str) -> None:
        """MAIL FROM and RCPT TO. Raises SendingRefused."""
        size = [f"SIZE={len(message)}"] if server.has_extn("size") else []
        code, answer = server.mail(sender, size)
        if code != 250:
            server.rset()
            raise _refused(sender, code, answer)
        code, answer = server.rcpt(recipient)
        if code not in (250, 251):
            server.rset()
            raise _refused(recipient, code, answer)

    def _connection(self) -> smtplib.SMTP:
        """The connection that is open and still answers, or a new one."""
        if self._server is not None:
            with suppress(smtplib.SMTPException, OSError):
                if self._server.noop()[0] == 250:
                    return self._server
            self._drop()
        try:
            self._server = self._connected()
        except ssl.SSLError as error:
            raise not_trusted(self.account, error) from None
        except smtplib.SMTPNotSupportedError:
            raise NotTrusted(
                f"the mail server {self.account.place} offers no {'TLS' if self.account.security == 'starttls' else 'login'}"
            ) from None
        except smtplib.SMTPAuthenticationError as error:
            raise LoginRefused(
                f"the mail server {self.account.place} does not accept the user {self.account.user!r}: {_words(error)}"
            ) from None
        except (smtplib.SMTPException, OSError) as error:
            raise self._unreachable(error) from None
        return self._server

    def _connected(self) -> smtplib.SMTP:
        account = self.account
        if account.security == "tls":
            server: smtplib.SMTP = smtplib.SMTP_SSL(
                account.host, account.port, timeout=account.timeout, context=account.context()
            )
        else:
            server = smtplib.SMTP(account.host, account.port, timeout=account.timeout)
        try:
            if account.security == "starttls":
                server.starttls(context=account.context())
            server.ehlo_or_helo_if_needed()
            if account.user:
                server.login(account.user, account.password)
        except BaseException:
            with suppress(OSError, ValueError):
                server.close()
            raise
        return server

    def _drop(self) -> None:
        if self._server is not None:
            with suppress(OSError, ValueError):
                self._server.close()
            self._server = None

    def _unreachable(self, error: Exception) -> PostUnreachable:
        return PostUnreachable(f"the mail server {self.account.place} does not answer: {_words(error)}")


def not_trusted(account: Account, error: ssl.SSLError) -> NotTrusted:
    """What is wrong with the server's certificate, in the words of the library."""
    why = error.verify_message if isinstance(error, ssl.SSLCertVerificationError) else error.reason
    return NotTrusted(f"the mail server {account.place} is not trusted: {why or 'TLS failed'}")


def _refused(whom: str, code: int, answer: bytes | str) -> SendingRefused:
    words = answer.decode("utf-8", "replace") if isinstance(answer, bytes) else answer
    later = 400 <= code < 500
    return SendingRefused(
        f"the mail server does not take the mail for {whom}: {code} {' '.join(words.split())[:200]}",
        permanent=not later,
        hint="send it again later" if later else None,
    )


def _words(error: Exception) -> str:
    """One line of what the library says."""
    if isinstance(error, smtplib.SMTPResponseException):
        answer = error.smtp_error
        return (
            f"{error.smtp_code} {answer.decode('utf-8', 'replace') if isinstance(answer, bytes) else answer}"
        )
    # the library makes a closed connection of a timeout
    if isinstance(error, TimeoutError) or isinstance(error.__context__, TimeoutError):
        return "no answer in time"
    found = error.strerror if isinstance(error, OSError) else None
    return " ".join((found or str(error) or type(error).__name__).split())[:200]
