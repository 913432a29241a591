"""Notices of mails that were not delivered, as mail servers write them (RFC 3464)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bifente.fse.cabinet.bounces import BouncedMail, bounced_mails
from bifente.fse.post.bounce import undelivered

NAME = "<20260303.1@ps.rss.test>"

HEADERS_ONLY = """\
From: MAILER-DAEMON@mail.ps.rss.test (Mail Delivery System)
Subject: Undelivered Mail Returned to Sender
To: cabinet@ps.rss.test
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status;
\tboundary="4D2A1.1772532000/mail.ps.rss.test"
Message-Id: <20260303100000.4D2A1@mail.ps.rss.test>

This is a MIME-encapsulated message.

--4D2A1.1772532000/mail.ps.rss.test
Content-Description: Notification
Content-Type: text/plain; charset=us-ascii

<01422@422.01.rss.test>: host mx[127.0.0.1] said: 550 5.1.1 unknown user

--4D2A1.1772532000/mail.ps.rss.test
Content-Description: Delivery report
Content-Type: message/delivery-status

Reporting-MTA: dns; mail.ps.rss.test
X-Postfix-Queue-ID: 4D2A1
Arrival-Date: Tue,  3 Mar 2026 10:00:00 +0100 (CET)

Final-Recipient: rfc822; 01422@422.01.rss.test
Original-Recipient: rfc822;01422@422.01.rss.test
Action: ACTION
Status: 5.1.1
Remote-MTA: dns; mx
Diagnostic-Code: smtp; 550 5.1.1
    unknown user

--4D2A1.1772532000/mail.ps.rss.test
Content-Description: Undelivered Message Headers
Content-Type: text/rfc822-headers

Return-Path: <cabinet@ps.rss.test>
From: cabinet@ps.rss.test
To: 01422@422.01.rss.test
Message-ID: <20260303.1@ps.rss.test>

--4D2A1.1772532000/mail.ps.rss.test--
"""
"""In the form of a Postfix that returns headers only; people, hosts and numbers are invented."""

WHOLE_MAIL = HEADERS_ONLY.replace("text/rfc822-headers", "message/rfc822").replace(
    "Message-ID: <20260303.1@ps.rss.test>\n", "Message-ID: <20260303.1@ps.rss.test>\n\nthe mail itself\n"
)


@pytest.mark.parametrize("text", [HEADERS_ONLY, WHOLE_MAIL], ids=["headers", "whole"])
@pytest.mark.parametrize("end", ["\n", "\r\n"], ids=["lf", "crlf"])
@pytest.mark.parametrize(("action", "final"), [("failed", True), ("Failed", True), ("delayed", False)])
def test_the_mail_and_the_reason_are_found(text: str, end: str, action: str, final: bool) -> None:
    raw = text.replace("ACTION", action).replace("\n", end).encode()
    assert bounced_mails(raw) == BouncedMail((NAME,), "smtp; 550 5.1.1 unknown user", final)


def test_the_notice_of_our_own_boxes_is_read() -> None:
    mail = f"From: a@ps.rss.test\r\nMessage-ID: {NAME}\r\n\r\nx".encode()
    found = bounced_mails(
        undelivered(mail, sender="a@ps.rss.test", recipient="b@rss.test", why="5.1.1 unknown box")
    )
    assert found is not None
    assert (found.named, found.final) == ((NAME,), True)
    assert "unknown box" in found.why


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"From: a@b\r\n\r\nhello",
        HEADERS_ONLY.replace("report-type=delivery-status", "report-type=disposition-notification").encode(),
        HEADERS_ONLY.replace("multipart/report", "multipart/mixed").encode(),
    ],
)
def test_other_mails_are_none(raw: bytes) -> None:
    assert bounced_mails(raw) is None


@given(st.integers(0, len(HEADERS_ONLY)), st.binary(max_size=8))
def test_a_notice_that_is_cut_or_spoiled_raises_nothing(at: int, noise: bytes) -> None:
    raw = HEADERS_ONLY.encode()
    for spoiled in (raw[:at], raw[:at] + noise + raw[at:], raw[:at] + noise + raw[at + len(noise) :]):
        found = bounced_mails(spoiled)
        assert found is None or all(isinstance(name, str) for name in found.named)
