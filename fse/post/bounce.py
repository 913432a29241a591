"""The mail that comes back when one cannot be delivered: a delivery status notification (RFC 3464), *avis de non-remise*."""

from datetime import UTC, datetime
from email.utils import format_datetime
from hashlib import sha256
from typing import Final

from bifente.fse.post.envelope import message_id
from bifente.fse.post.mime import header_of

_LINE: Final = "\r\n"
_RETURNED: Final = 1 << 12
"""Bytes of the headers that come back at most."""


def undelivered(
    message: bytes, *, sender: str, recipient: str, why: str, when: datetime | None = None
) -> bytes:
    """The report to *sender* that *message* did not reach *recipient*: ``multipart/report`` with its headers.

    *why* begins with an enhanced status code (RFC 3463): ``5.1.1 unknown box``. The same mail gives a report of the same
    Message-ID.
    """
    host = sender.rpartition("@")[2]
    head = message[:_RETURNED].replace(b"\r\n", b"\n").partition(b"\n\n")[0].decode("ascii", "replace")
    named = sha256(f"{message_id(message)} {recipient}".encode()).hexdigest()[:40]
    boundary = f"=_{named}"
    status, _, words = why.partition(" ")
    lines = [
        f"From: MAILER-DAEMON@{host}",
        f"To: {sender}",
        "Subject: Undelivered mail returned to sender",
        f"Date: {format_datetime(when or datetime.now(UTC))}",
        f"Message-ID: <{named}@{host}>",
        f"In-Reply-To: {header_of(message, 'Message-ID')}",
        "Auto-Submitted: auto-replied",
        "MIME-Version: 1.0",
        f'Content-Type: multipart/report; report-type=delivery-status; boundary="{boundary}"',
        "",
        f"--{boundary}",
        "Content-Type: text/plain; charset=us-ascii",
        "",
        f"The mail to {recipient} could not be delivered: {words or status}.",
        "",
        f"--{boundary}",
        "Content-Type: message/delivery-status",
        "",
        f"Reporting-MTA: dns; {host}",
        "",
        f"Final-Recipient: rfc822; {recipient}",
        "Action: failed",
        f"Status: {status}",
        f"Diagnostic-Code: x-bifente; {words or status}",
        "",
        f"--{boundary}",
        "Content-Type: text/rfc822-headers",
        "",
        *head.splitlines(),
        "",
        f"--{boundary}--",
        "",
    ]
    return _LINE.join(lines).encode("ascii", "replace")
