"""Mails by real servers on loopback: Postfix and Dovecot as root, Exim and Dovecot as an ordinary user."""

import os
import ssl
from collections.abc import Callable, Iterator
from email import message_from_bytes
from pathlib import Path
from time import monotonic, sleep

import mailservers
import pytest
from mailservers import CABINET, CAISSE, LOST, MailChain

from bifente.fse.post import (
    Account,
    Delivered,
    ImapBox,
    Letter,
    LoginRefused,
    MailRefused,
    NotTrusted,
    Pop3Box,
    PostUnreachable,
    SendingRefused,
    ServerPost,
    SmtpPost,
    message_id,
    open_letter,
    post_of,
    read_settings,
    seal,
)
from bifente.igc import IssuedCaisse

MakeLetter = Callable[..., Letter]
IN_CI = os.environ.get("CI", "").lower() in ("1", "true", "yes")


@pytest.fixture(scope="module", params=["postfix", "exim"])
def chain(request: pytest.FixtureRequest, require_tool: Callable[[str], str]) -> Iterator[MailChain]:
    """The servers, for all tests of this module."""
    if request.param == "postfix" and os.getuid() != 0:
        pytest.skip("Postfix is started by root")
    make = mailservers.postfix_chain if request.param == "postfix" else mailservers.exim_chain
    made = make(require_tool)
    try:
        servers = made.__enter__()
    except LookupError as missing:
        (pytest.fail if IN_CI else pytest.skip)(f"{missing} (.ci/system-packages test)")
    try:
        yield servers
    finally:
        made.__exit__(None, None, None)


def account(chain: MailChain, service: str, user: str = "", **changes: object) -> Account:
    fields: dict[str, object] = {
        "host": "localhost",
        "port": chain.ports[service],
        "user": user,
        "password": mailservers.PASSWORDS.get(user, ""),
        "security": "tls" if service.endswith("s") else "starttls",
        "ca": chain.ca,
        "timeout": 10.0,
    }
    return Account(**{**fields, **changes})  # type: ignore[arg-type]


BOXES = {"pop3": Pop3Box, "pop3s": Pop3Box, "imap": ImapBox, "imaps": ImapBox}


def box(chain: MailChain, service: str, user: str) -> Pop3Box | ImapBox:
    return BOXES[service](account(chain, service, user))


def waited_for(box: Pop3Box | ImapBox, count: int) -> list[Delivered]:
    """The mails once there are so many: a server delivers after it has taken a mail."""
    deadline = monotonic() + 20
    while len(found := list(box.fetch())) < count and monotonic() < deadline:
        sleep(0.05)
    assert len(found) == count
    return found


@pytest.fixture
def emptied(chain: MailChain) -> Iterator[None]:
    """Nothing is left in the boxes for the next test."""
    yield
    for user in (CAISSE, CABINET):
        there = box(chain, "pop3s", user)
        for one in there.fetch():
            there.done(one.id)


@pytest.mark.parametrize("service", BOXES)
@pytest.mark.usefixtures("emptied")
def test_a_letter_goes_by_smtp_and_comes_by_pop3_or_imap(
    chain: MailChain, letter: MakeLetter, caisse: IssuedCaisse, service: str
) -> None:
    letters = [letter(reference=f"{service} {number}") for number in range(3)]
    mails = [seal(one, caisse.certificate) for one in letters]
    with SmtpPost(account(chain, "smtp")) as post:
        for mail in mails:
            post.send(mail, sender=CABINET, recipient=CAISSE)
    there = box(chain, service, CAISSE)
    found = waited_for(there, 3)
    assert {one.message_id for one in found} == set(map(message_id, mails))
    for one in found:
        assert open_letter(one.message, caisse.key, caisse.certificate).parts == letters[0].parts
    # one is dealt with while the others are fetched, one afterwards, one stays
    for one in there.fetch():
        if one.id == found[0].id:
            there.done(one.id)
    there.done(found[1].id)
    there.done(found[1].id)
    assert [one.id for one in there.fetch()] == [found[2].id]
    assert list(box(chain, service, CABINET).fetch()) == []


@pytest.mark.parametrize("service", ["pop3s", "imaps"])
@pytest.mark.usefixtures("emptied")
def test_of_a_mail_that_is_too_large_to_be_read_the_headers_come(
    chain: MailChain, letter: MakeLetter, caisse: IssuedCaisse, service: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    mails = [seal(letter(reference=name), caisse.certificate) for name in ("large", "small")]
    mails[0] += b"A" * 20_000  # in one line, longer than Python's POP3 takes
    with SmtpPost(account(chain, "smtp")) as post:
        for mail in mails:
            post.send(mail, sender=CABINET, recipient=CAISSE)
    there = box(chain, service, CAISSE)
    waited_for(there, 2)
    monkeypatch.setattr("bifente.fse.post.boxes.LONGEST_MAIL", 10_000)
    large, small = sorted(there.fetch(), key=lambda one: -one.oversize)
    assert large.oversize > 20_000
    assert large.message_id == message_id(mails[0])
    assert len(large.message) < 5000
    with pytest.raises(MailRefused):
        open_letter(large.message, caisse.key, caisse.certificate)
    assert (small.oversize, small.message_id) == (0, message_id(mails[1]))


@pytest.mark.usefixtures("emptied")
def test_who_stops_in_the_middle_gets_the_mails_again(
    chain: MailChain, letter: MakeLetter, caisse: IssuedCaisse
) -> None:
    with SmtpPost(account(chain, "smtp")) as post:
        post.send(seal(letter(), caisse.certificate), sender=CABINET, recipient=CAISSE)
    there = box(chain, "pop3s", CAISSE)
    (one,) = waited_for(there, 1)

    def killed() -> None:
        for mail in there.fetch():
            there.done(mail.id)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        killed()
    assert [again.message_id for again in waited_for(there, 1)] == [one.message_id]


@pytest.mark.usefixtures("emptied")
def test_a_mail_that_cannot_be_delivered_comes_back(
    chain: MailChain, letter: MakeLetter, caisse: IssuedCaisse
) -> None:
    mail = seal(letter(reference="lost"), caisse.certificate)
    with SmtpPost(account(chain, "smtp", CABINET)) as post:
        post.send(mail, sender=CABINET, recipient=LOST)
    (returned,) = waited_for(box(chain, "imaps", CABINET), 1)
    report = message_from_bytes(returned.message)
    assert report.get_content_type() == "multipart/report"
    assert report.get_param("report-type") == "delivery-status"
    assert LOST in returned.message.decode("ascii", "replace")
    assert message_id(mail).encode() in returned.message
    assert returned.message_id != message_id(mail)


def test_an_unknown_caisse_is_refused_at_once(
    chain: MailChain, letter: MakeLetter, caisse: IssuedCaisse
) -> None:
    mail = seal(letter(), caisse.certificate)
    with SmtpPost(account(chain, "smtp")) as post:
        for unknown in ("99999@999.99.rss.test", "nobody@349.01.rss.test"):
            with pytest.raises(SendingRefused, match=f"does not take the mail for {unknown}: 55") as refused:
                post.send(mail, sender=CABINET, recipient=unknown)
            assert refused.value.permanent
            assert "\n" not in str(refused.value)


def test_a_mail_that_is_too_large_is_refused_before_it_is_sent(chain: MailChain) -> None:
    with SmtpPost(account(chain, "smtp")) as post, pytest.raises(SendingRefused, match="552"):
        post.send(b"From: a\r\n\r\n" + b"x" * 2_500_000, sender=CABINET, recipient=CAISSE)


@pytest.mark.parametrize("service", ["smtp", *BOXES])
def test_a_server_that_cannot_prove_itself_is_not_spoken_to(chain: MailChain, service: str) -> None:
    for wrong in (
        account(chain, service, CAISSE, ca=None),
        account(chain, service, CAISSE, host="127.0.0.2"),
    ):
        with pytest.raises(NotTrusted if wrong.ca is None else (NotTrusted, PostUnreachable)) as refused:
            ask(wrong, service)
        assert "\n" not in str(refused.value)
        assert mailservers.PASSWORDS[CAISSE] not in repr(wrong)


@pytest.mark.parametrize("service", ["smtp", "pop3s", "imap"])
def test_a_wrong_password_is_said_to_be_one(chain: MailChain, service: str) -> None:
    with pytest.raises(LoginRefused, match="does not accept the user") as refused:
        ask(account(chain, service, CAISSE, password="letmein"), service)
    assert "letmein" not in str(refused.value)


@pytest.mark.parametrize("service", ["pop3", "imap"])
def test_on_this_machine_tls_may_be_left_out(chain: MailChain, service: str) -> None:
    ask(account(chain, service, CAISSE, security="none", ca=None), service)


def ask(account: Account, service: str) -> None:
    if service == "smtp":
        SmtpPost(account).send(b"From: a\r\n\r\nb\r\n", sender=CABINET, recipient=CAISSE)
    else:
        list(BOXES[service](account).fetch())


@pytest.mark.usefixtures("emptied")
def test_the_post_that_settings_name(
    chain: MailChain, letter: MakeLetter, caisse: IssuedCaisse, tmp_path: Path
) -> None:
    (tmp_path / "password").write_text(mailservers.PASSWORDS[CABINET] + "\n")
    (tmp_path / "password").chmod(0o600)
    (tmp_path / "post.yaml").write_text(
        f"address: {CABINET}\n"
        f"smtp: {{host: localhost, port: {chain.ports['smtp']}, security: starttls, ca: {chain.ca}}}\n"
        f"imap:\n  host: localhost\n  port: {chain.ports['imaps']}\n  user: {CABINET}\n"
        f"  password-file: password\n  ca: {chain.ca}\n"
    )
    post = post_of(read_settings(tmp_path / "post.yaml"))
    assert isinstance(post, ServerPost)
    mail = seal(letter(sender=CABINET, recipient=CAISSE), caisse.certificate)
    post.send(mail, sender=CABINET, recipient=CABINET)
    (one,) = waited_for(post.incoming, 1)
    assert one.message_id == message_id(mail)
    post.done(one.id)
    assert list(post.fetch()) == []
    post.outgoing.close()


@pytest.mark.usefixtures("emptied")
def test_fifty_mails_keep_one_connection(chain: MailChain, letter: MakeLetter, caisse: IssuedCaisse) -> None:
    mails = [seal(letter(reference=str(number)), caisse.certificate) for number in range(50)]
    with SmtpPost(account(chain, "smtp", CABINET)) as post:
        for mail in mails:
            post.send(mail, sender=CABINET, recipient=CAISSE)
    found = waited_for(box(chain, "pop3s", CAISSE), 50)
    assert {one.message_id for one in found} == set(map(message_id, mails))


def test_tls_is_not_older_than_it_may_be(chain: MailChain) -> None:
    assert account(chain, "smtp").context().minimum_version is ssl.TLSVersion.TLSv1_2
