"""The post without a server: durable, private, one mail once, whoever dies when and whoever else works in the folder."""

import mailbox
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from email import message_from_bytes
from pathlib import Path

import pytest

from bifente.fse.post import (
    Letter,
    LetterRefused,
    MaildirPost,
    PostUnreachable,
    SendingRefused,
    message_id,
    pack,
)

CABINET, CAISSE = "cabinet@ps.rss.test", "01349@349.01.rss.test"
MakeLetter = Callable[..., Letter]


@pytest.fixture
def cabinet(tmp_path: Path) -> MaildirPost:
    return MaildirPost(tmp_path / "post", CABINET)


@pytest.fixture
def caisse(tmp_path: Path) -> MaildirPost:
    return MaildirPost(tmp_path / "post", CAISSE)


def mail(letter: MakeLetter, reference: str) -> bytes:
    return pack(letter(reference=reference))


def fetched(post: MaildirPost) -> list[bytes]:
    return [one.message for one in post.fetch()]


def test_a_mail_arrives_and_is_there_until_it_is_dealt_with(
    cabinet: MaildirPost, caisse: MaildirPost, letter: MakeLetter
) -> None:
    for number in range(3):
        cabinet.send(mail(letter, f"file {number}"), sender=CABINET, recipient=CAISSE)
    first, second, third = caisse.fetch()
    assert [one.message for one in (first, second, third)] == [mail(letter, f"file {n}") for n in range(3)]
    assert first.message_id == message_id(first.message)
    caisse.done(second.id)
    assert [one.id for one in caisse.fetch()] == [first.id, third.id]
    caisse.done(second.id)
    caisse.done("nothing-of-this-name")
    assert fetched(MaildirPost(caisse.root, CAISSE)) == [first.message, third.message]
    assert fetched(cabinet) == []


def test_boxes_and_mails_are_their_owners(
    cabinet: MaildirPost, caisse: MaildirPost, letter: MakeLetter
) -> None:
    cabinet.send(mail(letter, "1"), sender=CABINET, recipient=CAISSE)
    caisse.done(next(caisse.fetch()).id)
    cabinet.send(mail(letter, "2"), sender=CABINET, recipient=CAISSE)
    found = list((caisse.root / CAISSE).rglob("*"))
    assert {path.stat().st_mode & 0o777 for path in found if path.is_dir()} == {0o700}
    assert [path.stat().st_mode & 0o777 for path in found if path.is_file()] == [0o600, 0o600]


def test_mail_programs_read_the_box(cabinet: MaildirPost, caisse: MaildirPost, letter: MakeLetter) -> None:
    cabinet.send(mail(letter, "1"), sender=CABINET, recipient=CAISSE)
    cabinet.send(mail(letter, "2"), sender=CABINET, recipient=CAISSE)
    box = mailbox.Maildir(caisse.root / CAISSE, create=False)
    (key, other) = sorted(box.keys(), key=lambda key: str(box[key]["Message-ID"]))
    assert {box.get_bytes(one) for one in (key, other)} == {
        mail(letter, n).replace(b"\r\n", os.linesep.encode()) for n in "12"
    } or len(box) == 2
    looked_at = box[key]
    looked_at.set_subdir("cur")
    looked_at.set_flags("S")
    box[key] = looked_at
    # a program has read it: for the caisse it is still to be dealt with
    assert len(fetched(caisse)) == 2
    for one in caisse.fetch():
        caisse.done(one.id)
    assert fetched(caisse) == []
    assert box.list_folders() == ["Archive"]
    assert len(box.get_folder("Archive")) == 2


def test_the_same_mail_is_not_delivered_twice(
    cabinet: MaildirPost, caisse: MaildirPost, letter: MakeLetter
) -> None:
    message = mail(letter, "1")
    for _ in range(2):
        cabinet.send(message, sender=CABINET, recipient=CAISSE)
    (one,) = caisse.fetch()
    caisse.done(one.id)
    cabinet.send(message, sender=CABINET, recipient=CAISSE)
    assert fetched(caisse) == []
    cabinet.send(mail(letter, "2"), sender=CABINET, recipient=CAISSE)
    assert fetched(caisse) == [mail(letter, "2")]


def test_of_many_who_deliver_one_mail_at_once_one_does(
    tmp_path: Path, caisse: MaildirPost, letter: MakeLetter
) -> None:
    posts = [MaildirPost(tmp_path / "post", f"surgery{number}@ps.rss.test") for number in range(8)]
    message = mail(letter, "1")
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda post: post.send(message, sender=post.address, recipient=CAISSE), posts))
    assert fetched(caisse) == [message]
    assert list((caisse.root / CAISSE / "tmp").iterdir()) == []


def test_a_delivery_that_overtakes_the_archive_is_found(
    cabinet: MaildirPost, caisse: MaildirPost, letter: MakeLetter
) -> None:
    """The one moment without a lock: a sender has looked, the reader archives, the sender delivers."""
    message = mail(letter, "1")
    cabinet.send(message, sender=CABINET, recipient=CAISSE)
    (one,) = caisse.fetch()
    caisse.done(one.id)
    (caisse.root / CAISSE / "new" / one.id).write_bytes(message)
    assert fetched(caisse) == []
    assert list((caisse.root / CAISSE / "new").iterdir()) == []


def test_nobody_is_written_to_who_has_no_box(
    cabinet: MaildirPost, tmp_path: Path, letter: MakeLetter
) -> None:
    with pytest.raises(SendingRefused, match="nobody has the address 01999@") as refused:
        cabinet.send(mail(letter, "1"), sender=CABINET, recipient="01999@999.01.rss.test")
    assert refused.value.permanent
    for wrong in ("../../etc@x.test", "a/b@x.test", ".@x.test", "x", "é@x.test"):
        with pytest.raises((SendingRefused, LetterRefused)):
            cabinet.send(b"", sender=CABINET, recipient=wrong)
        with pytest.raises((SendingRefused, LetterRefused)):
            MaildirPost(tmp_path / "post", wrong)
    assert [path.name for path in (tmp_path / "post").iterdir()] == [CABINET]


def test_where_servers_bounce_the_mail_comes_back(tmp_path: Path, letter: MakeLetter) -> None:
    cabinet = MaildirPost(tmp_path / "post", CABINET, bounces=True)
    message = mail(letter, "1")
    for _ in range(2):
        cabinet.send(message, sender=CABINET, recipient="01999@999.01.rss.test")
    (returned,) = fetched(cabinet)
    report = message_from_bytes(returned)
    assert report.get_content_type() == "multipart/report"
    assert report.get_param("report-type") == "delivery-status"
    words, status, original = report.get_payload()
    assert "01999@999.01.rss.test could not be delivered" in words.get_payload()
    _, fields = status.get_payload()
    assert (fields["Final-Recipient"], fields["Action"]) == ("rfc822; 01999@999.01.rss.test", "failed")
    assert fields["Status"] == "5.1.1"
    assert message_id(message) in original.get_payload()
    assert report["In-Reply-To"] == message_id(message)


KILLED = """
import sys
from bifente.fse.post import MaildirPost
post = MaildirPost(sys.argv[1], sys.argv[2])
print(flush=True)
for number in range(100000):
    message = b"From: a@b.test\\r\\nMessage-ID: <%d@b.test>\\r\\n\\r\\n" % number + b"x" * 200000
    post.send(message, sender=sys.argv[2], recipient=sys.argv[3])
    print(number, flush=True)
"""


def test_a_sender_who_is_killed_leaves_whole_mails_only(caisse: MaildirPost, cabinet: MaildirPost) -> None:
    """kill -9 in the middle of sending: what was said to be sent is there, and nothing is there in part."""
    program = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(caisse.root), CABINET, CAISSE], stdout=subprocess.PIPE, text=True
    )
    assert program.stdout is not None
    with program:
        for _ in range(12):
            program.stdout.readline()
        program.send_signal(signal.SIGKILL)
        said = program.stdout.read().split()
    last = int(said[-1]) if said and said[-1].isdigit() else 10
    arrived = {one.message_id for one in caisse.fetch()}
    assert {f"<{number}@b.test>" for number in range(last + 1)} <= arrived
    assert len(arrived) <= last + 2
    assert all(one.message.endswith(b"x" * 200000) for one in caisse.fetch())
    # its draft is given up after a day and a half, as Maildir has it
    drafts = caisse.root / CAISSE / "tmp"
    (drafts / "abandoned").write_bytes(b"From: a")
    (drafts / "young").write_bytes(b"From: a")
    old = time.time() - 40 * 3600
    os.utime(drafts / "abandoned", (old, old))
    MaildirPost(caisse.root, CAISSE)
    assert "abandoned" not in os.listdir(drafts)
    assert "young" in os.listdir(drafts)


def test_a_full_disk_keeps_nothing_and_says_so(
    caisse: MaildirPost, cabinet: MaildirPost, letter: MakeLetter, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("bifente.fse.post.maildir.os.fsync", full)
    with pytest.raises(PostUnreachable, match="No space left on device") as refused:
        cabinet.send(mail(letter, "1"), sender=CABINET, recipient=CAISSE)
    assert "free some space" in refused.value.hint
    monkeypatch.undo()
    assert fetched(caisse) == []
    assert list((caisse.root / CAISSE / "tmp").iterdir()) == []
    cabinet.send(mail(letter, "1"), sender=CABINET, recipient=CAISSE)
    assert len(fetched(caisse)) == 1


def test_a_huge_mail_does_not_stop_the_others(
    caisse: MaildirPost, cabinet: MaildirPost, letter: MakeLetter
) -> None:
    with pytest.raises(SendingRefused, match="33 MiB"):
        cabinet.send(bytes(33 << 20), sender=CABINET, recipient=CAISSE)
    with (caisse.root / CAISSE / "new" / "huge").open("wb") as stream:
        stream.truncate(40 << 20)
    cabinet.send(mail(letter, "1"), sender=CABINET, recipient=CAISSE)
    huge, other = caisse.fetch()
    assert (huge.id, huge.message, huge.oversize) == ("huge", b"", 40 << 20)
    assert other.message == mail(letter, "1")
    caisse.done("huge")
    assert fetched(caisse) == [other.message]
