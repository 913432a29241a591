"""Receiving by POP3 and IMAP: over TLS with a verified server, every wait and every size bounded.

A mail that is dealt with is deleted on the server when the session ends well; until then it comes again, and its Message-ID
tells.
"""

import imaplib
import poplib
import re
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Final

from bifente.fse.post.account import Account
from bifente.fse.post.delivery import Delivered
from bifente.fse.post.errors import LoginRefused, PostError, PostUnreachable
from bifente.fse.post.mime import LONGEST_MAIL
from bifente.fse.post.smtp import not_trusted

_BROKEN: Final = (poplib.error_proto, imaplib.IMAP4.error, OSError, EOFError, ValueError)


_LATER: Final = re.compile(r"\[(IN-?USE|LOGIN-DELAY|SYS/\w+|UNAVAILABLE|LIMIT|SERVERBUG)\]", re.IGNORECASE)
"""What a server says to a user whom it knows and cannot serve now (RFC 2449 §8, RFC 3206, RFC 5530)."""


_LONGEST_ANSWER: Final = 2 * LONGEST_MAIL
"""Bytes of one answer, whatever size the server has announced."""


class Pop3Box:
    """The mails of *account* on a POP3 server, named by their unique ids (UIDL)."""

    def __init__(self, account: Account) -> None:
        self.account = account
        self._open: tuple[poplib.POP3, dict[str, int]] | None = None

    def fetch(self) -> Iterator[Delivered]:
        """The mails on the server. What :meth:`done` names meanwhile is deleted when the last one was taken."""
        with _told(self.account):
            server = self._connected()
        try:
            with _told(self.account):
                numbers, sizes = _numbers(server)
                self._open = server, numbers
            for uid, number in list(numbers.items()):
                with _told(self.account):
                    size = sizes.get(number, 0)
                    whole = size <= LONGEST_MAIL
                    lines = server.retr(number)[1] if whole else server.top(number, 0)[1]
                yield Delivered(uid, b"".join(line + b"\r\n" for line in lines), 0 if whole else size)
        except BaseException:
            self._open = None
            _abandon(server.close)
            raise
        self._open = None
        with _told(self.account):
            server.quit()

    def done(self, id: str) -> None:
        """Delete the mail: in the session of a :meth:`fetch` that is under way, else in one of its own."""
        if self._open is not None:
            server, numbers = self._open
            with _told(self.account):
                _delete(server, numbers, id)
            return
        with _told(self.account):
            server = self._connected()
            try:
                _delete(server, _numbers(server)[0], id)
                server.quit()
            except BaseException:
                _abandon(server.close)
                raise

    def _connected(self) -> poplib.POP3:
        account = self.account
        if account.security == "tls":
            server: poplib.POP3 = _Pop3Tls(
                account.host, account.port, timeout=account.timeout, context=account.context()
            )
        else:
            server = _Pop3(account.host, account.port, timeout=account.timeout)
        try:
            if account.security == "starttls":
                server.stls(context=account.context())
            with _login(account):
                server.user(account.user)
                server.pass_(account.password)
        except BaseException:
            _abandon(server.close)
            raise
        return server


class ImapBox:
    """The mails in the INBOX of *account* on an IMAP server, named by UIDVALIDITY and UID."""

    def __init__(self, account: Account) -> None:
        self.account = account
        self._open: tuple[imaplib.IMAP4, str] | None = None

    def fetch(self) -> Iterator[Delivered]:
        """The mails on the server. What :meth:`done` names meanwhile is deleted when the last one was taken."""
        with _told(self.account):
            server, validity = self._connected()
        try:
            self._open = server, validity
            with _told(self.account):
                uids = _answer(server.uid("SEARCH", "UNDELETED")).split()
            for uid in map(bytes.decode, uids):
                with _told(self.account):
                    size = _size(server, uid)
                    whole = size <= LONGEST_MAIL
                    content = _body(server, uid, "BODY.PEEK[]" if whole else "BODY.PEEK[HEADER]")
                if content is not None:
                    yield Delivered(f"{validity}.{uid}", content, 0 if whole else size)
        except BaseException:
            self._open = None
            _abandon(server.shutdown)
            raise
        self._open = None
        with _told(self.account):
            server.expunge()
            server.logout()

    def done(self, id: str) -> None:
        """Delete the mail: in the session of a :meth:`fetch` that is under way, else in one of its own."""
        if self._open is not None:
            with _told(self.account):
                _mark_deleted(*self._open, id)
            return
        with _told(self.account):
            server, validity = self._connected()
            try:
                _mark_deleted(server, validity, id)
                server.expunge()
                server.logout()
            except BaseException:
                _abandon(server.shutdown)
                raise

    def _connected(self) -> tuple[imaplib.IMAP4, str]:
        account = self.account
        if account.security == "tls":
            server: imaplib.IMAP4 = imaplib.IMAP4_SSL(
                account.host, account.port, ssl_context=account.context(), timeout=account.timeout
            )
        else:
            server = imaplib.IMAP4(account.host, account.port, timeout=account.timeout)
        try:
            if account.security == "starttls":
                server.starttls(ssl_context=account.context())
            with _login(account):
                server.login(account.user, _quoted(account.password))
            _answer(server.select("INBOX"))
            _, found = server.response("UIDVALIDITY")
            validity = found[0].decode() if found and isinstance(found[0], bytes) else "0"
        except BaseException:
            _abandon(server.shutdown)
            raise
        return server, validity


class _Pop3(poplib.POP3):
    """Takes lines of any length, answers of a bounded one, and closes its socket when the greeting is not one.

    The library gives up a session at a line of more than 2048 bytes: one such mail would close the box for all others.
    """

    _left = _LONGEST_ANSWER

    def __init__(self, host: str, port: int, timeout: float) -> None:
        with _closed_on_error(self):
            super().__init__(host, port, timeout)

    def _putline(self, line: bytes) -> None:
        self._left = _LONGEST_ANSWER
        super()._putline(line)  # type: ignore[misc]  # typeshed does not name it

    def _getline(self) -> tuple[bytes, int]:
        line = self.file.readline(self._left + 1)
        self._left -= len(line)
        if not line or self._left < 0:
            raise poplib.error_proto("-ERR EOF" if not line else "an answer without end")
        return line.removesuffix(b"\n").removesuffix(b"\r"), len(line)


class _Pop3Tls(_Pop3, poplib.POP3_SSL):
    """The same over TLS."""

    def __init__(self, host: str, port: int, timeout: float, context: ssl.SSLContext) -> None:
        with _closed_on_error(self):
            poplib.POP3_SSL.__init__(self, host, port, timeout=timeout, context=context)


@contextmanager
def _closed_on_error(server: poplib.POP3) -> Iterator[None]:
    try:
        yield
    except BaseException:
        _abandon(server.close)
        raise


def _abandon(close: Callable[[], None]) -> None:
    """Close a connection that may be broken already: what broke it is what is told."""
    with suppress(OSError, ValueError, AttributeError):
        close()


def _numbers(server: poplib.POP3) -> tuple[dict[str, int], dict[int, int]]:
    """Unique id → number of this session, in the server's order; number → size in bytes."""
    numbers = {}
    for line in server.uidl()[1]:
        number, _, uid = line.decode("ascii", "replace").partition(" ")
        numbers[uid] = int(number)
    sizes = {}
    for line in server.list()[1]:
        number, _, size = line.decode("ascii", "replace").partition(" ")
        sizes[int(number)] = int(size)
    return numbers, sizes


def _delete(server: poplib.POP3, numbers: dict[str, int], uid: str) -> None:
    number = numbers.pop(uid, None)
    if number is not None:
        server.dele(number)


def _answer(given: tuple[str, list[bytes | None]]) -> bytes:
    """The first line of an answer that is OK."""
    status, lines = given
    if status != "OK":
        raise imaplib.IMAP4.error((lines[0] or b"").decode("utf-8", "replace") if lines else status)
    return lines[0] or b"" if lines else b""


def _size(server: imaplib.IMAP4, uid: str) -> int:
    found = re.search(rb"RFC822\.SIZE (\d+)", _answer(server.uid("FETCH", uid, "(RFC822.SIZE)")))
    return int(found[1]) if found else 0


def _body(server: imaplib.IMAP4, uid: str, what: str) -> bytes | None:
    """The content; None for a mail that another session has deleted."""
    status, lines = server.uid("FETCH", uid, f"({what})")
    if status != "OK":
        raise imaplib.IMAP4.error(f"{status} to FETCH")
    return next((bytes(line[1]) for line in lines if isinstance(line, tuple)), None)


def _mark_deleted(server: imaplib.IMAP4, validity: str, id: str) -> None:
    """Of another UIDVALIDITY the number would be that of another mail."""
    known, _, uid = id.rpartition(".")
    if known == validity and uid.isdigit():
        status, _ = server.uid("STORE", uid, "+FLAGS.SILENT", r"(\Deleted)")
        if status != "OK":
            raise imaplib.IMAP4.error(f"{status} to STORE")


def _quoted(password: str) -> str:
    """imaplib puts it in quotes itself; what it cannot is refused before it is sent."""
    if "\r" in password or "\n" in password:
        raise LoginRefused("a password has one line")
    return password


@contextmanager
def _login(account: Account) -> Iterator[None]:
    try:
        yield
    except (poplib.error_proto, imaplib.IMAP4.error) as error:
        said = _words(error)
        if _LATER.search(said):
            raise
        raise LoginRefused(
            f"the mail server {account.place} does not accept the user {account.user!r}: {said}"
        ) from None


@contextmanager
def _told(account: Account) -> Iterator[None]:
    """Whatever the libraries raise is one line about the server."""
    try:
        yield
    except PostError:
        raise
    except ssl.SSLError as error:
        raise not_trusted(account, error) from None
    except _BROKEN as error:
        raise PostUnreachable(f"the mail server {account.place} does not answer: {_words(error)}") from None


def _words(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "no answer in time"
    found = error.strerror if isinstance(error, OSError) else None
    first = error.args[0] if error.args else ""
    said = first.decode("utf-8", "replace") if isinstance(first, bytes) else str(first)
    return " ".join((found or said or type(error).__name__).split())[:200]
