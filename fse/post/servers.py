"""A post with servers: one to send to, one to fetch from; and the post that settings name."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from bifente.fse.post.account import PostSettings
from bifente.fse.post.boxes import ImapBox, Pop3Box
from bifente.fse.post.delivery import Delivered, Post
from bifente.fse.post.maildir import MaildirPost
from bifente.fse.post.smtp import SmtpPost


@dataclass(frozen=True, slots=True)
class ServerPost:
    """Both halves of a post by mail servers."""

    outgoing: SmtpPost
    incoming: Pop3Box | ImapBox

    def send(self, message: bytes, *, sender: str, recipient: str) -> None:
        """:meth:`SmtpPost.send`."""
        self.outgoing.send(message, sender=sender, recipient=recipient)

    def fetch(self) -> Iterator[Delivered]:
        """The mails on the server."""
        return self.incoming.fetch()

    def done(self, id: str) -> None:
        """Delete the mail on the server."""
        self.incoming.done(id)


def post_of(settings: PostSettings) -> Post:
    """The post that the settings name; nothing is connected yet. Raises PostError."""
    if settings.maildir is not None:
        return MaildirPost(settings.maildir, settings.address)
    assert settings.smtp is not None
    if settings.pop3 is not None:
        return ServerPost(SmtpPost(settings.smtp), Pop3Box(settings.pop3))
    assert settings.imap is not None
    return ServerPost(SmtpPost(settings.smtp), ImapBox(settings.imap))


@contextmanager
def opened_post(settings: PostSettings) -> Iterator[Post]:
    """The post that the settings name; the connection that it keeps for sending ends with the block. Raises PostError."""
    post = post_of(settings)
    try:
        yield post
    finally:
        if isinstance(post, ServerPost):
            post.outgoing.close()
