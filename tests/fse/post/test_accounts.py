"""Where a server is and who one is there: read from a document, and what is said when nobody answers as a server does."""

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

import pytest

from bifente.documents import DocumentError
from bifente.fse.post import (
    Account,
    ImapBox,
    LetterRefused,
    MaildirPost,
    NotTrusted,
    Pop3Box,
    PostError,
    PostUncertain,
    PostUnreachable,
    SendingRefused,
    SmtpPost,
    post_of,
    read_settings,
)
from bifente.fse.post.account import PORTS

CABINET, CAISSE = "cabinet@ps.rss.test", "01349@349.01.rss.test"
MAIL = b"From: a@b.test\r\nMessage-ID: <1@b.test>\r\n\r\n.hello\r\n"
GOOD = """address: cabinet@ps.rss.test
smtp: {host: mail.ps.test, security: starttls, user: cabinet, password-env: SMTP_PASSWORD}
pop3: {host: mail.ps.test, user: cabinet, password-file: pop3.password, timeout: 5}
"""


@pytest.fixture
def written(tmp_path: Path) -> Callable[[str], Path]:
    """``written(text)`` is a settings file, with a file of a password beside it."""
    (tmp_path / "pop3.password").write_text("ouvre-toi\n")
    (tmp_path / "pop3.password").chmod(0o600)

    def write(text: str) -> Path:
        (tmp_path / "post.yaml").write_text(text)
        return tmp_path / "post.yaml"

    return write


def test_servers_are_read_with_passwords_from_elsewhere(written: Callable[[str], Path]) -> None:
    settings = read_settings(written(GOOD), {"SMTP_PASSWORD": "sesame"})
    assert settings.smtp == Account("mail.ps.test", 587, "cabinet", "sesame", "starttls")
    assert settings.pop3 == Account("mail.ps.test", 995, "cabinet", "ouvre-toi", "tls", timeout=5.0)
    assert "sesame" not in repr(settings)
    assert "ouvre-toi" not in repr(settings)
    assert PORTS["imap"]["tls"] == 993


def test_a_folder_of_boxes_takes_the_place_of_servers(written: Callable[[str], Path]) -> None:
    path = written("address: cabinet@ps.rss.test\nmaildir: boxes\n")
    post = post_of(read_settings(path))
    assert isinstance(post, MaildirPost)
    assert (path.parent / "boxes" / CABINET / "new").is_dir()


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (("address: cabinet@ps.rss.test", "address: cabinet"), "address: the address of the owner"),
        (("security: starttls", "security: ssl"), "smtp.security: tls, starttls or none"),
        (("password-env: SMTP_PASSWORD", "password: x"), "smtp.password: a password does not stand here"),
        (("SMTP_PASSWORD", "OTHER"), "the environment has no OTHER"),
        (("pop3:", "maildir: x\npop3:"), "maildir: a folder of boxes takes the place of servers"),
        (("pop3:", "pop4:"), "pop4: is not known here"),
        (("timeout: 5", "timeout: 0"), "pop3.timeout: an integer from 1 to 600"),
        (("timeout: 5", "port: 99999"), "pop3.port: an integer from 1 to 65535"),
        (("timeout: 5", "color: red"), "pop3.color: is not known here"),
    ],
    ids=lambda value: value if isinstance(value, str) else value[1],
)
def test_what_is_wrong_in_settings_is_named(
    written: Callable[[str], Path], change: tuple[str, str], why: str
) -> None:
    with pytest.raises(DocumentError, match=why):
        read_settings(written(GOOD.replace(*change)), {"SMTP_PASSWORD": "x"})


def test_a_half_post_is_refused(written: Callable[[str], Path]) -> None:
    for text in (
        "address: a@b.test\nsmtp: {host: x}\n",
        "address: a@b.test\npop3: {host: x}\n",
        "address: a@b.test\nsmtp: {host: x}\npop3: {host: x}\nimap: {host: x}\n",
        "address: a@b.test\n",
    ):
        with pytest.raises(DocumentError, match="maildir, or smtp with one of pop3 and imap"):
            read_settings(written(text))


def test_a_password_that_others_can_read_is_refused(written: Callable[[str], Path]) -> None:
    path = written(GOOD)
    (path.parent / "pop3.password").chmod(0o640)
    with pytest.raises(PostError, match="others can read the password") as refused:
        read_settings(path, {"SMTP_PASSWORD": "x"})
    assert refused.value.hint.startswith("chmod 600 ")
    (path.parent / "pop3.password").unlink()
    with pytest.raises(FileNotFoundError):
        read_settings(path, {"SMTP_PASSWORD": "x"})


def test_without_tls_nothing_leaves_this_machine() -> None:
    with pytest.raises(NotTrusted, match="to this machine only, not to mail"):
        Account("mail.ps.test", 25, security="none")
    for host in ("mail\r\n.test", "", "a b"):
        with pytest.raises(PostError, match="not the name of a host"):
            Account(host, 25)
    assert Account("localhost", 25, security="none").place == "localhost:25"


def test_authorities_that_cannot_be_read_are_said_to_be(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("nothing")
    for path in (tmp_path / "ca.pem", tmp_path / "none.pem"):
        with pytest.raises(NotTrusted, match="no certificates of authorities"):
            SmtpPost(Account("localhost", 1, ca=path)).send(MAIL, sender=CABINET, recipient=CAISSE)


def ask(kind: type, port: int, timeout: float = 0.5) -> None:
    account = Account("127.0.0.1", port, "u", "p", "none", timeout=timeout)
    if kind is SmtpPost:
        with SmtpPost(Account("127.0.0.1", port, security="none", timeout=timeout)) as post:
            post.send(MAIL, sender=CABINET, recipient=CAISSE)
    else:
        list(kind(account).fetch())


@contextmanager
def server(*answers: bytes) -> Iterator[tuple[int, list[bytes]]]:
    """Says its *answers*, one when it is called and one after each line; then it hangs up. The port, and what it heard."""
    heard: list[bytes] = []

    def serve() -> None:
        connection, _ = listening.accept()
        with connection, connection.makefile("rb") as lines:
            for number, answer in enumerate(answers):
                if number:
                    line = lines.readline()
                    heard.append(line)
                    if answer == b"<data>":
                        while line != b".\r\n":
                            line = lines.readline()
                            heard.append(line)
                        continue
                connection.sendall(answer)

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = Thread(target=serve, daemon=True)
        thread.start()
        yield int(listening.getsockname()[1]), heard
        thread.join(5)


@pytest.mark.parametrize("kind", [SmtpPost, Pop3Box, ImapBox])
def test_nobody_who_answers_is_one_line(kind: type) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = int(closed.getsockname()[1])
    with pytest.raises(PostUnreachable, match=f"127.0.0.1:{port} does not answer: Connection refused"):
        ask(kind, port)
    in_time = pytest.raises(PostUnreachable, match="does not answer: no answer in time")
    with socket.create_server(("127.0.0.1", 0)) as silent, in_time:
        ask(kind, int(silent.getsockname()[1]), 0.1)
    for nonsense in (b"", b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\xff" * 5000 + b"\r\n"):
        with server(nonsense) as (port, _), pytest.raises(PostUnreachable) as refused:
            ask(kind, port)
        assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("kind", "answers"),
    [
        (Pop3Box, (b"+OK hello\r\n", b"+OK\r\n", b"-ERR [IN-USE] another session has the box\r\n")),
        (Pop3Box, (b"+OK hello\r\n", b"+OK\r\n", b"-ERR [SYS/TEMP] the disk is away\r\n")),
    ],
)
def test_a_box_that_is_busy_is_not_a_wrong_password(kind: type, answers: tuple[bytes, ...]) -> None:
    with server(*answers) as (port, _), pytest.raises(PostUnreachable, match=r"\[(IN-USE|SYS/TEMP)\]"):
        ask(kind, port, 2)


HELLO = (b"220 hello\r\n", b"250 hello\r\n", b"250 ok\r\n", b"250 ok\r\n")


def test_a_server_that_hangs_up_before_it_has_the_mail_has_not_taken_it() -> None:
    with server(*HELLO[:3]) as (port, _), pytest.raises(PostUnreachable) as refused:
        ask(SmtpPost, port)
    assert not isinstance(refused.value, PostUncertain)


def test_a_server_that_hangs_up_after_the_mail_leaves_it_open() -> None:
    uncertain = pytest.raises(PostUncertain, match="did not say whether it took the mail")
    with server(*HELLO, b"354 go on\r\n", b"<data>") as (port, heard), uncertain as refused:
        ask(SmtpPost, port, 2)
    assert "Message-ID" in refused.value.hint
    assert heard[-2:] == [b"..hello\r\n", b".\r\n"]


@pytest.mark.parametrize(("answer", "permanent"), [(b"451 later", False), (b"554 never", True)])
def test_what_is_refused_for_now_is_told_from_what_is_refused(answer: bytes, permanent: bool) -> None:
    said = pytest.raises(SendingRefused, match=answer.decode())
    with server(*HELLO[:2], answer + b"\r\n", b"250 ok\r\n") as (port, _), said as refused:
        ask(SmtpPost, port, 2)
    assert refused.value.permanent is permanent
    with server(*HELLO, answer + b"\r\n") as (port, _), pytest.raises(SendingRefused, match=answer.decode()):
        ask(SmtpPost, port, 2)


def test_an_address_is_not_a_command() -> None:
    post = SmtpPost(Account("127.0.0.1", 9, security="none"))
    with pytest.raises(LetterRefused):
        post.send(MAIL, sender=CABINET, recipient="a@b.test>\r\nRCPT TO:<x@y.test")
