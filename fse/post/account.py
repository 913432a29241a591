"""Where a mail server is and who one is there; read from a YAML file, the password from elsewhere.

::

    address: cabinet@ps.rss.test
    smtp: {host: mail.example.test, port: 587, security: starttls, user: cabinet, password-file: smtp.password}
    pop3: {host: mail.example.test, user: cabinet, password-env: POP3_PASSWORD, ca: servers.pem}

or, in the place of the servers, ``maildir: /srv/post``. ``security`` is ``tls`` (the default), ``starttls``, or ``none``,
which is taken on this machine's own address only. Certificates are verified against the system's authorities, or those in
``ca``. Passwords stand in a file of their owner (0600) or in the environment, never in this file. Paths are from its folder.
"""

import os
import re
import ssl
import stat
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

from bifente.documents import DocumentError, Fields, read_bytes, read_text
from bifente.documents.yamltext import parse_yaml
from bifente.fse.post.errors import LetterRefused, NotTrusted, PostError
from bifente.fse.post.letter import check_address

Security = Literal["tls", "starttls", "none"]

PORTS: Final[dict[str, dict[Security, int]]] = {
    "smtp": {"tls": 465, "starttls": 587, "none": 25},
    "pop3": {"tls": 995, "starttls": 110, "none": 110},
    "imap": {"tls": 993, "starttls": 143, "none": 143},
}
"""The usual ports (RFC 8314 §3)."""

TIMEOUT: Final = 30.0
"""Seconds that one answer of a server may take."""

_LONGEST: Final = 1 << 16
_OWN: Final = frozenset({"127.0.0.1", "::1", "localhost"})
_HOST: Final = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.:-]{0,252}[A-Za-z0-9])?|::1")


@dataclass(frozen=True, slots=True)
class Account:
    """One server, and who one is there. Raises PostError for what is not safe or not a place."""

    host: str
    port: int
    user: str = ""
    password: str = field(default="", repr=False)
    security: Security = "tls"
    ca: Path | None = None
    timeout: float = TIMEOUT

    def __post_init__(self) -> None:
        if not _HOST.fullmatch(self.host):
            raise PostError(f"not the name of a host: {self.host!r}")
        if not 1 <= self.port <= 65_535:
            raise PostError(f"not a port: {self.port}")
        if self.security == "none" and self.host not in _OWN:
            raise NotTrusted(
                f"without TLS mails go to this machine only, not to {self.host}", hint="use tls or starttls"
            )

    @property
    def place(self) -> str:
        """``host:port``, for messages."""
        return f"{self.host}:{self.port}"

    def context(self) -> ssl.SSLContext:
        """How the server proves who it is: its name and its authority are verified, TLS is 1.2 or newer.

        Raises NotTrusted when the authorities cannot be read.
        """
        try:
            context = ssl.create_default_context(cafile=str(self.ca) if self.ca is not None else None)
        except (OSError, ssl.SSLError):
            raise NotTrusted(f"{self.ca}: no certificates of authorities can be read there") from None
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        return context


@dataclass(frozen=True, slots=True)
class PostSettings:
    """Whose post it is, and by which way: the folder of boxes, or servers for sending and for receiving."""

    address: str
    maildir: Path | None = None
    smtp: Account | None = None
    pop3: Account | None = None
    imap: Account | None = None


def read_settings(path: Path, environment: Mapping[str, str] | None = None) -> PostSettings:
    """The settings in the YAML file *path*. Raises DocumentError with the member, PostError, OSError."""
    document = parse_yaml(read_text(path, _LONGEST), str(path))
    return settings(
        Fields(document.value, str(path)), path.parent, os.environ if environment is None else environment
    )


def settings(fields: Fields, folder: Path, environment: Mapping[str, str]) -> PostSettings:
    """The settings in an object that stands in a document of somebody's; relative paths are from *folder*."""
    address = fields.text("address")
    try:
        check_address(address, "owner")
    except LetterRefused as error:
        fields.refuse(str(error), "address")
    maildir = folder / fields.text("maildir") if fields.has("maildir") else None
    accounts = {
        kind: _account(fields.object(kind), kind, folder, environment) for kind in PORTS if fields.has(kind)
    }
    fields.end()
    if maildir is not None and accounts:
        fields.refuse("a folder of boxes takes the place of servers: one of the two is expected", "maildir")
    if maildir is None and ("smtp" not in accounts or len(accounts) != 2):
        fields.refuse("maildir, or smtp with one of pop3 and imap, is expected")
    return PostSettings(address, maildir, **accounts)


def _account(fields: Fields, kind: str, folder: Path, environment: Mapping[str, str]) -> Account:
    security = fields.text("security") if fields.has("security") else "tls"
    if security not in ("tls", "starttls", "none"):
        fields.refuse("tls, starttls or none is expected", "security")
    if fields.has("password"):
        fields.refuse("a password does not stand here: give password-file or password-env", "password")
    chosen: Security = security  # type: ignore[assignment]  # one of the three
    account = Account(
        host=fields.text("host"),
        port=fields.integer("port", 1, 65_535) if fields.has("port") else PORTS[kind][chosen],
        user=fields.text("user") if fields.has("user") else "",
        password=_password(fields, folder, environment),
        security=chosen,
        ca=folder / fields.text("ca") if fields.has("ca") else None,
        timeout=float(fields.integer("timeout", 1, 600)) if fields.has("timeout") else TIMEOUT,
    )
    fields.end()
    return account


def _password(fields: Fields, folder: Path, environment: Mapping[str, str]) -> str:
    if fields.has("password-file") and fields.has("password-env"):
        fields.refuse("one of password-file and password-env is expected", "password-env")
    if fields.has("password-env"):
        name = fields.text("password-env")
        if name not in environment:
            fields.refuse(f"the environment has no {name}", "password-env")
        return environment[name]
    if not fields.has("password-file"):
        return ""
    path = folder / fields.text("password-file")
    try:
        return (
            read_bytes(path, _LONGEST, inspect=_private(path)).decode().removesuffix("\n").removesuffix("\r")
        )
    except UnicodeDecodeError:
        raise DocumentError(str(path), "not UTF-8") from None


def _private(path: Path) -> Callable[[os.stat_result], None]:
    """Refuses what others than its owner can read; a pipe is nobody's file."""

    def inspect(status: os.stat_result) -> None:
        if stat.S_ISREG(status.st_mode) and os.name == "posix" and status.st_mode & 0o077:
            raise PostError(f"{path}: others can read the password", hint=f"chmod 600 {path}")

    return inspect
