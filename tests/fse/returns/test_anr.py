"""Notices of mail servers: Postfix 3.7 and Exim 4.96 wrote those in ``bounces/`` (on loopback, with invented addresses); the plain one
has the form of Exim before 4.80 (synthetic)."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bifente.fse.post.bounce import undelivered
from bifente.fse.returns.anr import DeliveryAction, RecipientNotice, read_anr

BOUNCES = Path(__file__).parent / "bounces"
CAISSE = "01996@349.01.rss.test"
NAMED = "<20261128100000.4711@cabinet.invalid>"
SUBJECT = "IR100500/00000000991234/20261128100000/00003"
FAILED = DeliveryAction.FAILED


def bounce(name: str) -> bytes:
    return (BOUNCES / f"{name}.eml").read_bytes()


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("postfix-unknown-user", [RecipientNotice(CAISSE, FAILED, "5.1.1", f'unknown user: "{CAISSE}"')]),
        (
            "postfix-two-recipients",
            [
                RecipientNotice(CAISSE, FAILED, "5.1.1", f'unknown user: "{CAISSE}"'),
                RecipientNotice(
                    "nobody@nowhere.invalid",
                    FAILED,
                    "5.4.4",
                    "Host or domain name not found. Name service error for name=nowhere.invalid type=A: Host not found",
                ),
            ],
        ),
        ("exim", [RecipientNotice(CAISSE, FAILED, "5.0.0", "5.0.0")]),
        (
            "exim-plain",
            [
                RecipientNotice(CAISSE, FAILED, "", "Unrouteable address"),
                RecipientNotice(
                    "nobody@nowhere.invalid",
                    FAILED,
                    "5.1.1",
                    "SMTP error from remote mail server after RCPT TO:<nobody@nowhere.invalid>: "
                    "host mx.nowhere.invalid [192.0.2.1]: 550 5.1.1 no such box",
                ),
            ],
        ),
    ],
)
@pytest.mark.parametrize("line_end", [b"\n", b"\r\n"])
def test_notices_of_real_servers(name: str, expected: list[RecipientNotice], line_end: bytes) -> None:
    found = read_anr(bounce(name).replace(b"\n", line_end))
    assert found is not None
    assert list(found.recipients) == list(found.failed) == expected
    assert (found.message_ids, found.subject) == ((NAMED,), SUBJECT)
    assert found.why.startswith(f"{CAISSE}: ")


def test_the_notice_of_our_own_folders() -> None:
    message = (
        f"From: cabinet@ps.rss.test\r\nSubject: {SUBJECT}\r\nMessage-ID: {NAMED}\r\n\r\nlot\r\n".encode()
    )
    notice = undelivered(
        message,
        sender="cabinet@ps.rss.test",
        recipient=CAISSE,
        why="5.1.1 unknown box",
        when=datetime(2026, 11, 28, tzinfo=UTC),
    )
    found = read_anr(notice)
    assert found is not None
    assert found.recipients == (RecipientNotice(CAISSE, FAILED, "5.1.1", "unknown box"),)
    assert (found.message_ids, found.subject) == ((NAMED,), SUBJECT)


def test_a_delay_is_told_and_is_not_a_failure() -> None:
    found = read_anr(bounce("exim").replace(b"Action: failed", b"Action: delayed"))
    assert found is not None
    assert found.failed == ()
    assert found.why == f"{CAISSE}: 5.0.0"


@pytest.mark.parametrize("action", [b"delivered", b"relayed", b"expanded", b"eaten"])
def test_a_mail_that_arrived_is_not_one_that_came_back(action: bytes) -> None:
    assert read_anr(bounce("exim").replace(b"Action: failed", b"Action: " + action)) is None


@pytest.mark.parametrize(
    "message",
    [
        b"",
        b"From: a@b.test\n\nX-Failed-Recipients: x@y.test\n",
        bounce("exim").replace(b"report-type=delivery-status", b"report-type=disposition-notification"),
        bounce("exim")
        .replace(b"multipart/report", b"multipart/mixed")
        .replace(b"X-Failed-Recipients", b"X-No"),
        b"X: " + b"a" * (1 << 19),
    ],
)
def test_other_mails_are_not_notices(message: bytes) -> None:
    assert read_anr(message) is None


def test_headers_only_and_a_subject_in_another_charset() -> None:
    message = (
        bounce("exim")
        .replace(b"message/rfc822\n", b"text/rfc822-headers\n")
        .replace(SUBJECT.encode(), b"=?utf-8?q?re=C3=A7u?=")
    )
    found = read_anr(message)
    assert found is not None
    assert (found.message_ids, found.subject) == ((NAMED,), "reçu")


@given(st.data())
def test_spoiled_notices_are_notices_or_not(data: st.DataObject) -> None:
    content = bytearray(bounce(data.draw(st.sampled_from(["exim", "exim-plain", "postfix-two-recipients"]))))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(content) - 1))
        content[at : at + data.draw(st.integers(0, 60))] = data.draw(st.binary(max_size=20))
    found = read_anr(bytes(content))
    assert found is None or found.recipients


@given(st.binary(max_size=300))
def test_arbitrary_bytes_are_not_a_notice(content: bytes) -> None:
    assert read_anr(content) is None
